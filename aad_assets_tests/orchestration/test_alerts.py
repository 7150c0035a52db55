"""Alerts of reloads, and of runs that died."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from aad_assets.catalog import CATALOG
from aad_assets.demo import DemoServer
from aad_assets.orchestration import WarehouseResource, alerts, build_definitions
from aad_assets.orchestration.alerts import ALERTED
from aad_assets.orchestration.schedules import DATABASE_TAG, database_tags
from aad_assets.reload import load
from aad_assets.settings import Settings
from aad_assets.warehouse.publishing.load_tests import Examination, LoadTest
from aad_assets_tests.receiver import PATH, Receiver

DOMAINS = dg.AssetKey(["aad", "domains"])
EMPTY = {"kind": "shrink", "path": "/domains", "share": 0.0}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


class House:
    def __init__(self, tenant: DemoServer, folder: Path, instance: dg.DagsterInstance, environment: dict[str, str]) -> None:
        self._tenant, self._instance = tenant, instance
        self.definitions = build_definitions(
            environment=environment,
            entities=[CATALOG["domains"], CATALOG["organization"]],
            warehouse=WarehouseResource(database=str(folder / "entra.duckdb")),
        )

    def run(self, *faults: dict[str, Any]) -> tuple[dg.ExecuteInProcessResult, dg.DagsterRun]:
        self._tenant.faults(faults)
        job = self.definitions.resolve_job_def("reload_directory")
        result = job.execute_in_process(instance=self._instance, raise_on_error=False)
        self._tenant.clear_faults()
        run = self._instance.get_run_by_id(result.run_id)
        assert run
        return result, run


@pytest.fixture
def house(
    tenant: DemoServer, tmp_path: Path, instance: dg.DagsterInstance, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> House:
    environment = tenant.environment() | {"AAD_ALERT_WEBHOOK": receiver.url}
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return House(tenant, tmp_path, instance, environment)


def test_a_run_posts_names_and_counts_of_what_was_not_published_and_nothing_else(house: House, receiver: Receiver) -> None:
    first, run = house.run()
    assert first.success
    assert receiver.received == []
    assert run.tags[ALERTED] == run.run_id

    _, run = house.run(EMPTY)

    (message,) = receiver.received
    stored = message["tables"][0].pop("rows_stored")
    assert stored > 0
    assert message["tables"] == [{"table": "domains", "status": "blocked", "gate": "empty", "rows_read": 0}]
    assert message["counts"] == {"blocked": 1, "published": 1}
    assert (message["run_id"], message["job"], message["connection"]) == (run.run_id, "reload_directory", "aad")
    assert message["problem"] == ""


def test_a_check_that_fails_although_the_load_was_published_is_part_of_the_alert(
    house: House, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.run()
    rejects = LoadTest("rejects", False, "2 values did not fit.")
    monkeypatch.setattr(load, "examine", lambda *_: Examination((rejects,)))

    result, _ = house.run()

    assert result.success
    (message,) = receiver.received
    assert message["tables"] == []
    assert {check["asset"]: check["tests"] for check in message["checks"]}["domains"] == ["rejects"]


def test_a_reload_that_cannot_start_posts_that(house: House, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AAD_CLIENT_SECRET", "not the secret")

    house.run()

    (message,) = receiver.received
    assert message["problem"] == "the reload could not start, or was aborted"
    assert "not the secret" not in str(message)


def test_a_webhook_that_fails_is_a_warning_and_leaves_the_alert_to_the_sensor(
    tenant: DemoServer, tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Receiver(404) as receiver:
        environment = tenant.environment() | {"AAD_ALERT_WEBHOOK": receiver.url}
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        house = House(tenant, tmp_path, instance, environment)
        house.run()
        result, run = house.run(EMPTY)

    assert not result.success
    assert ALERTED not in run.tags
    logged = "\n".join(entry.user_message for entry in instance.all_logs(run.run_id))
    assert "The alert could not be posted to AAD_ALERT_WEBHOOK: HTTP 404" in logged
    assert PATH not in logged


def test_an_error_that_nobody_expected_does_not_fail_the_run_or_show_the_address(
    house: House, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(url: str, *_: object) -> str:
        raise ValueError(f"cannot parse {url}")

    house.run()
    monkeypatch.setattr(alerts, "post", fail)
    result, run = house.run(EMPTY)

    (failure,) = result.get_step_failure_events()
    assert "domains: blocked by the gate empty" in str(failure.step_failure_data.user_failure_data)
    logged = "\n".join(entry.user_message for entry in instance.all_logs(run.run_id))
    assert "The alert could not be posted (ValueError)." in logged
    assert PATH not in logged


def test_without_a_webhook_there_is_no_sensor_and_no_tag(
    tenant: DemoServer, tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in tenant.environment().items():
        monkeypatch.setenv(name, value)
    house = House(tenant, tmp_path, instance, tenant.environment())
    house.run()
    _, run = house.run(EMPTY)

    assert ALERTED not in run.tags
    assert not house.definitions.get_repository_def().sensor_defs


def failed_run(**tags: str) -> dg.DagsterRun:
    return dg.DagsterRun("any", run_id="00000000-0000-0000-0000-000000000001", status=dg.DagsterRunStatus.FAILURE, tags=tags)


OURS = {DATABASE_TAG: database_tags(Settings.from_environment({}))[DATABASE_TAG]}


@pytest.mark.parametrize(
    ("run", "skipped"),
    [
        (failed_run(**OURS), None),
        (failed_run(**OURS, **{"dagster/will_retry": "false"}), None),
        (failed_run()._replace(asset_selection=frozenset({DOMAINS})), None),
        (failed_run(**OURS, **{ALERTED: "of the run that this one retries"}), None),
        (failed_run(**OURS, **{"dagster/will_retry": "true"}), "Dagster retries this run."),
        (failed_run(**OURS, **{ALERTED: failed_run().run_id}), "The run has posted its alert."),
        (failed_run(), "The run is not one of this connection."),
        (failed_run(**{DATABASE_TAG: "another"}), "The run is not one of this connection."),
    ],
)
def test_the_sensor_posts_for_runs_that_died(run: dg.DagsterRun, skipped: str | None, receiver: Receiver) -> None:
    definitions = build_definitions(environment={"AAD_ALERT_WEBHOOK": receiver.url})
    (sensor,) = definitions.get_repository_def().sensor_defs
    assert sensor.name == "alert_on_failed_run"
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_run_status_sensor_context(sensor.name, dagster_event_of(run), instance, run)
        result = sensor(context)

    if skipped:
        assert isinstance(result, dg.SkipReason)
        assert (result.skip_message, receiver.received) == (skipped, [])
    else:
        (message,) = receiver.received
        assert message["problem"] == "the run failed without an alert of its own; its log says why"
        assert message["run_id"] == run.run_id


def dagster_event_of(run: dg.DagsterRun) -> dg.DagsterEvent:
    return dg.DagsterEvent("PIPELINE_FAILURE", run.job_name, message="died")


def test_the_sensor_fails_if_the_alert_cannot_be_posted() -> None:
    with Receiver(403) as receiver:
        definitions = build_definitions(environment={"AAD_ALERT_WEBHOOK": receiver.url})
        (sensor,) = definitions.get_repository_def().sensor_defs
        run = failed_run(**OURS)
        with dg.DagsterInstance.ephemeral() as instance:
            context = dg.build_run_status_sensor_context(sensor.name, dagster_event_of(run), instance, run)
            with pytest.raises(dg.Failure, match="HTTP 403") as caught:
                sensor(context)

    assert PATH not in str(caught.value)


def test_the_address_is_in_no_repr() -> None:
    settings = Settings(alert_webhook=f"https://hooks.contoso.example{PATH}")

    assert PATH not in repr(settings)
