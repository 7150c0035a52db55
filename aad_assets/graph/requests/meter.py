"""What one entity's read has cost and brought so far. Counts only: no rows, no URLs."""

from dataclasses import dataclass, field
from time import monotonic


@dataclass
class Meter:
    """Counters of one entity's read; the reader writes them, progress lines and `loads` read them."""

    rows: int = 0
    expected: int | None = None
    """Rows that `$count` promised; None where Graph does not count."""
    parents: int = 0
    parents_expected: int | None = None
    """Parents whose children are read; None for lists."""
    part: str = ""
    """What of the entity is being read: the day of a log."""
    requests: int = 0
    retries: int = 0
    restarts: int = 0
    throttled_seconds: float = 0.0
    """Time spent waiting for quota or because Graph said so."""
    bytes: int = 0
    """Response bytes on the wire, as compressed."""
    started: float = field(default_factory=monotonic)

    @property
    def rows_per_second(self) -> float:
        elapsed = monotonic() - self.started
        return self.rows / elapsed if elapsed > 0 else 0.0

    def progress(self) -> str:
        """`43,000 of 200,000 rows, 15,300/s`, or for children `12,000 rows of 800 of 4,000 parents, …`."""
        of = f" of {self.expected:,}" if self.expected is not None else ""
        parents = f", {self.parents:,} of {self.parents_expected:,} parents" if self.parents_expected is not None else ""
        waits = f", {self.throttled_seconds:.0f} s throttled" if self.throttled_seconds >= 1 else ""
        part = f"{self.part}: " if self.part else ""
        return f"{part}{self.rows:,}{of} rows{parents}, {self.rows_per_second:,.0f}/s{waits}"
