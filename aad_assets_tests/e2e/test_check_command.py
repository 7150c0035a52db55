"""`aad-assets check` against demo tenants: readable entities, permissions to grant, and missing licences."""

import asyncio
import json
import re
from collections.abc import Iterator

import pytest

from aad_assets.catalog import CATALOG, ENTITIES
from aad_assets.catalog.entity import HIDDEN_MEMBERS
from aad_assets.demo import DemoServer
from aad_assets.graph.probing.findings import Status
from aad_assets.graph.probing.tenant import probe_tenant
from aad_assets.settings import Settings
from aad_assets_tests.e2e.commands import Commands
from aad_assets_tests.identity.signing_in import sign_in

WITHHELD = ("AuditLog.Read.All", "Policy.Read.All", "Policy.Read.PermissionGrant")
ON = [entity for entity in ENTITIES if entity.on]
PERSONAL = {entity.table for entity in ENTITIES if not entity.app_only}
NEEDS_PERSON = "needs a signed-in person (AAD_AUTH=delegated)"
EXTRA = {"User-LifeCycleInfo.Read.All", "PrivilegedAccess.Read.AzureADGroup"}
"""Permissions of a column, and of a list that saves requests."""


def permissions(*, delegated: bool) -> list[str]:
    """Return the permissions to grant."""
    readable = [entity for entity in ON if delegated or entity.table not in PERSONAL]
    return sorted(EXTRA | {name for entity in readable for name in entity.permissions})


def needed(table: str) -> set[str]:
    """Return the permissions of a table and of its parents."""
    entity = CATALOG[table]
    return {*entity.permissions, *(needed(entity.parent) if entity.parent else ())}


def results(text: str) -> dict[str, str]:
    """Return the printed table as results by entity."""
    return {found[1]: found[2] for line in text.splitlines() if (found := re.match(r"(\w+) {2,}(\S.*)", line))}


@pytest.fixture(scope="module")
def withheld_tenant() -> Iterator[DemoServer]:
    with DemoServer(users=60, no_quota=True, without_permission=(*WITHHELD, HIDDEN_MEMBERS)) as server:
        yield server


@pytest.fixture(scope="module")
def free_tenant() -> Iterator[DemoServer]:
    with DemoServer(users=60, no_quota=True, licences=()) as server:
        yield server


def test_with_every_permission_all_entities_are_readable(commands: Commands, shared_tenant: DemoServer) -> None:
    result = commands.reach(shared_tenant).run("check")

    assert result.code == 0, result.out
    assert list(results(result.out)) == [entity.table for entity in ON]
    found = results(result.out)
    assert {table for table, text in found.items() if text == NEEDS_PERSON} == PERSONAL & set(found)
    assert set(found.values()) <= {"readable", "readable (no parents to try)", NEEDS_PERSON}
    skipped = len(PERSONAL & set(found))
    assert f"Readable: {len(ON) - skipped} of {len(ON)} entities. Skipped: {skipped}. Failed: 0." in result.out
    assert all(f"\n  {name}\n" in result.out for name in permissions(delegated=False))
    assert "No permission is missing." in result.out
    assert HIDDEN_MEMBERS not in result.out
    consent = f"{shared_tenant.authority_url}/{shared_tenant.tenant_id}/adminconsent?client_id={shared_tenant.client_id}"
    assert result.out.endswith(f"{consent}\n")
    assert not [line for line in result.err.splitlines() if "entities …" not in line], (
        "nothing but progress of a slow machine"
    )
    assert shared_tenant.client_secret not in result.out


def test_all_also_tries_entities_that_are_off(commands: Commands, shared_tenant: DemoServer) -> None:
    result = commands.reach(shared_tenant).run("check", "--all")

    assert result.code == 0
    assert set(results(result.out)) == set(CATALOG)
    assert results(result.out)["user_authentication_methods"] == "off; readable"


def test_missing_permissions_are_named_for_each_entity(commands: Commands, withheld_tenant: DemoServer) -> None:
    result = commands.reach(withheld_tenant).run("check", "--json")
    report = json.loads(result.out)
    entities = {each["entity"]: each for each in report["entities"]}

    assert result.code == 1
    assert report["missing_permissions"] == sorted(WITHHELD)
    assert report["permissions"] == permissions(delegated=False)
    assert not report["readable"]
    for table, each in entities.items():
        missing = needed(table) & set(WITHHELD)
        if each["status"] == "permission_missing":
            assert set(each["missing_permissions"]) == missing
            assert each["http_status"] == 403
            assert each["request_id"]
        else:
            # Directory.Read.All, which is granted, covers some entities as well.
            assert each["status"] == ("person_needed" if table in PERSONAL else "readable"), each
    assert entities["authorization_policy"]["status"] == "permission_missing"
    assert entities["sign_ins"]["status"] == "permission_missing"
    assert entities["permission_grant_policies"]["status"] == "permission_missing"
    assert entities["users"]["status"] == "readable"


