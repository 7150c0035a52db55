"""What Dagster shows of a view: one AssetSpec each, and what is yielded when it was made or could not be. Pure functions.

Views are specs of the entities' multi-asset, not a step of their own: that step would not run whenever an entity failed. Not
here: the multi-asset (`assets.py`), making a view (`aad_assets.warehouse.publishing.views`).
"""

from collections.abc import Container, Sequence
from typing import Any

import dagster as dg

from aad_assets.catalog import CATALOG
from aad_assets.catalog.view import View
from aad_assets.orchestration.specs import asset_key
from aad_assets.warehouse.publishing.views import ViewOutcome, ViewStatus


def view_spec(connection_name: str, view: View, tables: Container[str] = CATALOG, owners: Sequence[str] = ()) -> dg.AssetSpec:
    """The asset of `view`, downstream of what it reads of `tables`; skippable, since they may not be there."""
    return dg.AssetSpec(
        asset_key(connection_name, view.name),
        deps=[asset_key(connection_name, table) for table in view.parents if table in tables],
        description=f"{view.description}\n\nA view; {view.purpose}\n\n```sql\n{view.query_on(connection_name)}\n```",
        group_name=view.group.value,
        kinds={"duckdb", "view"},
        owners=list(owners),
        skippable=True,
        metadata={
            "dagster/table_name": f"{connection_name}.{view.name}",
            "dagster/column_schema": view_column_schema(view),
        },
    )


def view_column_schema(view: View) -> dg.TableSchema:
    return dg.TableSchema([dg.TableColumn(column.name, column.type, column.meaning) for column in view.columns])


def view_event(connection_name: str, outcome: ViewOutcome) -> dg.MaterializeResult[None] | dg.AssetObservation:
    """What to yield: a materialisation with the age of the rows, or an observation with the reason why there is none."""
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
    return dg.MaterializeResult(asset_key=key, metadata=metadata)


def view_line(outcome: ViewOutcome) -> str:
    """One line for the run's log."""
    if outcome.status is not ViewStatus.REFRESHED:
        return str(outcome.reason)
    line = f"{outcome.view.name}: refreshed, {outcome.rows:,} rows"
    if outcome.old:
        line += f"; of an earlier run: {', '.join(str(parent) for parent in outcome.old)}"
    return line
