"""What a run's config changes of publishing, what Dagster shows of changes, and the job that forgets."""

from pathlib import Path

import duckdb
import pytest

from aad_assets.catalog import CATALOG
from aad_assets.errors import ConfigurationError, LoadBlocked
from aad_assets.orchestration import WarehouseResource, build_definitions
from aad_assets.orchestration.overrides import how_to_override, run_options
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


def test_gates_are_opened_and_modes_chosen_for_the_tables_that_are_named() -> None:
    options = run_options(ENTITIES, {"users": ["shrink", "empty"]}, {"users": "truncate", "devices": "recreate"})

    assert options["users"].gates.open == {Gate.SHRINK, Gate.EMPTY}
    assert (options["users"].mode, options["devices"].mode) == (Mode.TRUNCATE, Mode.RECREATE)
    assert not options["devices"].gates.open


@pytest.mark.parametrize(
    ("allow", "modes", "told"),
    [
        ({"user": ["shrink"]}, {}, "'user', which is no table"),
        ({"users": ["later_read"]}, {}, "a gate is one of count, shrink, empty, null_column, rejects"),
        ({}, {"users": "replace"}, "a mode is one of compare, compare_keep_deleted, truncate, recreate"),
        ({}, {"sign_ins": "truncate"}, "logs are merged"),
    ],
)
def test_what_there_is_not_is_refused(allow: dict[str, list[str]], modes: dict[str, str], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        run_options(ENTITIES, allow, modes)


def outcome(error: Exception | None) -> Outcome:
    return Outcome(CATALOG["users"], new_load(), 1.0, error)


def test_a_blocked_load_is_shown_with_the_whole_config_that_opens_its_gate() -> None:
    blocked = outcome(LoadBlocked("shrink", "", {"allow": {"users": ["shrink"]}}))
    assert how_to_override("emea_reload", blocked, {}) == (
        """ In full: --config-json '{"ops": {"emea_reload": {"config": {"allow": {"users": ["shrink"]}}}}}'"""
    )
    assert how_to_override("reload", outcome(LoadBlocked("later_read", "")), {}) == ""
    assert how_to_override("reload", outcome(None), {}) == ""


def test_the_preview_shows_keys_and_attributes() -> None:
    shown = preview([ChangedAttribute("u1", "update", "jobTitle"), ChangedAttribute("g|m", "delete", None)])

    assert shown.splitlines()[2:] == ["| update | `u1` | jobTitle |", "| delete | `g|m` |  |"]


def test_the_prune_job_runs(tmp_path: Path) -> None:
    database = tmp_path / "entra.duckdb"
    warehouse = WarehouseResource(database=str(database))
    job = build_definitions(environment={}, warehouse=warehouse).resolve_job_def("prune")

    assert not job.execute_in_process(raise_on_error=False).success
    assert not database.exists(), "a database that is not there is not made"
    duckdb.connect(database).close()
    assert job.execute_in_process().success
    wrong = {"ops": {"forget": {"config": {"history_older_than": "long"}}}}
    assert not job.execute_in_process(run_config=wrong, raise_on_error=False).success


def test_what_the_run_overrides_already_stays_in_the_whole_config() -> None:
    blocked = outcome(LoadBlocked("shrink", "", {"allow": {"users": ["count", "shrink"]}}))
    given: dict[str, dict[str, object]] = {"allow": {"groups": ["empty"], "users": ["count"]}, "modes": {"users": "truncate"}}
    config = how_to_override("reload", blocked, given)
    assert '"allow": {"groups": ["empty"], "users": ["count", "shrink"]}' in config
    assert '"modes": {"users": "truncate"}' in config
