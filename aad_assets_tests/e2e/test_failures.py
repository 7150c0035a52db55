"""Failures in `dagster asset materialize`: one message that names what to fix, and nothing is lost."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from aad_assets.catalog import CATALOG, Licence
from aad_assets.demo import DemoServer
from aad_assets_tests.e2e.conftest import Place

PlaceFor = Callable[[DemoServer], Place]

HOLD = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


def keys(*tables: str) -> str:
    """Return a selection of assets."""
    return " or ".join(f'key:"aad/{table}"' for table in tables)


def messages(result: subprocess.CompletedProcess[str]) -> list[str]:
    """Return the lines that the run logged as errors, in order."""
    return [
        line.split(" - reload - ")[1]
        for line in result.stderr.splitlines()
        if " - ERROR - " in line and " - reload - " in line
    ]


def assert_one_message(result: subprocess.CompletedProcess[str], *parts: str) -> None:
    """Assert that the run failed, and that its first error is one line with these parts, before any stack trace."""
    assert result.returncode == 1, result.stderr
    assert messages(result), result.stdout + result.stderr
    first = messages(result)[0]
    for part in parts:
        assert part in first
    assert "Traceback" not in result.stdout + result.stderr
    assert result.stderr.index(first) < result.stderr.index("Stack Trace")


def test_a_missing_permission_fails_only_its_entities_and_is_named(tenant: DemoServer, place_for: PlaceFor) -> None:
    place = place_for(tenant)
    tenant.faults([{"kind": "deny", "path": "/devices"}])

    result = place.materialize(keys("devices", "device_registered_owners", "users", "domains"))

    assert_one_message(result, "devices", "Device.Read.All", "Authorization_RequestDenied", "request-id")
    loads = dict(place.query("SELECT entity, status FROM aad_meta.loads"))
    assert loads == {
        "devices": "failed",
        "device_registered_owners": "failed",
        "users": "published",
        "domains": "published",
    }
    reason = place.query("SELECT reason FROM aad_meta.loads WHERE entity = 'devices'")[0][0]
    assert "Device.Read.All" in reason


def test_children_of_a_failed_parent_are_not_published(tenant: DemoServer, place_for: PlaceFor) -> None:
    place = place_for(tenant)
    tenant.faults([{"kind": "deny", "path": "/groups"}])

    result = place.materialize('key:"aad/groups" or key:"aad/group_members" or key:"aad/domains"')

    assert result.returncode == 1
    loads = dict(place.query("SELECT entity, status FROM aad_meta.loads"))
    assert loads == {"groups": "failed", "group_members": "failed", "domains": "published"}
    assert any("group_members" in line and "groups could not be read in this run" in line for line in messages(result))


@pytest.mark.slow
def test_without_licences_the_run_succeeds_and_skips_the_entities_that_need_one(place_for: PlaceFor) -> None:
    with DemoServer(users=60, no_quota=True, licences=()) as free:
        place = place_for(free)

        result = place.materialize("*")

    assert result.returncode == 0, result.stderr[-3000:]
    loads = dict(place.query("SELECT entity, status FROM aad_meta.loads"))
    assert loads == {
        entity.table: "skipped" if entity.licence or not entity.app_only else "published"
        for entity in CATALOG.values()
        if entity.on
    }
    for licence in Licence:
        assert f"Skipped because it needs the licence {licence}" in result.stderr


def test_a_wrong_secret(shared_tenant: DemoServer, place_for: PlaceFor) -> None:
    place = place_for(shared_tenant)

    result = place.materialize('key:"aad/domains"', AAD_CLIENT_SECRET="5d0c1f2e-not-the-value")

    assert_one_message(result, "AADSTS7000215", "AAD_CLIENT_SECRET", "trace id")
    assert "5d0c1f2e-not-the-value" not in result.stdout + result.stderr


def test_an_unknown_application(shared_tenant: DemoServer, place_for: PlaceFor) -> None:
    result = place_for(shared_tenant).materialize('key:"aad/domains"', AAD_CLIENT_ID="00000000-1111-2222-3333-444444444444")

    assert_one_message(result, "AADSTS700016", "AAD_CLIENT_ID")


def test_an_unknown_tenant(shared_tenant: DemoServer, place_for: PlaceFor) -> None:
    result = place_for(shared_tenant).materialize('key:"aad/domains"', AAD_TENANT_ID="nobody.example")

    assert_one_message(result, "AADSTS90002", "AAD_TENANT_ID")


def test_an_unreachable_authority(shared_tenant: DemoServer, place_for: PlaceFor) -> None:
    started = time.monotonic()

    result = place_for(shared_tenant).materialize('key:"aad/domains"', AAD_AUTHORITY_URL="https://localhost:9")

    assert_one_message(result, "https://localhost:9", "cannot be reached", "AAD_AUTHORITY_URL")
    assert time.monotonic() - started < 60


def test_graph_of_another_cloud(shared_tenant: DemoServer, place_for: PlaceFor) -> None:
    result = place_for(shared_tenant).materialize('key:"aad/domains"', AAD_GRAPH_BASE_URL="https://localhost:9/v1.0")

    assert_one_message(result, "AADSTS70011", "AAD_GRAPH_BASE_URL", "AAD_CLOUD")


def test_an_unreachable_graph(tenant: DemoServer, place_for: PlaceFor) -> None:
    tenant.faults([{"kind": "drop"}])
    started = time.monotonic()

    result = place_for(tenant).materialize("*")

    assert_one_message(result, tenant.graph_base_url, "AAD_GRAPH_BASE_URL")
    assert time.monotonic() - started < 60


def test_an_untrusted_certificate(shared_tenant: DemoServer, place_for: PlaceFor) -> None:
    result = place_for(shared_tenant).materialize('key:"aad/domains"', AAD_CA_BUNDLE="")

    assert_one_message(result, "certificate", "AAD_CA_BUNDLE")


def test_no_settings_at_all(shared_tenant: DemoServer, place_for: PlaceFor) -> None:
    unset = dict.fromkeys(shared_tenant.environment(), "")

    result = place_for(shared_tenant).materialize('key:"aad/domains"', **unset)

    assert_one_message(result, "AAD_TENANT_ID", "AAD_CLIENT_ID", "AAD_CLIENT_SECRET")


def test_a_database_locked_by_another_process(shared_tenant: DemoServer, place_for: PlaceFor) -> None:
    place = place_for(shared_tenant)
    config = {"resources": {"warehouse": {"config": {"lock_wait": 2}}}}
    started = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(place.database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdin
        assert holder.stdout.readline() == "held\n"
        result = place.materialize("*", "--config-json", json.dumps(config))
        holder.stdin.close()

    assert_one_message(result, "AAD_DATABASE", str(place.database), str(holder.pid), "waited 2 s")
    assert time.monotonic() - started < 60


def test_a_database_named_like_the_schema(shared_tenant: DemoServer, place_for: PlaceFor) -> None:
    place = place_for(shared_tenant)

    result = place.materialize('key:"aad/domains"', AAD_DATABASE=str(place.folder / "aad.duckdb"))

    assert_one_message(result, "AAD_DATABASE", "AAD_CONNECTION_NAME")


def test_an_invalid_schedule(shared_tenant: DemoServer, place_for: PlaceFor) -> None:
    result = place_for(shared_tenant).materialize('key:"aad/domains"', AAD_SCHEDULE_CRON="every day")

    assert_one_message(result, "AAD_SCHEDULE_CRON", "every day")


def test_another_tenant_in_the_same_schema(tenant: DemoServer, place_for: PlaceFor) -> None:
    place = place_for(tenant)
    assert place.materialize('key:"aad/domains"').returncode == 0
    with DemoServer(users=60, seed=99, no_quota=True) as other:
        result = place.materialize('key:"aad/domains"', **other.environment())

    assert_one_message(result, tenant.tenant_id, other.tenant_id, "AAD_CONNECTION_NAME")
    assert place.query("SELECT DISTINCT _tenant_id FROM aad.domains") == [(tenant.tenant_id,)]


def test_a_rejected_property_is_left_out_and_its_stored_values_stay(tenant: DemoServer, place_for: PlaceFor) -> None:
    place = place_for(tenant)
    assert place.materialize('key:"aad/users"').returncode == 0
    before = place.query("SELECT id, jobTitle FROM aad.users ORDER BY id")
    tenant.faults(
        [
            {"kind": "refuse_select", "path": "/users", "property": "jobTitle"},
            {"kind": "refuse_select", "path": "/users", "property": "city", "status": 403},
        ]
    )

    assert place.materialize('key:"aad/users"').returncode == 0

    assert place.query("SELECT id, jobTitle FROM aad.users ORDER BY id") == before
    changes, updated = place.query("SELECT schema_changes, updated FROM aad_meta.loads ORDER BY started_at DESC LIMIT 1")[0]
    assert "jobTitle" in changes
    assert "city" in changes
    assert updated == 0


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "same_link", "path": "/groups"},
        {"kind": "foreign_link", "path": "/groups"},
    ],
    ids=lambda fault: str(fault["kind"]),
)
def test_pages_that_break_the_protocol_are_not_published(
    place_for: PlaceFor, large_groups: DemoServer, fault: dict[str, str]
) -> None:
    place = place_for(large_groups)
    large_groups.faults([fault])

    result = place.materialize('key:"aad/groups"')

    assert_one_message(result, "groups", "nextLink")
    assert place.query("SELECT status FROM aad_meta.loads") == [("failed",)]


@pytest.fixture
def large_groups() -> Iterator[DemoServer]:
    """Yield a tenant with more than one page of groups."""
    with DemoServer(users=8_200, no_quota=True) as server:
        yield server
