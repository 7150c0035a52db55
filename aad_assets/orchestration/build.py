"""`build_definitions`: everything that Dagster needs for one connection, from settings and overrides.

Each call returns new Definitions, so that a test or another code location can build its own. `Definitions.merge` puts several
connections into one code location. The executor is set in `aad_assets.definitions`, because a code location has only one.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from aad_assets.catalog import ENTITIES, Entity, Group, Shape
from aad_assets.catalog.views import VIEWS
from aad_assets.errors import ConfigurationError
from aad_assets.metadata import Metadata, apply, read
from aad_assets.orchestration.alerts import failed_run_sensor
from aad_assets.orchestration.assets import build_assets
from aad_assets.orchestration.freshness import freshness_policy
from aad_assets.orchestration.prune import build_prune_job
from aad_assets.orchestration.resources import (
    EntraResource,
    WarehouseResource,
    entra_resource,
    warehouse_resource,
)
from aad_assets.orchestration.retries import RETRY_TAGS
from aad_assets.orchestration.schedules import DATABASE_TAG, Scheduler, database_tags
from aad_assets.orchestration.specs import asset_key, check_owners, name_prefix
from aad_assets.settings import AlertFields, Settings, check_connection_name, unknown_variables

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
    entra = entra or entra_resource(settings, environment)
    webhook = AlertFields(alert_webhook=settings.alert_webhook, alert_format=settings.alert_format)
    assets = build_assets(name, prefix, entities, views, owners, problems, warnings, webhook, settings.reference_checks)
    log_tables = [entity.table for entity in entities if entity.shape is Shape.LOG]
    log_views = [view.name for view in views if set(view.tables) <= set(log_tables)]
    logs = [asset_key(name, table) for table in (*log_tables, *log_views)]
    access = [asset_key(name, entity.table) for entity in entities if entity.group is Group.ACCESS]
    access += [asset_key(name, view.name) for view in views if view.group is Group.ACCESS]
    everything = dg.AssetSelection.assets(assets)
    tags = database_tags(settings)

    def job(job_name: str, selection: dg.AssetSelection, description: str) -> Any:
        return dg.define_asset_job(
            f"{prefix}{job_name}", selection=selection, description=description, tags=tags | RETRY_TAGS
        )

    directory = job(
        "reload_directory",
        everything - dg.AssetSelection.assets(*logs),
        "Reload the whole directory, and publish the differences to the stored tables.",
    )
    jobs: list[Any] = [directory]
    scheduler = Scheduler(settings, problems)
    schedules = [scheduler.schedule(directory, "schedule_cron", "Reloads the directory.")]
    fresh = dict.fromkeys(assets.keys, freshness_policy(schedules[0]))

    def add(job: Any, setting: str, description: str, keys: Sequence[dg.AssetKey] = ()) -> None:
        jobs.append(job)
        schedules.append(scheduler.schedule(job, setting, description))
        fresh.update(dict.fromkeys(keys, freshness_policy(schedules[-1])))

    if logs:
        reload_logs = job(
            "reload_logs", dg.AssetSelection.assets(*logs), "Read the logs from the last complete day up to now."
        )
        # More often than the directory, because people need the logs sooner.
        add(reload_logs, "logs_cron", "Reloads the logs.", logs)
    if access and settings.access_cron:
        reload_access = job(
            "reload_access",
            dg.AssetSelection.assets(*access),
            "Reload the group access, below what the last reload of the directory stored.",
        )
        add(reload_access, "access_cron", "Reloads the group access between the reloads of the directory.", access)
    prune = build_prune_job(name, prefix, problems, tags)
    if settings.keep_history or settings.keep_changes:
        # Seldom, because it rewrites the whole file.
        add(prune, "prune_cron", "Deletes what AAD_KEEP_HISTORY and AAD_KEEP_CHANGES say.")
    else:
        jobs.append(prune)

    sensors = [failed_run_sensor(name, prefix, tags[DATABASE_TAG], webhook, entra)] if settings.alert_webhook else []

    def with_attributes(spec: dg.AssetSpec) -> dg.AssetSpec:
        return spec.replace_attributes(freshness_policy=fresh[spec.key], automation_condition=automation_condition)

    return dg.Definitions(
        assets=[assets.map_asset_specs(with_attributes)],
        jobs=jobs,
        schedules=schedules,
        sensors=sensors,
        resources={
            f"{prefix}entra": entra,
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
