"""Which days of a log are due: gaps are caught up, nothing that Graph has forgotten is asked for."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aad_assets.errors import ConfigurationError
from aad_assets.reload.logs import KEPT, chosen_days, day_filter, due_days, is_over

TODAY = date(2026, 11, 23)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def days(*numbers: int) -> list[date]:
    return [ago(number) for number in numbers]


def test_the_first_load_goes_back_as_far_as_it_is_told() -> None:
    assert due_days([], TODAY, 3) == days(3, 2, 1, 0)
    assert due_days([], TODAY, 0) == days(0)
    assert len(due_days([], TODAY, 30)) == 31


def test_the_last_complete_day_is_read_again_since_events_arrive_late() -> None:
    recorded = [(ago(3), True), (ago(2), True), (ago(1), True), (ago(0), False)]
    assert due_days(recorded, TODAY, 7) == days(1, 0)


def test_days_that_no_run_read_are_caught_up() -> None:
    assert due_days([(ago(9), True), (ago(8), True), (ago(7), False)], TODAY, 7) == days(*range(8, -1, -1))


def test_a_gap_in_the_middle_is_caught_up() -> None:
    recorded = [(ago(5), True), (ago(4), False), (ago(3), True), (ago(2), True), (ago(1), True)]
    assert due_days(recorded, TODAY, 7) == days(5, 4, 3, 2, 1, 0)


def test_what_graph_has_forgotten_is_not_asked_for() -> None:
    assert due_days([(ago(90), True)], TODAY, 7)[0] == ago(KEPT)


recorded_days = st.lists(st.tuples(st.integers(0, 60).map(ago), st.booleans()), unique_by=lambda each: each[0])


@given(recorded_days, st.integers(0, 30))
def test_every_day_within_reach_that_is_not_complete_is_due(recorded: list[tuple[date, bool]], first: int) -> None:
    due = due_days(recorded, TODAY, first)
    assert due == sorted(set(due))
    assert due[-1] == TODAY
    assert due[0] >= ago(KEPT)
    begin = min((day for day, _ in recorded), default=ago(first))
    complete = {day for day, whole in recorded if whole}
    missing = {day for day in days(*range(KEPT + 1)) if day >= begin and day not in complete}
    assert missing <= set(due)


def test_days_are_named_one_by_one_or_as_a_range() -> None:
    assert chosen_days(["2026-11-20..2026-11-22", "2026-11-01"], TODAY) == [date(2026, 11, 1), *days(3, 2, 1)]
    assert chosen_days([], TODAY) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [("yesterday", "a day such as"), ("2026-10-23", "keeps events for 30 days"), ("2026-11-24", "up to 2026-11-23")],
)
def test_a_day_that_cannot_be_read_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        chosen_days([text], TODAY)


def test_a_day_ends_where_the_next_one_begins() -> None:
    assert day_filter("createdDateTime", date(2026, 2, 28)) == (
        "createdDateTime ge 2026-02-28T00:00:00Z and createdDateTime lt 2026-03-01T00:00:00Z"
    )
    midnight = datetime(2026, 11, 23, tzinfo=UTC)
    assert is_over(date(2026, 11, 22), midnight)
    assert not is_over(date(2026, 11, 22), midnight - timedelta(microseconds=1))
