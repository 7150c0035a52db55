"""Dagster's retries of runs: the tags that guide them, and checks that a retry does not select."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from aad_assets.catalog import CATALOG
from aad_assets.demo import DemoServer
from aad_assets.orchestration import WarehouseResource, build_definitions
from aad_assets.orchestration.retries import of_selected

STRATEGY = "dagster/retry_strategy"
OF_FAILED_STEPS = "dagster/retry_on_asset_or_op_failure"
DOMAINS = dg.AssetKey(["aad", "domains"])


class House:
    """Runs over the tables domains and organization of a tenant."""

    def __init__(self, tenant: DemoServer, folder: Path, instance: dg.DagsterInstance, patch: pytest.MonkeyPatch) -> None:
        for name, value in tenant.environment().items():
            patch.setenv(name, value)
        entities = [CATALOG["domains"], CATALOG["organization"]]
        self.definitions = build_definitions(
            entities=entities, warehouse=WarehouseResource(database=str(folder / "entra.duckdb"))
        )
        self._instance, self._tenant = instance, tenant

    def run(self, selection: dg.AssetSelection | None = None, *faults: dict[str, Any]) -> dg.DagsterRun:
        """Run, and return the run as it is stored."""
        self._tenant.faults(faults)
        job = self.definitions.resolve_job_def("reload_directory")
        if selection:
            own = dg.define_asset_job("own", selection)
            job = dg.Definitions.merge(self.definitions, dg.Definitions(jobs=[own])).resolve_job_def("own")
        result = job.execute_in_process(instance=self._instance, raise_on_error=False)
        self._tenant.clear_faults()
        run = self._instance.get_run_by_id(result.run_id)
        assert run
        return run


@pytest.fixture
def house(tenant: DemoServer, tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> House:
    return House(tenant, tmp_path, instance, monkeypatch)


def test_jobs_are_retried_from_what_failed_and_other_runs_if_the_instance_says_so(house: House) -> None:
    jobs = {job.name: job for job in house.definitions.get_repository_def().get_all_jobs()}
    assert jobs["reload_directory"].run_tags[STRATEGY] == "FROM_ASSET_FAILURE"
    assert jobs["reload_directory"].run_tags["dagster/max_retries"] == "2"

    run = house.run(dg.AssetSelection.assets(DOMAINS))

    assert run.tags[STRATEGY] == "FROM_ASSET_FAILURE"
    assert "dagster/max_retries" not in run.tags


BLOCKED = {"kind": "shrink", "path": "/domains", "share": 0.0}
DENIED = {"kind": "deny", "path": "/organization"}


@pytest.mark.parametrize(
    ("faults", "retried"),
    [([BLOCKED], False), ([DENIED], True), ([BLOCKED, DENIED], True)],
    ids=["blocked", "failed", "both"],
)
def test_a_run_is_retried_only_if_something_failed_that_may_succeed(
    house: House, faults: list[dict[str, Any]], retried: bool
) -> None:
    assert house.run().is_success

    run = house.run(None, *faults)

    assert run.is_failure
    assert run.tags.get(OF_FAILED_STEPS) == (None if retried else "false")


def test_a_wrong_setting_is_not_retried(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AAD_CLIENT_SECRET", "not the secret")

    assert house.run().tags[OF_FAILED_STEPS] == "false"


def evaluation(instance: dg.DagsterInstance) -> dg.AssetCheckEvaluation:
    key = dg.AssetCheckKey(DOMAINS, "load")
    record = instance.event_log_storage.get_latest_asset_check_execution_by_key([key])[key]
    assert record.event
    assert record.event.dagster_event
    return record.event.dagster_event.asset_check_evaluation_data


def test_a_check_that_the_run_did_not_select_is_recorded_with_the_materialisation(
    house: House, instance: dg.DagsterInstance, caplog: pytest.LogCaptureFixture
) -> None:
    house.run()
    house.run(None, BLOCKED)
    assert not evaluation(instance).passed

    run = house.run(dg.AssetSelection.assets(DOMAINS).without_checks())

    found = evaluation(instance)
    assert found.passed
    assert found.target_materialization_data
    assert found.target_materialization_data.run_id == run.run_id
    assert "tests" in found.metadata
    assert "not selected" not in caplog.text


class Run:
    def __init__(self, parent: str | None) -> None:
        self.parent_run_id = parent


class Context:
    def __init__(self, parent: str | None) -> None:
        self.run = Run(parent)


@pytest.mark.parametrize(("parent", "kept"), [(None, {"users", "groups"}), ("run-1", {"groups"})])
def test_a_repeated_run_ignores_overrides_of_tables_that_it_does_not_take(parent: str | None, kept: set[str]) -> None:
    overrides: Mapping[str, list[str]] = {"users": ["shrink"], "groups": ["empty"]}

    assert set(of_selected(Context(parent), overrides, ["groups"])) == kept  # type: ignore[arg-type]
