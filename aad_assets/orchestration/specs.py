"""Entities in Dagster's UI: an AssetSpec for each, and the metadata of a materialisation. Pure functions."""

from collections.abc import Container, Mapping, Sequence
from typing import Any

import dagster as dg

from aad_assets.catalog import CATALOG, Entity
from aad_assets.reload import Outcome
from aad_assets.reload.outcome import describe_permissions
from aad_assets.untrusted import markdown_code
from aad_assets.warehouse.publishing.loads import ChangedAttribute

OUR_COLUMNS = (
    dg.TableColumn("_extra", "JSON", "Properties that Graph sent but the metadata does not declare; NULL if there are none."),
    dg.TableColumn("_tenant_id", "VARCHAR", "GUID of the tenant; part of every key."),
    dg.TableColumn("_loaded_at", "TIMESTAMPTZ", "When this version of the row was first loaded."),
)
"""Columns of every table that do not come from Graph's metadata."""


def asset_key(connection_name: str, table: str) -> dg.AssetKey:
    """Return the key of a table or view: `[<connection>, <table>]`."""
    return dg.AssetKey([connection_name, table])


def column_schema(entity: Entity) -> dg.TableSchema:
    """Return the table's columns, with ours at the end."""
    columns = [
        dg.TableColumn(
            column.name,
            column.duckdb_type,
            column.meaning or None,
            constraints=dg.TableColumnConstraints(
                nullable=column.name not in entity.key, unique=entity.key == (column.name,)
            ),
        )
        for column in entity.columns
    ]
    return dg.TableSchema([*columns, *OUR_COLUMNS])


def asset_spec(
    connection_name: str, entity: Entity, tables: Container[str] = CATALOG, owners: Sequence[str] = ()
) -> dg.AssetSpec:
    """Return the asset of `entity`, downstream of its parent if that is one of `tables`.

    It is skippable because a run continues when one entity fails.
    """
    deps = [asset_key(connection_name, entity.parent)] if entity.parent and entity.parent in tables else []
    licence = f" The tenant needs the licence {entity.licence}." if entity.licence else ""
    permissions = describe_permissions(entity.permissions)
    return dg.AssetSpec(
        asset_key(connection_name, entity.table),
        deps=deps,
        description=f"{entity.description}\n\nReads `{entity.resource}` with the {permissions}.{licence}",
        group_name=entity.group.value,
        kinds={"duckdb", "azure"},
        owners=list(owners),
        skippable=True,
        tags={"aad/family": entity.family.value, "aad/permission": tag_value(entity.permissions[0])},
        metadata={
            "dagster/table_name": f"{connection_name}.{entity.table}",
            "dagster/column_schema": column_schema(entity),
            "key": ", ".join(entity.key),
            "graph": dg.MetadataValue.url(entity.documentation_url),
        },
    )


def tag_value(text: str) -> str:
    """Return `text` as a tag value that Dagster accepts: at most 63 letters, digits, `_`, `-` and `.`."""
    return "".join(character if character.isalnum() or character in "_-." else "_" for character in text)[:63]


def load_metadata(connection_name: str, outcome: Outcome) -> Mapping[str, Any]:
    """Return the counts of one published load. They hold no rows because directory data are personal."""
    load = outcome.load
    metadata: dict[str, Any] = {
        "dagster/row_count": load.rows if outcome.table_rows is None else outcome.table_rows,
        "dagster/column_schema": column_schema(outcome.entity),
        "dagster/table_name": f"{connection_name}.{outcome.entity.table}",
        "inserted": load.inserted,
        "updated": load.updated,
        "deleted": load.deleted,
        "unchanged": load.unchanged,
        "duplicates": load.duplicates,
        "rejected": load.rejected,
        "requests": load.requests,
        "retries": load.retries,
        "throttled_seconds": load.throttled_seconds,
        "bytes": load.bytes,
        "seconds": round(outcome.seconds, 3),
        "rows_per_second": round(outcome.rows_per_second, 1),
        "load_id": load.load_id,
        "graph": dg.MetadataValue.url(outcome.entity.documentation_url),
    }
    if load.refusals:
        metadata["refused_parents"] = load.refused_parents
    if load.preview:
        metadata["changes"] = dg.MetadataValue.md(preview(load.preview))
    if load.schema_changes:
        metadata["schema_changes"] = [f"{change.column}: {change.change}" for change in load.schema_changes]
    return metadata


def preview(changes: Sequence[ChangedAttribute]) -> str:
    """Return the first few changes as a Markdown table of keys and attribute names, without values."""
    rows = [f"| {change.change} | {markdown_code(change.key)} | {change.column or ''} |" for change in changes]
    return "\n".join(["| change | key | attribute |", "| --- | --- | --- |", *rows])
