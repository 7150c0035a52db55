"""The definitions of a view: in the connection's schema, as of a moment, and flat; and what they depend on."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import duckdb

from aad_assets.catalog import CATALOG, Entity
from aad_assets.catalog.types import quoted
from aad_assets.catalog.view import TENANT, SourceTable, View
from aad_assets.warehouse.database.stored_types import declared_type
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.derived.as_of import Past, select_as_of
from aad_assets.warehouse.derived.definitions import Definition
from aad_assets.warehouse.publishing.comments import classed
from aad_assets.warehouse.publishing.presentation import as_of_comment, flat_definitions, past_of
from aad_assets.warehouse.publishing.relations import connection_schema, stored_pair


@dataclass(frozen=True)
class Source:
    """A stored table that a view reads."""

    past: Past
    columns: Sequence[tuple[str, str]]
    """The columns that the view needs, and the type of each."""
    lost: Sequence[str]
    """Those of them that the table does not have."""
    hidden: Sequence[str]
    """Those that it still has, although they are turned off: their values are out of date."""

    @property
    def table(self) -> str:
        """The name of the table."""
        return self.past.table

    @property
    def missing(self) -> list[str]:
        """The columns that the view shows as NULL, in the view's order."""
        return [name for name, _ in self.columns if name in {*self.lost, *self.hidden}]

    @property
    def basis(self) -> tuple[object, object]:
        """The types of the stored columns, on which the views depend beside their text."""
        return self.past.current, self.past.history

    @property
    def replaced(self) -> str | None:
        """SQL for the columns of the table; None if it has them all."""
        nulls = {name: f"NULL::{type_} AS {quoted(name)}" for name, type_ in self.columns}
        if not self.missing:
            return None
        hidden = f" REPLACE ({', '.join(nulls[name] for name in self.hidden)})" if self.hidden else ""
        return ", ".join([f"*{hidden}", *(nulls[name] for name in self.lost)])


def read_source(
    cursor: duckdb.DuckDBPyConnection,
    target: Target,
    source: SourceTable,
    existing: Collection[str],
    entities: Mapping[str, Entity],
) -> Source:
    """Return the stored columns of a table that a view reads. `existing` are names as `schema.table`; the table's is one.

    `entities` are those of the run, with the columns that this connection has turned off.
    """
    entity = entities.get(source.table, CATALOG[source.table])
    stored, history = stored_pair(cursor, target, source.table, existing)
    assert stored is not None
    present = {name.lower(): type_ for name, type_ in stored.types.items()}
    off = {name.lower() for name in entity.disabled_columns} if source.table in entities else set()
    types = {column.name: column.duckdb_type for column in entity.all_columns}
    return Source(
        past_of(entity, stored, history, off),
        [(name, present.get(name.lower(), types[name])) for name in source.columns],
        [name for name in source.columns if name.lower() not in present],
        [name for name in source.columns if name.lower() in off & present.keys()],
    )


def view_definitions(target: Target, view: View, sources: Sequence[Source]) -> list[Definition]:
    """Return the definitions of a view and of what is made of it."""
    schema = connection_schema(target)
    keeping_deleted = [source.table for source in sources if source.past.keeps_deleted]
    selected = {source.table: columns for source in sources if (columns := source.replaced)}
    recorded = [source.table for source in sources if source.past.history and not source.past.time]
    past = {
        source.table: select_as_of(schema, source.past, [(TENANT.name, TENANT.type), *source.columns], recorded)
        for source in sources
    }
    comments = {column.name: classed(column.meaning, view.name, column.name) for column in view.columns}
    typed = [(column.name, declared_type(column.type)) for column in view.columns]
    return [
        Definition(target.schema, view.name, view.select(schema, keeping_deleted, selected), view.description, comments),
        Definition(target.at, view.name, view.select(schema, queries=past), as_of_comment(view.description), comments),
        *flat_definitions(target, view.name, typed, (), view.description, comments),
    ]
