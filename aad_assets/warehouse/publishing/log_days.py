"""Which days of a log were read, and whether whole: what tells the next run where to go on.

Not here: which days are due (`aad_assets.reload`).
"""

from dataclasses import dataclass
from datetime import date

import duckdb

from aad_assets.catalog.types import quoted
from aad_assets.warehouse.database.target import Target


@dataclass(frozen=True)
class LogDay:
    """A UTC day of a log; `whole` when it was over before it was read."""

    day: date
    whole: bool


def recorded_days(cursor: duckdb.DuckDBPyConnection, target: Target, entity: str, tenant_id: str) -> list[tuple[date, bool]]:
    """Days of which a load was published. Raises WarehouseError. Blocks: call it in a thread."""
    with target.transaction(cursor, tenant_id):
        return cursor.execute(
            f"SELECT day, whole FROM {target.meta}.log_days WHERE entity = ? AND _tenant_id = ?", [entity, tenant_id]
        ).fetchall()


def table_rows(cursor: duckdb.DuckDBPyConnection, target: Target, entity: str, tenant_id: str) -> int:
    """Rows of the table. Raises WarehouseError. Blocks: call it in a thread."""
    with target.transaction(cursor, tenant_id):
        row = cursor.execute(
            f"SELECT count(*) FROM {target.schema}.{quoted(entity)} WHERE _tenant_id = ?", [tenant_id]
        ).fetchone()
    return int(row[0]) if row else 0


def record_day(
    cursor: duckdb.DuckDBPyConnection, target: Target, entity: str, tenant_id: str, day: LogDay, load_id: str
) -> None:
    """Within the load's own transaction. A day that was whole once stays so."""
    key = [entity, tenant_id, day.day]
    table = f"{target.meta}.log_days"
    where = "entity = ? AND _tenant_id = ? AND day = ?"
    before = cursor.execute(f"SELECT whole FROM {table} WHERE {where}", key).fetchone()
    cursor.execute(f"DELETE FROM {table} WHERE {where}", key)
    whole = day.whole or bool(before and before[0])
    cursor.execute(
        f"INSERT INTO {table} (entity, _tenant_id, day, whole, load_id) VALUES (?, ?, ?, ?, ?)", [*key, whole, load_id]
    )
