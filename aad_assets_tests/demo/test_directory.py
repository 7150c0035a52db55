"""The directory is one whole: references resolve, counts agree, and the seed alone decides."""

from collections import Counter
from datetime import date
from typing import Any

import msgspec
import pytest

from aad_assets.demo.collections import BY_TABLE, COLLECTIONS
from aad_assets.demo.directory.edges import target
from aad_assets.demo.directory.names import GIVEN, SURNAMES
from aad_assets.demo.directory.rendering import Kind
from aad_assets.demo.tenant import Directory

EPOCH = date(2026, 11, 2)


def build(users: int = 400, day: int = 0, seed: int = 1) -> Directory:
    return Directory(seed, users, day, "contoso.example", EPOCH)


def rows(kind: Kind, *names: str) -> list[dict[str, Any]]:
    return [msgspec.json.decode(row) for row in kind.render(kind.keys(), names or kind.properties)]


@pytest.fixture(scope="module", params=[(10, 0), (60, 40), (400, 0), (1500, 25)], ids=str)
def directory(request: pytest.FixtureRequest) -> Directory:
    return build(*request.param)


def test_ids_and_names_are_unique(directory: Directory) -> None:
    for collection in COLLECTIONS:
        if "{id}" not in collection.path and collection.key:
            if collection.log:  # tens of thousands of rows, which test_logs.py looks at
                continue
            ids = [row[collection.key] for row in rows(collection.rows(directory, ()), collection.key)]
            assert len(set(ids)) == len(ids), collection.table
    names = [row["userPrincipalName"].lower() for row in rows(directory.people.kind, "userPrincipalName")]
    assert len(set(names)) == len(names)


def test_aliases_are_unambiguous() -> None:
    for names in (GIVEN, SURNAMES):
        assert len({name.alias for name in names}) == len(names)
        assert all(name.alias for name in names)


def test_ids_lead_back(directory: Directory) -> None:
    for collection in COLLECTIONS:
        if "{id}" not in collection.path and collection.key:
            kind = collection.rows(directory, ())
            for key in list(kind.keys())[:20]:
                id_ = msgspec.json.decode(kind.render((key,), (collection.key,))[0])[collection.key]
                assert kind.key(id_) == key


def test_members_and_owners_exist(directory: Directory) -> None:
    alive = {
        type_: set(directory.objects.kind(type_).keys())
        for type_ in ("user", "group", "device", "servicePrincipal", "orgContact")
    }
    for group in directory.groups.population.active:
        for keys in (directory.groups.members(group), directory.groups.owners(group)):
            assert list(keys) == sorted(set(keys))
            assert all(index in alive[type_] for type_, index in map(target, keys))
    for unit in range(directory.units.count):
        assert all(index in alive[type_] for type_, index in map(target, directory.units.members(unit)))


def test_managers_form_a_tree(directory: Directory) -> None:
    people = directory.people
    managers = {user: people.manager(user) for user in people.population.active}
    assert all(manager is None or (manager < user and manager in managers) for user, manager in managers.items())
    assert managers[0] is None


def test_licences_sum_up(directory: Directory) -> None:
    held = Counter(
        licence["skuId"] for row in rows(directory.people.kind, "assignedLicenses") for licence in row["assignedLicenses"]
    )
    for sku in rows(directory.tenant.skus):
        assert sku["consumedUnits"] == held[sku["skuId"]] <= sku["prepaidUnits"]["enabled"]


def test_licences_by_group_mean_membership(directory: Directory) -> None:
    members = {index for _, index in map(target, directory.groups.members(1))}
    for key in directory.people.population.active:
        state = msgspec.json.decode(directory.people.kind.render((key,), ("licenseAssignmentStates",))[0])
        groups = {each["assignedByGroup"] for each in state["licenseAssignmentStates"]}
        assert (directory.groups.ids.guid(1) in groups) == (key in members)


