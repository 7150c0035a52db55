"""A log whose days break off: they are read in hours, other days are read regardless, and the end names what failed."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest

from aad_assets.errors import LoadBlocked
from aad_assets_tests.fake_graph import failure
from aad_assets_tests.reload.fake_log import FakeLog, Span
from aad_assets_tests.reload.fake_reload import NOW, FakeReload
from aad_assets_tests.warehouse.support import Lab, MemoryTarget

LOG = "sign_ins"
TODAY = NOW.date()


def back(number: int) -> date:
    return TODAY - timedelta(days=number)


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    made = Lab(tmp_path_factory.mktemp("hours"))
    yield made
    made.close()


@pytest.fixture
def log() -> FakeLog:
    """Forty events on each of the last three whole days, two in most hours, and one today."""
    made = FakeLog()
    for day in (1, 2, 3):
        for number in range(40):
            made.add(f"e{day}-{number:02}", f"{back(day)}T{number % 20:02}:{number:02}:00")
    made.add("today", f"{TODAY}T00:30:00")
    return made


@pytest.fixture
def reload(lab: Lab, log: FakeLog) -> FakeReload:
    made = FakeReload(lab, MemoryTarget(lab), first_log_days=3)
    made.graph.handler = log
    return made


def ids(reload: FakeReload) -> set[str]:
    return {key for (key,) in reload.lab.stored(reload.target, f"SELECT id FROM {{schema}}.{LOG}")}


def recorded(reload: FakeReload) -> dict[date, bool]:
    return dict(reload.lab.stored(reload.target, "SELECT day, whole FROM {meta}.log_days"))


def of_day(log: FakeLog, day: date) -> set[str]:
    return {key for key, (at, _) in log.events.items() if at.date() == day}


def hours(log: FakeLog, day: date) -> list[int]:
    return [span.begin.hour for span in log.spans if span.hours == 1 and span.begin.date() == day]


def test_a_day_that_is_throttled_for_good_is_read_in_hours(reload: FakeReload, log: FakeLog) -> None:
    log.breaks_after = lambda span: 20 if span.hours == 24 and span.begin.date() == back(2) else None

    outcome = reload(LOG)[LOG]

    assert outcome.load.status == "published", outcome.reason
    assert ids(reload) == log.events.keys()
    assert hours(log, back(2)) == list(range(24)), "each hour once"
    assert hours(log, back(1)) == hours(log, back(3)) == []
    assert recorded(reload) == {back(3): True, back(2): True, back(1): True, TODAY: False}
    loads = reload.lab.stored(reload.target, "SELECT status, rows FROM {meta}.loads ORDER BY started_at, published_at")
    assert loads == [("published", 40)] * 3 + [("published", 1)], "the hours are parts of one load of the day"
    assert outcome.table_rows == outcome.load.rows == 121


def test_a_day_whose_first_page_is_throttled_is_not_cut(reload: FakeReload, log: FakeLog) -> None:
    log.breaks_after = lambda span: 0 if span.begin.date() == back(2) else None
    assert reload(LOG)[LOG].load.status == "failed"
    assert {span.hours for span in log.spans} == {24}
    assert ids(reload) == log.events.keys() - of_day(log, back(2))


def test_an_hour_that_fails_fails_its_day_and_other_days_are_read(reload: FakeReload, log: FakeLog) -> None:
    def breaks_after(span: Span) -> int | None:
        if span.begin.date() != back(2):
            return None
        return 10 if span.hours == 24 else 0 if span.begin.hour == 7 else None

    log.breaks_after = breaks_after
    outcome = reload(LOG)[LOG]

    assert outcome.load.status == "failed"
    reason = str(outcome.reason)
    assert reason.startswith(f"{LOG}: 1 of 4 days failed. {back(2)}: GET /auditLogs/signIns returned 429 TooManyRequests")
    assert reason.endswith("The other days are published. The next run reads the missing days again.")
    assert hours(log, back(2)) == list(range(8)), "no hour after the one that failed"
    assert ids(reload) == log.events.keys() - of_day(log, back(2)), "no hour of the failed day is published"
    assert recorded(reload) == {back(3): True, back(2): False, back(1): True, TODAY: False}

    log.breaks_after = lambda _: None
    log.spans.clear()
    assert reload(LOG)[LOG].load.status == "published"
    assert [span.begin.date() for span in log.spans] == [back(3), back(2), back(1), TODAY]
    assert ids(reload) == log.events.keys()
    assert recorded(reload) == {back(3): True, back(2): True, back(1): True, TODAY: False}


def test_a_day_whose_page_tokens_expire_again_and_again_is_read_in_hours(reload: FakeReload, log: FakeLog) -> None:
    def handler(request: object) -> object:
        response = log(request)  # type: ignore[arg-type]
        if response.status_code == 429:
            return failure(400, "Directory_ExpiredPageToken", "The specified page token value has expired.")
        return response

    log.breaks_after = lambda span: 20 if span.hours == 24 and span.begin.date() == back(1) else None
    reload.graph.handler = handler  # type: ignore[assignment]
    outcome = reload(LOG)[LOG]
    assert outcome.load.status == "published", outcome.reason
    assert ids(reload) == log.events.keys()


def test_a_first_day_that_failed_is_read_by_the_next_run(reload: FakeReload, log: FakeLog) -> None:
    log.breaks_after = lambda span: 0 if span.begin.date() == back(3) else None
    reload(LOG)
    log.breaks_after = lambda _: None
    assert reload(LOG)[LOG].load.status == "published"
    assert ids(reload) == log.events.keys()


def test_several_failed_days_are_named_with_their_reasons(reload: FakeReload, log: FakeLog) -> None:
    days = [back(number) for number in (3, 2, 1)]
    log.breaks_after = lambda span: (20 if span.hours == 24 else 0) if span.begin.date() in days else None
    reason = str(reload(LOG)[LOG].reason)
    assert f"{LOG}: 3 of 4 days failed. {back(3)}: GET " in reason
    assert all(f"{day}: GET /auditLogs/signIns returned 429" in reason for day in days)
    assert ids(reload) == {"today"}
    loads = reload.lab.stored(reload.target, "SELECT status FROM {meta}.loads ORDER BY started_at, status")
    assert sorted(loads) == [("failed",)] * 3 + [("published",)]


def test_a_log_that_does_not_answer_at_all_is_not_requested_for_every_day(reload: FakeReload, log: FakeLog) -> None:
    reload.first_log_days = 30
    log.breaks_after = lambda _: 0
    reason = str(reload(LOG)[LOG].reason)
    assert {span.begin.date() for span in log.spans} == {back(30), back(29), back(28)}
    assert "3 of 31 days failed" in reason
    assert f"28 days from {back(27)} to {TODAY} were not requested after that" in reason
    assert "The other days are published" not in reason


def test_a_missing_permission_ends_the_log_at_once(reload: FakeReload, log: FakeLog) -> None:
    reload.graph.handler = lambda _: failure(403, "Authentication_MSGraphPermissionMissing")
    reason = str(reload(LOG)[LOG].reason)
    assert "Grant the permission AuditLog.Read.All" in reason
    assert len(reload.graph.requests) == 1


@pytest.mark.parametrize("accepted", ["ge lt", "ge le", "gt lt"])
def test_the_form_of_filter_that_was_accepted_is_used_again(reload: FakeReload, log: FakeLog, accepted: str) -> None:
    log.operators = (accepted,)
    log.add("first", f"{back(2)}T00:00:00")
    log.add("last", f"{back(2)}T23:59:59.999999")
    log.breaks_after = lambda span: 20 if span.hours == 24 and span.begin.date() == back(2) else None
    outcome = reload(LOG)[LOG]
    assert outcome.load.status == "published", outcome.reason
    assert ids(reload) == log.events.keys()
    assert len(log.rejected) == ["ge lt", "ge le", "gt lt"].index(accepted), "the first day alone tries other forms"


@pytest.mark.parametrize("hour", [0, 7, 23], ids=["start of the day", "within it", "end of the day"])
def test_an_event_at_the_boundary_of_hours_keeps_its_latest_state(reload: FakeReload, log: FakeLog, hour: int) -> None:
    """It comes with the hour before, in an earlier state, and with its own."""
    at = datetime.combine(back(2), datetime.min.time(), UTC) + timedelta(hours=hour)
    log.add("boundary", f"{at:%Y-%m-%dT%H:%M:%S}", "confirmedCompromised")
    log.repeats.add("boundary")
    log.breaks_after = lambda span: 20 if span.hours == 24 and span.begin.date() == back(2) else None
    outcome = reload(LOG)[LOG]
    assert outcome.load.status == "published", outcome.reason
    stored = reload.lab.stored(reload.target, f"SELECT riskState FROM {{schema}}.{LOG} WHERE id = 'boundary'")
    assert stored == [("confirmedCompromised",)]
    assert ids(reload) == log.events.keys()


def test_a_log_of_one_day_in_hours_writes_nothing_if_nothing_changed(reload: FakeReload, log: FakeLog) -> None:
    reload(LOG)
    log.breaks_after = lambda span: 20 if span.hours == 24 and span.begin.date() == back(1) else None
    again = reload(LOG)[LOG].load
    assert (again.status, again.inserted, again.updated, again.unchanged) == ("published", 0, 0, 41)
    assert len(hours(log, back(1))) == 24


def test_a_day_that_a_gate_blocks_is_named_with_the_config_that_opens_the_gate(reload: FakeReload, log: FakeLog) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        response = log(request)
        garbled = response.content.replace(b'"riskState":null', b'"riskState":null,"userDisplayName":[1]')
        return httpx.Response(200, content=garbled) if str(back(2)) in str(request.url.params["$filter"])[:40] else response

    reload.graph.handler = handler
    outcome = reload(LOG)[LOG]
    assert outcome.load.status == "blocked"
    assert f"1 of 4 days failed. {back(2)}: the gate rejects blocked it" in str(outcome.reason)
    assert isinstance(outcome.error, LoadBlocked)
    assert outcome.error.override == {"allow": {LOG: ["rejects"]}}
    assert ids(reload) == log.events.keys() - of_day(log, back(2))
