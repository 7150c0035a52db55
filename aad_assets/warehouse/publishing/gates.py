"""The gates: reasons to block a load that was read completely, because a bad read must never replace a good table.

Each gate has its own message. Most can be opened for one run, in the run's config. The functions take numbers and raise
LoadBlocked. See also `steps.py`, which queries the numbers, and `quarantine.py`, which keeps the rows of a blocked load.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aad_assets.errors import LoadBlocked
from aad_assets.wording import counted


class Gate(StrEnum):
    """A reason to block a load. The first six can be opened by name."""

    COUNT = "count"
    SHRINK = "shrink"
    EMPTY = "empty"
    NULL_COLUMN = "null_column"
    REJECTS = "rejects"
    REFUSED = "refused"
    TYPE = "type"
    LATER_READ = "later_read"


OPENABLE = (Gate.COUNT, Gate.SHRINK, Gate.EMPTY, Gate.NULL_COLUMN, Gate.REJECTS, Gate.REFUSED)


_SMALL = 50
"""Rows from which a table is not small: below, a fixed number of rows would be most of it."""


@dataclass(frozen=True)
class Disagreement:
    """Two reads of a table that lack different rows, given in rows, and the gate that both were doubtful for."""

    gate: Gate
    first: int
    second: int


@dataclass(frozen=True)
class Gates:
    """Thresholds, as shares of the rows unless noted, and the gates that this run opens.

    A threshold of None depends on the number of rows: there is one for small tables and one for others. A threshold that is
    set holds for tables of every size.
    """

    count_share: float | None = None
    """Share of Graph's `$count` by which a read may differ; by default 10% below 50 counted rows, and 1% from there on."""
    count_rows: int | None = None
    """Rows by which a read may always differ from Graph's `$count`: its index lags, and rows come and go during the read.

    By default 1 row below 50 counted rows, and 10 from there on.
    """
    shrink_share: float | None = None
    """Share of its rows that a table may lose; by default 50% below 50 stored rows, and 20% from there on."""
    shrink_rows: int | None = None
    """A loss of fewer rows never blocks; by default 0 below 50 stored rows, and 50 from there on."""
    filled_share: float = 0.5
    """A column with values in more than this share of the rows must not turn all NULL."""
    rejects_share: float = 0.01
    refused_share: float = 0.1
    """The share of the parents whose children Graph may refuse. One parent may always be refused."""
    open: frozenset[Gate] = frozenset()

    def check_count(self, table: str, rows: int, expected: int | None) -> None:
        """Check the number of rows against Graph's `$count`, which is None where Graph does not count."""
        if expected is None:
            return
        share = _by_size(expected, self.count_share, 0.1, 0.01)
        always = int(_by_size(expected, self.count_rows, 1, 10))
        if abs(rows - expected) <= max(always, share * expected) and bool(rows) >= bool(expected):
            return
        limit = f"{_percent(share)} or {_rows(always)}" if always else _percent(share)
        self._block(
            Gate.COUNT,
            table,
            f"{_rows(rows, 'was', 'were')} read, but Graph counts {expected:,} (they may differ by {limit}). "
            "Pages may be missing. Reload again",
        )

    def check_shrink(self, table: str, before: int, rows: int, kept: int = 0) -> None:
        """Check how many of the table's `before` rows are missing, with `rows` that were read and some that are `kept`."""
        lost = before - rows - kept
        share = _by_size(before, self.shrink_share, 0.5, 0.2)
        always = int(_by_size(before, self.shrink_rows, 0, 50))
        held = f"{before:,}{f', of which {kept:,} are kept' if kept else ''}"
        if before and not rows + kept:
            self._block(
                Gate.EMPTY,
                table,
                f"no rows were read, but the table holds {before:,}. A permission may have been removed. Check that the "
                "collection is really empty",
            )
        elif lost >= always and lost > share * before:
            limit = f"{_percent(share)} and {_rows(always)}" if always else _percent(share)
            self._block(
                Gate.SHRINK,
                table,
                f"{_rows(rows, 'was', 'were')} read, but the table holds {held}: {lost / before:.0%} are missing "
                f"(the limit is {limit}). Check that so many are really gone",
            )

    def check_reads(self, table: str, disagreement: Disagreement | None) -> None:
        """Block a table whose two reads disagreed."""
        if disagreement is not None:
            self._block(
                disagreement.gate,
                table,
                f"two reads disagreed: {_rows(disagreement.first)} and then {_rows(disagreement.second)} were read, and not "
                "the same rows were missing. Pages may be missing. Reload again",
            )

    def check_rejects(self, table: str, rejected: int, rows: int) -> None:
        """Check how many rows have a value that does not match its declared type."""
        if rejected > self.rejects_share * rows:
            self._block(
                Gate.REJECTS,
                table,
                f"{rejected:,} of {_rows(rows)} have values that do not match the declared types (the limit is "
                f"{_percent(self.rejects_share)}). Graph may have changed a type. Check which columns have turned NULL",
            )

    def check_refused(self, table: str, children: str, refused: int, asked: int) -> None:
        """Check for how many of the parents `asked` Graph refused to return their `children`, a table."""
        if refused <= 1 or refused / asked <= self.refused_share:
            return
        self._block(
            Gate.REFUSED,
            table,
            f"Graph refused {refused:,} of {counted(asked, 'parent')} of {children} (the limit is "
            f"{_percent(self.refused_share)}, or 1 parent). A permission may have been restricted. Check that the rows of so "
            "many parents may stay as they are",
        )

    def check_columns(self, table: str, before: int, filled_before: Mapping[str, int], filled_now: Mapping[str, int]) -> None:
        """Check that no column turned all NULL. Both mappings give the number of values by column.

        Empty lists and structs of NULLs are not values. A table of one row is not checked: a setting that somebody cleared
        looks the same.
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
                f"{', '.join(emptied)}: most of the {before:,} stored rows have a value, and none of the rows that were read "
                "has one. A permission or a licence may have been removed. Restore it",
            )

    def _block(self, gate: Gate, table: str, what: str) -> None:
        if gate in self.open:
            return
        allowed = sorted(each.value for each in self.open | {gate})
        raise LoadBlocked(
            gate,
            f"the gate {gate} blocked it: {what}. If the rows are right, open the gate for one run with "
            f"{{allow: {{{table}: [{', '.join(allowed)}]}}}} in the run's config.",
            {"allow": {table: allowed}},
        )


def type_blocked(column: str, stored: str, declared: str, table: str) -> LoadBlocked:
    """Return the error for a column whose stored values do not cast to its new type."""
    return LoadBlocked(
        Gate.TYPE,
        f"the gate type blocked it: {column} is stored as {stored} and is now declared as {declared}, and stored values do "
        f"not cast. To take the new type, reload once with {{modes: {{{table}: recreate}}}} in the run's config.",
        {"modes": {table: "recreate"}},
    )


def check_order(started_at: datetime, last_started_at: datetime | None, now: datetime) -> None:
    """Block a load whose read started before that of the last published load, as happens when two runs overlap.

    A published load that started in the future was stamped by a wrong clock, and does not block the loads until then.
    """
    if last_started_at is not None and started_at < last_started_at <= now:
        raise LoadBlocked(
            Gate.LATER_READ,
            f"the gate later_read blocked it: a read that started later, at {last_started_at:%Y-%m-%d %H:%M:%S %Z}, is "
            "published already. Nothing is lost. Schedule the runs further apart.",
        )


def _by_size(rows: int, threshold: float | None, small: float, large: float) -> float:
    """Return the threshold if it is set, and otherwise the default for a table of this size."""
    if threshold is not None:
        return threshold
    return small if rows < _SMALL else large


def _percent(value: float) -> str:
    """Return a share as a percentage: `10%`, or `0.5%`."""
    return f"{100 * value:.4g}%"


def _rows(number: int, one: str = "", many: str = "") -> str:
    return f"{counted(number, 'row')} {one if number == 1 else many}".strip()
