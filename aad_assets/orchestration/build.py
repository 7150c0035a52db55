"""`build_definitions`: everything that Dagster needs for one connection, from settings and overrides.

Each call returns new Definitions, so that a test or another code location can build its own. `Definitions.merge` puts several
connections into one code location. The executor is set in `aad_assets.definitions`, because a code location has only one.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from aad_assets.catalog import ENTITIES, Entity, Shape
from aad_assets.catalog.views import VIEWS
from aad_assets.errors import ConfigurationError
from aad_assets.metadata import Metadata, apply, read
from aad_assets.orchestration.assets import build_assets
from aad_assets.orchestration.freshness import freshness_policy
from aad_assets.orchestration.prune import build_prune_job
from aad_assets.orchestration.resources import EntraResource, WarehouseResource, entra_resource, warehouse_resource
from aad_assets.orchestration.specs import asset_key, check_owners, name_prefix
from aad_assets.settings import Settings, check_connection_name, unknown_variables

_LOGS_CRON = "30 3/4 * * *"
_PRUNE_CRON = "0 5 * * 0"

_logger = logging.getLogger("aad_assets")


def build_definitions(
    settings: Settings | None = None,
    *,
    entities: Sequence[Entity] = ENTITIES,
    entra: EntraResource | None = None,
    warehouse: WarehouseResource | None = None,
    owners: Sequence[str] = (),
    automation_condition: dg.AutomationCondition[Any] | None = None,
    problems: Sequence[str] = (),
    environment: Mapping[str, str] = os.environ,
) -> dg.Definitions:
    """Return the assets, jobs, schedules and resources of one connection, for the `entities` that are turned on.

    `settings` default to the environment. `entra` and `warehouse` replace the resources built from the settings. `owners`
    (`team:identity`, `someone@contoso.com`) are added to those of the settings. Every asset gets the
    `automation_condition`: see docs/automation.md. Invalid settings fail the run, not this call,
    so that the UI always opens; so do `problems`, sentences about what the caller found wrong. Unknown `AAD_*` variables are
    logged, now and when a run starts. Raises ConfigurationError for an invalid connection name in `settings`.
    """
    if settings is None:
        settings, wrong = Settings.read(environment)
    else:
        settings, wrong = settings.with_absolute_paths(), settings.problems()
    problems = [*problems, *wrong]
    name = settings.connection_name
    check_connection_name(name)
    for warning in (warnings := unknown_variables(environment)):
        _logger.warning(warning)
    prefix = name_prefix(name)
    owners = check_owners([*owners, *(owner.strip() for owner in settings.owners.split(",") if owner.strip())], problems)
    entities = _select_entities(settings, entities, problems)
    views = [view for view in VIEWS if view.sources[0].table in {entity.table for entity in entities}]
    assets = build_assets(name, prefix, entities, views, owners, problems, warnings)
    log_tables = [entity.table for entity in entities if entity.shape is Shape.LOG]
    log_views = [view.name for view in views if set(view.tables) <= set(log_tables)]
    logs = [asset_key(name, table) for table in (*log_tables, *log_views)]
    everything = dg.AssetSelection.assets(assets)
    directory = dg.define_asset_job(
        f"{prefix}reload_directory",
        selection=everything - dg.AssetSelection.assets(*logs),
        description="Reload the whole directory, and publish the differences to the stored tables.",
    )
    reload_logs = dg.define_asset_job(
        f"{prefix}reload_logs",
        selection=dg.AssetSelection.assets(*logs),
        description="Read the logs from the last complete day up to now.",
    )
    prune = build_prune_job(name, prefix, problems)
    jobs: list[Any] = [directory, reload_logs, prune] if logs else [directory, prune]
    schedules = [_schedule(f"{prefix}reload_directory_schedule", directory, settings, problems)]
    if logs:
        schedules.append(_logs_schedule(f"{prefix}reload_logs_schedule", reload_logs, schedules[0]))
    if settings.keep_history or settings.keep_changes:
        schedules.append(_prune_schedule(f"{prefix}prune_schedule", prune, schedules[0]))
    policies = {key: freshness_policy(schedules[1]) for key in logs} if logs else {}
    of_directory = freshness_policy(schedules[0])

    def with_attributes(spec: dg.AssetSpec) -> dg.AssetSpec:
        return spec.replace_attributes(
            freshness_policy=policies.get(spec.key, of_directory), automation_condition=automation_condition
        )

    return dg.Definitions(
        assets=[assets.map_asset_specs(with_attributes)],
        jobs=jobs,
        schedules=schedules,
        resources={
            f"{prefix}entra": entra or entra_resource(settings, environment),
            f"{prefix}warehouse": warehouse or warehouse_resource(settings, environment),
        },
    )


def _select_entities(settings: Settings, entities: Sequence[Entity], problems: list[str]) -> list[Entity]:
    """Return the entities that are on, with their columns, as the connection metadata selects them.

    If the file cannot be used, return the defaults and add to `problems`.
    """
    metadata: Metadata = {}
    try:
        if settings.connection_metadata:
            metadata = read(settings.connection_metadata)
    except ConfigurationError as error:
        problems.append(str(error))
    return [entity for entity in apply(metadata, entities) if entity.on]


def _schedule(name: str, job: Any, settings: Settings, problems: list[str]) -> dg.ScheduleDefinition:
    def defined(cron: str, timezone: str) -> dg.ScheduleDefinition:
        return dg.ScheduleDefinition(
            name=name,
            job=job,
            cron_schedule=cron,
            execution_timezone=timezone,
            description="AAD_SCHEDULE_CRON and AAD_SCHEDULE_TIMEZONE set the time.",
        )

    try:
        return defined(settings.schedule_cron, settings.schedule_timezone)
    except dg.DagsterInvalidDefinitionError:
        problems.append(
            f"AAD_SCHEDULE_CRON ({settings.schedule_cron!r}) is not a cron expression, or AAD_SCHEDULE_TIMEZONE "
            f"({settings.schedule_timezone!r}) is not a time zone such as Europe/Berlin. Correct the setting."
        )
        return defined(Settings().schedule_cron, Settings().schedule_timezone)


def _logs_schedule(name: str, job: Any, directory: dg.ScheduleDefinition) -> dg.ScheduleDefinition:
    """Return the schedule of the logs: every four hours, because people need them sooner than changes to the directory.

    The hours differ from the default hour of the directory.
    """
    return dg.ScheduleDefinition(
        name=name,
        job=job,
        cron_schedule=_LOGS_CRON,
        execution_timezone=directory.execution_timezone,
        description="Every four hours, in the time zone that AAD_SCHEDULE_TIMEZONE sets.",
    )


def _prune_schedule(name: str, job: Any, directory: dg.ScheduleDefinition) -> dg.ScheduleDefinition:
    """Return the schedule of the job that prunes: once a week, because it rewrites the whole file."""
    return dg.ScheduleDefinition(
        name=name,
        job=job,
        cron_schedule=_PRUNE_CRON,
        execution_timezone=directory.execution_timezone,
        description="On Sundays, in the time zone that AAD_SCHEDULE_TIMEZONE sets. AAD_KEEP_HISTORY and AAD_KEEP_CHANGES "
        "say what is deleted.",
    )
