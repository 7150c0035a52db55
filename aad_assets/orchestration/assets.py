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
from aad_assets.errors import AadAssetsError, ConfigurationError
from aad_assets.orchestration.alerts import send
from aad_assets.orchestration.checks import check_specs, load_check, missing_load, view_check
from aad_assets.orchestration.overrides import describe_override, override_config, run_options
from aad_assets.orchestration.resources import EntraResource, WarehouseResource
from aad_assets.orchestration.retries import (
    describe_not_read,
    do_not_retry,
    not_read_again,
    of_selected,
    record,
    take_failed_assets_only,
)
from aad_assets.orchestration.specs import asset_key, asset_spec, load_metadata, version_of
from aad_assets.orchestration.stored_checks import stored_checks
from aad_assets.orchestration.summary import Summary
from aad_assets.orchestration.views import describe_view, view_event, view_spec
from aad_assets.reload import Outcome, Reload
from aad_assets.reload.outcome import where_raised
from aad_assets.settings import AlertFields, wrong_settings
from aad_assets.untrusted import printable_lines
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.gates import OPENABLE
from aad_assets.warehouse.publishing.views import ViewOutcome
from aad_assets.wording import counted

Event = dg.MaterializeResult[None] | dg.AssetObservation | dg.AssetCheckResult

_LEVELS = {"published": "INFO", "refreshed": "INFO", "skipped": "WARNING", "failed": "ERROR", "blocked": "ERROR"}


NO_ALERTS = AlertFields()


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
    webhook: AlertFields = NO_ALERTS,
    reference_checks: bool = False,
) -> dg.AssetsDefinition:
    """Return the multi-asset over `entities` and the `views` on them. The names of ops and resources start with `prefix`.

    `problems` are those found in the settings when the definitions were built. They fail every run, with everything that is
    wrong in the resources. `warnings` are logged when a run starts. `webhook` receives the alerts. `reference_checks` adds
    the check `references` to the tables that have some.
    """
    tables = {entity.table for entity in entities}
    resources = [f"{prefix}{name}" for name in ("entra", "warehouse")]

    @dg.multi_asset(
        name=f"{prefix}reload",
        specs=[
            *(asset_spec(connection_name, entity, tables, owners) for entity in entities),
            *(view_spec(connection_name, view, tables, owners) for view in views),
        ],
        check_specs=check_specs(connection_name, entities, views, references=reference_checks),
        can_subset=True,
        required_resource_keys=set(resources),
    )
    def reload(context: dg.AssetExecutionContext, config: ReloadConfig) -> Iterator[Event]:
        names = {key.path[-1] for key in context.selected_asset_keys}
        selected = [entity for entity in entities if entity.table in names]
        selected_views = [view for view in views if view.name in names]
        entra, warehouse = (getattr(context.resources, key) for key in resources)
        for warning in warnings:
            context.log.warning(warning)
        take_failed_assets_only(context)
        summary = Summary()
        aborted = ""
        try:
            reads_graph = bool(selected or selected_views)  # A check alone asks the database only.
            wrong = [*problems, *(entra.connection().problems() if reads_graph else ()), *warehouse.problems(connection_name)]
            if wrong:
                raise wrong_settings([*wrong, *warnings])
            yield from reload_entities(context, connection_name, entra, warehouse, selected, selected_views, config, summary)
            # Afterwards, because the rows that others refer to may be published last.
            for result in stored_checks(
                sorted(context.selected_asset_check_keys - summary.checked),
                connection_name,
                warehouse,
                {entity.table: entity for entity in entities},
                {view.name for view in views},
            ):
                summary.add_check(result)
                yield result
        except Exception as error:
            aborted = _log_abort(context, error)
            if isinstance(error, ConfigurationError):
                do_not_retry(context)
        problem = "the reload could not start, or was aborted" if aborted else ""
        send(context, webhook, entra.ca_bundle, summary.alert(connection_name, context.run, problem))
        if aborted or summary.error:
            if not aborted and not summary.can_end_otherwise:
                do_not_retry(context)
            raise dg.Failure(description=aborted or summary.error, allow_retries=False)

    return reload


def reload_entities(
    context: dg.AssetExecutionContext,
    connection_name: str,
    entra: EntraResource,
    warehouse: WarehouseResource,
    entities: Sequence[Entity],
    views: Sequence[View],
    config: ReloadConfig,
    summary: Summary,
) -> Iterator[Event]:
    """Reload `entities`, refresh `views`, add each to `summary` as it ends, and yield what Dagster records of it.

    Raises AadAssetsError if the reload cannot start.
    """
    op = context.op_execution_context.op.name
    tables = [entity.table for entity in entities]
    allow, modes = of_selected(context, config.allow, tables), of_selected(context, config.modes, tables)
    database, lock_wait = warehouse.checked_database(connection_name), warehouse.lock_wait
    done = not_read_again(context, database, connection_name, tables, lock_wait)
    for load in done.values():
        context.log.warning(printable_lines(describe_not_read(load)))
        summary.add_earlier(load)
    entities = [entity for entity in entities if entity.table not in done]
    if not entities and not views:
        return
    reload = Reload(
        entra.connection(),
        Target(database, connection_name, lock_wait=lock_wait),
        entities,
        views=views,
        run_id=context.run.run_id,
        memory_limit=warehouse.memory_limit,
        log_days=config.log_days,
        serving_copy=warehouse.checked_serving_copy(connection_name),
        kql_views=warehouse.kql_views,
        options=run_options(entities, allow, modes),
    )
    for warning in reload.warnings():
        context.log.warning(warning)
    with closing(reload.outcomes()) as outcomes:
        for outcome in outcomes:
            if outcome is None:
                _log_progress(context, reload)
                continue
            _log_outcome(context, outcome, describe_override(op, outcome, allow, modes))
            for event in outcome_events(connection_name, outcome, override_config(op, outcome, allow, modes)):
                if not isinstance(event, dg.AssetCheckResult):
                    yield event
                    continue
                summary.add(outcome, event)
                if selected := record(context, event):
                    yield selected


def _log_abort(context: dg.AssetExecutionContext, error: Exception) -> str:
    """Log the error that ended a reload, and return the error of the run."""
    if isinstance(error, AadAssetsError):
        context.log.error(str(error))
        return str(error)
    # Dagster would store the error's text, which may quote a secret or a row.
    text = f"The reload was aborted by an unexpected {type(error).__name__} at {where_raised(error)}. Please report it."
    context.log.error("\n".join([text, *traceback.format_tb(error.__traceback__)]))
    return text


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


def describe_published(outcome: Outcome) -> str:
    """Return the log line of a published load."""
    load = outcome.load
    return (
        f"{load.entity}: published {counted(load.rows, 'row')} in {outcome.seconds:.1f} s "
        f"({load.inserted:,} inserted, {load.updated:,} updated, {load.deleted:,} deleted, {load.unchanged:,} unchanged; "
        f"{counted(load.requests, 'request')}, {counted(load.retries, 'retry')})"
        f"{f'. {outcome.note}' if outcome.note else ''}"
    )
