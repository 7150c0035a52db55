"""`aad-assets metadata`: write a file, and check it alone and against the tenant."""

import pytest

from aad_assets.catalog import ENTITIES
from aad_assets.demo import DemoServer
from aad_assets.metadata import apply, export, parse
from aad_assets_tests.e2e.commands import Commands

OFF = {entity.table for entity in ENTITIES if not entity.on}


def extensions_of(server: DemoServer, type_: str) -> list[str]:
    return sorted(each["name"] for each in server.objects("extension_properties") if type_ in each["targetObjects"])


def test_export_writes_the_effective_metadata(commands: Commands) -> None:
    assert commands.run("metadata", "export").out == export()

    commands.write("entities: {risky_users: off, users: {columns: {mobilePhone: off}}}", "mine.yaml")
    commands.set(AAD_CONNECTION_METADATA="mine.yaml")
    result = commands.run("metadata", "export", "--output", "new.yaml")

    assert result.code == 0
    assert "AAD_CONNECTION_METADATA=new.yaml" in result.out
    written = apply(parse((commands.folder / "new.yaml").read_text("utf-8")))
    assert {entity.table for entity in written if not entity.on} == OFF | {"risky_users"}
    assert [
        new.table for new, usual in zip(written, ENTITIES, strict=True) if new.disabled_columns != usual.disabled_columns
    ] == ["users"]


def test_export_into_the_file_that_the_setting_names_already(commands: Commands) -> None:
    commands.set(AAD_CONNECTION_METADATA="entra.yaml")

    first, again = (commands.run("metadata", "export", "--output", "entra.yaml") for _ in range(2))

    assert (first.code, again.code) == (0, 1)
    assert "entra.yaml already exists" in again.err
    assert apply(parse((commands.folder / "entra.yaml").read_text("utf-8"))) == ENTITIES


def test_export_to_a_folder_that_does_not_exist(commands: Commands) -> None:
    result = commands.run("metadata", "export", "--output", "nowhere/entra.yaml")

    assert (result.code, result.out) == (1, "")
    assert "nowhere/entra.yaml cannot be written" in result.err


def test_check_without_a_file(commands: Commands) -> None:
    result = commands.run("metadata", "check")

    assert result.code == 1
    assert "AAD_CONNECTION_METADATA" in result.err


@pytest.mark.parametrize("named_by", ["argument", "setting"])
def test_mistakes_are_reported_with_their_lines_before_any_request(commands: Commands, named_by: str) -> None:
    path = commands.write("entities:\n  user: on\n  groups:\n    key: [mail]\n")
    commands.set(AAD_CONNECTION_METADATA=str(path) if named_by == "setting" else "")

    result = commands.run("metadata", "check", *([str(path)] if named_by == "argument" else []))

    assert (result.code, result.out) == (1, "")
    assert "line 2: there is no entity 'user'" in result.err
    assert "line 4: the key of groups is [id]" in result.err


def test_offline_a_complete_file_is_valid_without_any_request(commands: Commands) -> None:
    commands.write(export())

    result = commands.run("metadata", "check", "entra.yaml", "--offline")

    assert result.code == 0
    on = sum(entity.on for entity in ENTITIES)
    assert result.out == f"entra.yaml is valid: {on} of {len(ENTITIES)} entities are on, and 4 of their columns are off.\n"


def test_columns_that_the_file_does_not_name_are_listed_but_not_entities(commands: Commands) -> None:
    text = export([entity for entity in ENTITIES if entity.table != "contracts"])
    commands.write(text.replace("      mobilePhone: on\n", ""))

    result = commands.run("metadata", "check", "entra.yaml", "--offline")

    assert result.out.splitlines()[1:] == [
        f"{table}: columns that the file does not name are on: mobilePhone." for table in ("users", "deleted_users")
    ]


def test_extension_properties_that_are_new_or_gone_are_listed(commands: Commands, shared_tenant: DemoServer) -> None:
    known, *others = extensions_of(shared_tenant, "User")
    gone = "extension_00000000000000000000000000000000_gone"
    in_another_case = f"extension_{known.removeprefix('extension_').upper()}"
    commands.write(f"entities:\n  users:\n    columns:\n      {in_another_case}: on\n      {gone}: off\n  groups: off\n")

    result = commands.reach(shared_tenant).run("metadata", "check", "entra.yaml")

    assert result.code == 0
    lines = [line for line in result.out.splitlines() if ": extension properties" in line]
    assert f"users: extension properties that the tenant does not have: {gone}. Delete the lines." in lines
    assert f"users: extension properties that the file does not name are on: {', '.join(others)}." in lines
    assert not [line for line in lines if line.startswith(("groups", "domains"))], "off, or not extensible"


def test_rejected_columns_and_undeclared_properties_are_listed(commands: Commands, tenant: DemoServer) -> None:
    commands.write(export())
    tenant.faults(
        [
            {"kind": "refuse_select", "path": "/users", "property": "jobTitle"},
            {"kind": "unknown_property", "path": "/roleManagement/directory/roleDefinitions"},
            {"kind": "deny", "path": "/domains"},
            {"kind": "unlicensed", "path": "/identityProtection/riskyUsers"},
        ]
    )

    result = commands.reach(tenant).run("metadata", "check", "entra.yaml")

    assert result.code == 0
    lines = result.out.splitlines()
    assert "users: Graph rejects columns: jobTitle. Turn them off." in lines
    assert "role_definitions: Graph sends undeclared properties (kept in _extra): DisplayNAME, undeclaredProperty." in lines
    assert any(line.startswith("domains: permissions granted, but rejected: GET /domains returned 403") for line in lines)
    assert "risky_users: licence missing: Microsoft Entra ID P2." in lines
