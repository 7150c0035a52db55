"""Views in the connection's schema, replaced after the tables that they read, and never created over a missing table.

A view shows its tables as they are, except deleted rows that a table keeps. A table that could not be read in this run has
the rows of an earlier one, so each outcome says how old the rows are. The queries are in
`aad_assets.catalog.views`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import duckdb

from aad_assets.catalog import CATALOG, Entity
from aad_assets.catalog.types import quoted
from aad_assets.catalog.view import View
from aad_assets.errors import WarehouseError
from aad_assets.warehouse.database.sql import utc_datetime
from aad_assets.warehouse.database.target import ALIAS, Target
from aad_assets.warehouse.publishing.compare import DELETED_AT
from aad_assets.wording import listed


class ViewStatus(StrEnum):
    """How a view ended, in the words of `loads.status`."""

    REFRESHED = "refreshed"
    SKIPPED = "skipped"
    """A table that it reads was never loaded, or a column is turned off."""
    FAILED = "failed"
    """DuckDB raised an error, or a table has the view's name."""


@dataclass(frozen=True)
class ParentData:
    """The age of the rows of one table that a view shows."""

    table: str
    published_at: datetime | None
    """When the table was last published; None if `loads` has no published load of it."""
    status: str | None
    """The `loads.status` of its load in this run; None if this run did not load it."""

    @property
    def old(self) -> bool:
        """True if the rows are those of an earlier run."""
        return self.status != "published"

    def __str__(self) -> str:
        age = f"of {self.published_at:%Y-%m-%d %H:%M} UTC" if self.published_at else "of an unknown day"
        if not self.old:
            return f"{self.table}: {age}"
        return f"{self.table}: {age} ({f'{self.status} in' if self.status else 'not part of'} this run)"


@dataclass(frozen=True)
class ViewOutcome:
    """The outcome of one view; `reason` says why it was not refreshed."""

    view: View
    status: ViewStatus
    rows: int = 0
    parents: tuple[ParentData, ...] = ()
    reason: str | None = None

    @property
    def old(self) -> tuple[ParentData, ...]:
        """The tables whose rows come from an earlier run."""
        return tuple(parent for parent in self.parents if parent.old)


class _SourceMissing(Exception):
    """A table or column that a view reads is missing; the text says what to do."""


def refresh_views(
    cursor: duckdb.DuckDBPyConnection,
    target: Target,
    views: Iterable[View],
    *,
    run_id: str,
    tenant_id: str,
    entities: Mapping[str, Entity] = CATALOG,
) -> Iterator[ViewOutcome]:
    """Refresh `views`, each in a transaction of its own, so that one that fails does not affect the others.

    `entities` maps table names to entities with the columns that this connection has turned off. Errors are reported in the
    outcomes; only duckdb.InterruptException is raised. Blocks: call it in a thread, after the tables have been published.
    """
    for view in views:
        try:
            with target.transaction(cursor, tenant_id):
                rows = _refresh(cursor, target, view, entities)
                parents = _parents(cursor, target, view, run_id, tenant_id)
            yield ViewOutcome(view, ViewStatus.REFRESHED, rows, parents)
        except _SourceMissing as missing:
            yield ViewOutcome(view, ViewStatus.SKIPPED, reason=str(missing))
        except WarehouseError as error:
            yield ViewOutcome(view, ViewStatus.FAILED, reason=f"{view.name}: {error}")


def _refresh(cursor: duckdb.DuckDBPyConnection, target: Target, view: View, entities: Mapping[str, Entity]) -> int:
    """Replace the view inside the open transaction; return its number of rows."""
    schema = target.schema.removeprefix(f"{ALIAS}.")
    relations = _relations(cursor, schema)
    _check(view, relations, schema, entities)
    name = f"{target.schema}.{quoted(view.name)}"
    keeping_deleted = [table for table in view.tables if DELETED_AT in relations[table].columns]
    cursor.execute(f"CREATE OR REPLACE VIEW {name} AS {view.select(schema, keeping_deleted)}")
    row = cursor.execute(f"SELECT count(*) FROM {name}").fetchone()
    return int(row[0]) if row else 0


@dataclass
class _Relation:
    is_view: bool
    columns: set[str]


def _relations(cursor: duckdb.DuckDBPyConnection, schema: str) -> dict[str, _Relation]:
    """Return the tables and views of the connection's schema by lower-case name: DuckDB's names are not case-sensitive."""
    found = cursor.execute(
        "SELECT lower(table_name), table_type = 'VIEW', list(lower(column_name)) "
        "FROM information_schema.tables JOIN information_schema.columns USING (table_catalog, table_schema, table_name) "
        "WHERE table_catalog = ? AND table_schema = ? GROUP BY ALL",
        [ALIAS, schema],
    ).fetchall()
    return {name: _Relation(is_view, set(columns)) for name, is_view, columns in found}


def _check(view: View, relations: Mapping[str, _Relation], schema: str, entities: Mapping[str, Entity]) -> None:
    taken = relations.get(view.name)
    if taken and not taken.is_view:
        raise WarehouseError(
            f"the table {schema}.{view.name} has the name of a view and was left unchanged. Rename the table; the next run "
            "then creates the view."
        )
    tables = [parent.table for parent in view.sources if parent.table not in relations]
    if tables:
        raise _SourceMissing(
            f"{view.name} was not created because {listed(tables)} {'has' if len(tables) == 1 else 'have'} never been "
            f"loaded. Reload {listed(tables)} with the view, or before it."
        )
    missing = [
        f"{parent.table}.{column}"
        for parent in view.sources
        for column in parent.columns
        # A table that was not reloaded after a column was turned off still has the column, with values out of date.
        if column.lower() not in relations[parent.table].columns or _turned_off(entities.get(parent.table), column)
    ]
    if missing:
        are, them = ("is", "it") if len(missing) == 1 else ("are", "them")
        raise _SourceMissing(
            f"{view.name} was not refreshed because it needs {listed(missing)}, which {are} turned off for this connection. "
            f"Turn {them} on in the connection metadata (AAD_CONNECTION_METADATA), and reload "
            f"{listed(dict.fromkeys(name.split('.')[0] for name in missing))}."
        )


def _turned_off(entity: Entity | None, column: str) -> bool:
    return entity is not None and column in entity.disabled_columns


def _parents(
    cursor: duckdb.DuckDBPyConnection, target: Target, view: View, run_id: str, tenant_id: str
) -> tuple[ParentData, ...]:
    found = cursor.execute(
        "SELECT entity, epoch_us(max(published_at)), "
        "arg_max(status, started_at) FILTER (WHERE run_id = $run) "
        f"FROM {target.meta}.loads WHERE _tenant_id = $tenant GROUP BY entity",
        {"run": run_id, "tenant": tenant_id},
    ).fetchall()
    loads = {entity: (published, status) for entity, published, status in found}
    parents = []
    for table in view.tables:
        published, status = loads.get(table, (None, None))
        parents.append(ParentData(table, utc_datetime(published), status))
    return tuple(parents)
