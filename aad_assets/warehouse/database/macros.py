"""The macros `<table>_at(ts)` of the history schema, which raise an error for a moment that the history does not cover.

DuckDB resolves what a macro reads in the search path of its caller. The schema `<connection>_at` has views, which read the
database that they are in.
"""

import duckdb

from aad_assets.catalog.types import quoted
from aad_assets.warehouse.database.coverage import SUFFIX, Coverage, outside, parsed, read_macros, record_coverage
from aad_assets.warehouse.database.sql import ALIAS, sql_string
from aad_assets.warehouse.database.target import Target


def recorded_coverage(cursor: duckdb.DuckDBPyConnection, target: Target, table: str) -> Coverage | None:
    """Return what the macro of a table records; None if an earlier release wrote it.

    DuckDB lists the functions of all schemas or none, so that is done once per run.
    """
    name = f"{table}{SUFFIX}"
    if target.macros is None:
        target.macros = read_macros(cursor, _name(target.history))
    if name not in target.macros:
        target.macros |= read_macros(cursor, _name(target.history), name)
    return parsed(target.macros.get(name, ""))


def _name(schema: str) -> str:
    return schema.removeprefix(f"{ALIAS}.")


def write_macro(cursor: duckdb.DuckDBPyConnection, target: Target, table: str, coverage: Coverage) -> None:
    """Create or replace the macro of a table, and record what it covers, inside the open transaction."""
    record_coverage(cursor, target.meta, table, coverage)
    history, name = _name(target.history), f"{table}{SUFFIX}"
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
