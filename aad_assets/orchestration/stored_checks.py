"""Checks of what the database holds, without a reload: those that a run selects alone, and references between tables.

Their state is in the database, so they also work on a Dagster instance without a past.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg
import duckdb

from aad_assets.catalog import Entity
from aad_assets.errors import WarehouseError
from aad_assets.orchestration.checks import REFERENCES, check_result, shell_command
from aad_assets.orchestration.specs import asset_key
from aad_assets.untrusted import printable, printable_lines
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.load_tests import LoadTest
from aad_assets.warehouse.reading.reader import reading
from aad_assets.warehouse.reading.references import ReferenceCount, count_references
from aad_assets.warehouse.reading.stored_load import can_be_queried, retest, stored_load


def stored_checks(
    selected: Sequence[dg.AssetCheckKey],
    connection_name: str,
    database: str,
    lock_wait: float,
    entities: Mapping[str, Entity],
    views: Collection[str],
) -> Iterator[dg.AssetCheckResult]:
    """Yield the result of each selected check of the `entities` and `views` of the connection.

    A check that the database does not let run fails as a warning, and says why.
    """
    if not selected:
        return
    target = Target(database, connection_name, lock_wait=lock_wait)

    def check(key: dg.AssetCheckKey, connection: duckdb.DuckDBPyConnection) -> dg.AssetCheckResult:
        name = key.asset_key.path[-1]
        if key.name == REFERENCES:
            return references_check(
                connection_name, name, count_references(connection, connection_name, entities[name], entities)
            )
        if name in views:
            return _stored_view(connection_name, name, can_be_queried(connection, target, name))
        return _stored_load(connection, target, connection_name, entities[name])

    done: set[dg.AssetCheckKey] = set()
    try:
        with reading(database, bookkeeping_of=connection_name, lock_wait=lock_wait) as connection:
            for key in selected:
                result = check(key, connection)
                done.add(key)
                yield result
    except (WarehouseError, duckdb.CatalogException) as error:
        text = str(error) if isinstance(error, WarehouseError) else "The connection has loaded nothing. Reload first."
        for key in selected:
            if key not in done:
                tests = [LoadTest("database", False, text)]
                yield check_result(key.asset_key, tests, False, {}, name=key.name)


def references_check(connection_name: str, table: str, counts: Sequence[ReferenceCount]) -> dg.AssetCheckResult:
    """Return the check of the references of a table. It is a warning, because objects come and go while tables are read."""
    columns = {"references": "int", "unresolved": "int", "passed": "bool"}
    schema = dg.TableSchema([dg.TableColumn(name, columns.get(name, "string")) for name in ("column", "targets", *columns)])
    records = [
        dg.TableRecord(
            {
                "column": each.reference.column,
                "targets": ", ".join(each.reference.targets),
                "references": -1 if each.references is None else each.references,
                "unresolved": -1 if each.unresolved is None else each.unresolved,
                "passed": each.passed,
            }
        )
        for each in counts
    ]
    told = [each for each in counts if each.problem or not each.passed]
    return dg.AssetCheckResult(
        passed=all(each.passed for each in counts),
        asset_key=asset_key(connection_name, table),
        check_name=REFERENCES,
        severity=dg.AssetCheckSeverity.WARN,
        description=printable("; ".join(map(str, told))) or None,
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
