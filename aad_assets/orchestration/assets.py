"""The multi-asset: all entities and views of one connection, reloaded concurrently in one process.

One process means one token, one quota and one writer of the database. Entities overlap because reading Graph is bound by
latency. Each asset is yielded as soon as it is published. Failures are collected and raised at the end, so that the other
assets are still published.
"""

import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

import dagster as dg
from pydantic import Field

from aad_assets.catalog import Entity
from aad_assets.catalog.view import View
from aad_assets.errors import AadAssetsError
from aad_assets.orchestration.checks import check_specs, load_check, missing_load, view_check
from aad_assets.orchestration.overrides import describe_override, override_config, run_options
from aad_assets.orchestration.resources import EntraResource, WarehouseResource
from aad_assets.orchestration.specs import asset_key, asset_spec, load_metadata, version_of
from aad_assets.orchestration.views import describe_view, view_event, view_spec
from aad_assets.reload import Outcome, Reload
from aad_assets.reload.outcome import where_raised
from aad_assets.settings import wrong_settings
from aad_assets.untrusted import printable, printable_lines
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.gates import OPENABLE
from aad_assets.warehouse.publishing.views import ViewOutcome, ViewStatus
from aad_assets.wording import counted

Event = dg.MaterializeResult[None] | dg.AssetObservation | dg.AssetCheckResult

_LEVELS = {"published": "INFO", "refreshed": "INFO", "skipped": "WARNING", "failed": "ERROR", "blocked": "ERROR"}


class ReloadConfig(dg.Config):
    """Overrides for one run."""

    log_days: list[str] = Field(
        default=[],
        description="UTC days of the logs to read instead of those that are due: 2026-11-01, or 2026-11-01..2026-11-05.",
    )
    allow: dict[str, list[str]] = Field(
        default={},
        description=f"Gates to open, by table: {{users: [shrink]}}. Gates: {', '.join(OPENABLE)}.",
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
    warnings: Sequence[str] = (),
) -> dg.AssetsDefinition:
    """Return the multi-asset over `entities` and the `views` on them. The names of ops and resources start with `prefix`.

    `problems` are those found in the settings when the definitions were built. They fail every run, with everything that is
    wrong in the resources. `warnings` are logged when a run starts.
    """
    entra_key, warehouse_key = f"{prefix}entra", f"{prefix}warehouse"

    tables = {entity.table for entity in entities}

    @dg.multi_asset(
        name=f"{prefix}reload",
        specs=[
            *(asset_spec(connection_name, entity, tables, owners) for entity in entities),
            *(view_spec(connection_name, view, tables, owners) for view in views),
        ],
        check_specs=check_specs(connection_name, entities, views),
        can_subset=True,
        required_resource_keys={entra_key, warehouse_key},
    )
    def reload(context: dg.AssetExecutionContext, config: ReloadConfig) -> Iterator[Event]:
        names = {key.path[-1] for key in context.selected_asset_keys}
        selected = [entity for entity in entities if entity.table in names]
        selected_views = [view for view in views if view.name in names]
        entra: EntraResource = getattr(context.resources, entra_key)
        warehouse: WarehouseResource = getattr(context.resources, warehouse_key)
        for warning in warnings:
            context.log.warning(warning)
        if wrong := [*problems, *entra.connection().problems(), *warehouse.problems(connection_name)]:
            error = wrong_settings([*wrong, *warnings])
            context.log.error(str(error))
            raise dg.Failure(description=str(error), allow_retries=False)
        yield from reload_entities(context, connection_name, entra, warehouse, selected, selected_views, config)

    return reload


