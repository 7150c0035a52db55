"""Publishing one staged entity: compare, apply the differences and record the load, in one transaction.

Not here: the SQL of the comparison (`compare.py`), opening the database (`target.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import duckdb
import msgspec

from aad_assets.catalog import Column, Entity
from aad_assets.catalog.types import quoted
from aad_assets.errors import WarehouseError
from aad_assets.warehouse.compare import Comparison
from aad_assets.warehouse.log_days import LogDay, record_day
from aad_assets.warehouse.stage import Staged
from aad_assets.warehouse.target import Target

_OURS = ("_extra", "_tenant_id", "_loaded_at")


@dataclass(frozen=True)
class SchemaChange:
    """A difference between what was asked for, what came and what the table holds."""

    column: str
    change: str
    """`added`, `refused` (stored values kept) or `undeclared` (kept in `_extra`)."""


@dataclass(kw_only=True)
class Load:
    """One row of `loads`."""

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


def publish(
    cursor: duckdb.DuckDBPyConnection,
    target: Target,
    entity: Entity,
    staged: Staged,
    load: Load,
    refused: Sequence[str] = (),
    day: LogDay | None = None,
) -> None:
    """Bring the table to what was staged, and fill in `load`'s counts. `refused`: properties that were not read.

    With `day`, what was staged is that day of a log: rows are merged, and none is deleted.

    Raises WarehouseError; the table is then as it was. Blocks: call it in a thread.
    """
    draft = replace(load, schema_changes=[*load.schema_changes])
    with target.open(cursor, load.tenant_id):
        _publish(cursor, target, entity, staged, draft, refused, day)
        if day:
            record_day(cursor, target, entity.table, load.tenant_id, day, load.load_id)
    # Only now: a load that failed has changed nothing and counts nothing.
    vars(load).update(vars(draft))


def record(cursor: duckdb.DuckDBPyConnection, target: Target, load: Load) -> None:
    """Record a load that was not published. Raises WarehouseError. Blocks: call it in a thread."""
    with target.open(cursor, load.tenant_id):
        _record(cursor, target, load)


def _publish(
    cursor: duckdb.DuckDBPyConnection,
    target: Target,
    entity: Entity,
    staged: Staged,
    load: Load,
    refused: Sequence[str],
    day: LogDay | None,
) -> None:
    table = f"{target.schema}.{quoted(entity.table)}"
    stored = _prepare_table(cursor, target, entity, load)
    read = [column for column in entity.columns if column.source not in refused]
    replaced = {column.name.lower() for column in read} | set(_OURS)
    kept = [name for name in stored if name.lower() not in replaced]
    comparison = Comparison(
        table,
        staged.relation,
        entity.key,
        read,
        kept,
        (entity.time_property, day.day) if day and entity.time_property else None,
    )
    parameters = {"tenant": load.tenant_id}
    loaded = parameters | {"loaded_at": load.published_at}
    before = _number(cursor, f"SELECT count(*) FROM {table} WHERE _tenant_id = $tenant", parameters)
    if before == 0:
        load.inserted = _number(cursor, comparison.insert_all(), loaded)
    else:
        cursor.execute(comparison.difference(), parameters)
        changes = dict(cursor.execute("SELECT change, count(*) FROM difference GROUP BY change").fetchall())
        load.inserted, load.updated, load.deleted = (changes.get(kind, 0) for kind in ("insert", "update", "delete"))
        if kept:
            cursor.execute(comparison.keep(), parameters)
        if changes:
            cursor.execute(comparison.delete(), parameters)
            cursor.execute(comparison.insert(), loaded)
    load.rows = staged.rows
    load.unchanged = staged.rows - load.inserted - load.updated
    load.duplicates = staged.duplicates
    load.schema_changes += [SchemaChange(name, "refused") for name in refused]
    if not entity.polymorphic:  # what only some of its types have is always there
        load.schema_changes += [SchemaChange(name, "undeclared") for name in staged.undeclared]
    if staged.rejects:
        load.rejected = _number(
            cursor,
            f"INSERT INTO {target.meta}.rejects SELECT DISTINCT $load, $tenant, $entity, key, column_name, value "
            f"FROM {staged.rejects}",
            parameters | {"load": load.load_id, "entity": load.entity},
        )
    _record(cursor, target, load)


def _prepare_table(cursor: duckdb.DuckDBPyConnection, target: Target, entity: Entity, load: Load) -> list[str]:
    """Create the table, or add the columns that it lacks; returns the names of the columns it had.

    Raises WarehouseError when a column is stored in another type than declared.
    """
    table = f"{target.schema}.{quoted(entity.table)}"
    definitions = ", ".join(_definition(column) for column in entity.columns)
    cursor.execute(
        f"CREATE TABLE IF NOT EXISTS {table} ({definitions}, _extra JSON, _tenant_id VARCHAR, _loaded_at TIMESTAMPTZ)"
    )
    described = cursor.execute(f"DESCRIBE {table}").fetchall()
    stored = {name.lower(): type_ for name, type_, *_ in described}  # names are the same to DuckDB in any case
    for column in entity.columns:
        type_ = stored.get(column.name.lower())
        if type_ is None:
            cursor.execute(f"ALTER TABLE {table} ADD COLUMN {_definition(column)}")
            load.schema_changes.append(SchemaChange(column.name, "added"))
        elif not _same_type(cursor, type_, column.duckdb_type):
            raise WarehouseError(
                f"{entity.table}.{column.name} is stored as {type_} and is now declared as "
                f"{column.duckdb_type}: rename or drop the table {entity.table}, and reload it."
            )
    return [name for name, *_ in described]


def _definition(column: Column) -> str:
    return f"{quoted(column.name)} {column.duckdb_type}"


def _same_type(cursor: duckdb.DuckDBPyConnection, stored: str, declared: str) -> bool:
    """Whether two type names mean the same, however they are spelled."""
    row = cursor.execute(f"SELECT typeof(NULL::{stored}) = typeof(NULL::{declared})").fetchone()
    return bool(row and row[0])


def _record(cursor: duckdb.DuckDBPyConnection, target: Target, load: Load) -> None:
    values: dict[str, Any] = {name: getattr(load, name) for name in load.__dataclass_fields__}
    changes = [{"column": change.column, "change": change.change} for change in load.schema_changes]
    values["schema_changes"] = msgspec.json.encode(changes).decode() if changes else None
    values["_tenant_id"] = values.pop("tenant_id")
    if load.status != "published":
        values["published_at"] = None  # set before the attempt that failed
    names = ", ".join(values)
    cursor.execute(f"INSERT INTO {target.meta}.loads ({names}) VALUES ({', '.join('$' + name for name in values)})", values)


def _number(cursor: duckdb.DuckDBPyConnection, statement: str, parameters: dict[str, Any]) -> int:
    row = cursor.execute(statement, parameters).fetchone()
    return int(row[0]) if row else 0
