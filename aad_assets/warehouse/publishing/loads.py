"""What is known of one load: a row of `loads`, and what was noticed of the table's shape. Not here: how it is made."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb
import msgspec

from aad_assets.warehouse.database.target import Target


@dataclass(frozen=True)
class SchemaChange:
    """A difference between what was asked for, what came and what the table holds."""

    column: str
    """A column, or a field in it: `assignedLicenses.skuId`."""
    change: str
    """`added`, `lost`, `widened`, `retyped`, `refused` (stored values kept) or `undeclared` (kept in `_extra`)."""


@dataclass(frozen=True)
class ChangedAttribute:
    """What may be shown of a change: no values. `column` is None when a whole row came or went."""

    key: str
    change: str
    column: str | None


@dataclass(kw_only=True)
class Load:
    """One row of `loads`, and a preview of its changes."""

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
    preview: list[ChangedAttribute] = field(default_factory=list)
    """The first few changes, by key and attribute name."""


def record(cursor: duckdb.DuckDBPyConnection, target: Target, load: Load) -> None:
    """Record a load that was not published. Raises WarehouseError. Blocks: call it in a thread."""
    with target.transaction(cursor, load.tenant_id):
        write(cursor, target, load)


def write(cursor: duckdb.DuckDBPyConnection, target: Target, load: Load) -> None:
    """Add the row to `loads`, in the open transaction."""
    values: dict[str, Any] = {name: getattr(load, name) for name in load.__dataclass_fields__ if name != "preview"}
    changes = [{"column": change.column, "change": change.change} for change in load.schema_changes]
    values["schema_changes"] = msgspec.json.encode(changes).decode() if changes else None
    values["_tenant_id"] = values.pop("tenant_id")
    if load.status != "published":
        values["published_at"] = None  # set before the attempt that failed
    names = ", ".join(values)
    cursor.execute(f"INSERT INTO {target.meta}.loads ({names}) VALUES ({', '.join('$' + name for name in values)})", values)