def reload_entities(
    context: dg.AssetExecutionContext,
    connection_name: str,
    entra: EntraResource,
    warehouse: WarehouseResource,
    entities: Sequence[Entity],
    views: Sequence[View],
    config: ReloadConfig,
) -> Iterator[Event]:
    """Reload `entities`, refresh `views`, and yield each as it ends. Raises Failure that names all that failed."""
    op = context.op_execution_context.op.name
    failed: list[str] = []
    try:
        target = Target(warehouse.checked_database(connection_name), connection_name, lock_wait=warehouse.lock_wait)
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
        for warning in reload.warnings():
            context.log.warning(warning)
        with closing(reload.outcomes()) as outcomes:
            for outcome in outcomes:
                if outcome is None:
                    _log_progress(context, reload)
                    continue
                advice = describe_override(op, outcome, config.allow, config.modes)
                _log_outcome(context, outcome, advice)
                yield from outcome_events(connection_name, outcome, override_config(op, outcome, config.allow, config.modes))
                if line := describe_failed(outcome):
                    failed.append(line)
    except AadAssetsError as error:
        context.log.error(str(error))
        raise dg.Failure(description=str(error), allow_retries=False) from None
    except Exception as error:  # Dagster would store its text, which may quote a secret or a row.
        text = f"The reload was aborted by an unexpected {type(error).__name__} at {where_raised(error)}. Please report it."
        context.log.error("\n".join([text, *traceback.format_tb(error.__traceback__)]))
        raise dg.Failure(description=text, allow_retries=False) from None
    if failed:
        count = counted(len(entities) + len(views), "asset")
        heading = (
            f"{len(failed)} of {count} failed. The others were published or skipped. "
            "Open the page of each asset, or the log of this run, to see what to do."
        )
        raise dg.Failure(description="\n".join([heading, *failed]), allow_retries=False)


def _log_progress(context: dg.AssetExecutionContext, reload: Reload) -> None:
    for table, line in reload.progress().items():
        context.log.info(f"{table}: {line}")


def _log_outcome(context: dg.AssetExecutionContext, outcome: Outcome | ViewOutcome, advice: str) -> None:
    """Log how an entity or view ended, and `advice` after the reason."""
    if isinstance(outcome, ViewOutcome):
        context.log.log(_LEVELS[outcome.status.value], printable_lines(describe_view(outcome)))
    elif outcome.load.status == "published":
        context.log.info(describe_published(outcome))
        if outcome.reason:
            context.log.warning(printable_lines(f"{outcome.entity.table}: {outcome.reason}"))
    else:
        context.log.log(_LEVELS[outcome.load.status], printable_lines(f"{outcome.reason}{advice}"))


def outcome_events(
    connection_name: str, outcome: Outcome | ViewOutcome, override: Mapping[str, Any] | None = None
) -> Iterator[Event]:
    """Yield what Dagster records: a materialisation, or an observation that says why there is none, and the check.

    `override` is the run config that publishes a blocked load.
    """
    if isinstance(outcome, ViewOutcome):
        yield view_event(connection_name, outcome)
        yield view_check(connection_name, outcome)
        return
    key, status = asset_key(connection_name, outcome.entity.table), outcome.load.status
    details: dict[str, Any] = {}
    if status == "published":
        version = version_of(outcome.data_version)
        yield dg.MaterializeResult(asset_key=key, metadata=load_metadata(connection_name, outcome), data_version=version)
    else:
        details = missing_load(connection_name, outcome, override)
        yield dg.AssetObservation(
            key, description=printable_lines(str(outcome.reason)), metadata={"status": status, **details}
        )
    yield load_check(connection_name, outcome, details)


def describe_failed(outcome: Outcome | ViewOutcome) -> str:
    """Return the line of the run's error for an entity or view that failed or was blocked; empty for others."""
    if isinstance(outcome, ViewOutcome):
        return f"{outcome.view.name}: failed" if outcome.status is ViewStatus.FAILED else ""
    is_failed = outcome.load.status in ("blocked", "failed")
    return printable(f"{outcome.entity.table}: {outcome.cause}") if is_failed else ""


def describe_published(outcome: Outcome) -> str:
    """Return the log line of a published load."""
    load = outcome.load
    return (
        f"{load.entity}: published {counted(load.rows, 'row')} in {outcome.seconds:.1f} s "
        f"({load.inserted:,} inserted, {load.updated:,} updated, {load.deleted:,} deleted, {load.unchanged:,} unchanged; "
        f"{counted(load.requests, 'request')}, {counted(load.retries, 'retry')})"
    )
