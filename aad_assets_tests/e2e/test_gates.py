"""Gates in `dagster asset materialize`: the old rows stay, the exit code is 1, and the message names the gate and how to open
it. Each of the few runs has several faults."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from aad_assets.demo import DemoServer
from aad_assets_tests.e2e.conftest import Place, make_place

TABLES = ("users", "devices", "groups", "group_members", "service_principals", "applications")
SELECT = " or ".join(f'key:"aad/{table}"' for table in TABLES)
ALLOW = '{"ops": {"reload": {"config": {"allow": {"users": ["shrink"]}}}}}'


@dataclass
class Tenant:
    """A tenant with several pages of users and devices, and a place that has loaded it once."""

    server: DemoServer
    loaded: Place


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    with DemoServer(users=2100, no_quota=True) as server:
        place = make_place(tmp_path_factory.mktemp("gates"), server.environment())
        result = place.materialize(SELECT)
        assert result.returncode == 0, result.stderr
        yield Tenant(server, place)


@pytest.fixture
def place(good: Tenant, tmp_path: Path) -> Iterator[Place]:
    made = make_place(tmp_path / "place", good.server.environment())
    shutil.copy(good.loaded.database, made.database)
    yield made
    good.server.faults([])


def outcomes(place: Place) -> dict[str, tuple[str, str]]:
    """Return status and reason of the last load of each entity."""
    found = place.query("SELECT entity, arg_max(status, started_at), arg_max(coalesce(reason, ''), started_at) "
                        "FROM aad_meta.loads GROUP BY entity")  # fmt: skip
    return {entity: (status, reason) for entity, status, reason in found}


def page(place: Place, table: str) -> list[dict[str, Any]]:
    """Return the metadata of the last check, and of the last observation if there is one, on the asset's page."""
    with dg.DagsterInstance.from_config(str(place.dagster_home)) as instance:
        key = dg.AssetKey(["aad", table])
        check = dg.AssetCheckKey(key, "load")
        record = instance.event_log_storage.get_latest_asset_check_execution_by_key([check])[check]
        evaluation = record.event.dagster_event.asset_check_evaluation_data  # type: ignore[union-attr]
        observations = [each.asset_observation for each in instance.fetch_observations(key, limit=1).records]
        assert evaluation.passed == (not observations)
        found = [evaluation.metadata, *(each.metadata for each in observations if each)]
        return [{name: value.value for name, value in metadata.items()} for metadata in found]


def everything(place: Place) -> list[tuple[object, ...]]:
    """Return a fingerprint of the tables and their histories, and the number of changes."""
    tables = [f"{schema}.{name}" for schema in ("aad", "aad_history") for name in TABLES]
    queries = [f"SELECT '{table}', count(*), bit_xor(hash(to_json(t))) FROM {table} t" for table in tables]
    return sorted(place.query(" UNION ALL ".join([*queries, "SELECT 'changes', count(*), 0 FROM aad_meta.changes"])), key=str)


def assert_nothing_published(place: Place, good: Tenant, result: subprocess.CompletedProcess[str]) -> None:
    assert result.returncode == 1, result.stderr
    assert everything(place) == everything(good.loaded)


