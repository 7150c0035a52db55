"""Forgetting one column: its values leave the table, its history and the bookkeeping. The column itself stays, empty."""

import contextlib
import json
import re
from collections.abc import Iterator

import duckdb

from aad_assets.catalog import CATALOG
from aad_assets.catalog.types import quoted
from aad_assets.errors import ConfigurationError
from aad_assets.warehouse.database.sql import sql_string
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.forgetting.tables import Removed, StoredTable, stored_tables, written

_WITHOUT = "without_member"


def forget_column(cursor: duckdb.DuckDBPyConnection, target: Target, table: str, column: str) -> list[Removed]:
    """Delete every value that is stored of `table.column`, in any case of its name. Call it in a transaction.

    Raises ConfigurationError for a column of a key, and if nothing with that name was ever stored.
    """
    entity = CATALOG.get(table)
    if entity is not None and column.lower() in {name.lower() for name in entity.key}:
        raise ConfigurationError(
            f"{table}.{column} is part of the key of {table}, and its rows cannot be kept without it. Turn {table} off in "
            "the connection metadata, or forget single people with --person."
        )
    if column.startswith("_") and not column.startswith("_was_"):
        raise ConfigurationError(f"{table}.{column} is not a column of Graph. Name one of the columns in docs/tables.")
    names = {column.lower()}
    if entity is not None:  # `_extra` has properties under Graph's names
        names |= {each.source.lower() for each in entity.all_columns if each.name.lower() == column.lower()}
    tables = [each for each in stored_tables(cursor, target) if each.name == table]
    if not tables:
        raise ConfigurationError(f"The database has no table {table}. Name a table and a column, such as users.mobilePhone.")
    removed: list[Removed] = []
    with _function(cursor, names):
        for each in tables:
            removed += _forget_in(cursor, each, column.lower())
        removed += _forget_in_bookkeeping(cursor, target, table, column.lower())
    removed = [each for each in removed if each.number]
    known = {name.lower() for each in tables for name in each.columns}
    known |= {each.name.lower() for each in entity.all_columns} if entity else set()
    if not removed and column.lower() not in known:
        raise ConfigurationError(f"There is no column {column} in {table}, so nothing was deleted. Check its name.")
    return removed


@contextlib.contextmanager
def _function(cursor: duckdb.DuckDBPyConnection, names: set[str]) -> Iterator[None]:
    def without(text: str) -> str:
        value = json.loads(text)
        if not isinstance(value, dict):
            return text
        left = {name: member for name, member in value.items() if name.lower() not in names}
        if isinstance(left.get("_extra"), dict):
            left["_extra"] = {name: member for name, member in left["_extra"].items() if name.lower() not in names} or None
        return json.dumps(left, ensure_ascii=False, separators=(",", ":")) if left else "null"

    cursor.create_function(_WITHOUT, without, ["VARCHAR"], "VARCHAR")
    try:
        yield
    finally:
        with contextlib.suppress(duckdb.Error):
            cursor.remove_function(_WITHOUT)


def _forget_in(cursor: duckdb.DuckDBPyConnection, table: StoredTable, column: str) -> Iterator[Removed]:
    values = 0
    set_aside = re.compile(rf"(_was_)?{re.escape(column)}(_\d+)?")
    for name in table.columns:
        if name.lower() == column or (name.startswith("_was_") and set_aside.fullmatch(name.lower())):
            statement = f"UPDATE {table.sql} SET {quoted(name)} = NULL WHERE {quoted(name)} IS NOT NULL"
            values += written(cursor, statement)
    if "_extra" in table.columns:
        values += _without_member(cursor, table.sql, "_extra", "true")
    yield Removed(table.place, values, "value")


def _forget_in_bookkeeping(cursor: duckdb.DuckDBPyConnection, target: Target, table: str, column: str) -> Iterator[Removed]:
    place, meta = target.meta.split(".")[1], target.meta
    for name in ("changes", "rejects"):
        # A reject names a part of a column by its path.
        condition = "entity = ? AND regexp_matches(lower(column_name), ?)"
        parameters = [table, rf"^{re.escape(column)}(\W|$)"]
        number = written(cursor, f"DELETE FROM {meta}.{name} WHERE {condition}", parameters)
        yield Removed(f"{place}.{name}", number, "row")
    whole = f"entity = {sql_string(table)} AND (column_name IS NULL OR column_name = '_extra')"
    for name in ("old_value", "new_value"):
        yield Removed(f"{place}.changes", _without_member(cursor, f"{meta}.changes", name, whole), "value")


def _without_member(cursor: duckdb.DuckDBPyConnection, table: str, name: str, condition: str) -> int:
    """Remove the member from JSON objects; return how many had it."""
    after = f"nullif({_WITHOUT}({name}::VARCHAR), 'null')::JSON"
    statement = (
        f"UPDATE {table} SET {name} = {after} WHERE {condition} AND {name} IS NOT NULL AND {after} IS DISTINCT FROM {name}"
    )
    return written(cursor, statement)
