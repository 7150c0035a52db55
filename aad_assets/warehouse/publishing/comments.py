"""Comments on the columns of a table and its history: since when a column that was added later is known, and its meaning."""

from collections.abc import Iterable, Mapping

from aad_assets.catalog.types import quoted
from aad_assets.warehouse.database.sql import sql_string
from aad_assets.warehouse.database.target import ALIAS
from aad_assets.warehouse.publishing.loads import SchemaChange
from aad_assets.warehouse.publishing.options import Mode
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
        stored = _stored_comments(publication, table)
        for column, comment in stored.items():
            if not column.startswith("_") and (wanted := _comment(column, meanings, dict(since))) != comment:
                publication.cursor.execute(f"COMMENT ON COLUMN {table}.{quoted(column)} IS {sql_string(wanted)}")
                stored[column] = wanted


def _stored_comments(publication: Publication, table: str) -> dict[str, str]:
    """Return the comments on the columns of a table; empty texts if it has none.

    DuckDB lists the columns of all tables or none, which takes as long as a small load, so that is done once per run.
    """
    target, load = publication.target, publication.load
    if target.comments is None:
        target.comments = {}
        found = publication.cursor.execute(
            "SELECT concat_ws('.', database_name, schema_name, table_name), column_name, comment FROM duckdb_columns() "
            "WHERE database_name = ? AND comment IS NOT NULL",
            [ALIAS],
        ).fetchall()
        for name, column, comment in found:
            target.comments.setdefault(name, {})[column] = comment
    columns = [str(row[0]) for row in publication.cursor.execute(f"DESCRIBE {table}").fetchall()]
    name = table.replace('"', "")
    # A table that was rebuilt has lost its comments.
    rebuilt = load.mode == Mode.RECREATE or any(each.changes_table for each in load.schema_changes)
    known = {} if rebuilt else target.comments.get(name, {})
    target.comments[name] = {column: known.get(column, "") for column in columns}
    return target.comments[name]


def _comment(column: str, meanings: Mapping[str, str], since: Mapping[str, str]) -> str:
    parts = [f"Known since {since[column]}"] if column in since else []
    parts += [
        f"{name.removeprefix(f'{column}.')} known since {day}" for name, day in since.items() if name.startswith(f"{column}.")
    ]
    return "; ".join([*parts, *([meanings[column]] if meanings.get(column) else [])])
