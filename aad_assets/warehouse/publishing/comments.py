"""Comments on the columns of a table and its history: since when a column that was added later is known, and its meaning."""

from collections.abc import Iterable, Mapping

from aad_assets.catalog.types import quoted
from aad_assets.warehouse.database.sql import sql_string
from aad_assets.warehouse.publishing.loads import SchemaChange
from aad_assets.warehouse.publishing.publication import Publication


def record_added(publication: Publication, changes: Iterable[SchemaChange]) -> None:
    """Record the columns and fields that this load has added to an existing table."""
    table = f"{publication.target.meta}.added_columns"
    for name in sorted({change.column for change in changes if change.change == "added"}):
        where = f"entity = $entity AND _tenant_id = $tenant AND column_name = {sql_string(name)}"
        publication.execute(f"DELETE FROM {table} WHERE {where}")
        publication.execute(f"INSERT INTO {table} VALUES ($entity, $tenant, {sql_string(name)}, $at::TIMESTAMPTZ, $load)")


def write_comments(publication: Publication, tables: Iterable[str]) -> None:
    """Write the comments that differ from the stored ones: `Known since 2026-11-25; When the object was created.`"""
    since = publication.execute(
        f"SELECT column_name, strftime(max(known_since), '%Y-%m-%d') FROM {publication.target.meta}.added_columns "
        "WHERE entity = $entity AND _tenant_id = $tenant GROUP BY column_name ORDER BY column_name"
    ).fetchall()
    meanings = {column.name: column.meaning for column in publication.entity.columns}
    for table in tables:
        database, schema, name = table.split(".", 2)
        stored = publication.cursor.execute(
            "SELECT column_name, comment FROM duckdb_columns() "
            "WHERE database_name = ? AND schema_name = ? AND table_name = ?",
            [database, schema, name.strip('"')],
        ).fetchall()
        for column, comment in stored:
            if not column.startswith("_") and (wanted := _comment(column, meanings, dict(since))) != (comment or ""):
                publication.cursor.execute(f"COMMENT ON COLUMN {table}.{quoted(column)} IS {sql_string(wanted)}")


def _comment(column: str, meanings: Mapping[str, str], since: Mapping[str, str]) -> str:
    parts = [f"Known since {since[column]}"] if column in since else []
    parts += [
        f"{name.removeprefix(f'{column}.')} known since {day}" for name, day in since.items() if name.startswith(f"{column}.")
    ]
    return "; ".join([*parts, *([meanings[column]] if meanings.get(column) else [])])
