"""`build_definitions`: everything that Dagster needs for one connection, from settings and overrides.

A fresh Definitions at each call, so that a test or another company's code location builds its own, and several connections
live in one by `Definitions.merge`. Not here: the executor, which is the code location's (`aad_assets.definitions`).
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from aad_assets.catalog import ENTITIES, Entity, Shape
from aad_assets.catalog.views import VIEWS
from aad_assets.errors import ConfigurationError
from aad_assets.metadata import Metadata, apply, read
from aad_assets.orchestration.assets import build_assets
from aad_assets.orchestration.prune import build_prune_job
from aad_assets.orchestration.resources import EntraResource, WarehouseResource, entra_resource, warehouse_resource
from aad_assets.orchestration.specs import asset_key
from aad_assets.settings import Settings, check_connection_name

_LOGS_CRON = "30 3/4 * * *"


def build_definitions(
    settings: Settings | None = None,
    *,
    entities: Sequence[Entity] = ENTITIES,
    entra: EntraResource | None = None,
    warehouse: WarehouseResource | None = None,
    owners: Sequence[str] = (),
    environment: Mapping[str, str] = os.environ,
) -> dg.Definitions:
    """Assets, jobs, schedules and resources of one connection: those of `entities` that are on.

    `settings` default to the environment; `entra` and `warehouse` replace the resources made from them; `owners` are put on
    every asset (`team:identity`, `someone@contoso.com`). What cannot be read of the environment is told by the run, so that
    the UI opens all the same. Raises ConfigurationError when `settings` have a connection name that cannot be one.
    """
    problems: list[str] = []
    if settings is None:
        settings = _readable(environment, problems)
    name = settings.connection_name
    check_connection_name(name)
    prefix = "" if name == "aad" else f"{name}_"
    entities = _chosen(settings, entities, problems)
    views = [view for view in VIEWS if view.reads[0].table in {entity.table for entity in entities}]
    assets = build_assets(name, prefix, entities, views, owners, problems)
    logs = [asset_key(name, entity.table) for entity in entities if entity.shape is Shape.LOG]
    everything = dg.AssetSelection.assets(assets)
    directory = dg.define_asset_job(
        f"{prefix}reload_directory",
        selection=everything - dg.AssetSelection.assets(*logs),
        description="Reload the whole directory and compare it with what is there.",
    )
    reload_logs = dg.define_asset_job(
        f"{prefix}reload_logs",
        selection=dg.AssetSelection.assets(*logs),
        description="Read the logs from their last complete day up to now.",
    )
    prune = build_prune_job(name, prefix)
    jobs: list[Any] = [directory, reload_logs, prune] if logs else [directory, prune]
    schedules = [_schedule(f"{prefix}reload_directory_schedule", directory, settings, problems)]
    if logs:
        schedules.append(_logs_schedule(f"{prefix}reload_logs_schedule", reload_logs, schedules[0]))
    return dg.Definitions(
        assets=[assets],
        jobs=jobs,
        schedules=schedules,
        resources={
            f"{prefix}entra": entra or entra_resource(settings, environment),
            f"{prefix}warehouse": warehouse or warehouse_resource(settings, environment),
        },
    )


def _readable(environment: Mapping[str, str], problems: list[str]) -> Settings:
    """The settings, or their defaults and the problem."""
    try:
        return Settings.from_environment(environment)
    except ConfigurationError as error:
        problems.append(str(error))
        return Settings().resolved()


def _chosen(settings: Settings, entities: Sequence[Entity], problems: list[str]) -> list[Entity]:
    """The entities that are read, with their columns; as by default, and the problem, when the metadata cannot be used."""
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
            description="Set by AAD_SCHEDULE_CRON and AAD_SCHEDULE_TIMEZONE.",
        )

    try:
        return defined(settings.schedule_cron, settings.schedule_timezone)
    except dg.DagsterInvalidDefinitionError:
        problems.append(
            f"AAD_SCHEDULE_CRON ({settings.schedule_cron!r}) is no cron expression, or AAD_SCHEDULE_TIMEZONE "
            f"({settings.schedule_timezone!r}) no time zone such as Europe/Berlin."
        )
        return defined(Settings().schedule_cron, Settings().schedule_timezone)


def _logs_schedule(name: str, job: Any, directory: dg.ScheduleDefinition) -> dg.ScheduleDefinition:
    """Several times a day, since logs are asked for sooner than the directory changes, and never at its hour."""
    return dg.ScheduleDefinition(
        name=name,
        job=job,
        cron_schedule=_LOGS_CRON,
        execution_timezone=directory.execution_timezone,
        description="Every four hours; in the time zone of AAD_SCHEDULE_TIMEZONE.",
    )
