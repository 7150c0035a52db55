"""Entities in Dagster's UI: an AssetSpec for each, and the metadata of a materialisation. Pure functions."""

from collections.abc import Container, Mapping, Sequence
from typing import Any

import dagster as dg

from aad_assets.catalog import CATALOG, Entity
from aad_assets.catalog.references import Reference, references_of
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
CODE_VERSION = "1"
"""Fixed, because the data version says what changed. Without one, Dagster takes each run for a new version of the code."""


def asset_key(connection_name: str, table: str) -> dg.AssetKey:
    """Return the key of a table or view: `[<connection>, <table>]`."""
    return dg.AssetKey([connection_name, table])


def version_of(data_version: str | None) -> dg.DataVersion | None:
    """Return the data version for Dagster, which makes up a new one for None."""
    return None if data_version is None else dg.DataVersion(data_version)


def name_prefix(connection_name: str) -> str:
    """Return what the names of a connection's groups, ops, jobs, schedules and resources start with: nothing for `aad`."""
    return "" if connection_name == "aad" else f"{connection_name}_"


def check_owners(owners: Sequence[str], problems: list[str]) -> list[str]:
    """Return the owners that Dagster accepts. Add a sentence to `problems` for each of the others."""
    accepted = []
    for owner in owners:
        try:
            dg.AssetSpec("asset", owners=[owner])
        except dg.DagsterInvalidDefinitionError:
            problems.append(
                f"AAD_OWNERS contains {owner!r}. An owner must be an email address, or a team such as team:identity."
            )
        else:
            accepted.append(owner)
    return accepted


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
    references = references_of(entity, tables)
    return dg.AssetSpec(
        asset_key(connection_name, entity.table),
        deps=deps,
        description=describe(entity, references),
        group_name=f"{name_prefix(connection_name)}{entity.group.value}",
        kinds={"duckdb", "azure"},
        owners=list(owners),
        skippable=True,
        code_version=CODE_VERSION,
        tags=asset_tags(connection_name, entity),
        metadata={
            "dagster/table_name": f"{connection_name}.{entity.table}",
            "dagster/column_schema": column_schema(entity),
            "key": ", ".join(entity.key),
            "graph": dg.MetadataValue.url(entity.documentation_url),
            **{
                f"refers_to/{table}": dg.MetadataValue.asset(asset_key(connection_name, table))
                for table in dict.fromkeys(target for reference in references for target in reference.targets)
            },
        },
    )


def describe(entity: Entity, references: Sequence[Reference]) -> str:
    """Return the description of an asset, with links to the tables whose ids it has.

    The links are not dependencies: inside a multi-asset Dagster would hold an asset back until all of them are published.
    They are relative to the asset's page, so that they work under any path prefix of the UI.
    """
    licence = f" The tenant needs the licence {entity.licence}." if entity.licence else ""
    read = f"Reads `{entity.resource}` with the {describe_permissions(entity.permissions)}.{licence}"
    links = [
        f"- `{reference.column}` is the `{reference.key}` of {' or '.join(f'[{each}]({each})' for each in reference.targets)}"
        for reference in references
    ]
    return "\n\n".join([entity.description, read, *(["**References:**", "\n".join(links)] if links else [])])


def asset_tags(connection_name: str, entity: Entity) -> dict[str, str]:
    """Return the tags of an entity's asset: what to search for, and what to select by.

    Each permission is a tag of its own without a value, because a key can have only one value:
    `tag:"aad.permission/User.Read.All"` selects the tables that need it.
    """
    tags = {"connection": connection_name, "aad/family": entity.family.value}
    if entity.licence:
        tags["aad/licence"] = tag_value(entity.licence)
    return tags | {f"aad.permission/{tag_value(permission)}": "" for permission in entity.permissions}


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
    if outcome.note:
        metadata["note"] = outcome.note
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
