"""What Dagster shows of an entity: one AssetSpec each, and the metadata of a materialisation. Pure functions.

Not here: reading (`aad_assets.reload`), the multi-asset (`assets.py`).
"""

from collections.abc import Container, Mapping, Sequence
from typing import Any

import dagster as dg

from aad_assets.catalog import CATALOG, Entity
from aad_assets.reload import Outcome
from aad_assets.warehouse.publishing.loads import ChangedAttribute

OURS = (
    dg.TableColumn("_extra", "JSON", "What Graph sent beyond the declared columns; NULL when nothing."),
    dg.TableColumn("_tenant_id", "VARCHAR", "GUID of the tenant; part of every key."),
    dg.TableColumn("_loaded_at", "TIMESTAMPTZ", "When this version of the row was first loaded."),
)


def asset_key(connection_name: str, table: str) -> dg.AssetKey:
    return dg.AssetKey([connection_name, table])


def column_schema(entity: Entity) -> dg.TableSchema:
    """The table's columns, ours last."""
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
    return dg.TableSchema([*columns, *OURS])


def asset_spec(
    connection_name: str, entity: Entity, tables: Container[str] = CATALOG, owners: Sequence[str] = ()
) -> dg.AssetSpec:
    """The asset of `entity`, downstream of its parent if that is one of `tables`, those that are read.

    Skippable, since a run goes on when one entity fails.
    """
    deps = [asset_key(connection_name, entity.parent)] if entity.parent and entity.parent in tables else []
    permissions = " and ".join(entity.permissions)
    licence = f" Needs the licence {entity.licence}." if entity.licence else ""
    return dg.AssetSpec(
        asset_key(connection_name, entity.table),
        deps=deps,
        description=f"{entity.description}\n\nReads `{entity.resource}` with the permission {permissions}.{licence}",
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
    """Dagster's tag values are of 63 characters at most: letters, digits, `_`, `-`, `.`."""
    return "".join(character if character.isalnum() or character in "_-." else "_" for character in text)[:63]


def load_metadata(connection_name: str, outcome: Outcome) -> Mapping[str, Any]:
    """Counts of one published load. No rows: directory data are personal."""
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
    if load.preview:
        metadata["changes"] = dg.MetadataValue.md(preview(load.preview))
    if load.schema_changes:
        metadata["schema_changes"] = [f"{change.column}: {change.change}" for change in load.schema_changes]
    return metadata


def preview(changes: Sequence[ChangedAttribute]) -> str:
    """The first few changes as a Markdown table: keys and attribute names, no values."""
    rows = [f"| {change.change} | `{change.key}` | {change.column or ''} |" for change in changes]
    return "\n".join(["| change | key | attribute |", "| --- | --- | --- |", *rows])
