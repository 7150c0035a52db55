"""Dagster's retries of a run: which assets they take, what they need not read again, and whether one could help.

Dagster retries every asset that was not materialised, also those that a gate blocked or that the tenant cannot have.
"""

from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import TypeVar

import dagster as dg
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationTargetMaterializationData

from aad_assets.errors import WarehouseError
from aad_assets.orchestration.checks import key_of
from aad_assets.warehouse.reading.unpublished import UnpublishedLoad, conclusive_loads

T = TypeVar("T")

_STRATEGY = "dagster/retry_strategy"
_NUMBER = "dagster/retry_number"
_RETRY_OF_FAILED_STEPS = "dagster/retry_on_asset_or_op_failure"

RETRY_TAGS = {_STRATEGY: "FROM_ASSET_FAILURE", "dagster/max_retries": "2"}
"""Tags of the jobs: their failed runs are retried if `run_retries` is enabled in dagster.yaml."""

_MOST_RUNS = 100
"""Runs of a retry group that are looked at."""


def take_failed_assets_only(context: dg.AssetExecutionContext) -> None:
    """Tag a run that no job started, so that Dagster's retry of it does not take what was published."""
    if _STRATEGY not in context.run.tags:
        context.instance.add_run_tags(context.run.run_id, {_STRATEGY: RETRY_TAGS[_STRATEGY]})


def not_read_again(
    context: dg.AssetExecutionContext, database: str, connection_name: str, tables: Collection[str], lock_wait: float
) -> dict[str, UnpublishedLoad]:
    """Return the loads that an automatic retry leaves as they are, by table: blocked or skipped in the run that it retries.

    A person who starts a run again may have removed the cause, so it reads everything. So does a retry if the database cannot
    be read now.
    """
    if _NUMBER not in context.run.tags or not tables:
        return {}
    group = context.instance.get_run_group(context.run.run_id)
    earlier = [run.run_id for run in (group[1] if group else ()) if run.run_id != context.run.run_id][:_MOST_RUNS]
    with suppress(WarehouseError):
        return conclusive_loads(database, connection_name, earlier, tables, lock_wait=lock_wait)
    return {}


def of_selected(context: dg.AssetExecutionContext, overrides: Mapping[str, T], tables: Collection[str]) -> dict[str, T]:
    """Return the overrides of `tables`. A run that repeats another has its whole config, but only some of its tables.

    In other runs, an override of a table that is not selected is a mistake, and remains.
    """
    is_repeated = context.run.parent_run_id is not None
    return {name: value for name, value in overrides.items() if name in tables or not is_repeated}


def do_not_retry(context: dg.AssetExecutionContext) -> None:
    """Keep Dagster from retrying this run when it fails, because nothing that failed could end otherwise."""
    context.instance.add_run_tags(context.run.run_id, {_RETRY_OF_FAILED_STEPS: "false"})


def describe_not_read(load: UnpublishedLoad) -> str:
    """Return the line of the run's log for a load that is not repeated."""
    return f"{load.table}: {load.status} in run {load.run_id}, and not read again. {load.reason}".rstrip()


def record(context: dg.AssetExecutionContext, result: dg.AssetCheckResult) -> dg.AssetCheckResult | None:
    """Return the result for Dagster to record, or record it here if the run did not select the check.

    Dagster's retry selects no check that has a result, even if it failed, and that would remain on the page of an asset that
    has been published since.
    """
    key = key_of(result)
    if key in context.selected_asset_check_keys:
        return result
    latest = context.instance.fetch_materializations(key.asset_key, limit=1).records
    target = [
        AssetCheckEvaluationTargetMaterializationData(
            storage_id=each.storage_id, run_id=each.run_id, timestamp=each.timestamp
        )
        for each in latest
    ]
    context.instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            asset_key=key.asset_key,
            check_name=key.name,
            passed=bool(result.passed),
            metadata=result.metadata,
            target_materialization_data=target[0] if target else None,
            severity=result.severity,
            description=result.description,
        )
    )
    return None
