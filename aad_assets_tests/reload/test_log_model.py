"""Any sequence of runs of a log, compared with a model: faults, days cut into hours, new or changed events, new days."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from aad_assets_tests.reload.fake_log import FakeLog, Span
from aad_assets_tests.reload.fake_reload import NOW, FakeReload
from aad_assets_tests.warehouse.support import Lab, MemoryTarget

LOG = "sign_ins"
FIRST_DAYS = 3
DAY = timedelta(days=1)

FAULTS = ("hours", "hours and then silent", "silent")
"""The faults of a day: it breaks off and passes hour by hour; it breaks off, and so does an hour; no answer at all."""

faults = st.dictionaries(st.integers(0, FIRST_DAYS), st.sampled_from(FAULTS), min_size=1, max_size=3)
"""By days before today."""


@dataclass
class Model:
    """The rows and days that should be stored, without SQL and without the code under test."""

    rows: dict[str, str] = field(default_factory=dict)
    """The state of each event as of the last load that read its day."""
    days: dict[date, bool] = field(default_factory=dict)
    """The days that were read or failed, and whether they were over when they were read."""

    def due(self, today: date) -> list[date]:
        """Return the days from the one before the first that is not whole, up to today."""
        day = min(self.days, default=today - FIRST_DAYS * DAY)
        while self.days.get(day):
            day += DAY
        if self.days.get(day - DAY):
            day -= DAY
        day = min(day, today)
        return [day + number * DAY for number in range((today - day).days + 1)]


class Runs(RuleBasedStateMachine):
    """Runs of one log."""

    lab: Lab

    def __init__(self) -> None:
        super().__init__()
        self.log = FakeLog(rows_a_page=3)
        self.reload = FakeReload(self.lab, MemoryTarget(self.lab), first_log_days=FIRST_DAYS)
        self.reload.graph.handler = self.log
        self.model = Model()
        self.number = 0

    @initialize()
    def begin(self) -> None:
        for day in range(FIRST_DAYS + 1):
            for hour in range(8):
                self._happen(day, hour, 0)

    @rule(day=st.integers(0, FIRST_DAYS), hour=st.sampled_from([0, 1, 7]), minute=st.sampled_from([0, 59]))
    def an_event_happens_or_arrives_late(self, day: int, hour: int, minute: int) -> None:
        self._happen(day, hour, minute)

    @rule(number=st.integers(0, 100), repeats=st.booleans())
    def an_event_changes_its_state(self, number: int, repeats: bool) -> None:
        key = sorted(self.log.events)[number % len(self.log.events)]
        at, state = self.log.events[key]
        self.log.events[key] = (at, f"{state}!")
        if repeats:
            self.log.repeats.add(key)

    @rule()
    def a_day_passes(self) -> None:
        self.reload.now += DAY

    @rule()
    def run_without_faults(self) -> None:
        self.run({})

    @rule(chosen=faults)
    def run_with_faults(self, chosen: dict[int, str]) -> None:
        self.run(chosen)

    def run(self, chosen: dict[int, str]) -> None:
        by_day = {self._day(number): fault for number, fault in chosen.items()}
        self.log.breaks_after = lambda span: self._limit(span, by_day.get(span.begin.date()))
        self.log.spans.clear()
        due, today = self.model.due(self.reload.now.date()), self.reload.now.date()

        outcome = self.reload(LOG)[LOG]

        failed = {day for day in due if self._fails(day, by_day.get(day))}
        requested = due[: self._hopeless_after(due, by_day)]
        assert list(dict.fromkeys(span.begin.date() for span in self.log.spans)) == requested
        assert outcome.load.status == ("failed" if failed else "published"), outcome.reason
        assert all(str(day) in str(outcome.reason) for day in failed & set(requested))
        for day in requested:
            if day in failed:
                self.model.days.setdefault(day, False)
                continue
            self.model.days[day] = day < today or self.model.days.get(day, False)
            self.model.rows |= self._events(day)

    @invariant()
    def table_and_bookkeeping_are_the_model_s(self) -> None:
        if not self.model.days:
            return
        stored = self.reload.lab.stored
        assert dict(stored(self.reload.target, "SELECT day, whole FROM {meta}.log_days")) == self.model.days
        if self.model.rows:
            assert dict(stored(self.reload.target, f"SELECT id, riskState FROM {{schema}}.{LOG}")) == self.model.rows

    def _day(self, number: int) -> date:
        return self.reload.now.date() - number * DAY

    def _happen(self, day: int, hour: int, minute: int) -> None:
        self.number += 1
        at = datetime.combine(self._day(day), time(hour, minute), UTC)
        self.log.events[f"e{self.number}"] = (at, "new")

    def _events(self, day: date) -> dict[str, str]:
        """Return the events of a day as Graph returns them with it, and those of the next midnight that come with it."""
        midnight = datetime.combine(day + DAY, time(), UTC)
        beside = {key: "earlier" for key in self.log.repeats if self.log.events[key][0] == midnight}
        return beside | {key: state for key, (at, state) in self.log.events.items() if at.date() == day}

    def _limit(self, span: Span, fault: str | None) -> int | None:
        if fault is None:
            return None
        if fault == "silent":
            return 0
        if span.hours == 24:
            return 3
        return 0 if fault == "hours and then silent" and span.begin.hour == 7 else None

    def _fails(self, day: date, fault: str | None) -> bool:
        """Return whether a fault fails the day. A short day does not break off."""
        return fault == "silent" or (fault == "hours and then silent" and len(self._events(day)) > 3)

    def _hopeless_after(self, due: list[date], by_day: dict[date, str]) -> int:
        """Return after how many days the run stops, because three in a row returned nothing."""
        silent = 0
        for number, day in enumerate(due):
            silent = silent + 1 if by_day.get(day) == "silent" else 0
            if silent == 3:
                return number + 1
        return len(due)


@pytest.mark.parametrize("examples", [6, pytest.param(200, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])])
def test_every_sequence_of_runs_leaves_what_the_model_says(tmp_path_factory: pytest.TempPathFactory, examples: int) -> None:
    Runs.lab = Lab(tmp_path_factory.mktemp("runs"))
    assert NOW.hour > 7, "every hour of the events is over"
    try:
        run_state_machine_as_test(
            Runs,
            settings=settings(
                max_examples=examples,
                stateful_step_count=5,
                phases=set(Phase) - {Phase.explain},
                report_multiple_bugs=False,
                suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
            ),
        )
    finally:
        Runs.lab.close()
