"""Overrides in a run's config, the preview of changes in Dagster, and the job that prunes."""

from pathlib import Path

import duckdb
import pytest

from aad_assets.catalog import CATALOG
from aad_assets.errors import ConfigurationError, LoadBlocked
from aad_assets.orchestration import WarehouseResource, build_definitions
from aad_assets.orchestration.overrides import describe_override, run_options
from aad_assets.orchestration.specs import preview
from aad_assets.reload import Outcome
from aad_assets.warehouse.publishing.gates import Gate
from aad_assets.warehouse.publishing.loads import ChangedAttribute
from aad_assets.warehouse.publishing.options import Mode, Options
from aad_assets_tests.warehouse.support import new_load

ENTITIES = [CATALOG[table] for table in ("users", "devices", "sign_ins")]


def test_without_overrides_tables_are_published_as_declared() -> None:
    options = run_options(ENTITIES, {}, {})

    assert options["users"] == Options()
    assert options["devices"].volatile == {"approximateLastSignInDateTime"}
    assert (options["sign_ins"].mode, options["sign_ins"].history) == (Mode.MERGE, False)


def test_gates_and_modes_are_overridden_for_the_named_tables() -> None:
    options = run_options(ENTITIES, {"users": ["shrink", "empty"]}, {"users": "truncate", "devices": "recreate"})

    assert options["users"].gates.open == {Gate.SHRINK, Gate.EMPTY}
    assert (options["users"].mode, options["devices"].mode) == (Mode.TRUNCATE, Mode.RECREATE)
    assert not options["devices"].gates.open


@pytest.mark.parametrize(
    ("allow", "modes", "message"),
    [
        ({"user": ["shrink"]}, {}, "'user', which is not a table of this run"),
        (
            {"users": ["later_read"]},
            {},
            (
                r"allow\.users in the run's config has 'later_read'\. "
                r"Gates .* are count, shrink, empty, null_column, rejects, refused\."
            ),
        ),
        (
            {},
            {"users": "replace"},
            r"modes\.users in the run's config is 'replace'\. Choose one of compare, compare_keep_deleted, truncate, ",
        ),
        ({}, {"sign_ins": "truncate"}, "Remove it: logs are always merged"),
    ],
)
def test_an_unknown_table_gate_or_mode_is_rejected(allow: dict[str, list[str]], modes: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        run_options(ENTITIES, allow, modes)


def outcome(error: Exception | None) -> Outcome:
    return Outcome(CATALOG["users"], new_load(), 1.0, error)


def test_a_blocked_load_is_logged_with_the_config_that_opens_its_gate() -> None:
    blocked = outcome(LoadBlocked("shrink", "", {"allow": {"users": ["shrink"]}}))
    assert describe_override("emea_reload", blocked, {}, {}) == (
        """ The full option is --config-json '{"ops": {"emea_reload": {"config": {"allow": {"users": ["shrink"]}}}}}'"""
    )
    assert describe_override("reload", outcome(LoadBlocked("later_read", "")), {}, {}) == ""
    assert describe_override("reload", outcome(None), {}, {}) == ""


def test_the_preview_shows_keys_and_attributes() -> None:
    shown = preview([ChangedAttribute("u1", "update", "jobTitle"), ChangedAttribute("g|m", "delete", None)])

    assert shown.splitlines()[2:] == ["| update | `u1` | jobTitle |", "| delete | `g\\|m` |  |"]


def test_the_prune_job_runs(tmp_path: Path) -> None:
    database = tmp_path / "entra.duckdb"
    warehouse = WarehouseResource(database=str(database))
    job = build_definitions(environment={}, warehouse=warehouse).resolve_job_def("prune")

    assert not job.execute_in_process(raise_on_error=False).success
    assert not database.exists(), "a missing database is not created"
    duckdb.connect(database).close()
    assert job.execute_in_process().success
    wrong = {"ops": {"forget": {"config": {"history_older_than": "long"}}}}
    assert not job.execute_in_process(run_config=wrong, raise_on_error=False).success


def test_the_suggested_config_keeps_what_the_run_already_overrides() -> None:
    blocked = outcome(LoadBlocked("shrink", "", {"allow": {"users": ["count", "shrink"]}}))
    config = describe_override("reload", blocked, {"groups": ["empty"], "users": ["count"]}, {"users": "truncate"})
    assert '"allow": {"groups": ["empty"], "users": ["count", "shrink"]}' in config
    assert '"modes": {"users": "truncate"}' in config
