"""Roles, privileged identity management, logs, security, and small children: rows, ids, references, from day to day."""

from collections.abc import Iterator
from datetime import date

import msgspec
import pytest

from aad_assets.demo.collections import Collection
from aad_assets.demo.control import truth
from aad_assets.demo.directory.rendering import SCHEMA
from aad_assets.demo.tenant import Directory

from .client import Client, asking, error_code, expanding, where
from .tenants import directory, in_areas, rows

AREAS = in_areas("roles", "logs", "security", "children")
NEVER = {"deletedDateTime", "appScopeId", "customData"}
"""Properties that no row has a value for, as in most real tenants."""

by_table = pytest.mark.parametrize("collection", AREAS, ids=lambda each: each.table)


@by_table
def test_there_are_rows_with_an_id_of_their_own(collection: Collection) -> None:
    ids = [(row.get("parent"), row["id"]) for row in rows(collection.table)]
    assert ids
    assert len(set(ids)) == len(ids)


OBJECTS = [each for each in AREAS if not each.related and each.form != "view"]


@pytest.mark.parametrize("collection", OBJECTS, ids=lambda each: each.table)
def test_every_declared_property_has_a_value_in_some_row(collection: Collection) -> None:
    for name in set(SCHEMA[collection.type]) - NEVER:
        assert any(row[name] not in (None, "", [], {}) for row in rows(collection.table)), name


@by_table
def test_the_same_tenant_twice(collection: Collection) -> None:
    again = Directory(1, 300, 0, "contoso.example", date(2026, 11, 2))
    assert "".join(truth(again, collection, None)) == "".join(truth(directory(), collection, None))


@pytest.mark.parametrize("users", [10, 30])
@by_table
def test_a_small_tenant_has_most_of_them(collection: Collection, users: int) -> None:
    assert rows(collection.table, users=users) or collection.table in ("risky_users", "risk_detections")


def ids(table: str, name: str = "id", day: int = 0) -> set[str]:
    return {row[name] for row in rows(table, day)}


def references() -> Iterator[tuple[str, str, set[str]]]:
    """Table, property, what it may hold."""
    principals = ids("users") | ids("groups") | ids("service_principals")
    for table in (
        *("role_assignment_schedules", "role_assignment_schedule_instances", "role_eligibility_schedules"),
        "role_eligibility_schedule_instances",
    ):
        yield table, "principalId", principals
        yield table, "roleDefinitionId", ids("role_definitions")
    yield "role_assignment_schedule_instances", "roleAssignmentScheduleId", ids("role_assignment_schedules")
    yield "role_assignment_schedule_instances", "roleAssignmentOriginId", ids("role_assignments")
    yield "role_eligibility_schedule_instances", "roleEligibilityScheduleId", ids("role_eligibility_schedules")
    yield "role_management_policy_assignments", "policyId", ids("role_management_policies")
    yield "role_management_policy_assignments", "roleDefinitionId", ids("role_definitions")
    for table in ("group_eligibility_schedule_instances", "group_assignment_schedule_instances"):
        yield table, "groupId", ids("pim_groups")
        yield table, "principalId", principals
    yield "directory_roles", "roleTemplateId", ids("directory_role_templates") & ids("role_definitions")
    yield "administrative_unit_scoped_role_members", "roleId", ids("directory_roles")
    yield "administrative_unit_scoped_role_members", "administrativeUnitId", ids("administrative_units")
    yield "user_registration_details", "id", ids("users")
    yield "user_registration_details", "userPrincipalName", ids("users", "userPrincipalName")
    yield "user_sign_in_activity", "id", ids("users")
    yield "risky_users", "id", ids("users")
    yield "risk_detections", "userId", ids("risky_users")
    yield "risky_service_principals", "id", ids("service_principals")
    yield "risky_service_principals", "appId", ids("service_principals", "appId")
    yield "service_principal_risk_detections", "servicePrincipalId", ids("risky_service_principals")
    yield "sign_ins", "userId", ids("users")
    yield "sign_ins", "userPrincipalName", ids("users", "userPrincipalName")
    yield "sign_ins", "appId", ids("service_principals", "appId")
    yield "sign_ins", "resourceId", ids("service_principals", "appId")
    yield "sign_ins", "servicePrincipalId", ids("service_principals") | {None}  # type: ignore[arg-type]


