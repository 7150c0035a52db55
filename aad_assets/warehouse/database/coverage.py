"""The times that a table's history covers, and the macro `<table>_at(ts)`, which raises an error for any other moment.

History begins with a load. It ends when it is turned off, and pruning moves its beginning. At a moment outside of it a table
would look empty or lack rows. The macro's text is the record of these times. A macro that an earlier release wrote has none.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import zip_longest

import duckdb

from aad_assets.catalog.types import quoted
from aad_assets.errors import ConfigurationError
from aad_assets.warehouse.database.sql import sql_string, utc_datetime
from aad_assets.warehouse.database.target import ALIAS, Target
from aad_assets.wording import listed

_SUFFIX = "_at"
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


def recorded_coverage(cursor: duckdb.DuckDBPyConnection, target: Target, table: str) -> Coverage | None:
    """Return what the macro of a table records; None if an earlier release wrote it.

    DuckDB lists the functions of all schemas or none, so that is done once per run.
    """
    name = f"{table}{_SUFFIX}"
    if target.macros is None:
        target.macros = _read_macros(cursor, _name(target.history))
    if name not in target.macros:
        target.macros |= _read_macros(cursor, _name(target.history), name)
    return _parsed(target.macros.get(name, ""))


def _name(schema: str) -> str:
    return schema.removeprefix(f"{ALIAS}.")


def _read_macros(cursor: duckdb.DuckDBPyConnection, schema: str, name: str | None = None) -> dict[str, str]:
    """Return the texts of the macros in a schema, or of one of them, by name."""
    found = cursor.execute(
        "SELECT function_name, macro_definition FROM duckdb_functions() "
        "WHERE database_name = $alias AND schema_name = $schema AND function_name = coalesce($name, function_name)",
        {"alias": ALIAS, "schema": schema, "name": name},
    ).fetchall()
    return {name: text or "" for name, text in found}


def _parsed(macro: str) -> Coverage | None:
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


def write_macro(cursor: duckdb.DuckDBPyConnection, target: Target, table: str, coverage: Coverage) -> None:
    """Create or replace the macro of a table, inside the open transaction."""
    history, name = _name(target.history), f"{table}{_SUFFIX}"
    if target.macros:
        target.macros.pop(name, None)  # it is read again, because the transaction may fail
    cursor.execute(f"USE {ALIAS}")  # DuckDB must resolve the macro's body in the database that contains it
    try:
        cursor.execute(f"CREATE OR REPLACE MACRO {history}.{quoted(name)}{_as_of(history, table, coverage)}")
    finally:
        cursor.execute("USE memory")


def _as_of(history: str, table: str, coverage: Coverage) -> str:
    """Return the parameter and body of the macro.

    The moment comes from a relation of one row, because DuckDB evaluates a condition only if there are rows to test.
    """
    moment = "ts::TIMESTAMPTZ"
    spans = (
        f"{moment} >= TIMESTAMPTZ '{start}'" + (f" AND {moment} < TIMESTAMPTZ '{end}'" if end else "")
        for start, end in coverage.spans
    )
    checked = (
        f"CASE WHEN {' OR '.join(spans) or 'false'} THEN {moment} ELSE error({sql_string(str(outside(table, coverage)))}) END"
    )
    return (
        f"(ts) AS TABLE SELECT v.* FROM {history}.{quoted(table)} v JOIN (SELECT {checked} AS moment) m "
        "ON v._valid_from <= m.moment AND (v._valid_to IS NULL OR v._valid_to > m.moment)"
    )


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
    macros = _read_macros(cursor, history, table and f"{table}{_SUFFIX}")
    return {name: _parsed(macros.get(f"{name}{_SUFFIX}", "")) or derive_coverage(cursor, schema, name) for (name,) in tables}
