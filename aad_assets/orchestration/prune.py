"""The job that deletes old history and changes (`aad_assets.warehouse.prune`)."""

from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from aad_assets.errors import AadAssetsError
from aad_assets.orchestration.resources import WarehouseResource
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.prune import age, prune_and_shrink


class PruneConfig(dg.Config):
    """The rows that one run deletes."""

    history_older_than: str = Field(
        default="400d", description="Age of ended versions to delete, such as 400d or 52w. Empty: delete none."
    )
    changes_older_than: str = Field(
        default="400d", description="Age of recorded changes to delete, such as 400d or 52w. Empty: delete none."
    )


def build_prune_job(connection_name: str, prefix: str) -> dg.JobDefinition:
    """Return the job `<prefix>prune` with its only op, `<prefix>forget`."""
    warehouse_key = f"{prefix}warehouse"

    @dg.op(name=f"{prefix}forget", required_resource_keys={warehouse_key})
    def forget(context: dg.OpExecutionContext, config: PruneConfig) -> None:
        warehouse: WarehouseResource = getattr(context.resources, warehouse_key)
        now = datetime.now(UTC)
        try:
            ages = [age(text) if text else None for text in (config.history_older_than, config.changes_older_than)]
            history, changes = (None if each is None else now - each for each in ages)
            database = warehouse.checked_database(connection_name)
            target = Target(database, connection_name, lock_wait=warehouse.lock_wait)
            pruned = prune_and_shrink(target, history_before=history, changes_before=changes)
        except (AadAssetsError, ValueError) as error:
            context.log.error(str(error))
            raise dg.Failure(description=str(error), allow_retries=False) from None
        context.log.info(str(pruned))

    @dg.job(name=f"{prefix}prune", description="Delete history and changes beyond an age, and shrink the database file.")
    def prune() -> None:
        forget()

    return prune