@pytest.mark.parametrize("reference", list(references()), ids=lambda each: f"{each[0]}.{each[1]}")
def test_references_resolve(reference: tuple[str, str, set[str]]) -> None:
    table, name, known = reference
    assert {row[name] for row in rows(table)} <= known


CHILDREN = [
    ("directory_role_members", "directory_roles", {"users", "groups", "service_principals"}),
    ("device_registered_owners", "devices", {"users"}),
    ("device_registered_users", "devices", {"users"}),
    ("user_managers", "users", {"users"}),
    ("application_federated_identity_credentials", "applications", set()),
    ("delegated_permission_classifications", "service_principals", set()),
    ("administrative_unit_scoped_role_members", "administrative_units", set()),
]


@pytest.mark.parametrize(("table", "parent", "members"), CHILDREN)
def test_children_name_their_parents(table: str, parent: str, members: set[str]) -> None:
    assert ids(table, "parent") <= ids(parent)
    if members:
        assert ids(table) <= set[str]().union(*map(ids, members))
        assert {row["type"] for row in rows(table)} <= {"user", "group", "servicePrincipal"}


def test_nested_references_of_the_logs_resolve() -> None:
    users, principals = ids("users"), ids("service_principals")
    targets = {
        "User": users | ids("deleted_users"),
        "Group": ids("groups") | ids("deleted_groups"),
        "ServicePrincipal": principals | ids("deleted_service_principals"),
        "Application": ids("applications") | ids("deleted_applications"),
        "Device": ids("devices") | ids("deleted_devices"),
        "AdministrativeUnit": ids("administrative_units") | ids("deleted_administrative_units"),
        "ConditionalAccessPolicy": ids("conditional_access_policies"),
        "NamedLocation": ids("named_locations"),
        "AccessPackage": ids("access_packages"),
    }
    gone = set()
    for row in rows("directory_audits"):
        by, purged = row["initiatedBy"], row["activityDisplayName"].lower().startswith("hard delete")
        if by["user"]:
            assert by["user"]["id"] in users
        else:
            # Of services of Microsoft the log has the name alone.
            assert by["app"]["servicePrincipalId"] in principals | {None}
            assert by["app"]["displayName"]
        for target in row["targetResources"]:
            if purged:
                gone.add(target["id"])
            elif target["id"] not in targets.get(target["type"], {target["id"]}):
                gone.add(target["id"])
                assert row["activityDisplayName"].startswith(("Delete", "Remove")), row
    assert gone
    assert not gone & set[str]().union(*targets.values())
    for row in rows("provisioning_events"):
        assert row["sourceIdentity"]["id"] in users
        assert row["servicePrincipal"]["id"] in principals
    devices, policies = ids("devices", "deviceId"), ids("conditional_access_policies")
    for row in rows("sign_ins")[:3000]:
        assert row["deviceDetail"]["deviceId"] in devices | {""}
        assert {policy["id"] for policy in row["appliedConditionalAccessPolicies"]} <= policies


def test_activations_are_assignments_of_the_eligible() -> None:
    def grants(table: str, **wanted: str) -> set[tuple[str, ...]]:
        found = [row for row in rows(table) if all(row[name] == value for name, value in wanted.items())]
        return {(row["roleDefinitionId"], row["principalId"], row["directoryScopeId"]) for row in found}

    activated = grants("role_assignment_schedules", assignmentType="Activated")
    assert activated
    assert activated <= grants("role_eligibility_schedules")
    assert grants("role_assignments") == grants("role_assignment_schedules")
    members = {(row["parent"], row["id"]) for row in rows("directory_role_members")}
    active = {row["roleTemplateId"]: row["id"] for row in rows("directory_roles")}
    built_in = {row["id"] for row in rows("directory_role_templates")}
    held = grants("role_assignments")
    assert members == {(active[role], who) for role, who, scope in held if scope == "/" and role in built_in}
    scoped = {(row["parent"], row["roleMemberInfo"]["id"]) for row in rows("administrative_unit_scoped_role_members")}
    units = "/administrativeUnits/"
    assert scoped == {(scope.removeprefix(units), who) for _, who, scope in held if scope.startswith(units)}


def test_managers_are_those_that_expand_shows(client: Client) -> None:
    shown = client.rows("/users?$select=id&$expand=manager($select=id)&$top=999")
    expected = {(row["id"], row["manager"]["id"]) for row in shown if "manager" in row}
    assert {(row["parent"], row["id"]) for row in client.demo.objects("user_managers")} == expected
    user, manager = next(iter(expected))
    assert client.get(f"/users/{user}/manager?$select=id").json()["id"] == manager
    alone = next(row["id"] for row in shown if "manager" not in row)
    assert client.get(f"/users/{alone}/manager").status_code == 404


