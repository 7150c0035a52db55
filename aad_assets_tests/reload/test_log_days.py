"""The days of a log that a run reads: gaps are caught up, and days that Graph no longer keeps are not requested."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aad_assets.errors import ConfigurationError
from aad_assets.reload.log_days import RETENTION_DAYS, day_filters, describe_first_load, due_days, is_over, parse_days

TODAY = date(2026, 11, 23)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def days(*numbers: int) -> list[date]:
    return [ago(number) for number in numbers]


def test_the_first_load_goes_back_the_given_number_of_days() -> None:
    assert due_days([], TODAY, 3) == days(3, 2, 1, 0)
    assert due_days([], TODAY, 0) == days(0)
    assert len(due_days([], TODAY, 30)) == 31


def test_the_last_complete_day_is_read_again_because_events_arrive_late() -> None:
    recorded = [(ago(3), True), (ago(2), True), (ago(1), True), (ago(0), False)]
    assert due_days(recorded, TODAY, 7) == days(1, 0)


def test_days_that_no_run_read_are_caught_up() -> None:
    assert due_days([(ago(9), True), (ago(8), True), (ago(7), False)], TODAY, 7) == days(*range(8, -1, -1))


def test_a_gap_in_the_middle_is_caught_up() -> None:
    recorded = [(ago(5), True), (ago(4), False), (ago(3), True), (ago(2), True), (ago(1), True)]
    assert due_days(recorded, TODAY, 7) == days(5, 4, 3, 2, 1, 0)


def test_days_that_graph_no_longer_keeps_are_not_requested() -> None:
    assert due_days([(ago(90), True)], TODAY, 7)[0] == ago(RETENTION_DAYS)


def test_a_gap_that_graph_no_longer_keeps_stays_a_gap() -> None:
    caught_up = [(ago(number), True) for number in range(1, RETENTION_DAYS + 1)]
    assert due_days([(ago(90), True), *caught_up], TODAY, 7) == days(1, 0)


recorded_days = st.lists(st.tuples(st.integers(0, 60).map(ago), st.booleans()), unique_by=lambda each: each[0])


@given(recorded_days, st.integers(0, 30))
def test_every_incomplete_day_that_graph_keeps_is_due(recorded: list[tuple[date, bool]], first: int) -> None:
    due = due_days(recorded, TODAY, first)
    assert due == sorted(set(due))
    assert due[-1] == TODAY
    assert due[0] >= ago(RETENTION_DAYS)
    begin = min((day for day, _ in recorded), default=ago(first))
    complete = {day for day, whole in recorded if whole}
    missing = {day for day in days(*range(RETENTION_DAYS + 1)) if day >= begin and day not in complete}
    assert missing <= set(due)


def test_days_are_named_one_by_one_or_as_a_range() -> None:
    assert parse_days(["2026-11-20..2026-11-22", "2026-11-01"], TODAY) == [date(2026, 11, 1), *days(3, 2, 1)]
    assert parse_days([], TODAY) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2026-11-20..2026-11-18", "ends before it begins"),
        ("yesterday", "which is not a day. Write 2026-11-01 or"),
        ("2026-10-23", "keeps events for 30 days only"),
        ("2026-11-24", "Choose days from 2026-10-24 to 2026-11-23"),
    ],
)
def test_a_day_that_cannot_be_read_is_rejected_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        parse_days([text], TODAY)


def test_a_day_ends_where_the_next_one_begins() -> None:
    assert day_filters("createdDateTime", date(2026, 2, 28)) == (
        "createdDateTime ge 2026-02-28T00:00:00Z and createdDateTime lt 2026-03-01T00:00:00Z",
        "createdDateTime ge 2026-02-28T00:00:00Z and createdDateTime le 2026-02-28T23:59:59.9999999Z",
        "createdDateTime gt 2026-02-27T23:59:59.9999999Z and createdDateTime lt 2026-03-01T00:00:00Z",
    )
    midnight = datetime(2026, 11, 23, tzinfo=UTC)
    assert is_over(date(2026, 11, 22), midnight)
    assert not is_over(date(2026, 11, 22), midnight - timedelta(microseconds=1))


ASKED = "The first load asked for events from 2026-10-28 on."


@pytest.mark.parametrize(
    ("first_event", "note"),
    [
        (date(2026, 10, 28), ASKED),
        (date(2026, 11, 20), f"{ASKED} Graph's first event is of 2026-11-20: it keeps 30 days, and without P1 only 7."),
        (None, "The first load asked for events from 2026-10-28 on, and Graph has none."),
    ],
)
def test_a_first_load_says_how_far_back_it_goes(first_event: date | None, note: str) -> None:
    assert describe_first_load(date(2026, 10, 28), first_event) == note
