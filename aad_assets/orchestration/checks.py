"""The check `load` of every asset, and what an asset's page says of a load that was not published. Pure functions.

A check never blocks: gates do. Open-source Dagster shows no event of a failed materialisation, so an observation and the
failed check tell of it.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
import yaml

from aad_assets.catalog import Entity
from aad_assets.catalog.references import references_of
from aad_assets.catalog.view import View
from aad_assets.errors import LoadBlocked
from aad_assets.orchestration.specs import asset_key
from aad_assets.reload import Outcome
from aad_assets.untrusted import printable, printable_lines
from aad_assets.warehouse.publishing.load_tests import LoadTest
from aad_assets.warehouse.publishing.views import ViewOutcome, ViewStatus

LOAD = "load"
REFERENCES = "references"
_TABLE = (
    "Passes if the last load was published, its key is unique and not null, Graph's $count agrees, the number of rows is "
    "within the range of earlier loads, the columns are unchanged, and there are no rejects and no refused parents. "
    "It never blocks."
)
_REFERENCES = (
    "Passes if every id in the table that must name a row of another table does: {columns}. Counts the ids, and those that "
    "name no row. It never blocks."
)
_VIEW = "Passes if the view was refreshed, no table that it reads failed in the same run, and every column has its values."


def check_specs(
    connection_name: str, entities: Sequence[Entity], views: Sequence[View], *, references: bool = False
) -> list[dg.AssetCheckSpec]:
    """Return the check `load` of every table and view and, if asked, `references` of the tables that have some."""
    described = {(entity.table, LOAD): _TABLE for entity in entities} | {(view.name, LOAD): _VIEW for view in views}
    tables = {entity.table for entity in entities}
    for entity in entities if references else ():
        if columns := [reference.column for reference in references_of(entity, tables)]:
            described[entity.table, REFERENCES] = _REFERENCES.format(columns=", ".join(columns))
    return [
        dg.AssetCheckSpec(check, asset=asset_key(connection_name, name), description=text)
        for (name, check), text in described.items()
    ]


def load_check(connection_name: str, outcome: Outcome, details: Mapping[str, Any]) -> dg.AssetCheckResult:
    """Return the check of a table. `details` are the metadata of a load that was not published: see `missing_load`.

    A load that was not published fails it, as a warning if the load was skipped. Of the other tests, only a key that is not
    unique is more than a warning.
    """
    load = outcome.load
    if load.status == "published":
        tests = [LoadTest("published", True, "The load was published."), *outcome.tests]
        if not outcome.tests:
            tests.append(LoadTest("tests", False, "The other tests could not be run, because the database is in use."))
    else:
        tests = [LoadTest("published", False, outcome.cause)]
    severe = load.status in ("blocked", "failed") or any(test.name == "key" and not test.passed for test in tests)
    return check_result(asset_key(connection_name, load.entity), tests, severe, {"status": load.status, **details})


def view_check(connection_name: str, outcome: ViewOutcome) -> dg.AssetCheckResult:
    """Return the check of a view."""
    refreshed = outcome.status is ViewStatus.REFRESHED
    reason = f"The view was {outcome.status}." if refreshed else str(outcome.reason)
    tests = [LoadTest("refreshed", refreshed, reason)]
    if refreshed:
        old = ", ".join(str(parent) for parent in outcome.old if parent.status)
        tests.append(LoadTest("rows", not old, f"Old rows: {old}." if old else "No table that it reads failed in this run."))
        missing = ", ".join(outcome.missing)
        tests.append(LoadTest("columns", not missing, f"NULL: {missing}." if missing else "Every column has its values."))
    severe = outcome.status is ViewStatus.FAILED
    details: dict[str, Any] = {"status": outcome.status.value}
    if severe:
        details |= {
            "reason": dg.MetadataValue.text(printable_lines(str(outcome.reason))),
            "shell_command": shell_command(connection_name, outcome.view.name, None),
        }
    return check_result(asset_key(connection_name, outcome.view.name), tests, severe, details)


def missing_load(connection_name: str, outcome: Outcome, config: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return what the asset's page says of a load that was not published: why, and what to do.

    `config` is the run config that publishes it; None if no config does.
    """
    load, error = outcome.load, outcome.error
    details: dict[str, Any] = {"reason": dg.MetadataValue.text(printable_lines(str(outcome.reason)))}
    if outcome.table_rows is not None:
        details["rows_stored"] = outcome.table_rows
    if load.status == "skipped":
        return details | {"licence": str(outcome.entity.licence or "")}
    if isinstance(error, LoadBlocked):
        details |= {"gate": str(error.gate), "rows_read": load.rows}
        if error.kept:
            details["rows_kept_in"] = dg.MetadataValue.path(printable(error.kept))
    if config:
        text = yaml.safe_dump(config, default_flow_style=False, sort_keys=False)
        details["launchpad"] = dg.MetadataValue.md(f"```yaml\n{text}```")
    details["shell_command"] = shell_command(connection_name, load.entity, config)
    return details


def key_of(result: dg.AssetCheckResult) -> dg.AssetCheckKey:
    """Return the key of a result of this module."""
    assert result.asset_key is not None
    assert result.check_name is not None
    return dg.AssetCheckKey(result.asset_key, result.check_name)


def shell_command(connection_name: str, name: str, config: Mapping[str, Any] | None) -> dg.MarkdownMetadataValue:
    """Return the command that reloads a table or view with `config`."""
    command = ["dagster", "asset", "materialize", "-m", "aad_assets.definitions"]
    command += ["--select", f'key:"{connection_name}/{name}"']
    if config:
        command += ["--config-json", json.dumps(config)]
    return dg.MetadataValue.md(f"```shell\n{shlex.join(command)}\n```")


def check_result(
    key: dg.AssetKey, tests: Sequence[LoadTest], severe: bool, details: Mapping[str, Any], *, name: str = LOAD
) -> dg.AssetCheckResult:
    """Return the result of a check over `tests`. If it fails and is not `severe`, it is a warning."""
    failed = [test for test in tests if not test.passed]
    records = [dg.TableRecord({"test": test.name, "passed": test.passed, "result": printable(test.result)}) for test in tests]
    schema = dg.TableSchema([dg.TableColumn("test"), dg.TableColumn("passed", "bool"), dg.TableColumn("result")])
    return dg.AssetCheckResult(
        passed=not failed,
        asset_key=key,
        check_name=name,
        severity=dg.AssetCheckSeverity.ERROR if severe else dg.AssetCheckSeverity.WARN,
        description=printable(" ".join(test.result for test in failed)) or None,
        metadata={**details, "tests": dg.MetadataValue.table(records, schema)},
    )
