"""When runs began and ended: rows of `run_times`, from which the view `runs` of the bookkeeping derives the rest."""

from datetime import datetime

import duckdb

from aad_assets.warehouse.database.target import Target


def begin_run(cursor: duckdb.DuckDBPyConnection, target: Target, run_id: str, tenant_id: str, at: datetime) -> None:
    """Record that a run begins, unless it has: Dagster may start the step of a run again. Raises WarehouseError."""
    with target.transaction(cursor, tenant_id):
        cursor.execute(
            f"INSERT INTO {target.meta}.run_times SELECT $run, $tenant, $at::TIMESTAMPTZ, NULL "
            f"WHERE NOT EXISTS (FROM {target.meta}.run_times WHERE run_id = $run AND _tenant_id = $tenant)",
            {"run": run_id, "tenant": tenant_id, "at": at},
        )


def end_run(cursor: duckdb.DuckDBPyConnection, target: Target, run_id: str, tenant_id: str, at: datetime) -> None:
    """Record that a run has ended. A run that was killed ends with its last load. Raises WarehouseError."""
    with target.transaction(cursor, tenant_id):
        cursor.execute(
            f"UPDATE {target.meta}.run_times SET ended_at = ?::TIMESTAMPTZ WHERE run_id = ? AND _tenant_id = ?",
            [at, run_id, tenant_id],
        )
