"""The schema `<connection>_kql`: views named as the tables of Azure Monitor, where their tables have been loaded."""

from collections.abc import Mapping

import duckdb

from aad_assets.catalog import CATALOG, Entity
from aad_assets.catalog.types import quoted
from aad_assets.catalog.view import View
from aad_assets.catalog.views.azure_monitor import AZURE_MONITOR_VIEWS
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.derived.definitions import Definition, drop, write
from aad_assets.warehouse.publishing.comments import classed
from aad_assets.warehouse.publishing.relations import connection_schema, existing_relations, stored_relation
from aad_assets.warehouse.publishing.view_definitions import read_source

_ORIGINS = {
    "AADTenantId": "_tenant_id",
    "Identity": "userDisplayName",
    "ResultType": "status",
    "ResultDescription": "status",
    "LocationDetails": "location",
    "ConditionalAccessPolicies": "appliedConditionalAccessPolicies",
    "OperationName": "activityDisplayName",
    "AADOperationType": "operationType",
    "Actor": "initiatedBy",
    "ActorIPAddress": "initiatedBy",
    "TargetName": "targetResources",
    "TargetId": "targetResources",
    "TargetUserPrincipalName": "targetResources",
}
"""Columns of the table by their names in Azure Monitor, for their personal-data class."""


def write_azure_monitor_views(
    cursor: duckdb.DuckDBPyConnection, target: Target, tenant_id: str, entities: Mapping[str, Entity], *, on: bool
) -> None:
    """Write the views if they are on and differ; drop them if they are off.

    `entities` are those of the run, by table. Raises WarehouseError. Blocks: call it in a thread.
    """
    with target.transaction(cursor, tenant_id):
        if on:
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {target.kql}")
        for view in AZURE_MONITOR_VIEWS:
            owner = f"kql.{view.name}"
            relations = existing_relations(cursor, view.tables) if on else {}
            if all(f"{connection_schema(target)}.{table}" in relations for table in view.tables):
                definition, basis = _define(cursor, target, view, relations, entities)
                write(cursor, target, owner, [definition], basis)
            else:
                drop(cursor, target, owner)


def _define(
    cursor: duckdb.DuckDBPyConnection,
    target: Target,
    view: View,
    relations: Mapping[str, bool],
    entities: Mapping[str, Entity],
) -> tuple[Definition, str]:
    """Return the view's definition, and what it depends on beside its text."""
    sources = [read_source(cursor, target, source, relations, entities) for source in view.sources]
    selected = {source.table: replaced for source in sources if (replaced := source.replaced)}
    query = view.select(f"{connection_schema(target)}_at", (), selected)
    meanings = {column.name: column.meaning for column in CATALOG[view.tables[0]].columns}
    meanings |= {column.name: column.meaning for column in view.columns}
    columns = stored_relation(cursor, f"({_here(query, target)})").types
    comments = {name: _classed(meanings.get(name, ""), view, name) for name in columns}
    return Definition(target.kql, view.name, query, view.description, comments), str([each.basis for each in sources])


def _classed(comment: str, view: View, name: str) -> str:
    """Return a comment with the personal-data class of a column, which has another name in its table."""
    time = {"TimeGenerated": view.sources[0].columns[0]}
    found = (classed(comment, table, (time | _ORIGINS).get(name, name)) for table in view.tables)
    return next((text for text in found if text != comment), comment)


def _here(query: str, target: Target) -> str:
    """Return the view's query as it reads outside of a view, where it must name the database."""
    return query.replace(f"{quoted(f'{connection_schema(target)}_at')}.", f"{target.at}.")
