"""Forgetting one column, or a part of one: its values leave the table, its history and the bookkeeping.

The column itself stays, empty.
"""

import contextlib
import json
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any

import duckdb

from aad_assets.catalog import CATALOG
from aad_assets.catalog.types import Json, List, Struct, Type, duckdb_type, quoted
from aad_assets.errors import ConfigurationError
from aad_assets.warehouse.database.sql import sql_string
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.forgetting.tables import Removed, StoredTable, is_nested, stored_tables, written

_ROW_WITHOUT, _WITHOUT_PART = "row_without_column", "without_part"

Path = Sequence[Collection[str]]
"""The lower-case names of a column, then those of a part of it, and so on."""


def forget_column(cursor: duckdb.DuckDBPyConnection, target: Target, table: str, column: str) -> list[Removed]:
    """Delete every value that is stored of `table.column`, in any case of the names. Call it in a transaction.

    `column` may name a part: `location.city`. Raises ConfigurationError for a column of a key, and for an unknown table.
    """
    table = table.lower()
    entity = CATALOG.get(table)
    first, *parts = column.lower().split(".")
    if entity is not None and first in {name.lower() for name in entity.key}:
        raise ConfigurationError(
            f"{table}.{column} is part of the key of {table}, and its rows cannot be kept without it. Turn {table} off in "
            "the connection metadata, or forget single people with --person."
        )
    if column.startswith("_") and not column.startswith("_was_"):
        raise ConfigurationError(f"{table}.{column} is not a column of Graph. Name one of the columns in docs/tables.")
    tables = [each for each in stored_tables(cursor, target) if each.name == table]
    if not tables:
        raise ConfigurationError(f"The database has no table {table}. Name a table and a column, such as users.mobilePhone.")
    names = {first}
    if entity is not None:  # `_extra` has properties under Graph's names
        names |= {each.source.lower() for each in entity.all_columns if each.name.lower() == first}
    path: Path = [names, *({part} for part in parts)]
    removed: list[Removed] = []
    with _functions(cursor, path):
        for each in tables:
            removed += _forget_in(cursor, each, first, is_part=bool(parts))
        removed += _forget_in_bookkeeping(cursor, target, table, first, is_part=bool(parts))
    return [each for each in removed if each.number]


def is_known(cursor: duckdb.DuckDBPyConnection, target: Target, table: str, column: str) -> bool:
    """Return whether the table, its history or the catalogue has the column, and the part if `column` names one."""
    first, *parts = column.lower().split(".")
    stored = [each for each in stored_tables(cursor, target) if each.name.lower() == table.lower()]
    types = [type_ for each in stored for name, type_ in each.columns.items() if name.lower() == first]
    entity = CATALOG.get(table.lower())
    types += [each.type for each in entity.all_columns if each.name.lower() == first] if entity else []
    return any(_has_part(type_, parts) for type_ in types)


def _has_part(type_: Type, parts: Sequence[str]) -> bool:
    match type_:
        case List():
            return _has_part(type_.item, parts)
        case Struct() if parts:
            return any(_has_part(field, parts[1:]) for name, field in type_.fields if name.lower() == parts[0])
        case _:
            return not parts or isinstance(type_, Json)


def _without(value: Any, path: Path, *, as_null: bool = False) -> Any:
    """Return `value` without what is at `path`, in each item of a list; `as_null` keeps its name, as a STRUCT needs it."""
    if isinstance(value, list):
        return [_without(item, path, as_null=as_null) for item in value]
    if not isinstance(value, dict):
        return value
    left: dict[str, Any] = {}
    for name, member in value.items():
        if name.lower() not in path[0]:
            left[name] = member
        elif len(path) > 1:
            left[name] = _without(member, path[1:], as_null=as_null)
        elif as_null:
            left[name] = None
    return left


@contextlib.contextmanager
def _functions(cursor: duckdb.DuckDBPyConnection, path: Path) -> Iterator[None]:
    """Register the SQL functions that take the column from a row, and the part from a column, both as JSON."""

    def row_without(row: Any) -> Any:
        left = _without(row, path)
        if isinstance(left, dict) and isinstance(left.get("_extra"), dict):
            left["_extra"] = _without(left["_extra"], path) or None
        return left or None

    functions: dict[str, Callable[[Any], Any]] = {
        _ROW_WITHOUT: row_without,
        _WITHOUT_PART: lambda value: _without(value, path[1:], as_null=True),
    }
    for name, function in functions.items():
        cursor.create_function(name, _on_json(function), ["VARCHAR"], "VARCHAR")
    try:
        yield
    finally:
        for name in functions:
            with contextlib.suppress(duckdb.Error):
                cursor.remove_function(name)


def _on_json(function: Callable[[Any], Any]) -> Callable[[str], str]:
    def on_text(text: str) -> str:
        value = json.loads(text)
        left = function(value)
        return text if left == value else json.dumps(left, ensure_ascii=False, separators=(",", ":"))

    return on_text


def _forget_in(cursor: duckdb.DuckDBPyConnection, table: StoredTable, column: str, *, is_part: bool) -> Iterator[Removed]:
    values = 0
    set_aside = re.compile(rf"(_was_)?{re.escape(column)}(_\d+)?")
    for name, type_ in table.columns.items():
        if name.lower() == column or (name.startswith("_was_") and set_aside.fullmatch(name.lower())):
            if not is_part:
                statement = f"UPDATE {table.sql} SET {quoted(name)} = NULL WHERE {quoted(name)} IS NOT NULL"
                values += written(cursor, statement)
            elif is_nested(type_):
                values += _rewrite(cursor, table.sql, quoted(name), _WITHOUT_PART, "true", duckdb_type(type_))
    if "_extra" in table.columns:
        values += _rewrite(cursor, table.sql, "_extra", _ROW_WITHOUT)
    yield Removed(table.place, values, "value")


def _forget_in_bookkeeping(
    cursor: duckdb.DuckDBPyConnection, target: Target, table: str, column: str, *, is_part: bool
) -> Iterator[Removed]:
    place, meta = target.meta.split(".")[1], target.meta
    # A reject names a part of a column by its path.
    pattern = sql_string(rf"^{re.escape(column)}(\W|$)")
    own = f"entity = {sql_string(table)} AND regexp_matches(lower(column_name), {pattern})"
    for name in ("rejects",) if is_part else ("changes", "rejects"):
        yield Removed(f"{place}.{name}", written(cursor, f"DELETE FROM {meta}.{name} WHERE {own}"), "row")
    whole = f"entity = {sql_string(table)} AND (column_name IS NULL OR column_name = '_extra')"
    for name in ("old_value", "new_value"):
        yield Removed(f"{place}.changes", _rewrite(cursor, f"{meta}.changes", name, _ROW_WITHOUT, whole), "value")
        if is_part:
            yield Removed(f"{place}.changes", _rewrite(cursor, f"{meta}.changes", name, _WITHOUT_PART, own), "value")


def _rewrite(
    cursor: duckdb.DuckDBPyConnection, table: str, name: str, function: str, condition: str = "true", type_: str = "JSON"
) -> int:
    """Replace the values of a column by the result of a function on JSON; return how many it changed."""
    before = f"to_json({name})"
    after = f"nullif({function}({before}::VARCHAR), 'null')::JSON"
    statement = (
        f"UPDATE {table} SET {name} = {after}::{type_} "
        f"WHERE {condition} AND {name} IS NOT NULL AND {after} IS DISTINCT FROM {before}"
    )
    return written(cursor, statement)
