"""Checks of what the database holds, without a reload: those that a run selects alone, and references between tables.

Their state is in the database, so they also work on a Dagster instance without a past.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import dagster as dg
import duckdb

from aad_assets.catalog import Entity
from aad_assets.errors import WarehouseError
from aad_assets.orchestration.checks import REFERENCES, check_result, shell_command
from aad_assets.orchestration.resources import WarehouseResource
from aad_assets.orchestration.specs import asset_key
from aad_assets.untrusted import printable, printable_lines
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.load_tests import LoadTest
from aad_assets.warehouse.reading.reader import reading_in_reload
from aad_assets.warehouse.reading.references import ReferenceCount, count_references
from aad_assets.warehouse.reading.stored_load import can_be_queried, retest, stored_load


def stored_checks(
    selected: Sequence[dg.AssetCheckKey],
    connection_name: str,
    warehouse: WarehouseResource,
    entities: Mapping[str, Entity],
    views: Collection[str],
) -> list[dg.AssetCheckResult]:
    """Return the result of each selected check of the `entities` and `views` of the connection.

    A check that cannot be run fails as a warning, and says why. None fails the run.
    """
    if not selected:
        return []
    target = Target(warehouse.checked_database(connection_name), connection_name)

    def check(key: dg.AssetCheckKey, connection: duckdb.DuckDBPyConnection) -> dg.AssetCheckResult:
        name = key.asset_key.path[-1]
        if name in views:
            return _stored_view(connection_name, name, can_be_queried(connection, target, name))
        try:
            if key.name == REFERENCES:
                counts = count_references(connection, connection_name, entities[name], entities)
                return references_check(connection_name, name, counts)
            return _stored_load(connection, target, connection_name, entities[name])
        except duckdb.CatalogException:
            return _not_run(key, "The table, or the bookkeeping of its loads, does not exist. Reload it.")
        except duckdb.Error as error:  # Its text may quote values.
            return _not_run(key, f"The check could not be run ({type(error).__name__}). Reload, or raise AAD_MEMORY_LIMIT.")

    limit, wait = warehouse.memory_limit, warehouse.lock_wait
    try:
        with reading_in_reload(target.database, connection_name, memory_limit=limit, lock_wait=wait) as connection:
            return [check(key, connection) for key in selected]
    except WarehouseError as error:
        return [_not_run(key, str(error)) for key in selected]


def _not_run(key: dg.AssetCheckKey, reason: str) -> dg.AssetCheckResult:
    return check_result(key.asset_key, [LoadTest("database", False, reason)], False, {}, name=key.name)


def references_check(connection_name: str, table: str, counts: Sequence[ReferenceCount]) -> dg.AssetCheckResult:
    """Return the check of the references of a table. It is a warning, because objects come and go while tables are read."""
    columns = {"references": "int", "unresolved": "int", "passed": "bool"}
    schema = dg.TableSchema([dg.TableColumn(name, columns.get(name, "string")) for name in ("column", "targets", *columns)])
    records = [
        dg.TableRecord(
            {
                "column": each.reference.column,
                "targets": ", ".join(each.reference.targets),
                "references": each.references,
                "unresolved": each.unresolved,
                "passed": each.passed,
            }
        )
        for each in counts
    ]
    described = [each for each in counts if each.problem or not each.passed]
    return dg.AssetCheckResult(
        passed=all(each.passed for each in counts),
        asset_key=asset_key(connection_name, table),
        check_name=REFERENCES,
        severity=dg.AssetCheckSeverity.WARN,
        description=printable("; ".join(map(str, described))) or None,
        metadata={"references": dg.MetadataValue.table(records, schema)},
    )


def _stored_load(
    connection: duckdb.DuckDBPyConnection, target: Target, connection_name: str, entity: Entity
) -> dg.AssetCheckResult:
    """Return the check of a table's last load."""
    key = asset_key(connection_name, entity.table)
    load = stored_load(connection, target, entity)
    if load is None:
        return check_result(key, [LoadTest("published", False, "The table has not been loaded.")], False, {"status": "never"})
    details: dict[str, Any] = {"status": load.status, "load_id": load.load_id, "run_id": load.run_id}
    if load.published_at:
        details["published_at"] = dg.MetadataValue.timestamp(load.published_at)
    if load.status == "published":
        tests = [LoadTest("published", True, "The last load was published."), *retest(connection, target, entity, load)]
    else:
        reason = printable_lines(load.reason or "")
        first = reason.splitlines()[0] if reason else ""
        tests = [LoadTest("published", False, f"The last load was {load.status}. {first}")]
        details |= {"reason": dg.MetadataValue.text(reason)}
        if load.status != "skipped":
            details |= {"shell_command": shell_command(connection_name, entity.table, None)}
    severe = load.status in ("blocked", "failed") or any(test.name == "key" and not test.passed for test in tests)
    return check_result(key, tests, severe, details)


def _stored_view(connection_name: str, name: str, exists: bool) -> dg.AssetCheckResult:
    result = "The view can be queried." if exists else "The view does not exist, or does not fit its tables. Materialise it."
    return check_result(asset_key(connection_name, name), [LoadTest("refreshed", exists, result)], False, {})
