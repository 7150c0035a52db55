"""The stored tables that may hold personal data, and what was removed from them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from aad_assets.catalog.types import Json, List, Struct, Type, quoted
from aad_assets.warehouse.database.sql import ALIAS
from aad_assets.warehouse.database.stored_types import stored_type
from aad_assets.warehouse.database.target import Target


@dataclass(frozen=True)
class Removed:
    """The things removed from one place: a table such as `aad_history.users`, or the files of blocked loads."""

    place: str
    number: int
    what: str
    """`row`: deleted; `value`: a row that lost values; `file`."""


@dataclass(frozen=True)
class StoredTable:
    """A table of the connection's rows or versions, with its columns and their types."""

    schema: str
    """Qualified: `target.aad`."""
    name: str
    columns: dict[str, Type]

    @property
    def sql(self) -> str:
        """The qualified name for statements."""
        return f"{self.schema}.{quoted(self.name)}"

    @property
    def place(self) -> str:
        """The name for people: `aad_history.users`."""
        return f"{self.schema.removeprefix(f'{ALIAS}.')}.{self.name}"


def stored_tables(cursor: duckdb.DuckDBPyConnection, target: Target) -> Iterator[StoredTable]:
    """Yield every table of rows, and every history."""
    for schema in (target.schema, target.history):
        names = cursor.execute(
            "SELECT table_name FROM duckdb_tables() WHERE database_name = ? AND schema_name = ? ORDER BY table_name",
            [ALIAS, schema.removeprefix(f"{ALIAS}.")],
        ).fetchall()
        for (name,) in names:
            described = cursor.execute(f"FROM {schema}.{quoted(name)} LIMIT 0").description
            yield StoredTable(schema, name, {column: stored_type(type_) for column, type_, *_ in described})


def is_nested(type_: Type) -> bool:
    """Return whether values of the type have parts."""
    return isinstance(type_, Json | List | Struct)


def written(cursor: duckdb.DuckDBPyConnection, statement: str, parameters: Sequence[Any] = ()) -> int:
    """Run a statement and return the number of rows that it wrote."""
    row = cursor.execute(statement, list(parameters)).fetchone()
    return int(row[0]) if row else 0
