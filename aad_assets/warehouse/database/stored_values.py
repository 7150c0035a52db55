"""Cleaning of values that an earlier release stored, so that the next load finds no difference. See also `cleaning.py`."""

import duckdb

from aad_assets.catalog.types import quoted
from aad_assets.warehouse.database.cleaning import cleaned_sql
from aad_assets.warehouse.database.stored_types import stored_type


def clean_stored_values(cursor: duckdb.DuckDBPyConnection, schemas: tuple[str, ...]) -> None:
    """Clean every table of `schemas`, given as `database.schema`, inside the open transaction.

    Only tables with something to clean are rewritten.
    """
    tables = cursor.execute(
        "SELECT database_name, schema_name, table_name FROM duckdb_tables() "
        "WHERE list_contains(?, database_name || '.' || schema_name)",
        [list(schemas)],
    ).fetchall()
    for names in tables:
        _clean(cursor, ".".join(map(quoted, names)))


def _clean(cursor: duckdb.DuckDBPyConnection, table: str) -> None:
    columns = {name: stored_type(type_) for name, type_, *_ in cursor.execute(f"FROM {table} LIMIT 0").description or ()}
    values = {quoted(name): cleaned_sql(quoted(name), type_, dates=True) for name, type_ in columns.items()}
    values = {name: value for name, value in values.items() if value != name}
    extra = quoted("_extra")
    if extra in values:
        values[extra] = f"nullif({values[extra]}, '{{}}')"
    different = " OR ".join(f"{value} IS DISTINCT FROM {name}" for name, value in values.items())
    if values and cursor.execute(f"SELECT 1 FROM {table} WHERE {different} LIMIT 1").fetchone():
        replaced = ", ".join(f"{value} AS {name}" for name, value in values.items())
        cursor.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * REPLACE ({replaced}) FROM {table}")
