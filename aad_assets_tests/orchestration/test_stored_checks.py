"""Checks without a reload, and the check of references."""

from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from aad_assets.catalog import CATALOG
from aad_assets.demo import DemoServer
from aad_assets.orchestration import WarehouseResource, build_definitions, stored_checks
from aad_assets.settings import Settings

TABLES = ("users", "groups", "group_members", "user_managers")


class House:
    """Runs over a few tables of a tenant, and the views on them."""

    def __init__(self, tenant: DemoServer, database: Path, *, references: bool) -> None:
        self.definitions = build_definitions(
            Settings(database=str(database), reference_checks=references),
            environment=tenant.environment(),
            entities=[CATALOG[table] for table in TABLES],
            warehouse=WarehouseResource(database=str(database)),
        )

    def run(self, selection: dg.AssetSelection) -> tuple[dg.ExecuteInProcessResult, dict[str, dg.AssetCheckEvaluation]]:
        own = dg.define_asset_job("own", selection)
        job = dg.Definitions.merge(self.definitions, dg.Definitions(jobs=[own])).resolve_job_def("own")
        result = job.execute_in_process(raise_on_error=False)
        evaluations = result.get_asset_check_evaluations()
        return result, {f"{each.asset_key.path[-1]}.{each.check_name}": each for each in evaluations}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "entra.duckdb"


