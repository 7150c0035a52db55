"""The columns of stored tables and views, with DuckDB's types."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import duckdb

from aad_assets.catalog.types import quoted
from aad_assets.warehouse.database.sql import ALIAS
from aad_assets.warehouse.database.target import Target


@dataclass(frozen=True)
class Relation:
    """The columns of a table or view in order. `duckdb_types` has the type of each as DuckDB returns it."""

    duckdb_types: Mapping[str, Any]

    @cached_property
    def types(self) -> dict[str, str]:
        """The type of each column as SQL."""
        return {name: str(type_) for name, type_ in self.duckdb_types.items()}


def stored_relation(cursor: duckdb.DuckDBPyConnection, name: str) -> Relation:
    """Return the columns of a table or view by its qualified name. It must exist: an error would abort the transaction."""
    described = cursor.execute(f"FROM {name} LIMIT 0").description or ()
    return Relation({column: type_ for column, type_, *_ in described})


def existing_relations(cursor: duckdb.DuckDBPyConnection, names: Sequence[str]) -> dict[str, bool]:
    """Return which tables and views have one of the names, as `schema.name`, and whether each is a view."""
    found = cursor.execute(
        """SELECT schema_name || '.' || lower(table_name), false FROM duckdb_tables()
           WHERE database_name = $alias AND list_contains($names, lower(table_name))
           UNION ALL
           SELECT schema_name || '.' || lower(view_name), true FROM duckdb_views()
           WHERE database_name = $alias AND list_contains($names, lower(view_name))""",
        {"alias": ALIAS, "names": list(names)},
    ).fetchall()
    return dict(found)


def connection_schema(target: Target) -> str:
    """Return the schema of the connection without the database's alias, as a view names it."""
    return target.schema.removeprefix(f"{ALIAS}.")


def stored_pair(
    cursor: duckdb.DuckDBPyConnection, target: Target, table: str, existing: Collection[str]
) -> tuple[Relation | None, Relation | None]:
    """Return the columns of a table and of its history, if they are among the existing ones, named as `schema.table`."""
    schema = connection_schema(target)
    stored, history = (
        stored_relation(cursor, f"{ALIAS}.{quoted(name)}.{quoted(table)}") if f"{name}.{table}" in existing else None
        for name in (schema, f"{schema}_history")
    )
    return stored, history
