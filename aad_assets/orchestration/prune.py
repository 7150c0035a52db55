"""The job that deletes old history and changes (`aad_assets.warehouse.prune`)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from aad_assets.errors import AadAssetsError
from aad_assets.orchestration.resources import WarehouseResource
from aad_assets.settings import wrong_settings
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.prune import age, prune_and_shrink


class PruneConfig(dg.Config):
    """The rows that one run deletes."""

    history_older_than: str | None = Field(
        default=None,
        description="Age of ended versions to delete, such as 400d or 52w; empty for none. Default: AAD_KEEP_HISTORY.",
    )
    changes_older_than: str | None = Field(
        default=None,
        description="Age of recorded changes to delete, such as 400d or 52w; empty for none. Default: AAD_KEEP_CHANGES.",
    )


def build_prune_job(
    connection_name: str, prefix: str, problems: Sequence[str] = (), tags: Mapping[str, str] | None = None
) -> dg.JobDefinition:
    """Return the job `<prefix>prune` with its only op, `<prefix>forget`. Its runs have the `tags`.

    `problems` are those found in the settings when the definitions were built. They fail every run.
    """
    warehouse_key = f"{prefix}warehouse"

    @dg.op(name=f"{prefix}forget", required_resource_keys={warehouse_key})
    def forget(context: dg.OpExecutionContext, config: PruneConfig) -> None:
        warehouse: WarehouseResource = getattr(context.resources, warehouse_key)
        now = datetime.now(UTC)
        try:
            if wrong := [*problems, *warehouse.problems(connection_name)]:
                raise wrong_settings(wrong)
            texts = (
                warehouse.keep_history if config.history_older_than is None else config.history_older_than,
                warehouse.keep_changes if config.changes_older_than is None else config.changes_older_than,
            )
            if not any(texts):
                context.log.warning(
                    "All history and changes are kept. Set AAD_KEEP_HISTORY and AAD_KEEP_CHANGES to delete old ones."
                )
            ages = [age(text) if text else None for text in texts]
            history, changes = (None if each is None else now - each for each in ages)
            database = warehouse.checked_database(connection_name)
            target = Target(database, connection_name, lock_wait=warehouse.lock_wait)
            pruned = prune_and_shrink(
                target, history_before=history, changes_before=changes, memory_limit=warehouse.memory_limit
            )
        except (AadAssetsError, ValueError) as error:
            context.log.error(str(error))
            raise dg.Failure(description=str(error), allow_retries=False) from None
        context.log.info(str(pruned))

    @dg.job(
        name=f"{prefix}prune",
        description="Delete history and changes beyond an age, and shrink the database file.",
        tags=tags,
    )
    def prune() -> None:
        forget()

    return prune