@pytest.fixture
def house(tenant: DemoServer, database: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    for name, value in tenant.environment().items():
        monkeypatch.setenv(name, value)
    return House(tenant, database, references=True)


def key(table: str, check: str) -> dg.AssetCheckKey:
    return dg.AssetCheckKey(dg.AssetKey(["aad", table]), check)


def checks(*keys: dg.AssetCheckKey) -> dg.AssetSelection:
    return dg.AssetSelection.checks(*keys)


def test_the_check_of_references_is_off_by_default(tenant: DemoServer, database: Path) -> None:
    def names(references: bool) -> set[tuple[str, str]]:
        definitions = House(tenant, database, references=references).definitions
        keys = definitions.get_repository_def().asset_graph.asset_check_keys
        return {(each.asset_key.path[-1], each.name) for each in keys}

    assert names(True) - names(False) == {("group_members", "references"), ("user_managers", "references")}


def test_references_are_counted_at_the_end_of_a_reload_and_never_block(house: House, database: Path) -> None:
    result, found = house.run(dg.AssetSelection.all())
    assert result.success
    assert found["group_members.references"].passed
    assert set(found) >= {"users.load", "group_members.load", "user_managers.references"}
    with duckdb.connect(str(database)) as connection:
        connection.execute("DELETE FROM aad.users WHERE id IN (SELECT managerId FROM aad.user_managers LIMIT 1)")

    result, found = house.run(dg.AssetSelection.assets(dg.AssetKey(["aad", "user_managers"])))

    assert result.success
    check = found["user_managers.references"]
    assert (check.passed, check.severity) == (False, dg.AssetCheckSeverity.WARN)
    table = check.metadata["references"]
    assert isinstance(table, dg.TableMetadataValue)
    manager: dict[str, Any] = next(dict(record.data) for record in table.records if record.data["column"] == "managerId")
    assert manager["references"] > manager["unresolved"] > 0
    assert "ids name no row" in str(check.description)


def test_checks_alone_ask_the_database_and_not_graph(house: House, tenant: DemoServer) -> None:
    house.run(dg.AssetSelection.all())
    tenant.reset_stats()

    result, found = house.run(
        checks(
            key("users", "load"),
            key("group_members", "load"),
            key("group_members", "references"),
            key("user_identities", "load"),
        )
    )

    assert result.success
    assert set(found) == {"users.load", "group_members.load", "group_members.references", "user_identities.load"}
    assert all(each.passed for each in found.values())
    tests = found["users.load"].metadata["tests"]
    assert isinstance(tests, dg.TableMetadataValue)
    assert [record.data["test"] for record in tests.records][:2] == ["published", "key"]
    assert tenant.stats()["requests"] == {}
    assert not result.get_asset_materialization_events()


@pytest.mark.parametrize(
    ("fault", "status", "severity"),
    [
        ({"kind": "shrink", "path": "/groups", "share": 0.0}, "blocked", dg.AssetCheckSeverity.ERROR),
        ({"kind": "deny", "path": "/groups"}, "failed", dg.AssetCheckSeverity.ERROR),
    ],
)
def test_a_load_that_was_not_published_still_fails_its_check_alone(
    house: House, tenant: DemoServer, fault: dict[str, Any], status: str, severity: dg.AssetCheckSeverity
) -> None:
    groups = dg.AssetSelection.assets(dg.AssetKey(["aad", "groups"]))
    house.run(groups)
    tenant.faults([fault])
    house.run(groups)
    tenant.clear_faults()

    result, found = house.run(checks(key("groups", "load")))

    assert result.success, "a failed check does not fail the run"
    check = found["groups.load"]
    assert (check.passed, check.severity) == (False, severity)
    assert check.metadata["status"].value == status
    assert f"The last load was {status}." in str(check.description)
    assert "shell_command" in check.metadata


def test_a_check_that_cannot_be_run_fails_as_a_warning_and_the_others_run(
    house: House, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.run(dg.AssetSelection.all())
    with duckdb.connect(str(database)) as connection:
        connection.execute("DROP TABLE aad.groups CASCADE")

    def out_of_memory(*_: object) -> None:
        raise duckdb.OutOfMemoryException("failed to pin block with Anna's row")

    monkeypatch.setattr(stored_checks, "count_references", out_of_memory)
    keys = [("groups", "load"), ("group_members", "references"), ("users", "load")]
    result, found = house.run(checks(*(key(*each) for each in keys)))

    assert result.success
    assert found["users.load"].passed
    for name, text in (("groups.load", "does not exist"), ("group_members.references", "OutOfMemoryException")):
        assert (found[name].passed, found[name].severity) == (False, dg.AssetCheckSeverity.WARN)
        assert text in str(found[name].description)
        assert "Anna" not in str(found[name])


def test_without_a_database_the_checks_say_so(house: House) -> None:
    result, found = house.run(checks(key("users", "load"), key("group_members", "references")))

    assert result.success
    assert [each.passed for each in found.values()] == [False, False]
    assert all("does not exist" in str(each.description) for each in found.values())


def test_a_table_that_was_never_loaded_fails_its_check_as_a_warning(house: House) -> None:
    house.run(dg.AssetSelection.assets(dg.AssetKey(["aad", "users"])))

    _, found = house.run(checks(key("groups", "load"), key("user_identities", "load"), key("user_managers", "references")))

    assert (found["groups.load"].passed, found["groups.load"].severity) == (False, dg.AssetCheckSeverity.WARN)
    assert "has not been loaded" in str(found["groups.load"].description)
    assert found["user_managers.references"].passed
    assert "not checked" in str(found["user_managers.references"].description)


def test_a_run_of_one_asset_with_the_check_of_another(house: House) -> None:
    house.run(dg.AssetSelection.all())
    users = dg.AssetSelection.assets(dg.AssetKey(["aad", "users"]))

    result, found = house.run(users | checks(key("groups", "load")))

    assert result.success
    assert set(found) == {"users.load", "groups.load"}
    assert [event.asset_key.path[-1] for event in result.get_asset_materialization_events() if event.asset_key] == ["users"]


def test_missing_credentials_do_not_matter_to_a_check_alone(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.run(dg.AssetSelection.all())
    monkeypatch.setenv("AAD_CLIENT_SECRET", "")
    monkeypatch.setenv("AAD_TENANT_ID", "")

    result, found = house.run(checks(key("users", "load")))

    assert result.success
    assert found["users.load"].passed
