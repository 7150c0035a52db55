"""The progress and the cost of one entity's read so far. Counts only: no rows, no URLs."""

import asyncio
from dataclasses import dataclass, field
from time import monotonic


@dataclass
class Meter:
    """Counters of one entity's read. The reader updates them; progress lines and `loads` show them."""

    rows: int = 0
    expected: int | None = None
    """Rows according to `$count`; None if Graph does not count them."""
    parents: int = 0
    parents_expected: int | None = None
    """Parents whose children are read; None for a collection."""
    label: str = ""
    """The part of the entity that is being read: the day of a log."""
    requests: int = 0
    retries: int = 0
    restarts: int = 0
    throttled_seconds: float = 0.0
    """Seconds spent waiting, for our own rate limits or because Graph sent a Retry-After."""
    bytes: int = 0
    """Response bytes on the wire, compressed."""
    started: float = field(default_factory=monotonic)
    deadline: asyncio.Timeout | None = field(default=None, repr=False)
    """The time limit of the read; None if there is none."""

    @property
    def rows_per_second(self) -> float:
        elapsed = monotonic() - self.started
        return self.rows / elapsed if elapsed > 0 else 0.0

    def progress(self) -> str:
        """Return `43,000 of 200,000 rows, 15,300/s`, or for children `12,000 rows, 800 of 4,000 parents, …`."""
        total = f" of {self.expected:,}" if self.expected is not None else ""
        rows = "row" if self.rows == 1 and not total else "rows"
        parents = f", {self.parents:,} of {self.parents_expected:,} parents" if self.parents_expected is not None else ""
        waits = f", {self.throttled_seconds:.0f} s throttled" if self.throttled_seconds >= 1 else ""
        label = f"{self.label}: " if self.label else ""
        return f"{label}{self.rows:,}{total} {rows}{parents}, {self.rows_per_second:,.0f}/s{waits}"
