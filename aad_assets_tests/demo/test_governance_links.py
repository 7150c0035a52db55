"""Governance and privileged identity management: what refers to what, and the stories that the rows tell."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from aad_assets.demo.protocol.errors import GraphError

from .client import Client, Json, error_code
from .tenants import ask, by_id, rows

DAYS = (0, 45)


def values(table: str, *path: str, day: int = 0) -> set[Any]:
    """Return the values at a path inside the rows; rows without it are left out."""
    found: set[Any] = set()
    for row in rows(table, day):
        value: Any = row
        for name in path:
            value = value and value.get(name)
        if value is not None:
            found.add(value)
    return found


def links() -> Iterator[tuple[str, tuple[str, ...], tuple[str, ...]]]:
    """Table, path of a reference inside its rows, and the tables one of which has an object with that key."""
    people, principals = ("users",), ("users", "groups", "service_principals")
    yield "access_packages", ("catalog", "id"), ("access_package_catalogs",)
    for link, target in (
        (("accessPackage", "id"), ("access_packages",)),
        (("assignmentPolicy", "id"), ("access_package_assignment_policies",)),
        (("target", "objectId"), people),
    ):
        yield "access_package_assignments", link, target
    yield "access_package_assignment_policies", ("accessPackage", "id"), ("access_packages",)
    yield "access_package_assignment_policies", ("catalog", "id"), ("access_package_catalogs",)
    yield "access_package_assignment_requests", ("accessPackage", "id"), ("access_packages",)
    yield "access_package_assignment_requests", ("assignment", "id"), ("access_package_assignments",)
    yield "access_package_assignment_requests", ("requestor", "objectId"), people
    yield "access_package_resource_role_scopes", ("parent",), ("access_packages",)
    yield "access_package_catalog_resources", ("parent",), ("access_package_catalogs",)
    yield "access_package_incompatible_packages", ("id",), ("access_packages",)
    yield "access_package_incompatible_groups", ("id",), ("groups",)
    yield "entitlement_role_assignments", ("principalId",), principals
    yield "entitlement_role_assignments", ("roleDefinitionId",), ("entitlement_role_definitions",)
    yield "connected_organization_internal_sponsors", ("id",), people
    yield "connected_organization_external_sponsors", ("id",), people
    yield "access_review_contacted_reviewers", ("id",), people
    yield "terms_of_use_acceptances", ("agreementId",), ("terms_of_use_agreements",)
    yield "terms_of_use_acceptances", ("userId",), people
    yield "user_consent_requests", ("parent",), ("app_consent_requests",)
    yield "user_consent_requests", ("createdBy", "user", "id"), people
    yield "lifecycle_workflow_tasks", ("taskDefinitionId",), ("lifecycle_task_definitions",)
    yield "lifecycle_workflow_runs", ("parent",), ("lifecycle_workflows",)
    yield "lifecycle_workflow_user_results", ("subject", "id"), people
    yield "lifecycle_custom_task_extensions", ("createdBy", "id"), people
    yield "lifecycle_custom_task_extensions", ("lastModifiedBy", "id"), people
    yield "delegated_admin_access_assignments", ("parent",), ("delegated_admin_relationships",)
    yield "delegated_admin_access_assignments", ("accessContainer", "accessContainerId"), ("groups",)
    yield "role_assignment_schedules", ("activatedUsing", "id"), ("role_eligibility_schedules",)
    yield "role_assignment_schedule_instances", ("activatedUsing", "id"), ("role_eligibility_schedule_instances",)
    yield "role_assignment_schedule_requests", ("activatedUsing", "id"), ("role_eligibility_schedules",)
    yield "role_assignment_schedule_requests", ("targetScheduleId",), ("role_assignment_schedules",)
    yield "role_eligibility_schedule_requests", ("targetScheduleId",), ("role_eligibility_schedules",)
    for what in ("assignment", "eligibility"):
        requests, schedules = f"group_{what}_schedule_requests", f"group_{what}_schedules"
        yield requests, ("targetScheduleId",), (schedules,)
        yield requests, ("groupId",), ("pim_groups",)
        yield requests, ("principalId",), principals
        yield f"group_{what}_schedule_instances", (f"{what}ScheduleId",), (schedules,)
        yield schedules, ("createdUsing",), (requests,)
        yield f"role_{what}_schedules", ("createdUsing",), (f"role_{what}_schedule_requests",)
    yield "group_assignment_schedules", ("activatedUsing", "id"), ("group_eligibility_schedules",)
    yield "group_assignment_schedule_instances", ("activatedUsing", "id"), ("group_eligibility_schedule_instances",)
    yield "group_role_management_policies", ("scopeId",), ("pim_groups",)
    yield "group_role_management_policy_assignments", ("policyId",), ("group_role_management_policies",)
    yield "pim_groups", ("id",), ("groups",)
    yield "role_management_alert_incidents", ("parent",), ("role_management_alerts",)
    yield "role_management_alert_incidents", ("assigneeId",), people
    yield "role_management_alert_incidents", ("roleDefinitionId",), ("role_definitions",)


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("link", list(links()), ids=lambda link: f"{link[0]}.{'.'.join(link[1])}")
def test_links_resolve(link: tuple[str, tuple[str, ...], tuple[str, ...]], day: int) -> None:
    table, path, targets = link
    used = values(table, *path, day=day)
    assert used
    assert used <= set[str]().union(*(by_id(target, day) for target in targets))


@pytest.mark.parametrize("day", DAYS)
def test_a_package_gives_what_its_catalog_has(day: int) -> None:
    catalogs = {row["id"]: row["catalog"]["id"] for row in rows("access_packages", day)}
    offered = {
        (row["parent"], role["id"], scope["id"])
        for row in rows("access_package_catalog_resources", day)
        for role in row["roles"]
        for scope in row["scopes"]
    }
    given = {
        (catalogs[row["parent"]], row["role"]["id"], row["scope"]["id"]): row["id"]
        for row in rows("access_package_resource_role_scopes", day)
    }
    assert given.keys() <= offered
    assert all(id_ == f"{role}_{scope}" for (_, role, scope), id_ in given.items())
    expanded = {each["id"] for row in rows("access_packages", day) for each in row["resourceRoleScopes"]}
    assert expanded == set(given.values())


def test_resources_are_objects_of_the_tenant() -> None:
    known = {"AadGroup": by_id("groups"), "AadApplication": by_id("service_principals")}
    resources = rows("access_package_catalog_resources")
    for row in resources:
        assert row["originId"] in known.get(row["originSystem"], {row["originId"]})
        assert (row["environment"] is not None) == (row["originSystem"] == "SharePointOnline")
    assert Counter(row["originSystem"] for row in resources).keys() == {
        *known,
        "SharePointOnline",
        "CustomDataProvidedResource",
    }


def test_roles_of_entitlement_management_are_held_on_catalogs_that_exist() -> None:
    scopes = {f"/AccessPackageCatalog/{id_}" for id_ in by_id("access_package_catalogs")} | {"/"}
    assert values("entitlement_role_assignments", "appScopeId") <= scopes


def test_requests_of_people_who_are_no_users_yet_have_no_object_id() -> None:
    requests = rows("access_package_assignment_requests", 45)
    strangers = [row for row in requests if row["requestor"]["objectId"] is None]
    assert strangers
    assert all(row["state"] in ("denied", "pendingApproval") for row in strangers)
    assert all((row["assignment"] is not None) == (row["state"] == "delivered") for row in requests)
    assert any(row["state"] == "denied" and row["justification"] for row in requests)


def test_an_assignment_keeps_its_id_while_it_expires() -> None:
    states: dict[str, set[str]] = {}
    for day in range(31):
        for row in rows("access_package_assignments", day):
            states.setdefault(row["id"], set()).add(row["state"])
    assert any({"delivered", "expired"} <= each for each in states.values())


def test_one_reviewer_approves_everything() -> None:
    decided = Counter(
        (row["reviewedBy"]["id"], row["decision"])
        for row in rows("access_review_decisions")
        if row["decision"] != "NotReviewed"
    )
    by = {who: {decision for other, decision in decided if other == who} for who, _ in decided}
    blind = [who for who, decisions in by.items() if decisions == {"Approve"} and decided[who, "Approve"] > 9]
    assert len(blind) == 1
    assert {"Deny", "DontKnow"} <= set().union(*by.values())


def test_whoever_decides_has_been_contacted() -> None:
    contacted = {(*row["parents"], row["id"]) for row in rows("access_review_contacted_reviewers")}
    decided = [row for row in rows("access_review_decisions") if row["decision"] != "NotReviewed"]
    assert {(*row["parents"], row["reviewedBy"]["id"]) for row in decided} <= contacted


def test_stages_follow_each_other() -> None:
    staged = {row["id"] for row in rows("access_review_definitions") if row["stageSettings"]}
    stages: dict[str, list[Json]] = {}
    for row in rows("access_review_stages"):
        assert row["parents"][0] in staged
        stages.setdefault(row["parent"], []).append(row)
    assert len(stages) > 1
    for first, second in stages.values():
        assert first["endDateTime"] == second["startDateTime"]
        assert (first["status"], second["status"]) != ("InProgress", "Completed")


def test_runs_count_their_people() -> None:
    processed = Counter((row["parent"], row["scheduledDateTime"]) for row in rows("lifecycle_workflow_user_results"))
    failed = Counter(
        (row["parent"], row["scheduledDateTime"])
        for row in rows("lifecycle_workflow_user_results")
        if row["processingStatus"] == "failed"
    )
    for run in rows("lifecycle_workflow_runs"):
        at = run["parent"], run["scheduledDateTime"]
        assert (processed[at], failed[at]) == (run["totalUsersCount"], run["failedUsersCount"])
    assert failed


def test_a_finished_run_never_changes() -> None:
    before, after = by_id("lifecycle_workflow_runs", 10), by_id("lifecycle_workflow_runs", 12)
    finished = [id_ for id_ in before.keys() & after.keys() if before[id_]["completedDateTime"]]
    assert len(finished) > 20
    assert [before[id_] for id_ in finished] == [after[id_] for id_ in finished]


def test_consent_is_refused_with_a_reason() -> None:
    requests = rows("user_consent_requests")
    stages = [stage for row in requests for stage in row["approval"]["stages"]]
    assert all(row["approvalId"] == row["approval"]["id"] == row["id"] for row in requests)
    assert {stage["reviewResult"] for stage in stages} == {"Approved", "Denied", "NotReviewed"}
    assert all(stage["justification"] for stage in stages if stage["reviewResult"] == "Denied")


def rules(table: str, suffix: str) -> list[Json]:
    """Return the rule of each policy whose type ends like that, of those that concern activation."""
    found = [rule for row in rows(table) for rule in row["rules"] if rule["target"]["caller"] == "EndUser"]
    return [rule for rule in found if rule["@odata.type"].endswith(suffix)]


@pytest.mark.parametrize("table", ["role_management_policies", "group_role_management_policies"])
def test_policies_have_rules_of_all_types(table: str) -> None:
    for row in rows(table):
        assert len({rule["id"] for rule in row["rules"]}) == len(row["rules"]) == 17
        assert len({rule["@odata.type"] for rule in row["rules"]}) == 5
    approval = [rule["setting"]["isApprovalRequired"] for rule in rules(table, "ApprovalRule")]
    factors = ["MultiFactorAuthentication" in rule["enabledRules"] for rule in rules(table, "EnablementRule")]
    assert {*approval} == {*factors} == {True, False}


def test_a_role_needs_a_stronger_sign_in() -> None:
    (claim,) = {
        rule["claimValue"] for rule in rules("role_management_policies", "AuthenticationContextRule") if rule["isEnabled"]
    }
    assert claim in by_id("authentication_context_class_references")


def test_the_alert_about_missing_factors_names_the_roles_of_those_policies() -> None:
    weak = {
        row["id"]
        for row in rows("role_management_policies")
        for rule in row["rules"]
        if rule["id"] == "Enablement_EndUser_Assignment" and "MultiFactorAuthentication" not in rule["enabledRules"]
    }
    roles = {row["roleDefinitionId"] for row in rows("role_management_policy_assignments") if row["policyId"] in weak}
    found = [row for row in rows("role_management_alert_incidents") if "noMfa" in row["@odata.type"]]
    assert {row["roleTemplateId"] for row in found} == roles


def test_alerts_count_their_incidents_and_one_is_off() -> None:
    incidents = Counter(row["parent"] for row in rows("role_management_alert_incidents"))
    alerts = rows("role_management_alerts")
    assert {row["id"]: row["incidentCount"] for row in alerts} == incidents
    (inactive,) = (row for row in alerts if not row["isActive"])
    assert not inactive["alertConfiguration"]["isEnabled"]
    assert inactive["lastModifiedDateTime"] == "0001-01-01T08:00:00Z"
    assert len({row["@odata.type"] for row in rows("role_management_alert_incidents")}) == len(alerts) == 7
    for row in alerts:
        assert row["alertDefinition"]["id"] == row["alertConfiguration"]["id"] == row["alertDefinitionId"]


def test_groups_need_not_hold_roles_to_be_managed() -> None:
    groups = [by_id("groups")[id_] for id_ in by_id("pim_groups")]
    assert {bool(row["isAssignableToRole"]) for row in groups} == {True, False}
    assert any("Unified" in row["groupTypes"] for row in groups)
    assert not any("DynamicMembership" in row["groupTypes"] or row["onPremisesSyncEnabled"] for row in groups)


def test_eligibilities_of_groups_are_planned_ahead() -> None:
    schedules, instances = by_id("group_eligibility_schedules"), rows("group_eligibility_schedule_instances")
    planned = schedules.keys() - {row["eligibilityScheduleId"] for row in instances}
    assert planned
    later = {row["eligibilityScheduleId"] for row in rows("group_eligibility_schedule_instances", 31)}
    assert planned & later


def test_requests_for_roles_have_every_outcome() -> None:
    requests = [row for day in range(10) for row in rows("role_assignment_schedule_requests", day)]
    assert {row["status"] for row in requests} == {"Provisioned", "PendingApproval", "Denied", "Canceled", "Failed"}
    assert {row["action"] for row in requests} == {"selfActivate", "adminAssign"}
    assert {row["action"] for row in rows("role_eligibility_schedule_requests")} == {"adminAssign", "adminRemove"}


SHARED = [
    ("/policies/roleManagementPolicies", "RoleManagement.Read.Directory", "RoleManagementPolicy.Read.AzureADGroup"),
    ("/policies/roleManagementPolicyAssignments", "RoleManagement.Read.Directory", "RoleManagementPolicy.Read.AzureADGroup"),
]


@pytest.mark.parametrize(("path", "of_roles", "of_groups"), SHARED)
def test_policies_of_groups_need_a_permission_of_their_own(path: str, of_roles: str, of_groups: str) -> None:
    group = rows("group_role_management_policies")[0]["scopeId"]
    filters = {
        of_roles: "scopeId eq '/' and scopeType eq 'DirectoryRole'",
        of_groups: f"scopeId eq '{group}' and scopeType eq 'Group'",
    }
    for role, filter_ in filters.items():
        assert {row["scopeType"] for row in ask(f"{path}?$filter={filter_}", [role])["value"]} == {filter_.split("'")[3]}
        with pytest.raises(GraphError) as refused:
            ask(f"{path}?$filter={filter_}", filters.keys() - {role})
        assert refused.value.status == 403


def test_every_group_of_pim_answers_to_its_filter(client: Client) -> None:
    for table, path in (
        ("group_role_management_policies", "/policies/roleManagementPolicies"),
        ("group_role_management_policy_assignments", "/policies/roleManagementPolicyAssignments"),
    ):
        expected = list(client.demo.objects(table))
        for group in {row["scopeId"] for row in expected}:
            found = client.rows(f"{path}?$select=id&$filter=scopeId eq '{group}' and scopeType eq 'Group'")
            assert {row["id"] for row in found} == {row["id"] for row in expected if row["scopeId"] == group}


def test_delegated_collections_reject_apps(client: Client) -> None:
    agreement = next(iter(client.demo.objects("terms_of_use_agreements")))["id"]
    base = "/identityGovernance/termsOfUse/agreements"
    for path in (base, f"{base}/{agreement}/acceptances"):
        assert error_code(client.get(path))[0] == 403


REJECTING = [
    "/identityGovernance/entitlementManagement/settings",
    "/identityGovernance/entitlementManagement/assignmentRequests",
]


@pytest.mark.parametrize("path", REJECTING)
def test_collections_that_document_no_select_reject_it(client: Client, path: str) -> None:
    assert client.get(path).status_code == 200
    assert client.get(f"{path}?$select=id").status_code == 400


def test_reviews_and_partners_page(client: Client) -> None:
    definition, instance = rows("access_review_contacted_reviewers")[0]["parents"]
    base = f"/identityGovernance/accessReviews/definitions/{definition}/instances/{instance}"
    for path in (f"{base}/stages", f"{base}/contactedReviewers"):
        assert client.get(f"{path}?$top=100").status_code == 200
        assert client.get(f"{path}?$top=101").status_code == 400
    for path in ("/tenantRelationships/delegatedAdminCustomers", "/tenantRelationships/delegatedAdminRelationships"):
        assert client.get(f"{path}?$top=301").status_code == 400
        assert len(list(client.pages(f"{path}?$top=2"))) > 1
