"""How the assets of a run ended: the run's error, whether a retry may help, and the alert."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import dagster as dg

from aad_assets.alerts import Alert, FailedCheck, UnpublishedTable
from aad_assets.errors import LoadBlocked
from aad_assets.orchestration.checks import REFERENCES, key_of
from aad_assets.reload import Outcome
from aad_assets.untrusted import printable
from aad_assets.warehouse.publishing.views import ViewOutcome, ViewStatus
from aad_assets.warehouse.reading.unpublished import UnpublishedLoad
from aad_assets.wording import counted


@dataclass
class Summary:
    """The outcomes of one run so far."""

    counts: Counter[str] = field(default_factory=Counter)
    """Assets by status; a refreshed view counts as published."""
    lines: list[str] = field(default_factory=list)
    """A line of the run's error for each asset that failed or was blocked."""
    tables: list[UnpublishedTable] = field(default_factory=list)
    checks: list[FailedCheck] = field(default_factory=list)
    checked: set[dg.AssetCheckKey] = field(default_factory=set)
    """The checks that have a result."""

    def add_earlier(self, load: UnpublishedLoad) -> None:
        """Add a load that was not read again. Its own run has sent an alert."""
        self.counts[load.status] += 1
        if load.status == "blocked":
            self.lines.append(f"{load.table}: blocked in run {load.run_id}, and not read again")

    def add(self, outcome: Outcome | ViewOutcome, check: dg.AssetCheckResult) -> None:
        """Add the outcome of an entity or a view, with its check `load`."""
        name = outcome.view.name if isinstance(outcome, ViewOutcome) else outcome.entity.table
        self.checked.add(key_of(check))
        status = str(outcome.status if isinstance(outcome, ViewOutcome) else outcome.load.status)
        self.counts["published" if status == ViewStatus.REFRESHED else status] += 1
        if status in ("failed", "blocked"):
            cause = "failed" if isinstance(outcome, ViewOutcome) else outcome.cause
            self.lines.append(printable(f"{name}: {cause}"))
            self.tables.append(_unpublished(name, status, outcome))
        elif status != "skipped" and not check.passed:
            self.checks.append(FailedCheck(name, _failed_tests(check.metadata)))

    def add_check(self, check: dg.AssetCheckResult) -> None:
        """Add a check of what is stored."""
        key = key_of(check)
        self.checked.add(key)
        if not check.passed and key.name == REFERENCES:
            self.checks.append(FailedCheck(key.asset_key.path[-1], (key.name,)))

    @property
    def error(self) -> str:
        """Return the run's error; empty if no asset failed or was blocked."""
        if not self.lines:
            return ""
        heading = (
            f"{len(self.lines)} of {counted(self.counts.total(), 'asset')} failed. The others were published or skipped. "
            "Open the page of each asset, or the log of this run, to see what to do."
        )
        return "\n".join([heading, *self.lines])

    @property
    def can_end_otherwise(self) -> bool:
        """Return whether a retry may publish more. A gate would block the same rows again."""
        return self.counts["failed"] > 0

    def alert(self, connection: str, run: dg.DagsterRun, problem: str = "") -> Alert | None:
        """Return the alert about this run; None if there is nothing new that needs attention."""
        if not (problem or self.tables or self.checks):
            return None
        return Alert(connection, run.run_id, run.job_name, problem, dict(self.counts), self.tables, self.checks)


def _unpublished(name: str, status: str, outcome: Outcome | ViewOutcome) -> UnpublishedTable:
    if isinstance(outcome, ViewOutcome):
        return UnpublishedTable(name, status)
    gate = str(outcome.error.gate) if isinstance(outcome.error, LoadBlocked) else None
    return UnpublishedTable(name, status, gate, outcome.load.rows if gate else None, outcome.table_rows)


def _failed_tests(metadata: Mapping[str, object]) -> tuple[str, ...]:
    tests = metadata.get("tests")
    records = tests.records if isinstance(tests, dg.TableMetadataValue) else []
    return tuple(str(record.data["test"]) for record in records if not record.data["passed"])
