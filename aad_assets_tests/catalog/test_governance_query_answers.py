"""The answers of queries about governance and privileged access, on a few rows of which only some belong into them."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from aad_assets_tests.catalog.query_answers import ADMINS, ANNA, BOB, Queries, Tables, ago

DELIVERED = {"state": "delivered"}

CASES: dict[str, tuple[Tables, list[tuple[Any, ...]]]] = {
    "access_package_catalog_resources": (
        {
            "access_package_catalogs": [{"id": "c1", "displayName": "General"}],
            "access_packages": [{"id": "p1", "catalogId": "c1"}],
            "access_package_catalog_resources": [
                {"catalogId": "c1", "id": "r1", "originId": "g1", "displayName": "Given"},
                {"catalogId": "c1", "id": "r2", "originId": "g2", "displayName": "Not given"},
            ],
            "access_package_resource_role_scopes": [{"accessPackageId": "p1", "id": "x1", "scopeOriginId": "g1"}],
        },
        [("General", "Not given", None, None)],
    ),
    "access_package_incompatible_groups": (
        {
            "access_package_incompatible_groups": [{"accessPackageId": "p1", "groupId": "g-admins"}],
            "access_packages": [{"id": "p1", "displayName": "Sales"}],
            "access_package_assignments": [
                {"id": "a1", "accessPackageId": "p1", "targetObjectId": "u-anna", **DELIVERED},
                {"id": "a2", "accessPackageId": "p1", "targetObjectId": "u-bob", **DELIVERED},
            ],
            "group_members": [{"groupId": "g-admins", "memberId": "u-anna"}, {"groupId": "g-other", "memberId": "u-bob"}],
            "groups": [ADMINS],
            "users": [ANNA, BOB],
        },
        [("Anna", "Sales", "Admins")],
    ),
    "access_package_incompatible_packages": (
        {
            "access_package_incompatible_packages": [{"accessPackageId": "p1", "incompatibleAccessPackageId": "p2"}],
            "access_packages": [{"id": "p1", "displayName": "Order"}, {"id": "p2", "displayName": "Pay"}],
            "access_package_assignments": [
                {"id": "a1", "accessPackageId": "p1", "targetObjectId": "u-anna", **DELIVERED},
                {"id": "a2", "accessPackageId": "p2", "targetObjectId": "u-anna", **DELIVERED},
                {"id": "a3", "accessPackageId": "p1", "targetObjectId": "u-bob", **DELIVERED},
                {"id": "a4", "accessPackageId": "p2", "targetObjectId": "u-bob", "state": "expired"},
            ],
            "users": [ANNA, BOB],
        },
        [("Anna", "Order", "Pay")],
    ),
    "access_package_resource_role_scopes": (
        {
            "access_package_resource_role_scopes": [
                {"accessPackageId": "p1", "id": "1", "scopeOriginId": "g-admins", "scopeOriginSystem": "AadGroup"},
                {"accessPackageId": "p1", "id": "2", "scopeOriginId": "g-gone", "scopeOriginSystem": "AadGroup"},
                {"accessPackageId": "p1", "id": "3", "scopeOriginId": "g-plain", "scopeOriginSystem": "AadGroup"},
                {"accessPackageId": "p1", "id": "4", "scopeOriginId": "sp-1", "scopeOriginSystem": "AadApplication"},
            ],
            "access_packages": [{"id": "p1", "displayName": "Sales"}],
            "access_package_assignments": [{"id": "a1", "accessPackageId": "p1", **DELIVERED}],
            "groups": [ADMINS, {"id": "g-plain", "isAssignableToRole": False}],
        },
        [("Sales", None, "Admins", False, 1), ("Sales", None, "g-gone", True, 1)],
    ),
    "agent_identity_sponsors": (
        {
            "service_principals": [
                {"id": "sp-1", "displayName": "Agent 1", "odataType": "agentIdentity", "accountEnabled": True},
                {"id": "sp-2", "displayName": "Agent 2", "odataType": "agentIdentity", "accountEnabled": True},
                {"id": "sp-3", "displayName": "Agent 3", "odataType": "agentIdentity", "accountEnabled": True},
                {"id": "sp-4", "displayName": "App", "accountEnabled": True},
            ],
            "agent_identity_sponsors": [
                {"agentIdentityId": "sp-1", "sponsorId": "u-anna", "sponsorType": "user"},
                {"agentIdentityId": "sp-1", "sponsorId": "u-bob", "sponsorType": "user"},
                {"agentIdentityId": "sp-2", "sponsorId": "u-bob", "sponsorType": "user"},
            ],
            "users": [ANNA, BOB],
        },
        [("Agent 2", None, ["Bob"]), ("Agent 3", None, None)],
    ),
    "connected_organization_internal_sponsors": (
        {
            "connected_organizations": [{"id": n, "displayName": n} for n in ("disabled", "enabled", "group", "none")],
            "connected_organization_internal_sponsors": [
                {"connectedOrganizationId": "enabled", "sponsorId": "u-anna", "sponsorType": "user"},
                {"connectedOrganizationId": "disabled", "sponsorId": "u-bob", "sponsorType": "user"},
                {"connectedOrganizationId": "group", "sponsorId": "g-admins", "sponsorType": "group"},
            ],
            "users": [ANNA, BOB],
        },
        [("disabled", None, 1, ["Bob"]), ("none", None, 0, None)],
    ),
    "entitlement_role_assignments": (
        {
            "entitlement_role_assignments": [
                {"id": "1", "roleDefinitionId": "r", "principalId": "u-anna", "appScopeId": "/AccessPackageCatalog/c1"},
                {"id": "2", "roleDefinitionId": "r", "principalId": "g-admins", "appScopeId": "/"},
            ],
            "entitlement_role_definitions": [{"id": "r", "displayName": "Owner"}],
            "access_package_catalogs": [{"id": "c1", "displayName": "General"}],
            "users": [ANNA],
            "groups": [ADMINS],
        },
        [("Admins", "Owner", "/"), ("Anna", "Owner", "General")],
    ),
    "group_role_management_policy_assignments": (
        {
            "group_role_management_policy_assignments": [
                {"id": "1", "policyId": "lax", "scopeId": "g-admins", "roleDefinitionId": "member"},
                {"id": "2", "policyId": "strict", "scopeId": "g-admins", "roleDefinitionId": "owner"},
            ],
            "group_role_management_policies": [
                {"id": name, "rules": [{"id": "Approval_EndUser_Assignment", "setting": {"isApprovalRequired": required}}]}
                for name, required in (("lax", False), ("strict", True))
            ],
            "groups": [ADMINS],
        },
        [("Admins", "member", True)],
    ),
    "group_specific_settings": (
        {
            "group_specific_settings": [
                {"groupId": "g-admins", "id": "s", "values": [{"name": "AllowToAddGuests", "value": "false"}]}
            ],
            "groups": [ADMINS],
            "group_members": [{"groupId": "g-admins", "memberId": "u1"}, {"groupId": "g-admins", "memberId": "u-anna"}],
            "users": [{"id": "u1", "userType": "Guest"}, ANNA],
        },
        [("Admins", "false", 1)],
    ),
    "lifecycle_custom_task_extensions": (
        {
            "lifecycle_custom_task_extensions": [
                {"id": "e1", "displayName": "HR", "endpointConfiguration": {"logicAppWorkflowName": "hr"}},
                {"id": "e2", "displayName": "Unused"},
            ],
            "lifecycle_workflow_tasks": [
                {"workflowId": "w1", "id": "1", "arguments": [{"name": "customTaskExtensionID", "value": "e1"}]}
            ],
            "lifecycle_workflows": [{"id": "w1", "displayName": "Joiners"}],
        },
        [("HR", "hr", None, None, ["Joiners"]), ("Unused", None, None, None, None)],
    ),
    "pim_groups": (
        {
            "groups": [ADMINS, {"id": "g2", "displayName": "Unmanaged", "isAssignableToRole": True}, {"id": "g3"}],
            "pim_groups": [{"id": "g-admins"}],
            "group_members": [{"groupId": "g2", "memberId": "u-anna"}, {"groupId": "g-admins", "memberId": "u-bob"}],
        },
        [("Unmanaged", None, 1)],
    ),
    "terms_of_use_acceptances": (
        {
            "terms_of_use_agreements": [{"id": "t1", "displayName": "Terms"}],
            "users": [{**ANNA, "userType": "Member"}, {**BOB, "userType": "Member"}]
            + [{"id": f"u{n}", "displayName": f"U{n}", "accountEnabled": True, "userType": "Member"} for n in (1, 2)],
            "terms_of_use_acceptances": [
                {"id": "1", "agreementId": "t1", "userId": "u-anna", "state": "accepted", "expirationDateTime": ago(-9)},
                {"id": "2", "agreementId": "t1", "userId": "u1", "state": "accepted", "expirationDateTime": ago(9)},
            ],
        },
        [("Terms", "U1", None, None), ("Terms", "U2", None, None)],
    ),
}


@pytest.fixture(scope="module")
def queries(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Queries]:
    with duckdb.connect() as connection:
        yield Queries(connection, tmp_path_factory.mktemp("queries"))


@pytest.mark.parametrize("table", CASES)
def test_the_query_finds_what_it_asks_for(table: str, queries: Queries) -> None:
    tables, expected = CASES[table]

    assert queries.answer(table, tables) == expected


def test_requests_for_eligibility_name_the_administrator(queries: Queries) -> None:
    made, ends = ago(1), ago(-30)
    request = {"action": "adminAssign", "createdDateTime": made, "status": "Provisioned", "principalId": "u-bob"}
    by_anna = {"createdBy": {"user": {"id": "u-anna"}}, **request}
    role = {**by_anna, "id": "1", "roleDefinitionId": "r", "justification": "Why"}
    role |= {"scheduleInfo": {"expiration": {"type": "afterDateTime", "endDateTime": ends}}}
    names: Tables = {
        "users": [ANNA, BOB],
        "groups": [ADMINS],
        "role_definitions": [{"id": "r", "displayName": "Global Reader"}],
    }
    old = {**request, "id": "2", "createdDateTime": ago(60)}
    roles = queries.answer("role_eligibility_schedule_requests", {"role_eligibility_schedule_requests": [role, old], **names})
    group = {**by_anna, "id": "1", "groupId": "g-admins", "accessId": "owner"}
    groups = queries.answer(
        "group_eligibility_schedule_requests", {"group_eligibility_schedule_requests": [group, old], **names}
    )

    assert [row[1:7] for row in roles] == [("Anna", "Bob", "Global Reader", "Provisioned", "Why", "afterDateTime")]
    assert [row[1:] for row in groups] == [("Anna", "Bob", "owner", "Admins", "Provisioned")]


def test_guests_for_whom_nobody_answers_and_reviewers_who_are_silent(queries: Queries) -> None:
    guest = {"userType": "Guest", "accountEnabled": True, "createdDateTime": ago(9)}
    guests = queries.answer(
        "user_sponsors",
        {
            "users": [
                ANNA,
                BOB,
                {"id": "g1", "displayName": "Guarded", **guest},
                {"id": "g2", "displayName": "Lost", **guest},
            ],
            "user_sponsors": [
                {"userId": "g1", "sponsorId": "u-anna", "sponsorType": "user"},
                {"userId": "g2", "sponsorId": "u-bob", "sponsorType": "user"},
            ],
        },
    )
    instance = {"definitionId": "d1", "instanceId": "i1"}
    reviewers = queries.answer(
        "access_review_contacted_reviewers",
        {
            "access_review_definitions": [{"id": "d1", "displayName": "Guests"}],
            "access_review_instances": [
                {"definitionId": "d1", "id": "i1", "status": "InProgress"},
                {"definitionId": "d1", "id": "i2", "status": "Applied"},
            ],
            "access_review_contacted_reviewers": [
                {**instance, "id": "u-anna", "displayName": "Anna"},
                {**instance, "id": "u-bob", "displayName": "Bob"},
                {**instance, "instanceId": "i2", "id": "u-bob", "displayName": "Bob"},
            ],
            "access_review_decisions": [{**instance, "id": "x", "reviewedBy": {"id": "u-anna"}}],
        },
    )

    assert [(row[0], row[3]) for row in guests] == [("Lost", ["Bob"])]
    assert [row[:2] for row in reviewers] == [("Guests", "Bob")]
