"""The names of objects beside their ids: of the rows of a table, and of the rows that they refer to."""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import duckdb

from aad_assets.catalog import CATALOG, Entity
from aad_assets.catalog.references import Reference, references_of
from aad_assets.catalog.types import quoted
from aad_assets.warehouse.database.sql import ALIAS

_NAMES = ("displayName", "userPrincipalName", "name", "skuPartNumber")
"""Columns that name a row, the best first."""

Id = tuple[str, str, str]
"""A table, a column of it that identifies a row, and its value."""


class Names:
    """Finds the names of ids in the tables and their history, so that deleted objects have one as well."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, connection_name: str) -> None:
        self._connection = connection
        # The rows of now come first: a table whose history is off may have an old one.
        self._schemas = (connection_name, f"{connection_name}_history")
        self._columns: dict[tuple[str, str], set[str]] = defaultdict(set)
        for schema, table, column in connection.execute(
            "SELECT schema_name, table_name, column_name FROM duckdb_columns() "
            "WHERE database_name = ? AND list_contains(?, schema_name)",
            [ALIAS, list(self._schemas)],
        ).fetchall():
            self._columns[schema, table].add(column)

    def of(self, ids: Iterable[Id]) -> dict[Id, str]:
        """Return the names of those ids that have one."""
        by_column: dict[tuple[str, str], set[str]] = defaultdict(set)
        for table, column, value in ids:
            by_column[table, column].add(value)
        found: dict[Id, str] = {}
        for (table, column), values in by_column.items():
            for schema in self._schemas:
                unnamed = {value for value in values if (table, column, value) not in found}
                found |= {(table, column, value): name for value, name in self._named(schema, table, column, unnamed)}
        return found

    def _named(self, schema: str, table: str, column: str, values: set[str]) -> list[tuple[str, str]]:
        """Return those of the values that have a name in a table of the schema, each with its latest name."""
        present = self._columns.get((schema, table), set())
        names = [quoted(name) for name in _NAMES if name in present]
        if not (names and values and column in present):
            return []
        name = f"coalesce({', '.join(names)}, '')"
        latest = f"arg_max({name}, _valid_from)" if "_valid_from" in present else f"any_value({name})"
        return self._connection.execute(
            f"SELECT {quoted(column)}, {latest} FROM {ALIAS}.{quoted(schema)}.{quoted(table)} "
            f"WHERE list_contains($values, {quoted(column)}) GROUP BY 1 HAVING {latest} <> ''",
            {"values": sorted(values)},
        ).fetchall()


def ids_in(row: dict[str, Any]) -> dict[str, list[Id]]:
    """Return the ids in a row of `changes`, with the tables that may hold their names, by the id.

    They are in its key, in the references of a row that was inserted or deleted, and in the old and new value of a reference.
    """
    entity = CATALOG.get(row["entity"])
    if entity is None:
        return {}
    found: dict[str, list[Id]] = defaultdict(list)
    parts = row["key"].split("|") if row["key"] else []
    values = dict(zip(entity.key, parts, strict=True)) if len(parts) == len(entity.key) else {}
    if entity.key == ("id",) and parts:
        found[parts[0]].append((entity.table, "id", parts[0]))
    texts = [row["old_value"], row["new_value"]]
    if row["column_name"] is None:
        for whole in (json.loads(text) for text in texts if text):
            values = {**whole, **values}
        changed = []
    else:
        changed = [(row["column_name"], json.loads(text)) for text in texts if text]
    for reference in _plain_references(entity):
        of_column = [value for name, value in changed if name == reference.column]
        for value in [*of_column, values.get(reference.column)]:
            if isinstance(value, str) and value:
                found[value] += [(target, reference.key, value) for target in reference.targets]
    return dict(found)


def _plain_references(entity: Entity) -> list[Reference]:
    """Return the references whose column holds one id."""
    return [each for each in references_of(entity, CATALOG) if "." not in each.column and not each.many]
