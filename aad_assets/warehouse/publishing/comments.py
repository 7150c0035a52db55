"""Comments on a table, its history, and their columns: since when a column that was added later is known, and its meaning."""

from collections.abc import Iterable, Mapping

from aad_assets.catalog import Entity
from aad_assets.catalog.columns import OUR_MEANINGS
from aad_assets.catalog.personal_data import personal_data
from aad_assets.catalog.types import quoted
from aad_assets.warehouse.database.sql import ALIAS, sql_string
from aad_assets.warehouse.publishing.loads import SchemaChange
from aad_assets.warehouse.publishing.options import Mode
from aad_assets.warehouse.publishing.publication import Publication

_TABLE = ""
"""The name under which the comment on a table itself is cached."""


def record_added(publication: Publication, changes: Iterable[SchemaChange]) -> None:
    """Record the columns and fields that this load has added to an existing table."""
    table = f"{publication.target.meta}.added_columns"
    for name in sorted({change.column for change in changes if change.change == "added"}):
        where = f"entity = $entity AND _tenant_id = $tenant AND column_name = {sql_string(name)}"
        publication.execute(f"DELETE FROM {table} WHERE {where}")
        publication.execute(f"INSERT INTO {table} VALUES ($entity, $tenant, {sql_string(name)}, $at::TIMESTAMPTZ, $load)")


def known_since(publication: Publication) -> dict[str, str]:
    """Return since which day columns and fields are known that were added to an existing table."""
    found = publication.execute(
        f"SELECT column_name, strftime(max(known_since), '%Y-%m-%d') FROM {publication.target.meta}.added_columns "
        "WHERE entity = $entity AND _tenant_id = $tenant GROUP BY column_name ORDER BY column_name"
    ).fetchall()
    return dict(found)


def column_comments(entity: Entity, columns: Iterable[str], since: Mapping[str, str]) -> dict[str, str]:
    """Return the comment of each column: `Known since 2026-11-25; When it was created. Personal data: none.`"""
    meanings = {column.name: column.meaning for column in entity.columns} | OUR_MEANINGS
    return {column: classed(_comment(column, meanings, since), entity.table, column) for column in columns}


def classed(comment: str, table: str, column: str) -> str:
    """Return a comment with the personal-data class of its column, unless the catalogue does not know the column."""
    try:
        class_ = personal_data(table, column.removeprefix("_was_"))
    except LookupError:
        return comment
    return f"{comment} Personal data: {class_}.".lstrip()


def write_comments(publication: Publication, tables: Mapping[str, str]) -> None:
    """Write the comments that differ from the stored ones. `tables` has the comment of each qualified table."""
    since = known_since(publication)
    for table, description in tables.items():
        stored = _stored_comments(publication, table)
        wanted = {_TABLE: description, **column_comments(publication.entity, stored.keys() - {_TABLE}, since)}
        for column, comment in wanted.items():
            if comment != stored[column]:
                on = f"COLUMN {table}.{quoted(column)}" if column else f"TABLE {table}"
                publication.cursor.execute(f"COMMENT ON {on} IS {sql_string(comment)}")
                stored[column] = comment


def _stored_comments(publication: Publication, table: str) -> dict[str, str]:
    """Return the comments on a table and its columns; empty texts if there are none.

    DuckDB lists the columns of all tables or none, which takes as long as a small load, so that is done once per run.
    """
    target, load = publication.target, publication.load
    if target.comments is None:
        target.comments = {}
        found = publication.cursor.execute(
            """SELECT concat_ws('.', database_name, schema_name, table_name), column_name, comment FROM duckdb_columns()
               WHERE database_name = $alias AND comment IS NOT NULL
               UNION ALL
               SELECT concat_ws('.', database_name, schema_name, table_name), $table, comment FROM duckdb_tables()
               WHERE database_name = $alias AND comment IS NOT NULL""",
            {"alias": ALIAS, "table": _TABLE},
        ).fetchall()
        for name, column, comment in found:
            target.comments.setdefault(name, {})[column] = comment
    columns = [str(row[0]) for row in publication.cursor.execute(f"DESCRIBE {table}").fetchall()]
    name = table.replace('"', "")
    # A table that was rebuilt has lost its comments.
    rebuilt = load.mode == Mode.RECREATE or any(each.changes_table for each in load.schema_changes)
    known = {} if rebuilt else target.comments.get(name, {})
    target.comments[name] = {column: known.get(column, "") for column in [_TABLE, *columns]}
    return target.comments[name]


def _comment(column: str, meanings: Mapping[str, str], since: Mapping[str, str]) -> str:
    parts = [f"Known since {since[column]}"] if column in since else []
    parts += [
        f"{name.removeprefix(f'{column}.')} known since {day}" for name, day in since.items() if name.startswith(f"{column}.")
    ]
    return "; ".join([*parts, *([meanings[column]] if meanings.get(column) else [])])
