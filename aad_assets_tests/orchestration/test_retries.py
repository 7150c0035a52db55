"""Dagster retries none of our failures, even if a job's retry policy asks for it: reading again would not help."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from aad_assets.catalog import CATALOG
from aad_assets.demo import DemoServer
from aad_assets.orchestration import WarehouseResource, build_definitions


def run_with_retries(
    environment: Mapping[str, str], database: Path, monkeypatch: pytest.MonkeyPatch
) -> dg.ExecuteInProcessResult:
    """Reload one table under a policy that retries each step once."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    definitions = build_definitions(entities=[CATALOG["domains"]], warehouse=WarehouseResource(database=str(database)))
    job = dg.define_asset_job("retried", selection="*", op_retry_policy=dg.RetryPolicy(max_retries=1))
    merged = dg.Definitions.merge(definitions, dg.Definitions(jobs=[job]))
    return merged.resolve_job_def("retried").execute_in_process(raise_on_error=False)


def events(result: dg.ExecuteInProcessResult) -> list[str]:
    """Return the types of the run's step events that end a step or announce a retry."""
    kinds = {"STEP_FAILURE", "STEP_UP_FOR_RETRY", "STEP_SUCCESS"}
    return [event.event_type_value for event in result.all_events if event.event_type_value in kinds]


@pytest.mark.parametrize(
    "environment",
    [{"AAD_SCHEDULE_CRON": "every day"}, {"AAD_TENANT_ID": "contoso.example"}],
    ids=["unreadable setting", "missing setting"],
)
def test_a_wrong_setting_is_not_retried(environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert events(run_with_retries(environment, tmp_path / "entra.duckdb", monkeypatch)) == ["STEP_FAILURE"]


def test_a_failed_entity_is_not_retried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with DemoServer(users=20, no_quota=True, without_permission=["Domain.Read.All", "Directory.Read.All"]) as server:
        result = run_with_retries(server.environment(), tmp_path / "entra.duckdb", monkeypatch)

    assert events(result) == ["STEP_FAILURE"]
    (failure,) = result.get_step_failure_events()
    message = str(failure.step_failure_data.user_failure_data)
    assert "1 of 1 asset failed. The others were published or skipped." in message
    assert message.count("domains: failed: GET /domains returned 403 Authorization_RequestDenied") == 1
    assert "Grant" not in message
    (check,) = result.get_asset_check_evaluations()
    assert [event.event_type_value for event in result.all_events].count("ASSET_OBSERVATION") == 1
    assert not check.passed
    assert "Grant the permission Domain.Read.All" in str(check.metadata["reason"].value)


def test_a_wrong_age_is_not_retried(tmp_path: Path) -> None:
    job = build_definitions(environment={}, warehouse=WarehouseResource(database=str(tmp_path / "entra.duckdb")))
    config: dict[str, Any] = {"ops": {"forget": {"config": {"history_older_than": "long"}}}}

    with pytest.raises(dg.Failure) as caught:
        job.resolve_job_def("prune").execute_in_process(run_config=config)

    assert not caught.value.allow_retries
