"""The schedules: their settings, their minutes, and ticks that are skipped while the database is in use."""

from typing import Any

import dagster as dg
import pytest

from aad_assets.catalog import ENTITIES, Group
from aad_assets.orchestration.build import build_definitions
from aad_assets.orchestration.schedules import DATABASE_TAG, database_tags, staggered
from aad_assets.settings import Settings


def schedules(settings: Settings) -> dict[str, dg.ScheduleDefinition]:
    repository = build_definitions(settings, environment={}).get_repository_def()
    return {schedule.name: schedule for schedule in repository.schedule_defs}


def tick(schedule: dg.ScheduleDefinition, instance: dg.DagsterInstance) -> Any:
    with dg.build_schedule_context(instance=instance) as context:
        return schedule.evaluate_tick(context)


def add_run(instance: dg.DagsterInstance, status: dg.DagsterRunStatus, **attributes: Any) -> None:
    instance.add_run(dg.DagsterRun(job_name="any", status=status, **attributes))


def test_each_schedule_has_its_setting() -> None:
    settings = Settings(
        schedule_cron="1 2 * * *",
        logs_cron="*/15 * * * *",
        access_cron="20 * * * *",
        prune_cron="0 6 * * 6",
        keep_history="400d",
        schedule_timezone="Europe/Berlin",
    )

    found = {name: (each.cron_schedule, each.execution_timezone) for name, each in schedules(settings).items()}
    assert found == {
        "reload_directory_schedule": ("1 2 * * *", "Europe/Berlin"),
        "reload_logs_schedule": ("*/15 * * * *", "Europe/Berlin"),
        "reload_access_schedule": ("20 * * * *", "Europe/Berlin"),
        "prune_schedule": ("0 6 * * 6", "Europe/Berlin"),
    }


def test_the_job_of_access_reloads_that_group_alone() -> None:
    repository = build_definitions(Settings(access_cron="@hourly"), environment={}).get_repository_def()
    selected = {key.path[-1] for key in repository.get_job("reload_access").asset_layer.selected_asset_keys}

    assert {entity.table for entity in ENTITIES if entity.group is Group.ACCESS and entity.on} <= selected
    assert not selected & {entity.table for entity in ENTITIES if entity.group is not Group.ACCESS}


@pytest.mark.parametrize("setting", ["schedule_cron", "logs_cron", "access_cron", "prune_cron"])
def test_a_cron_expression_with_a_mistake_does_not_prevent_loading(setting: str) -> None:
    settings = Settings(keep_history="400d").model_copy(update={setting: "every day"})

    assert len(schedules(settings)) >= 3


def test_connections_start_at_minutes_of_their_own() -> None:
    minutes = {name: staggered("0 2 * * *", name).split()[0] for name in ("aad", "contoso", "fabrikam")}

    assert minutes["aad"] == "0"
    assert len(set(minutes.values())) == 3
    contoso = schedules(Settings(connection_name="contoso"))["contoso_reload_directory_schedule"]
    assert contoso.cron_schedule == f"{minutes['contoso']} 2 * * *"
    given = schedules(Settings(connection_name="contoso", schedule_cron="0 4 * * *"))["contoso_reload_directory_schedule"]
    assert given.cron_schedule == "0 4 * * *"


def test_a_tick_starts_a_run_with_the_tag_of_the_database() -> None:
    settings = Settings(database="/data/entra.duckdb")
    with dg.instance_for_test() as instance:
        execution = tick(schedules(settings)["reload_directory_schedule"], instance)

    (request,) = execution.run_requests
    assert request.tags.items() >= database_tags(settings).items()
    assert "/data" not in request.tags[DATABASE_TAG]


SHARED = Settings(database="/data/entra.duckdb")
USERS = frozenset({dg.AssetKey(["aad", "users"])})


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING])
@pytest.mark.parametrize("attributes", [{"tags": database_tags(SHARED)}, {"asset_selection": USERS}], ids=["tag", "assets"])
def test_a_tick_is_skipped_while_a_run_uses_the_database(status: dg.DagsterRunStatus, attributes: dict[str, Any]) -> None:
    with dg.instance_for_test() as instance:
        add_run(instance, status, **attributes)

        execution = tick(schedules(SHARED)["reload_logs_schedule"], instance)

    assert not execution.run_requests
    assert "still uses the database" in str(execution.skip_message)


@pytest.mark.parametrize(
    ("status", "attributes"),
    [
        (dg.DagsterRunStatus.SUCCESS, {"tags": database_tags(SHARED)}),
        (dg.DagsterRunStatus.FAILURE, {"asset_selection": USERS}),
        (dg.DagsterRunStatus.STARTED, {"tags": database_tags(Settings(database="/data/other.duckdb"))}),
        (dg.DagsterRunStatus.STARTED, {"asset_selection": frozenset({dg.AssetKey(["contoso", "users"])})}),
        (dg.DagsterRunStatus.STARTED, {}),
    ],
    ids=["finished", "failed", "other database", "other connection", "other job"],
)
def test_other_runs_do_not_count(status: dg.DagsterRunStatus, attributes: dict[str, Any]) -> None:
    with dg.instance_for_test() as instance:
        add_run(instance, status, **attributes)

        execution = tick(schedules(SHARED)["reload_logs_schedule"], instance)

    assert len(execution.run_requests or ()) == 1


def test_a_connection_that_shares_the_file_waits() -> None:
    other = Settings(connection_name="contoso", database="/data/entra.duckdb")
    with dg.instance_for_test() as instance:
        add_run(instance, dg.DagsterRunStatus.STARTED, tags=database_tags(SHARED))

        execution = tick(schedules(other)["contoso_reload_directory_schedule"], instance)

    assert execution.skip_message
