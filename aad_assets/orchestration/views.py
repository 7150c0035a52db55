"""Views in Dagster's UI: an AssetSpec for each, and the event and log line of a refresh. Pure functions.

Views are specs of the entities' multi-asset because Dagster would skip a separate step whenever an entity failed.
"""

from collections.abc import Container, Sequence
from typing import Any

import dagster as dg

from aad_assets.catalog import CATALOG
from aad_assets.catalog.view import View
from aad_assets.orchestration.specs import CODE_VERSION, asset_key, name_prefix, version_of
from aad_assets.warehouse.publishing.views import ViewOutcome, ViewStatus
from aad_assets.wording import counted


def view_spec(connection_name: str, view: View, tables: Container[str] = CATALOG, owners: Sequence[str] = ()) -> dg.AssetSpec:
    """Return the asset of `view`, downstream of those of `tables` that it reads.

    It is skippable because a table that it needs may be missing.
    """
    return dg.AssetSpec(
        asset_key(connection_name, view.name),
        deps=[asset_key(connection_name, table) for table in view.tables if table in tables],
        description=describe(connection_name, view),
        group_name=f"{name_prefix(connection_name)}{view.group.value}",
        kinds={"duckdb", "view"},
        owners=list(owners),
        skippable=True,
        code_version=CODE_VERSION,
        tags={"connection": connection_name},
        metadata={
            "dagster/table_name": f"{connection_name}.{view.name}",
            "dagster/column_schema": view_column_schema(view),
        },
    )


def describe(connection_name: str, view: View) -> str:
    """Return the description of the view, with its definition and an example query, which are told apart."""
    parts = [
        f"{view.description}\n\nThis is a view.",
        f"**Example query:** {view.purpose}\n\n```sql\n{view.query_on(connection_name)}\n```",
        f"**Definition of the view:**\n\n```sql\n{view.select(connection_name)}\n```",
    ]
    return "\n\n".join(parts)


def view_column_schema(view: View) -> dg.TableSchema:
    """Return the view's columns."""
    return dg.TableSchema([dg.TableColumn(column.name, column.type, column.meaning) for column in view.columns])


def view_event(connection_name: str, outcome: ViewOutcome) -> dg.MaterializeResult[None] | dg.AssetObservation:
    """Return a materialisation with the age of the rows, or an observation with the reason why there is none."""
    view = outcome.view
    key = asset_key(connection_name, view.name)
    if outcome.status is not ViewStatus.REFRESHED:
        return dg.AssetObservation(key, description=outcome.reason, metadata={"status": outcome.status.value})
    metadata: dict[str, Any] = {
        "dagster/row_count": outcome.rows,
        "dagster/column_schema": view_column_schema(view),
        "dagster/table_name": f"{connection_name}.{view.name}",
        "data": [str(parent) for parent in outcome.parents],
    }
    if outcome.old:
        metadata["old_data"] = [str(parent) for parent in outcome.old]
    if outcome.missing:
        metadata |= {"null_columns": list(outcome.missing), "reason": str(outcome.reason)}
    return dg.MaterializeResult(asset_key=key, metadata=metadata, data_version=version_of(outcome.data_version))


def describe_view(outcome: ViewOutcome) -> str:
    """Return the line for the run's log."""
    if outcome.status is not ViewStatus.REFRESHED:
        return str(outcome.reason)
    line = f"{outcome.view.name}: refreshed, {counted(outcome.rows, 'row')}"
    if outcome.old:
        line += f"; data of an earlier run: {', '.join(str(parent) for parent in outcome.old)}"
    return f"{line}. {outcome.reason}" if outcome.missing else line
