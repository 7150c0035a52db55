"""Views with their comments, written only if they differ from what the database has.

`CREATE OR REPLACE` drops comments, and a view that is replaced is new in every tool that watches the catalogue. So what is
made of a table or view is written together, in one transaction, when its digest has changed. See also `as_of.py`, `flat.py`.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import duckdb

from aad_assets.catalog.types import quoted
from aad_assets.warehouse.database.sql import ALIAS, sql_string
from aad_assets.warehouse.database.target import Target


@dataclass(frozen=True)
class Definition:
    """A view: its schema as `database.schema`, its query, its comment, and the comments of its columns."""

    schema: str
    name: str
    query: str
    comment: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def relation(self) -> str:
        """The qualified name of the view."""
        return f"{self.schema}.{quoted(self.name)}"

    @property
    def statements(self) -> list[str]:
        """The statements that create or replace the view with its comments."""
        commented = [f"COMMENT ON VIEW {self.relation} IS {sql_string(self.comment)}"] if self.comment else []
        commented += [
            f"COMMENT ON COLUMN {self.relation}.{quoted(name)} IS {sql_string(text)}"
            for name, text in self.columns.items()
            if text
        ]
        return [f"CREATE OR REPLACE VIEW {self.relation} AS {self.query}", *commented]


def write(
    cursor: duckdb.DuckDBPyConnection, target: Target, owner: str, definitions: Sequence[Definition], basis: str = ""
) -> bool:
    """Write the views that are made of `owner`, a table or view, inside the open transaction; return whether they differed.

    Views that were made of it and no longer are get dropped. `basis` is what else the views depend on, such as the types of
    the columns that they read: DuckDB does not open a view whose columns have other types than when it was created.
    """
    statements = [statement for definition in definitions for statement in definition.statements]
    digest = hashlib.sha256("\n".join([basis, *statements]).encode()).hexdigest()
    if target.digests is None:
        target.digests = _stored_digests(cursor, target)
    if target.digests.get(owner) == digest:
        return False
    names = [f"{definition.schema.removeprefix(f'{ALIAS}.')}.{definition.name}" for definition in definitions]
    _forget(cursor, target, owner, names)
    for statement in statements:
        cursor.execute(statement)
    cursor.execute(f"INSERT INTO {target.meta}.definitions VALUES (?, ?, ?)", [owner, names, digest])
    target.digests[owner] = digest
    return True


def drop(cursor: duckdb.DuckDBPyConnection, target: Target, owner: str) -> None:
    """Drop the views that were made of `owner`, inside the open transaction; do nothing if there are none."""
    if target.digests is None:
        target.digests = _stored_digests(cursor, target)
    if target.digests.pop(owner, None):
        _forget(cursor, target, owner, ())


def _forget(cursor: duckdb.DuckDBPyConnection, target: Target, owner: str, kept: Collection[str]) -> None:
    """Delete the record of an owner, and its views except those that are kept."""
    table = f"{target.meta}.definitions"
    for (view,) in cursor.execute(f"SELECT unnest(views) FROM {table} WHERE owner = ?", [owner]).fetchall():
        if view not in kept:
            schema, _, name = view.partition(".")
            cursor.execute(f"DROP VIEW IF EXISTS {ALIAS}.{quoted(schema)}.{quoted(name)}")
    cursor.execute(f"DELETE FROM {table} WHERE owner = ?", [owner])


def _stored_digests(cursor: duckdb.DuckDBPyConnection, target: Target) -> dict[str, str]:
    """Return the digest of each owner, except those of which a view is missing."""
    return dict(
        cursor.execute(
            f"""SELECT owner, digest FROM {target.meta}.definitions
                WHERE list_has_all((SELECT coalesce(list(schema_name || '.' || view_name), []) FROM duckdb_views()
                                    WHERE database_name = ?), views)""",
            [ALIAS],
        ).fetchall()
    )
