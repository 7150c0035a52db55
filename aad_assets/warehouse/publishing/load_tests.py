"""The tests of a published load: what the gates let through, and people should know of. A test never blocks.

Their state is the database alone: the table, and the bookkeeping of its loads.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from aad_assets.catalog import Entity, Shape
from aad_assets.catalog.types import quoted
from aad_assets.errors import LoadBlocked
from aad_assets.warehouse.database.sql import ALIAS
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.compare import DELETED_AT
from aad_assets.warehouse.publishing.data_version import data_version
from aad_assets.warehouse.publishing.gates import Gates
from aad_assets.warehouse.publishing.loads import Load
from aad_assets.warehouse.publishing.options import Mode
from aad_assets.wording import counted

_PAST = 30
"""Earlier loads, or earlier days of a log, that give the range of the number of rows."""
_LEAST_PAST = 3
"""Loads or days without which there is no range."""
_MARGIN_SHARE, _MARGIN_ROWS = 0.2, 10
"""How far the number of rows may lie outside the range, as a share of its bounds or in rows, whichever is more."""
_MAX_COLUMNS = 10
"""Changed columns that a result names."""


@dataclass(frozen=True)
class LoadTest:
    """The result of one test of a load. `result` is a sentence with counts, and quotes no rows."""

    name: str
    passed: bool
    result: str


@dataclass(frozen=True)
class Examination:
    """The state of the database after a load was published."""

    tests: tuple[LoadTest, ...] = ()
    data_version: str | None = None
    """See `data_version`; None if the database could not be read."""


def examine(cursor: duckdb.DuckDBPyConnection, target: Target, entity: Entity, load: Load, gates: Gates) -> Examination:
    """Return the result of every test of a published `load` of `entity`, whose thresholds are those of `gates`.

    Raises WarehouseError. Blocks: call it in a thread.
    """
    with target.transaction(cursor, load.tenant_id):
        tests = run_tests(cursor, target, entity, load, gates)
        return Examination(tests, data_version(cursor, target, [entity.table], load.tenant_id))


def run_tests(
    cursor: duckdb.DuckDBPyConnection, target: Target, entity: Entity, load: Load, gates: Gates
) -> tuple[LoadTest, ...]:
    """Return the result of every test of a published `load` of `entity`, with a cursor that has the database open."""
    return (
        _test_key(cursor, target, entity, load),
        _test_count(load, gates),
        _test_range(cursor, target, entity, load),
        _test_columns(load),
        _test_rejects(load),
        _test_refused(load),
    )


def stored_rows(cursor: duckdb.DuckDBPyConnection, target: Target, entity: Entity, tenant_id: str) -> int:
    """Return the number of the tenant's rows in the table, 0 if there is no table. Raises WarehouseError. Blocks."""
    with target.transaction(cursor, tenant_id):
        schema = target.schema.removeprefix(f"{ALIAS}.")
        exists = cursor.execute(
            "SELECT 1 FROM duckdb_tables() WHERE database_name = ? AND schema_name = ? AND table_name = ?",
            [ALIAS, schema, entity.table],
        ).fetchone()
        if not exists:
            return 0
        table = f"{target.schema}.{quoted(entity.table)}"
        return int(_row(cursor, f"SELECT count(*) FROM {table} WHERE _tenant_id = ?", [tenant_id])[0])


def _test_key(cursor: duckdb.DuckDBPyConnection, target: Target, entity: Entity, load: Load) -> LoadTest:
    """Test that the key is unique and has no NULL: in the table, or in a log's rows of this load, because logs only grow."""
    conditions: list[str] = ["_tenant_id = ?"]
    values: list[Any] = [load.tenant_id]
    if load.mode == Mode.COMPARE_KEEP_DELETED:
        conditions.append(f"{DELETED_AT} IS NULL")
    if entity.shape is Shape.LOG:
        conditions.append("_loaded_at >= ?")
        values.append(load.started_at)
    key = [quoted(name) for name in entity.key]
    is_null = " OR ".join(f"{name} IS NULL" for name in key)
    # A grouped count spills to disk where the keys of a large table do not fit into memory.
    rows, repeated, nulls = _row(
        cursor,
        "SELECT coalesce(sum(n), 0), coalesce(sum(n - 1) FILTER (n > 1), 0), coalesce(sum(n) FILTER (has_null), 0) FROM ("
        f"SELECT count(*) AS n, ({is_null}) AS has_null FROM {target.schema}.{quoted(entity.table)} "
        f"WHERE {' AND '.join(conditions)} GROUP BY {', '.join(key)})",
        values,
    )
    name = ", ".join(entity.key)
    if repeated or nulls:
        found = [f"{counted(int(repeated), 'row')} {'repeats' if repeated == 1 else 'repeat'} a key"] if repeated else []
        found += [f"{counted(int(nulls), 'row')} {'has' if nulls == 1 else 'have'} no key"] if nulls else []
        return LoadTest("key", False, f"{name}: {' and '.join(found)} in {counted(int(rows), 'row')}.")
    return LoadTest("key", True, f"{name} is unique and not null in {counted(int(rows), 'row')}.")


