"""The gates: reasons for which a whole, well-read load is not published all the same.

A bad read must never replace a good table. Each gate has its message and can be opened for one run, in the run's config.
Pure: numbers in, LoadBlocked out. Not here: the queries for the numbers (`publish.py`), what is kept of a blocked load
(`blocked.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aad_assets.errors import LoadBlocked


class Gate(StrEnum):
    """What can stop a load. The first five can be opened by name."""

    COUNT = "count"
    SHRINK = "shrink"
    EMPTY = "empty"
    NULL_COLUMN = "null_column"
    REJECTS = "rejects"
    TYPE = "type"
    LATER_READ = "later_read"


OPENABLE = (Gate.COUNT, Gate.SHRINK, Gate.EMPTY, Gate.NULL_COLUMN, Gate.REJECTS)


@dataclass(frozen=True)
class Gates:
    """Thresholds, as shares of rows unless said otherwise, and the gates that this run opens."""

    count_share: float = 0.01
    count_rows: int = 10
    """Rows by which a read may differ from Graph's `$count` in any case: its index lags, and people come and go meanwhile."""
    shrink_share: float = 0.2
    shrink_rows: int = 50
    """A table may lose this many rows in any case."""
    filled_share: float = 0.5
    """A column that was filled for more than this must not turn all NULL."""
    rejects_share: float = 0.01
    open: frozenset[Gate] = frozenset()

    def check_count(self, table: str, rows: int, counted: int | None) -> None:
        """`counted`: what Graph's `$count` says; None where it does not count."""
        if counted is None:
            return
        if abs(rows - counted) <= max(self.count_rows, self.count_share * counted) and bool(rows) >= bool(counted):
            return
        self._block(
            Gate.COUNT,
            table,
            f"{_rows(rows, 'was', 'were')} read and Graph counts {counted:,} ({self.count_share:.0%} and "
            f"{self.count_rows} rows may differ): pages may be missing. Reload again",
        )

    def check_shrink(self, table: str, before: int, rows: int) -> None:
        """`before`: rows that the table holds; none on the first load."""
        lost = before - rows
        if before and not rows:
            self._block(
                Gate.EMPTY,
                table,
                f"no row was read and the table holds {before:,}: a permission may be lost. See that "
                "the collection really is empty",
            )
        elif lost >= self.shrink_rows and lost > self.shrink_share * before:
            self._block(
                Gate.SHRINK,
                table,
                f"{_rows(rows, 'was', 'were')} read and the table holds {before:,}, which is {lost / before:.0%} less "
                f"(limit {self.shrink_share:.0%} and {self.shrink_rows} rows). See that so many really are gone",
            )

    def check_rejects(self, table: str, rejected: int, rows: int) -> None:
        """`rejected`: rows with a value that did not fit its declared type."""
        if rejected > self.rejects_share * rows:
            self._block(
                Gate.REJECTS,
                table,
                f"{rejected:,} of {_rows(rows)} have values that do not fit the declared types (limit "
                f"{self.rejects_share:.0%}): Graph may have changed a type. See which columns have become NULL",
            )

    def check_columns(self, table: str, before: int, filled_before: Mapping[str, int], filled_now: Mapping[str, int]) -> None:
        """Values by column, in the stored and the read rows; an empty list or a struct of NULLs is no value.

        In a table of one row, a tenant's setting that somebody cleared looks the same: those are not checked.
        """
        emptied = [
            column
            for column, filled in filled_before.items()
            if before > 1 and filled > self.filled_share * before and filled_now[column] == 0
        ]
        if emptied:
            self._block(
                Gate.NULL_COLUMN,
                table,
                f"{', '.join(emptied)}: filled for most of the {before:,} stored rows, and for none of those read. A "
                "permission or a licence may be lost. Grant it",
            )

    def _block(self, gate: Gate, table: str, what: str) -> None:
        if gate in self.open:
            return
        allowed = sorted(each.value for each in self.open | {gate})
        raise LoadBlocked(
            gate,
            f"the gate {gate} blocked it: {what}; or, if it is right, open the gate for one run by "
            f"{{allow: {{{table}: [{', '.join(allowed)}]}}}} in the run's config.",
            {"allow": {table: allowed}},
        )


def type_blocked(column: str, stored: str, declared: str, table: str) -> LoadBlocked:
    """Stored values do not fit a column's new type."""
    return LoadBlocked(
        Gate.TYPE,
        f"the gate type blocked it: {column} is stored as {stored} and is now declared as {declared}, and what is stored "
        f"does not cast. To take the new type, reload once with {{modes: {{{table}: recreate}}}} in the run's config.",
        {"modes": {table: "recreate"}},
    )


def check_order(started_at: datetime, last_started_at: datetime | None, now: datetime) -> None:
    """Of two runs at once, the read that began earlier never overwrites the later one.

    A load from the future was stamped by a clock that was ahead, and must not hold back all others until then.
    """
    if last_started_at is not None and started_at < last_started_at <= now:
        raise LoadBlocked(
            Gate.LATER_READ,
            f"the gate later_read blocked it: a read that began later, at {last_started_at:%Y-%m-%d %H:%M:%S %Z}, is "
            "published already. Nothing is lost; schedule the runs apart.",
        )


def _rows(number: int, one: str = "", many: str = "") -> str:
    noun, verb = ("row", one) if number == 1 else ("rows", many)
    return f"{number:,} {noun} {verb}".strip()
