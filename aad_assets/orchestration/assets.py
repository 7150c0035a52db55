"""The multi-asset: every entity of one connection, read side by side in one process.

One process means one token, one quota and one writer of the database; entities overlap since Graph is latency-bound. Each
is yielded the moment it is published; failures are collected and raised at the end, so that the others land. Not here: how
an entity is read and landed (`aad_assets.reload`), what Dagster shows of it (`specs.py`).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing

import dagster as dg
from pydantic import Field

from aad_assets.catalog import Entity
from aad_assets.catalog.view import View
from aad_assets.errors import AadAssetsError
from aad_assets.orchestration.overrides import how_to_override, run_options
from aad_assets.orchestration.resources import EntraResource, WarehouseResource
from aad_assets.orchestration.specs import asset_key, asset_spec, load_metadata
from aad_assets.orchestration.views import view_event, view_line, view_spec
from aad_assets.reload import Outcome, Reload
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.views import ViewOutcome, ViewStatus

Result = dg.MaterializeResult[None]

_LEVELS = {"published": "INFO", "refreshed": "INFO", "skipped": "WARNING"} | dict.fromkeys(("failed", "blocked"), "ERROR")


class ReloadConfig(dg.Config):
    """What one run does otherwise."""

    log_days: list[str] = Field(
        default=[],
        description="UTC days of the logs to read, instead of those that are due: 2026-11-01, or 2026-11-01..2026-11-05.",
    )
    allow: dict[str, list[str]] = Field(
        default={},
        description="Gates to open, by table: {users: [shrink]}. Gates: count, shrink, empty, null_column, rejects.",
    )
    modes: dict[str, str] = Field(
        default={},
        description="Reload modes for this run, by table: compare, compare_keep_deleted, truncate, recreate.",
    )


def build_assets(
    connection_name: str,
    prefix: str,
    entities: Sequence[Entity],
    views: Sequence[View],
    owners: Sequence[str] = (),
    problems: Sequence[str] = (),
) -> dg.AssetsDefinition:
    """The multi-asset over `entities` and the `views` on them; ops and resource keys start with `prefix`.

    `problems` of the settings, found when the definitions were built, fail every run.
    """
    entra_key, warehouse_key = f"{prefix}entra", f"{prefix}warehouse"

    tables = {entity.table for entity in entities}

    @dg.multi_asset(
        name=f"{prefix}reload",
        specs=[
            *(asset_spec(connection_name, entity, tables, owners) for entity in entities),
            *(view_spec(connection_name, view, tables, owners) for view in views),
        ],
        can_subset=True,
        required_resource_keys={entra_key, warehouse_key},
    )
    def reload(context: dg.AssetExecutionContext, config: ReloadConfig) -> Iterator[Result | dg.AssetObservation]:
        names = {key.path[-1] for key in context.selected_asset_keys}
        chosen = [entity for entity in entities if entity.table in names]
        chosen_views = [view for view in views if view.name in names]
        entra: EntraResource = getattr(context.resources, entra_key)
        warehouse: WarehouseResource = getattr(context.resources, warehouse_key)
        if problems:
            context.log.error(" ".join(problems))
            raise dg.Failure(description=" ".join(problems), allow_retries=False)
        yield from reload_entities(context, connection_name, entra, warehouse, chosen, chosen_views, config)

    return reload


def reload_entities(
    context: dg.AssetExecutionContext,
    connection_name: str,
    entra: EntraResource,
    warehouse: WarehouseResource,
    entities: Sequence[Entity],
    views: Sequence[View],
    config: ReloadConfig,
) -> Iterator[Result | dg.AssetObservation]:
    """Reload `entities`, yielding each as it is published, and refresh `views`. Raises Failure naming all that failed."""
    failed: list[str] = []
    given: dict[str, dict[str, object]] = {"allow": {**config.allow}, "modes": {**config.modes}}
    try:
        target = Target(warehouse.checked_database(connection_name), connection_name, lock_wait=warehouse.lock_wait_seconds)
        reload = Reload(
            entra.connection(),
            target,
            entities,
            views=views,
            run_id=context.run.run_id,
            memory_limit=warehouse.memory_limit,
            log_days=config.log_days,
            serving_copy=warehouse.checked_serving_copy(connection_name),
            options=run_options(entities, config.allow, config.modes),
        )
        with closing(reload.outcomes()) as outcomes:
            for outcome in outcomes:
                if outcome is None:
                    for table, line in reload.progress().items():
                        context.log.info(f"{table}: {line}")
                elif event := _told(context, connection_name, outcome, given):
                    yield event
                else:
                    failed.append(f"{outcome.reason}{how_to_override(context.op_execution_context.op.name, outcome, given)}")
    except AadAssetsError as error:
        context.log.error(str(error))
        raise dg.Failure(description=str(error), allow_retries=False) from None
    if failed:
        count = f"{len(failed)} of {len(entities) + len(views)} failed, the others are published"
        raise dg.Failure(description="\n".join([f"{count}:", *failed]), allow_retries=False)


def _told(
    context: dg.AssetExecutionContext,
    connection_name: str,
    outcome: Outcome | ViewOutcome,
    given: Mapping[str, Mapping[str, object]],
) -> Result | dg.AssetObservation | None:
    """Log how it ended; what Dagster shall know of it, or None when it failed."""
    if isinstance(outcome, ViewOutcome):
        context.log.log(_LEVELS[outcome.status.value], view_line(outcome))
        return None if outcome.status is ViewStatus.FAILED else view_event(connection_name, outcome)
    load = outcome.load
    told = published_line(outcome) if load.status == "published" else load.reason
    context.log.log(_LEVELS[load.status], f"{told}{how_to_override(context.op_execution_context.op.name, outcome, given)}")
    key = asset_key(connection_name, outcome.entity.table)
    if load.status == "published":
        if load.reason:
            context.log.warning(f"{outcome.entity.table}: {load.reason}")
        return Result(asset_key=key, metadata=load_metadata(connection_name, outcome))
    if load.status == "skipped":
        metadata = {"status": "skipped", "licence": str(outcome.entity.licence or "")}
        return dg.AssetObservation(key, description=load.reason, metadata=metadata)
    return None


def published_line(outcome: Outcome) -> str:
    load = outcome.load
    return (
        f"{load.entity}: published {load.rows:,} rows in {outcome.seconds:.1f} s "
        f"({load.inserted:,} inserted, {load.updated:,} updated, {load.deleted:,} deleted, {load.unchanged:,} unchanged; "
        f"{load.requests:,} requests, {load.retries:,} retries)"
    )
