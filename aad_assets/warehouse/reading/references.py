"""Count the ids in the rows of a table that name rows of other tables, and those that name none. Results hold no ids."""

from collections.abc import Collection
from dataclasses import dataclass

import duckdb

from aad_assets.catalog import Entity, Shape
from aad_assets.catalog.references import NOT_IDS, Reference, references_of
from aad_assets.catalog.types import quoted
from aad_assets.warehouse.database.sql import ALIAS, sql_string

_DELETED_AT = "_deleted_at"


@dataclass(frozen=True)
class ReferenceCount:
    """How many ids a column holds, and how many of them name no row. Both are None if they could not be counted."""

    reference: Reference
    references: int | None = None
    unresolved: int | None = None
    optional: bool = False
    """Ids without a row are no problem: the row may be gone, or the id name something else."""
    problem: str = ""
    """Why it could not be counted."""

    @property
    def passed(self) -> bool:
        """True unless a row is missing that should exist."""
        return self.optional or not self.unresolved

    def __str__(self) -> str:
        where = f"{self.reference.column} → {', '.join(self.reference.targets)}"
        if self.problem:
            return f"{where}: {self.problem}"
        return f"{where}: {self.unresolved:,} of {self.references:,} ids name no row"


def count_references(
    connection: duckdb.DuckDBPyConnection, connection_name: str, entity: Entity, tables: Collection[str]
) -> list[ReferenceCount]:
    """Count the references from `entity` to `tables`, those of the connection that are turned on.

    `connection` has the database open, as `reading` yields it.
    """
    columns: dict[str, set[str]] = {}
    for table, column in connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = ? AND schema_name = ?",
        [ALIAS, connection_name],
    ).fetchall():
        columns.setdefault(table, set()).add(column)
    return [
        _count(connection, connection_name, reference, columns, entity.shape is Shape.LOG)
        for reference in references_of(entity, tables)
    ]


def _count(
    connection: duckdb.DuckDBPyConnection,
    connection_name: str,
    reference: Reference,
    columns: dict[str, set[str]],
    is_log: bool,
) -> ReferenceCount:
    optional = reference.optional or is_log  # A log names what existed at the time.
    missing = [table for table in (reference.table, *reference.targets) if table not in columns]
    if missing:
        return ReferenceCount(reference, optional=optional, problem=f"not checked, because {missing[0]} has not been loaded")
    try:
        row = connection.execute(reference_query(connection_name, reference, columns)).fetchone()
    except duckdb.BinderException:  # a column that the connection metadata turns off
        return ReferenceCount(reference, optional=optional, problem="not checked, because a column is not in its table")
    assert row is not None
    return ReferenceCount(reference, int(row[0]), int(row[1]), optional)


def reference_query(connection_name: str, reference: Reference, columns: dict[str, set[str]]) -> str:
    """Return SQL that counts the ids of a reference, and those that name no row of a target. `columns` are those by table."""
    source, value = _ids(connection_name, reference, columns)
    known = " UNION ".join(
        f"SELECT _tenant_id, {quoted(reference.key)}::VARCHAR AS id FROM {_rows(connection_name, target, columns)}"
        for target in reference.targets
    )
    keywords = ", ".join(sql_string(word.lower()) for word in sorted(NOT_IDS))
    return f"""
        WITH ids AS (SELECT _tenant_id, {value}::VARCHAR AS id FROM {source}),
             known AS ({known})
        SELECT count(*), count(*) FILTER (known.id IS NULL)
        FROM ids LEFT JOIN known USING (_tenant_id, id)
        WHERE ids.id IS NOT NULL AND lower(ids.id) NOT IN ({keywords})"""


def _ids(connection_name: str, reference: Reference, columns: dict[str, set[str]]) -> tuple[str, str]:
    """Return the relation whose rows hold one id each, and the expression for it. A dot enters a STRUCT, `[]` a list."""
    source, value = _rows(connection_name, reference.table, columns), ""
    for part in reference.column.split("."):
        name = part.removesuffix("[]")
        value = f"struct_extract({value}, {sql_string(name)})" if value else quoted(name)
        if part.endswith("[]"):
            source, value = f"(SELECT _tenant_id, unnest({value}) AS item FROM {source})", "item"
    return source, value


def _rows(connection_name: str, table: str, columns: dict[str, set[str]]) -> str:
    """Return a table without the rows that it keeps although they were deleted."""
    name = f"{ALIAS}.{quoted(connection_name)}.{quoted(table)}"
    return f"(FROM {name} WHERE {_DELETED_AT} IS NULL)" if _DELETED_AT in columns.get(table, ()) else name
