"""Views in the connection's schema, replaced after the tables that they read, and never created over a missing table.

A view shows its tables as they are, except deleted rows that a table keeps. A column that is turned off is NULL. A table
that could not be read in this run has the rows of an earlier one, so each outcome says how old the rows are. The queries are
in `aad_assets.catalog.views`.
"""

import contextlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import duckdb

from aad_assets.catalog import CATALOG, Entity
from aad_assets.catalog.types import quoted
from aad_assets.catalog.view import View
from aad_assets.catalog.views import VIEWS
from aad_assets.errors import WarehouseError
from aad_assets.warehouse.database.sql import utc_datetime
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.derived.definitions import write
from aad_assets.warehouse.publishing.data_version import data_version
from aad_assets.warehouse.publishing.relations import connection_schema, existing_relations
from aad_assets.warehouse.publishing.view_definitions import read_source, view_definitions
from aad_assets.wording import listed


class ViewStatus(StrEnum):
    """How a view ended, in the words of `loads.status`."""

    REFRESHED = "refreshed"
    SKIPPED = "skipped"
    """A table that it reads was never loaded."""
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
    """The outcome of one view; `reason` says why it was not refreshed, or why it has columns without values."""

    view: View
    status: ViewStatus
    rows: int = 0
    parents: tuple[ParentData, ...] = ()
    reason: str | None = None
    missing: tuple[str, ...] = ()
    """Columns of its tables that it shows as NULL: `users.identities`."""
    data_version: str | None = None
    """Stays the same while the view's tables, definition and columns do. None if it was not refreshed."""

    @property
    def old(self) -> tuple[ParentData, ...]:
        """The tables whose rows come from an earlier run."""
        return tuple(parent for parent in self.parents if parent.old)


class _SourceMissing(Exception):
    """A table that a view reads is missing; the text says what to do."""


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
                rows, missing = _refresh(cursor, target, view, entities)
                parents = _parents(cursor, target, view, run_id, tenant_id)
                version = data_version(
                    cursor, target, view.tables, tenant_id, view.select(connection_schema(target)), *missing
                )
            yield ViewOutcome(view, ViewStatus.REFRESHED, rows, parents, _describe_missing(view, missing), missing, version)
        except _SourceMissing as missing:
            yield ViewOutcome(view, ViewStatus.SKIPPED, reason=str(missing))
        except WarehouseError as error:
            yield ViewOutcome(view, ViewStatus.FAILED, reason=f"{view.name}: {error}")


def _refresh(
    cursor: duckdb.DuckDBPyConnection, target: Target, view: View, entities: Mapping[str, Entity]
) -> tuple[int, tuple[str, ...]]:
    """Write the view inside the open transaction; return its number of rows, and the columns that it shows as NULL."""
    relations = existing_relations(cursor, [view.name, *view.tables])
    _check(view, relations, connection_schema(target))
    missing = _write(cursor, target, view, relations, entities)
    row = cursor.execute(f"SELECT count(*) FROM {target.schema}.{quoted(view.name)}").fetchone()
    return int(row[0]) if row else 0, missing


def rebind_views(cursor: duckdb.DuckDBPyConnection, target: Target, table: str) -> None:
    """Write the views of a table whose columns have changed, where they exist: they could not be read otherwise.

    A view that cannot be written stays as it is; its refresh reports why.
    """
    for view in VIEWS:
        if table in view.tables:
            with contextlib.suppress(WarehouseError), target.transaction(cursor):
                relations = existing_relations(cursor, [view.name, *view.tables])
                schema = connection_schema(target)
                if relations.get(f"{schema}.{view.name}") and all(f"{schema}.{name}" in relations for name in view.tables):
                    _write(cursor, target, view, relations, {})


def _write(
    cursor: duckdb.DuckDBPyConnection,
    target: Target,
    view: View,
    relations: Collection[str],
    entities: Mapping[str, Entity],
) -> tuple[str, ...]:
    """Write the view and what is made of it, if they differ; return the columns that it shows as NULL."""
    sources = [read_source(cursor, target, source, relations, entities) for source in view.sources]
    write(cursor, target, view.name, view_definitions(target, view, sources), str([source.basis for source in sources]))
    return tuple(f"{source.table}.{name}" for source in sources for name in source.missing)


def _describe_missing(view: View, missing: Sequence[str]) -> str | None:
    if not missing:
        return None
    are, them = ("is", "it") if len(missing) == 1 else ("are", "them")
    return (
        f"{view.name} shows NULL for {listed(missing)}, which {are} turned off for this connection or not loaded yet. Turn "
        f"{them} on in the connection metadata (AAD_CONNECTION_METADATA), and reload "
        f"{listed(dict.fromkeys(name.split('.')[0] for name in missing))}."
    )


def _check(view: View, relations: Mapping[str, bool], schema: str) -> None:
    if relations.get(f"{schema}.{view.name}") is False:
        raise WarehouseError(
            f"the table {schema}.{view.name} has the name of a view and was left unchanged. Rename the table; the next run "
            "then creates the view."
        )
    tables = [parent.table for parent in view.sources if f"{schema}.{parent.table}" not in relations]
    if tables:
        raise _SourceMissing(
            f"{view.name} was not created because {listed(tables)} {'has' if len(tables) == 1 else 'have'} never been "
            f"loaded. Reload {listed(tables)} with the view, or before it."
        )


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