def test_sign_in_activity_is_absent_for_those_who_never_signed_in(client: Client) -> None:
    shown = client.rows("/users?$select=id,signInActivity&$top=500")
    assert any("signInActivity" not in row for row in shown)
    assert [row for row in shown if "signInActivity" in row] == list(client.demo.objects("user_sign_in_activity"))


CONSTANT = (
    *("directory_role_templates", "role_management_policy_assignments", "group_role_management_policy_assignments"),
    "pim_groups",
)
CHANGING = [each for each in AREAS if each.table not in CONSTANT and not each.log]


@pytest.mark.parametrize("collection", CHANGING, ids=lambda each: each.table)
def test_two_weeks_change_something_and_not_everything(collection: Collection) -> None:
    before, after = ({msgspec.json.encode(row) for row in rows(collection.table, day)} for day in (0, 13))
    assert before != after
    same = {(row.get("parent"), row["id"]) for row in rows(collection.table)}
    assert same & {(row.get("parent"), row["id"]) for row in rows(collection.table, 13)}


LISTS = [each for each in AREAS if "{id}" not in each.path and each.form == "list" and not (each.required or each.log)]


@pytest.mark.parametrize("collection", LISTS, ids=lambda each: each.table)
def test_what_the_wire_shows_is_the_truth(client: Client, collection: Collection) -> None:
    shown = client.rows(asking(client, collection) + expanding(collection))
    assert shown == list(client.demo.objects(collection.table))


UNDER = [each for each in AREAS if "{id}" in each.path and each.form == "list"]


@pytest.mark.parametrize("collection", UNDER, ids=lambda each: each.table)
def test_what_the_wire_shows_of_children_is_the_truth(client: Client, collection: Collection) -> None:
    expected = list(client.demo.objects(collection.table))
    for parent in list(dict.fromkeys(row["parent"] for row in expected))[:5]:
        shown = client.rows(f"{where(collection).replace('{id}', parent)}?$select=id")
        assert [row["id"] for row in shown] == [row["id"] for row in expected if row["parent"] == parent]
        assert list(client.demo.objects(collection.table, parent)) == [row for row in expected if row["parent"] == parent]


REQUIRED = [each for each in AREAS if each.required]


@pytest.mark.parametrize("collection", REQUIRED, ids=lambda each: each.table)
def test_some_lists_need_a_filter(client: Client, collection: Collection) -> None:
    code = "UnknownError" if "olicies" in collection.path or "olicy" in collection.path else "MissingParameters"
    assert error_code(client.get(where(collection))) == (400, code)
    assert error_code(client.get(f"{where(collection)}?$filter=id eq 'x'")) == (400, code)
    found = client.rows(asking(client, collection) + expanding(collection))
    truths = list(client.demo.objects(collection.table))
    first = truths[0]
    names = collection.required[0]
    assert found == [row for row in truths if all(row[name] == first[name] for name in names)]


def test_groups_that_are_not_onboarded_have_no_eligibilities(client: Client) -> None:
    onboarded = {row["id"] for row in client.demo.objects("pim_groups")}
    plain = next(row["id"] for row in client.demo.objects("groups") if row["id"] not in onboarded)
    url = "/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances"
    assert client.rows(f"{url}?$filter=groupId eq '{plain}'") == []


@pytest.mark.parametrize("path", ["/directoryRoles", "/directoryRoleTemplates"])
def test_roles_do_not_page(client: Client, path: str) -> None:
    assert client.get(f"{path}?$top=5").status_code == 400
    assert "@odata.nextLink" not in client.get(path).json()


def test_filters_on_small_collections(client: Client) -> None:
    users = list(client.demo.objects("risky_users"))
    at_risk = client.rows("/identityProtection/riskyUsers?$filter=riskState eq 'atRisk'")
    assert at_risk == [row for row in users if row["riskState"] == "atRisk"] != []
    assert error_code(client.get("/identityProtection/riskyUsers?$top=501")) == (400, "Request_UnsupportedQuery")
    assert error_code(client.get("/identityProtection/riskDetections?$top=501")) == (400, "Request_UnsupportedQuery")
