"""Dagster's daemon on PostgreSQL: a schedule, an alert, a retry of what is missing, and an asset downstream."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from aad_assets.demo import DemoServer
from aad_assets_tests.e2e.conftest import WARM, Place, make_place
from aad_assets_tests.e2e.postgres import postgres
from aad_assets_tests.receiver import PATH, Receiver

CODE = '''
"""The tables of the test, and two assets downstream that run when users changed."""

import dagster as dg

from aad_assets import build_definitions
from aad_assets.catalog import CATALOG

TABLES = ("users", "groups", "domains", "risky_users")
changed = dg.AutomationCondition.any_deps_match(dg.AutomationCondition.data_version_changed())


@dg.asset(deps=[dg.AssetKey(["aad", "users"])], automation_condition=changed)
def report() -> None:
    pass


@dg.asset(
    deps=[dg.AssetKey(["aad", "users"])],
    automation_condition=dg.AutomationCondition.eager().replace(dg.AutomationCondition.any_deps_updated(), changed),
)
def digest() -> None:
    pass


defs = dg.Definitions.merge(
    build_definitions(entities=[CATALOG[table] for table in TABLES]),
    dg.Definitions(
        assets=[report, digest],
        sensors=[
            dg.AutomationConditionSensorDefinition(
                "automation",
                target=dg.AssetSelection.assets("report", "digest"),
                default_status=dg.DefaultSensorStatus.RUNNING,
                minimum_interval_seconds=2,
            )
        ],
        executor=dg.in_process_executor,
    ),
)
'''
INSTANCE = """
storage:
  postgres:
    postgres_url: {url}
run_retries:
  enabled: true
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
telemetry:
  enabled: false
"""
WAIT_SECONDS = 150
LEAST_SECONDS = 25
"""From the start of the test's daemon to the tick of the schedule: the daemon must be up."""


def wait_for(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"{what} did not happen"
        time.sleep(0.2)


@contextmanager
def daemon(place: Place, code: Path, environment: dict[str, str]) -> Iterator[Path]:
    """Run the daemon, and yield the file with its output."""
    log = place.folder / "daemon.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "dagster._daemon", "run", "-f", str(code)],
            env={**environment, "DAGSTER_EVENT_LOG_CONSUMER_DAEMON_INTERVAL_SECONDS": "1"},
            cwd=place.folder,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )
    try:
        yield log
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture
def tenant() -> Iterator[DemoServer]:
    with DemoServer(users=100, no_quota=True, licences=()) as server:
        yield server


def passed(instance: dg.DagsterInstance, table: str) -> bool:
    """Return whether the last evaluation of a table's check `load` passed."""
    key = dg.AssetCheckKey(dg.AssetKey(["aad", table]), "load")
    record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    assert record.event
    assert record.event.dagster_event
    return bool(record.event.dagster_event.asset_check_evaluation_data.passed)


def runs_of(instance: dg.DagsterInstance, job: str) -> list[dg.DagsterRun]:
    """Return the runs of a job, the oldest first."""
    return list(reversed(list(instance.get_runs(dg.RunsFilter(job_name=job)))))


def downstream(instance: dg.DagsterInstance) -> list[int]:
    """Return how often each asset downstream was materialised."""
    keys = [dg.AssetKey("report"), dg.AssetKey("digest")]
    return [len(instance.fetch_materializations(key, limit=10).records) for key in keys]


@pytest.mark.timeout(400)
def test_a_schedule_an_alert_a_retry_and_an_asset_downstream(tenant: DemoServer, tmp_path: Path) -> None:
    with Receiver() as receiver, postgres() as url:
        place = make_place(tmp_path / "place", tenant.environment())
        (place.dagster_home / "dagster.yaml").write_text(INSTANCE.format(url=url))
        code = place.folder / "tables.py"
        code.write_text(CODE)
        tick = (datetime.now(UTC) + timedelta(seconds=LEAST_SECONDS)).replace(second=0, microsecond=0) + timedelta(minutes=1)
        environment = place.changed(
            AAD_ALERT_WEBHOOK=receiver.url, AAD_SCHEDULE_CRON=f"{tick.minute} {tick.hour} * * *", PYTHONUNBUFFERED="1"
        )

        def dagster(*command: str) -> None:
            result = WARM.dagster([*command, "-f", str(code)], env=environment, cwd=place.folder, timeout=120)
            assert result.returncode == 0, result.stderr[-3000:]

        def load() -> None:
            dagster("asset", "materialize", "--select", 'key:"aad/users" or key:"aad/groups" or key:"aad/domains"')

        load()
        dagster("schedule", "start", "reload_directory_schedule")
        with dg.DagsterInstance.from_config(str(place.dagster_home)) as instance, daemon(place, code, environment) as log:
            wait_for(lambda: "automation" in log.read_text(), "an evaluation of the assets downstream")
            tenant.set_day(1)
            tenant.faults(
                [
                    {"kind": "shrink", "path": "/groups", "share": 0.0},
                    {"kind": "deny", "path": "/domains"},
                ]
            )
            wait_for(lambda: bool(receiver.received), "the alert of the scheduled run")
            tenant.clear_faults()
            tenant.reset_stats()
            wait_for(lambda: len(runs_of(instance, "reload_directory")) == 2, "the retry")
            first, retry = runs_of(instance, "reload_directory")
            wait_for(lambda: runs_of(instance, "reload_directory")[1].is_finished, "the end of the retry")
            wait_for(lambda: downstream(instance) == [1, 1], "the runs of the assets downstream")

            (alert,) = receiver.received
            assert alert["run_id"] == first.run_id
            assert {table["table"]: table["status"] for table in alert["tables"]} == {
                "groups": "blocked",
                "domains": "failed",
            }
            assert first.tags["dagster/schedule_name"] == "reload_directory_schedule"
            assert retry.parent_run_id == first.run_id
            published = {key.path[-1] for key in materialised(instance, retry)}
            assert "domains" in published
            assert published.isdisjoint({"users", "groups"}), "only what was missing"
            requested = tenant.stats()["requests"]
            assert requested.keys() <= {"/domains", "/users/$count"}, "besides what is read before any run"
            assert passed(instance, "domains")
            assert passed(instance, "users")
            assert not passed(instance, "groups")
            assert runs_of(instance, "reload_directory")[1].tags["dagster/will_retry"] == "false"

            load()
            evaluated = log.read_text().count("automation")
            wait_for(lambda: log.read_text().count("automation") > evaluated + 4, "evaluations of the assets downstream")
            assert downstream(instance) == [1, 1], "once for the change, and not for an unchanged load"
            assert len(receiver.received) == 1

            died = die(instance, retry)
            wait_for(lambda: len(receiver.received) == 2, "the alert about the run that died")
            assert receiver.received[1]["run_id"] == died.run_id
            assert PATH not in log.read_text()


def die(instance: dg.DagsterInstance, like: dg.DagsterRun) -> dg.DagsterRun:
    """Return a run of the same job that failed as if its process had been killed, without a word of its own."""
    tags = {
        name: value for name, value in like.tags.items() if not name.startswith(("dagster/will_retry", "aad_assets/alert"))
    }
    tags["dagster/max_retries"] = "0"
    run = like._replace(run_id=str(uuid.uuid4()), status=dg.DagsterRunStatus.STARTED, tags=tags)
    instance.add_run(run)
    instance.report_run_failed(run, "the process was killed")
    return run


def materialised(instance: dg.DagsterInstance, run: dg.DagsterRun) -> list[dg.AssetKey]:
    return list(instance.get_asset_keys_for_run(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION))