def test_a_lost_page_a_shrunk_table_and_empty_or_garbled_columns_are_blocked(place: Place, good: Tenant) -> None:
    good.server.faults(
        [
            {"kind": "garbled_property", "path": "/servicePrincipals", "property": "accountEnabled"},
            {"kind": "shrink", "path": "/users", "share": 0.5},
            {"kind": "last_page_lost", "path": "/devices"},
            {"kind": "null_property", "path": "/groups", "property": "displayName"},
        ]
    )

    result = place.materialize(SELECT)

    assert_nothing_published(place, good, result)
    found = outcomes(place)
    gates = {"users": "shrink", "devices": "count", "groups": "null_column", "service_principals": "rejects"}
    for table, gate in gates.items():
        status, reason = found[table]
        assert status == "blocked"
        assert f"{table}: the gate {gate} blocked it" in reason
        assert f"{{allow: {{{table}: [{gate}]}}}} in the run's config" in reason
        assert reason in result.stderr
        (kept,) = re.findall(r"the rows that were read are in (\S+\.parquet)\.", reason)
        with duckdb.connect() as connection:
            rows = connection.execute(f"SELECT count(*) FROM '{kept}'").fetchone()
        assert rows == place.query(f"SELECT rows FROM aad_meta.loads WHERE status = 'blocked' AND entity = '{table}'")[0]
    assert f"--config-json '{ALLOW}'" in result.stderr
    assert "displayName" in found["groups"][1]
    pages = {table: page(place, table) for table in TABLES}
    for table, gate in gates.items():
        for shown in pages[table]:
            assert (shown["status"], shown["gate"], shown["rows_stored"] > shown["rows_read"] / 2) == ("blocked", gate, True)
            assert f"- {gate}" in shown["launchpad"]
            assert Path(shown["rows_kept_in"]).is_file()
    assert pages["users"][0]["rows_stored"] == 2100
    assert [shown["status"] for shown in pages["group_members"]] == ["failed", "failed"]
    assert [shown["status"] for shown in pages["applications"]] == ["published"], "an observation has nothing to say"
    assert found["group_members"][0] == "failed", "edges of blocked parents are not published"


def test_a_permission_lost_during_the_read_and_expired_page_tokens_fail(place: Place, good: Tenant) -> None:
    good.server.faults(
        [
            {"kind": "deny", "path": "/users", "page": 2},
            {"kind": "expired_page", "path": "/devices"},
            {"kind": "shrink", "path": "/groups", "share": 0.0},
        ]
    )

    result = place.materialize(SELECT)

    assert_nothing_published(place, good, result)
    found = outcomes(place)
    assert found["users"][0] == found["devices"][0] == "failed"
    assert "User.Read.All" in found["users"][1]
    assert "expired" in found["devices"][1]
    assert "never completed, and the table is unchanged. Reload later." in found["devices"][1]
    assert found["groups"][0] == "blocked"
    assert "groups: the gate empty blocked it" in found["groups"][1]


def test_the_config_of_a_run_opens_a_gate_and_history_keeps_the_rows(place: Place, good: Tenant) -> None:
    good.server.faults([{"kind": "shrink", "path": "/users", "share": 0.5}])

    copy = place.folder / "serving.duckdb"
    result = place.materialize('key:"aad/users"', "--config-json", ALLOW, AAD_SERVING_COPY=str(copy))

    assert result.returncode == 0, result.stderr
    (rows, deleted) = place.query("SELECT rows, deleted FROM aad_meta.loads WHERE entity = 'users' ORDER BY started_at")[-1]
    assert (rows + deleted, place.query("SELECT count(*) FROM aad.users")) == (2100, [(rows,)])
    assert 900 < deleted < 1200
    with duckdb.connect(str(copy), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM aad.users").fetchall() == [(rows,)]
    before = place.query(
        "SELECT count(*) FROM aad_history.users_at((SELECT max(changed_at) - INTERVAL 1 SECOND FROM aad_meta.changes))"
    )
    assert before == [(2100,)]
    assert place.query("SELECT change, count(*) FROM aad_meta.changes GROUP BY ALL") == [("delete", deleted)]


def test_stored_values_that_cannot_be_cast_block_until_the_table_is_recreated(place: Place, good: Tenant) -> None:
    with duckdb.connect(str(place.database)) as connection:
        connection.execute("ALTER TABLE aad.applications ALTER createdDateTime TYPE VARCHAR USING 'long ago'")

    result = place.materialize('key:"aad/applications"')

    assert result.returncode == 1
    status, reason = outcomes(place)["applications"]
    assert status == "blocked"
    assert "the gate type blocked it" in reason
    assert place.query("SELECT DISTINCT createdDateTime FROM aad.applications") == [("long ago",)]
    (config,) = set(re.findall(r"--config-json '(.*?)'", result.stderr))

    again = place.materialize('key:"aad/applications"', "--config-json", config)

    assert again.returncode == 0, again.stderr
    assert place.query("SELECT count(createdDateTime::TIMESTAMPTZ) > 0 FROM aad.applications") == [(True,)]