def _test_count(load: Load, gates: Gates) -> LoadTest:
    if load.counted is None:
        return LoadTest("count", True, "Graph does not count this collection.")
    try:
        replace(gates, open=frozenset()).check_count(load.entity, load.rows, load.counted)
    except LoadBlocked:
        passed = False
    else:
        passed = True
    return LoadTest("count", passed, f"{counted(load.rows, 'row')} read, {load.counted:,} counted by Graph.")


def _test_range(cursor: duckdb.DuckDBPyConnection, target: Target, entity: Entity, load: Load) -> LoadTest:
    """Test the number of rows against earlier loads; of a log, the complete days of this load against earlier days."""
    if entity.shape is Shape.LOG:
        noun = "complete day"
        present, past = _days(cursor, target, load)
    else:
        noun = "load"
        present, past = [load.rows + load.kept], _earlier_loads(cursor, target, load)
    if len(past) < _LEAST_PAST:
        return LoadTest("rows", True, f"There is no range of rows before {_LEAST_PAST} earlier {noun}s.")
    low, high = min(past), max(past)
    lowest = min(low - _MARGIN_ROWS, low * (1 - _MARGIN_SHARE))
    highest = max(high + _MARGIN_ROWS, high * (1 + _MARGIN_SHARE))
    outside = [rows for rows in present if not lowest <= rows <= highest]
    shown = ", ".join(f"{rows:,}" for rows in outside or present) or "No"
    known = f"{low:,} to {high:,} in {counted(len(past), f'earlier {noun}')}"
    return LoadTest("rows", not outside, f"{shown} rows; {known} (the limit is {_MARGIN_SHARE:.0%} outside).")


def _earlier_loads(cursor: duckdb.DuckDBPyConnection, target: Target, load: Load) -> list[int]:
    found = cursor.execute(
        f"SELECT rows FROM {target.meta}.loads WHERE entity = ? AND _tenant_id = ? AND status = 'published' "
        "AND load_id <> ? ORDER BY published_at DESC LIMIT ?",
        [load.entity, load.tenant_id, load.load_id, _PAST],
    ).fetchall()
    return [rows for (rows,) in found]


def _days(cursor: duckdb.DuckDBPyConnection, target: Target, load: Load) -> tuple[list[int], list[int]]:
    """Return the rows of the complete days that this load read, and of those that were read before."""
    found = cursor.execute(
        f"SELECT l.rows, l.started_at >= ? FROM {target.meta}.log_days d JOIN {target.meta}.loads l USING (load_id) "
        "WHERE d.entity = ? AND d._tenant_id = ? AND d.whole AND l.status = 'published' ORDER BY d.day DESC LIMIT ?",
        [load.started_at, load.entity, load.tenant_id, 2 * _PAST],
    ).fetchall()
    return [rows for rows, is_new in found if is_new], [rows for rows, is_new in found if not is_new][:_PAST]


def _test_columns(load: Load) -> LoadTest:
    changes = [f"{change.column} {change.change}" for change in load.schema_changes if change.changes_table]
    if not changes:
        return LoadTest("columns", True, "The columns are unchanged.")
    more = f" and {len(changes) - _MAX_COLUMNS:,} more" if len(changes) > _MAX_COLUMNS else ""
    return LoadTest("columns", False, f"Columns changed: {', '.join(changes[:_MAX_COLUMNS])}{more}.")


def _test_rejects(load: Load) -> LoadTest:
    if not load.rejected:
        return LoadTest("rejects", True, "Every value fits its type.")
    return LoadTest("rejects", False, f"{counted(load.rejected, 'value')} did not fit the declared type and became NULL.")


def _test_refused(load: Load) -> LoadTest:
    if not load.refused_parents:
        return LoadTest("refused_parents", True, "Graph refused no parent.")
    return LoadTest("refused_parents", False, f"Graph refused the rows of {counted(load.refused_parents, 'parent')}.")


def _row(cursor: duckdb.DuckDBPyConnection, statement: str, values: Sequence[Any]) -> tuple[Any, ...]:
    row = cursor.execute(statement, values).fetchone()
    assert row is not None
    return row
