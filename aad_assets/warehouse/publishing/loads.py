"""The bookkeeping of loads: rows of `loads`, and of `log_days`, from which the next run continues a log."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

import duckdb
import msgspec

from aad_assets.catalog.types import quoted
from aad_assets.errors import Refusals
from aad_assets.warehouse.database.target import Target


@dataclass(frozen=True)
class SchemaChange:
    """A difference between the declaration, the rows that were read, and the stored table."""

    column: str
    """A column, or a field of it such as `assignedLicenses.skuId`."""
    change: str
    """`added`, `lost`, `widened`, `retyped`, `refused` (stored values kept) or `undeclared` (kept in `_extra`)."""

    @property
    def changes_table(self) -> bool:
        """True unless it is about what was read, and leaves the table as it is."""
        return self.change not in ("undeclared", "refused")


@dataclass(frozen=True)
class ChangedAttribute:
    """A change without its values, so that it may be logged. `column` is None for an inserted or deleted row."""

    key: str
    change: str
    column: str | None


@dataclass(kw_only=True)
class Load:
    """A row of `loads`, and a preview of its changes."""

    load_id: str
    entity: str
    tenant_id: str
    run_id: str
    started_at: datetime
    published_at: datetime | None = None
    status: str = "published"
    reason: str | None = None
    mode: str = "compare"
    rows: int = 0
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    unchanged: int = 0
    duplicates: int = 0
    rejected: int = 0
    requests: int = 0
    retries: int = 0
    throttled_seconds: float = 0.0
    bytes: int = 0
    schema_changes: list[SchemaChange] = field(default_factory=list)
    counted: int | None = None
    """Graph's `$count`; None if it did not answer."""
    refusals: list[Refusals] = field(default_factory=list)
    """The parents that this load's reads found refused, by the table whose rows they have. Each becomes a row of its own."""
    kept: int = 0
    """Rows that stayed as they were, because their parents were refused. They are not among `rows`, and not recorded."""
    preview: list[ChangedAttribute] = field(default_factory=list)
    """The first few changes."""

    @property
    def refused_parents(self) -> int:
        """The number of refused parents."""
        return sum(len(each.parents) for each in self.refusals)


_NOT_COLUMNS = {"preview", "refusals", "kept"}
_LONGEST_MESSAGE = 500
"""Characters of Graph's message that are recorded."""


def record_load(cursor: duckdb.DuckDBPyConnection, target: Target, load: Load, missing_day: date | None = None) -> None:
    """Record a load that was not published, and the day of a log that is missing because of it.

    Raises WarehouseError. Blocks: call it in a thread.
    """
    with target.transaction(cursor, load.tenant_id):
        insert_load(cursor, target, load)
        if missing_day is not None:
            # Otherwise a day before the first one that was read would never be due again.
            cursor.execute(
                f"INSERT INTO {target.meta}.log_days (entity, _tenant_id, day, whole, load_id) "
                "SELECT $entity, $tenant, $day, false, $load WHERE NOT EXISTS "
                f"(FROM {target.meta}.log_days WHERE entity = $entity AND _tenant_id = $tenant AND day = $day)",
                {"entity": load.entity, "tenant": load.tenant_id, "day": missing_day, "load": load.load_id},
            )


def insert_load(cursor: duckdb.DuckDBPyConnection, target: Target, load: Load) -> None:
    """Insert the row into `loads`, and those of `refused_parents`, inside the open transaction."""
    columns = [*(name for name in load.__dataclass_fields__ if name not in _NOT_COLUMNS), "refused_parents"]
    values: dict[str, Any] = {name: getattr(load, name) for name in columns}
    changes = [{"column": change.column, "change": change.change} for change in load.schema_changes]
    values["schema_changes"] = msgspec.json.encode(changes).decode() if changes else None
    values["_tenant_id"] = values.pop("tenant_id")
    if load.status != "published":
        values["published_at"] = None  # it was set before publishing failed
    names = ", ".join(values)
    cursor.execute(f"INSERT INTO {target.meta}.loads ({names}) VALUES ({', '.join('$' + name for name in values)})", values)
    for refusals in load.refusals:
        responses = [parent.response for parent in refusals.parents]
        cursor.execute(
            f"INSERT INTO {target.meta}.refused_parents (load_id, _tenant_id, entity, key, status, code, message) "
            "SELECT $load_id, $tenant_id, $table, unnest($keys::VARCHAR[]), unnest($statuses::INTEGER[]), "
            "unnest($codes::VARCHAR[]), unnest($messages::VARCHAR[])",
            {
                "load_id": load.load_id,
                "tenant_id": load.tenant_id,
                "table": refusals.table,
                "keys": ["|".join(parent.key) for parent in refusals.parents],
                "statuses": [response.status or None for response in responses],
                "codes": [response.code for response in responses],
                "messages": [response.message[:_LONGEST_MESSAGE] for response in responses],
            },
        )


@dataclass(frozen=True)
class LogDay:
    """A UTC day of a log. `whole` is true if the day was over before it was read."""

    day: date
    whole: bool


def recorded_days(cursor: duckdb.DuckDBPyConnection, target: Target, entity: str, tenant_id: str) -> list[tuple[date, bool]]:
    """Return the days that were read or should have been, and whether each of them is whole.

    Raises WarehouseError. Blocks: call it in a thread.
    """
    with target.transaction(cursor, tenant_id):
        return cursor.execute(
            f"SELECT day, whole FROM {target.meta}.log_days WHERE entity = ? AND _tenant_id = ?", [entity, tenant_id]
        ).fetchall()


def table_rows(cursor: duckdb.DuckDBPyConnection, target: Target, entity: str, tenant_id: str) -> int:
    """Count the tenant's rows of a table. Raises WarehouseError. Blocks: call it in a thread."""
    with target.transaction(cursor, tenant_id):
        row = cursor.execute(
            f"SELECT count(*) FROM {target.schema}.{quoted(entity)} WHERE _tenant_id = ?", [tenant_id]
        ).fetchone()
    return int(row[0]) if row else 0


def record_day(
    cursor: duckdb.DuckDBPyConnection, target: Target, entity: str, tenant_id: str, day: LogDay, load_id: str
) -> None:
    """Record that a load read a day, inside its own transaction. A day that was once whole stays whole."""
    key = [entity, tenant_id, day.day]
    table = f"{target.meta}.log_days"
    where = "entity = ? AND _tenant_id = ? AND day = ?"
    before = cursor.execute(f"SELECT whole FROM {table} WHERE {where}", key).fetchone()
    cursor.execute(f"DELETE FROM {table} WHERE {where}", key)
    whole = day.whole or bool(before and before[0])
    cursor.execute(
        f"INSERT INTO {table} (entity, _tenant_id, day, whole, load_id) VALUES (?, ?, ?, ?, ?)", [*key, whole, load_id]
    )