def test_assignments_resolve(directory: Directory) -> None:
    users = {row["id"] for row in rows(directory.people.kind, "id")}
    groups = {row["id"] for row in rows(directory.groups.kind, "id")}
    principals = {row["id"] for row in rows(directory.principals.kind, "id")}
    collection = BY_TABLE["app_role_assignments"]
    seen = set()
    for key in directory.principals.kind.keys():  # noqa: SIM118 - not a dict
        roles = {role["id"] for role in directory.principals.app_roles(key)} | {"00000000-0000-0000-0000-000000000000"}
        for row in rows(collection.rows(directory, (key,))):
            holders = {"User": users, "Group": groups, "ServicePrincipal": principals}[row["principalType"]]
            assert row["principalId"] in holders
            assert row["resourceId"] in principals
            assert row["appRoleId"] in roles
            assert row["id"] not in seen
            seen.add(row["id"])
    for row in rows(directory.grants.delegated):
        assert row["clientId"] in principals
        assert row["resourceId"] in principals
        assert (row["principalId"] is None) == (row["consentType"] == "AllPrincipals")
        assert row["principalId"] is None or row["principalId"] in users
    definitions = {row["id"] for row in rows(directory.roles.definitions)}
    units = {f"/administrativeUnits/{row['id']}" for row in rows(directory.units.kind, "id")}
    for row in rows(directory.roles.assignments):
        assert row["roleDefinitionId"] in definitions
        assert row["principalId"] in users | groups | principals
        scope = row["directoryScopeId"]
        assert scope == "/" or scope in units or directory.applications.key(scope[1:]) is not None


def test_every_app_has_a_service_principal(directory: Directory) -> None:
    apps = {row["appId"] for row in rows(directory.applications.kind, "appId")}
    assert apps <= {row["appId"] for row in rows(directory.principals.kind, "appId")}
    assert directory.context.client_id in apps


def test_sizes() -> None:
    directory = build(5000)
    assert len(directory.people.population) == 5000
    assert len(directory.groups.population) == 625
    assert len(directory.groups.members(0)) > 1600
    assert len(directory.devices.population) == 4000
    assert len(directory.applications.population) == 70


def test_special_first_characters() -> None:
    people = build(400).people
    letters = {people.principal_name(key)[0] for key in people.population.active}
    assert set("'.-_!#^~") <= letters
    assert letters & set("0123456789")


def everything(directory: Directory) -> dict[str, list[str]]:
    return {
        each.table: each.rows(directory, ()).render(each.rows(directory, ()).keys(), each.rows(directory, ()).properties)
        for each in COLLECTIONS
        if "{id}" not in each.path and not each.log  # a log does not depend on the day
    }


def test_seed_and_day_decide_everything() -> None:
    assert everything(build(200, 7)) == everything(build(200, 7))
    assert everything(build(200, 7, seed=2))["users"] != everything(build(200, 7))["users"]


@pytest.mark.parametrize("users", [10, 60, 1000])
@pytest.mark.parametrize("day", [0, 9])
def test_a_day_changes_a_little_of_everything(users: int, day: int) -> None:
    before, after = build(users, day), build(users, day + 1)
    old, new = ({row["id"]: row for row in rows(each.people.kind)} for each in (before, after))
    joined, left = new.keys() - old.keys(), old.keys() - new.keys()
    moved = [id_ for id_ in old.keys() & new.keys() if old[id_] != new[id_]]
    assert len(joined) >= 2
    assert left or users < 12
    assert 0 < len(moved) <= max(12, users * 0.02)
    for old_rows, new_rows in zip(everything(before).items(), everything(after).items(), strict=True):
        changed = sum(a != b for a, b in zip(old_rows[1], new_rows[1], strict=False))
        assert old_rows[0] != "applications" or changed
    members = [
        {(group, key) for group in each.groups.population.active for key in each.groups.members(group)}
        for each in (before, after)
    ]
    assert members[0] != members[1]


def test_unknown_ids_are_not_found() -> None:
    people = build(50, 20).people
    gone = next(iter(people.population.gone))
    assert people.kind.key(people.ids.guid(gone)) is None
    assert people.kind.key(people.ids.guid(10_000)) is None
    assert people.kind.key("nonsense") is None
