"""`build_definitions`: everything that Dagster needs for one connection, from settings and overrides.

A fresh Definitions at each call, so that a test or another company's code location builds its own, and several connections
live in one by `Definitions.merge`. Not here: the executor, which is the code location's (`aad_assets.definitions`).
"""

import os
from collections.abc import Mapping, Sequence

import dagster as dg

from aad_assets.catalog import ENTITIES, Entity
from aad_assets.orchestration.assets import build_assets
from aad_assets.orchestration.resources import EntraResource, WarehouseResource, entra_resource, warehouse_resource
from aad_assets.settings import Settings


def build_definitions(
    settings: Settings | None = None,
    *,
    entities: Sequence[Entity] = ENTITIES,
    entra: EntraResource | None = None,
    warehouse: WarehouseResource | None = None,
    owners: Sequence[str] = (),
    environment: Mapping[str, str] = os.environ,
) -> dg.Definitions:
    """Assets, job, schedule and resources of one connection.

    `settings` default to the environment; `entra` and `warehouse` replace the resources made from them; `owners` are put on
    every asset (`team:identity`, `someone@contoso.com`). Raises ConfigurationError when a setting cannot be read.
    """
    settings = settings or Settings.from_environment(environment)
    name = settings.connection_name
    prefix = "" if name == "aad" else f"{name}_"
    assets = build_assets(name, prefix, entities, owners)
    job = dg.define_asset_job(
        f"{prefix}reload_directory",
        selection=dg.AssetSelection.assets(assets),
        description="Reload the whole directory and compare it with what is there.",
    )
    schedule = dg.ScheduleDefinition(
        name=f"{prefix}reload_directory_schedule",
        job=job,
        cron_schedule=settings.schedule_cron,
        execution_timezone=settings.schedule_timezone,
        description="Set by AAD_SCHEDULE_CRON and AAD_SCHEDULE_TIMEZONE.",
    )
    return dg.Definitions(
        assets=[assets],
        jobs=[job],
        schedules=[schedule],
        resources={
            f"{prefix}entra": entra or entra_resource(settings, environment),
            f"{prefix}warehouse": warehouse or warehouse_resource(settings),
        },
    )
