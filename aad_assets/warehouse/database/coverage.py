"""The times that a table's history covers.

History begins with a load. It ends when it is turned off, and pruning moves its beginning. At a moment outside of it a table
would look empty or lack rows. The text of the macro `<table>_at` is the record of these times, and the table `coverage` of
the bookkeeping repeats them for queries. A macro that an earlier release wrote records nothing. See also `macros.py`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import zip_longest

import duckdb

from aad_assets.catalog.types import quoted
from aad_assets.errors import ConfigurationError
from aad_assets.warehouse.database.sql import ALIAS, utc_datetime
from aad_assets.wording import listed

SUFFIX = "_at"
_RECORD = re.compile(r"has history only (.*?)\. Choose a moment in that time\.")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?\+00:00")


@dataclass(frozen=True)
class Coverage:
    """Intervals [from, to) in order; None is the end of the one that goes on. They are UTC."""

    spans: tuple[tuple[datetime, datetime | None], ...] = ()

    @property
    def open_since(self) -> datetime | None:
        """The beginning of the interval that goes on; None if history is off."""
        return self.spans[-1][0] if self.spans and self.spans[-1][1] is None else None

    def covers(self, moment: datetime) -> bool:
        """Return whether the history shows the whole table as it was at `moment`."""
        return any(start <= moment and (end is None or moment < end) for start, end in self.spans)

    def begun(self, at: datetime) -> "Coverage":
        """Return what is covered if history is on from `at`."""
        return self if self.open_since else Coverage((*self.spans, (at.astimezone(UTC), None)))

    def ended(self, at: datetime) -> "Coverage":
        """Return what is covered if history is off from `at`."""
        return Coverage((*self.spans[:-1], (self.open_since, at.astimezone(UTC)))) if self.open_since else self

    def pruned(self, at: datetime) -> "Coverage":
        """Return what is covered after versions that ended at `at` or before were deleted."""
        at = at.astimezone(UTC)
        return Coverage(tuple((max(start, at), end) for start, end in self.spans if end is None or end > at))

    def __str__(self) -> str:
        spans = [f"from {start} {f'to {end}' if end else 'on'}" for start, end in self.spans]
        return listed(spans) if spans else "of no time"


def read_macros(cursor: duckdb.DuckDBPyConnection, schema: str, name: str | None = None) -> dict[str, str]:
    """Return the texts of the macros in a schema, or of one of them, by name."""
    found = cursor.execute(
        "SELECT function_name, macro_definition FROM duckdb_functions() "
        "WHERE database_name = $alias AND schema_name = $schema AND function_name = coalesce($name, function_name)",
        {"alias": ALIAS, "schema": schema, "name": name},
    ).fetchall()
    return {name: text or "" for name, text in found}


def parsed(macro: str) -> Coverage | None:
    record = _RECORD.search(macro)
    if record is None:
        return None
    moments = [datetime.fromisoformat(moment) for moment in _MOMENT.findall(record[1])]
    return Coverage(tuple(zip_longest(moments[::2], moments[1::2])))


def derive_coverage(cursor: duckdb.DuckDBPyConnection, schema: str, table: str) -> Coverage:
    """Find what the history of a table covers that an earlier release wrote: from its first version or load to its last.

    `schema` is that of the connection.
    """
    history, meta = (f"{ALIAS}.{quoted(f'{schema}_{suffix}')}" for suffix in ("history", "meta"))
    loads = cursor.execute(
        f"SELECT epoch_us(published_at), rows FROM {meta}.loads WHERE entity = ? AND status = 'published' "
        "ORDER BY published_at",
        [table],
    ).fetchall()
    first, open_versions, last = cursor.execute(
        "SELECT epoch_us(min(_valid_from)), count(*) FILTER (_valid_to IS NULL), epoch_us(max(_valid_to)) "
        f"FROM {history}.{quoted(table)}"
    ).fetchall()[0]
    if loads and (first is None or not loads[0][1]):
        first = loads[0][0]  # the table was known to be empty
    begin, end = utc_datetime(first), utc_datetime(last)
    covered = Coverage().begun(begin) if begin else Coverage()
    return covered.ended(end) if end and not open_versions and loads and loads[-1][1] else covered


def outside(table: str, coverage: Coverage) -> ConfigurationError:
    """Return the error for a moment that the history of a table does not cover."""
    return ConfigurationError(f"{table} has history only {coverage}. Choose a moment in that time.")


def read_coverage(cursor: duckdb.DuckDBPyConnection, schema: str, table: str | None = None) -> dict[str, Coverage]:
    """Return what the history of `table`, or of each table, covers, by the table's name. Tables without one are left out.

    `schema` is that of the connection.
    """
    history = f"{schema}_history"
    tables = cursor.execute(
        "SELECT table_name FROM duckdb_tables() "
        "WHERE database_name = $alias AND schema_name = $schema AND table_name = coalesce($table, table_name)",
        {"alias": ALIAS, "schema": history, "table": table},
    ).fetchall()
    macros = read_macros(cursor, history, table and f"{table}{SUFFIX}")
    return {name: parsed(macros.get(f"{name}{SUFFIX}", "")) or derive_coverage(cursor, schema, name) for (name,) in tables}


def record_coverage(cursor: duckdb.DuckDBPyConnection, meta: str, table: str, coverage: Coverage) -> None:
    """Write what the history of a table covers into the table `coverage` of the bookkeeping schema `meta`."""
    cursor.execute(f"DELETE FROM {meta}.coverage WHERE entity = ?", [table])
    for since, until in coverage.spans:
        cursor.execute(f"INSERT INTO {meta}.coverage VALUES (?, ?, ?)", [table, since, until])


def record_all(cursor: duckdb.DuckDBPyConnection, schemas: Sequence[str]) -> None:
    """Fill the table `coverage` of a database that an earlier release wrote.

    `schemas` are those of the connection's tables, history, bookkeeping and so on, as `database.schema`.
    """
    tables, _, meta, *_ = schemas
    for table, coverage in read_coverage(cursor, tables.removeprefix(f"{ALIAS}.")).items():
        record_coverage(cursor, meta, table, coverage)