def test_entities_that_are_off_do_not_fail_the_check(commands: Commands, withheld_tenant: DemoServer) -> None:
    denied = [entity.table for entity in ENTITIES if needed(entity.table) & set(WITHHELD)]
    commands.write("entities:\n" + "".join(f"  {table}: off\n" for table in denied))
    commands.reach(withheld_tenant).set(AAD_CONNECTION_METADATA="entra.yaml")

    result, whole = commands.run("check"), commands.run("check", "--all")

    assert result.code == whole.code == 0
    assert not set(denied) & set(results(result.out))
    assert not set(WITHHELD) & set(result.out.split())
    assert results(whole.out)["authorization_policy"] == "off; permission missing: Policy.Read.All"
    listed = "".join(f"\n  {name}" for name in sorted(WITHHELD))
    assert f"\nMissing permissions (3):{listed}\n" in whole.out
    assert f"\nIf groups or administrative_units hide their members, grant {HIDDEN_MEMBERS} as well.\n" in whole.out


def test_missing_licences_are_named_and_do_not_fail_the_check(commands: Commands, free_tenant: DemoServer) -> None:
    commands.reach(free_tenant)
    result = commands.run("check", "--json")
    report = json.loads(result.out)

    assert result.code == 0
    assert report["readable"]
    for each in report["entities"]:
        entity = CATALOG[each["entity"]]
        assert each["licence"] == entity.licence
        expected = "person_needed" if entity.table in PERSONAL else "licence_missing" if entity.licence else "readable"
        assert each["status"] == expected, each


def test_the_wrong_cloud_is_one_line_that_names_the_setting(commands: Commands, shared_tenant: DemoServer) -> None:
    commands.reach(shared_tenant).set(AAD_CLOUD="china", AAD_GRAPH_BASE_URL="")

    result = commands.run("check")

    assert result.code == 1
    assert result.out == ""
    assert result.err.count("\n") == 1
    assert result.err.startswith("aad-assets: Sign-in failed: AADSTS")
    assert "AAD_CLOUD" in result.err


def test_extension_properties_are_requested_as_in_a_reload(shared_tenant: DemoServer) -> None:
    connection = Settings.from_environment(shared_tenant.environment()).connection
    report = asyncio.run(probe_tenant(connection, [CATALOG["users"], CATALOG["deleted_users"]]))
    users, deleted = (finding.entity for finding in report.findings)

    properties = {each["name"] for each in shared_tenant.objects("extension_properties") if "User" in each["targetObjects"]}
    assert properties == set(users.select) - set(CATALOG["users"].select)
    assert deleted == CATALOG["deleted_users"]
    assert {finding.status for finding in report.findings} == {Status.READABLE}
    assert report.tenant_id == shared_tenant.tenant_id
    assert report.granted
    assert "User.Read.All" in report.granted


def test_missing_settings_are_one_line(commands: Commands) -> None:
    result = commands.run("check")

    assert (result.code, result.out, result.err.count("\n")) == (1, "", 1)
    assert all(name in result.err for name in ("AAD_TENANT_ID", "AAD_CLIENT_ID", "AAD_CLIENT_SECRET"))


def test_settings_in_the_env_file_override_the_environment(commands: Commands, shared_tenant: DemoServer) -> None:
    reach = shared_tenant.environment() | {"AAD_CLIENT_SECRET": "from-the-file"}
    commands.set(AAD_CLIENT_SECRET=shared_tenant.client_secret)
    commands.write("".join(f"{name}={value}\n" for name, value in reach.items()), ".env")

    result = commands.run("check")

    assert result.code == 1
    assert "AADSTS7000215" in result.err, "Dagster uses the value in the file as well"
    assert "from-the-file" not in result.err


def test_the_account_is_named(commands: Commands, shared_tenant: DemoServer) -> None:
    reached = commands.reach(shared_tenant)
    reached.set(AZURE_POD_IDENTITY_AUTHORITY_HOST=shared_tenant.authority_url, AAD_CLIENT_SECRET="")
    reached.set(AAD_MANAGED_IDENTITY="system", AAD_CLIENT_ID="")
    machine = reached.run("check")

    assert machine.code == 0, machine.err
    assert " as managed identity (system), reading " in machine.out
    assert machine.out.endswith("docs/register-app.sh managed-identity OBJECT_ID.\n")

    place = str(commands.folder / "sign-in.json")
    person = {"AAD_AUTH": "delegated", "AAD_TOKEN_CACHE": place, "AAD_CLIENT_ID": shared_tenant.client_id}
    reached.set(**person, AAD_MANAGED_IDENTITY="", AAD_CLIENT_SECRET=shared_tenant.client_secret)
    sign_in(shared_tenant, Settings.from_environment().connection)
    somebody = reached.run("check")

    assert somebody.code == 0, somebody.err
    assert f" as a person, through application {shared_tenant.client_id}, reading " in somebody.out
    assert f"Delegated permissions to grant ({len(permissions(delegated=True))}):" in somebody.out
