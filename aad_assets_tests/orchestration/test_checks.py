"""The check `load`, and what an asset's page says of a load that was not published."""

from dataclasses import replace
from typing import Any

import dagster as dg
import pytest

from aad_assets.catalog import CATALOG
from aad_assets.errors import AadAssetsError, ErrorResponse, LicenceMissing, LoadBlocked, PermissionMissing
from aad_assets.orchestration import build_definitions
from aad_assets.orchestration.assets import outcome_events
from aad_assets.orchestration.checks import LOAD, load_check
from aad_assets.orchestration.summary import Summary
from aad_assets.reload import Outcome
from aad_assets.warehouse.publishing.load_tests import LoadTest
from aad_assets_tests.warehouse.support import new_load

USERS = CATALOG["users"]
RESPONSE = ErrorResponse(403, "Authorization_RequestDenied", "No \x1b[31m<b>rights</b>", "req-7", "GET /users")
GOOD = LoadTest("key", True, "id is unique and not null in 2 rows.")
OPEN = {"ops": {"reload": {"config": {"allow": {"users": ["shrink"]}}}}}


def summary(outcome: Outcome) -> Summary:
    found = Summary()
    found.add(outcome, load_check("aad", outcome, {}))
    return found


def failed(status: str, error: Exception) -> Outcome:
    load = replace(new_load(1, USERS), status=status, reason=f"users: {error}", rows=3)
    return Outcome(USERS, load, 1.0, error, table_rows=10)


BLOCKED = failed(
    "blocked", LoadBlocked("shrink", "too few", {"allow": {"users": ["shrink"]}}, "/data/x.blocked/users.parquet")
)


def events(outcome: Outcome) -> tuple[dg.AssetObservation, dg.AssetCheckResult]:
    observation, check = outcome_events("aad", outcome, OPEN if outcome is BLOCKED else None)
    assert isinstance(observation, dg.AssetObservation)
    assert isinstance(check, dg.AssetCheckResult)
    return observation, check


def test_every_asset_has_a_load_check_that_does_not_block() -> None:
    definitions = build_definitions(environment={})
    specs = list(definitions.resolve_all_asset_specs())
    graph = definitions.resolve_asset_graph()
    keys = {dg.AssetCheckKey(spec.key, LOAD) for spec in specs}

    assert set(graph.asset_check_keys) == keys
    assert not [key for key in keys if graph.get(key).blocking]


def test_the_page_of_a_blocked_load_shows_the_gate_the_rows_and_the_remedy() -> None:
    observation, check = events(BLOCKED)

    for shown in (observation.metadata, check.metadata):
        plain: dict[str, Any] = {name: value.value for name, value in shown.items() if name != "tests"}
        assert (plain["status"], plain["gate"], plain["rows_read"], plain["rows_stored"]) == ("blocked", "shrink", 3, 10)
        assert plain["rows_kept_in"] == "/data/x.blocked/users.parquet"
        assert plain["reason"] == "users: too few"
        assert plain["launchpad"] == (
            "```yaml\nops:\n  reload:\n    config:\n      allow:\n        users:\n        - shrink\n```"
        )
        assert (
            plain["shell_command"].splitlines()[1].startswith("dagster asset materialize -m aad_assets.definitions --select ")
        )
        assert """'{"ops": {"reload": {"config": {"allow": {"users": ["shrink"]}}}}}'""" in plain["shell_command"]
    assert (check.passed, check.severity, check.asset_key) == (False, dg.AssetCheckSeverity.ERROR, observation.asset_key)
    assert check.description == "blocked by the gate shrink"


def test_a_skipped_load_fails_its_check_as_a_warning_and_is_no_line_of_the_error() -> None:
    outcome = failed("skipped", LicenceMissing(RESPONSE))
    _, check = events(outcome)

    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "shell_command" not in check.metadata
    assert not summary(outcome).error


def test_texts_of_the_directory_are_shown_without_control_characters() -> None:
    outcome = Outcome(
        USERS, replace(new_load(1, USERS), status="failed", reason="users: \x1b[31mred\u202e"), 1.0, ValueError()
    )
    observation, check = events(outcome)

    assert observation.description == check.metadata["reason"].value == "users: [31mred"
    changed = load_check(
        "aad", Outcome(USERS, new_load(1, USERS), 1.0, tests=(LoadTest("columns", False, "a\x1bb\u202e"),)), {}
    )
    assert changed.description == "ab"


@pytest.mark.parametrize(
    ("outcome", "line"),
    [
        (BLOCKED, "users: blocked by the gate shrink"),
        (failed("failed", PermissionMissing(RESPONSE)), "users: failed: GET /users returned 403 Authorization_RequestDenied"),
        (failed("failed", AadAssetsError("The database is locked. Close it.")), "users: failed: The database is locked"),
        (failed("failed", AadAssetsError("x" * 900)), f"users: failed: {'x' * 120}…"),
        (failed("failed", KeyError("secret")), "users: failed: unexpected KeyError"),
    ],
)
def test_the_run_s_error_has_one_short_line_for_each_asset(outcome: Outcome, line: str) -> None:
    assert summary(outcome).error.splitlines()[1:] == [line]


def test_a_published_load_passes_with_all_tests_and_warns_of_one_that_failed() -> None:
    bad = LoadTest("rejects", False, "2 values did not fit.")
    passed, warned, unknown = (
        load_check("aad", Outcome(USERS, new_load(1, USERS), 1.0, tests=tests), {}) for tests in ((GOOD,), (GOOD, bad), ())
    )

    assert passed.passed
    table = passed.metadata["tests"]
    assert isinstance(table, dg.TableMetadataValue)
    assert [record.data["test"] for record in table.records] == ["published", "key"]
    assert (warned.passed, warned.severity, warned.description) == (False, dg.AssetCheckSeverity.WARN, bad.result)
    assert not unknown.passed
    repeated = replace(GOOD, passed=False)
    broken = load_check("aad", Outcome(USERS, new_load(1, USERS), 1.0, tests=(repeated,)), {})
    assert (broken.passed, broken.severity) == (False, dg.AssetCheckSeverity.ERROR)
