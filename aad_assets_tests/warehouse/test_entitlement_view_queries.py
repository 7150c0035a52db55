"""The rows of the views of access packages."""

from typing import Any

from aad_assets_tests.warehouse.support import Lab, Row
from aad_assets_tests.warehouse.view_answers import DAY, DAY_SECONDS, answer, with_nothing


def test_access_package_contents(lab: Lab) -> None:
    member = {
        "accessPackageId": "p1",
        "id": "x1",
        "createdDateTime": DAY,
        "roleOriginId": "Member_g-sales",
        "roleDisplayName": "Member",
        "scopeOriginId": "g-sales",
        "scopeOriginSystem": "AadGroup",
        "scopeDisplayName": "Root",
        "scopeIsRootScope": True,
    }
    library = {
        "accessPackageId": "p1",
        "id": "x2",
        "roleDisplayName": "Reader",
        "scopeOriginId": "https://contoso.sharepoint.com/sites/sales/docs",
        "scopeOriginSystem": "SharePointOnline",
        "scopeDisplayName": "Documents",
        "scopeIsRootScope": False,
    }
    unknown = {"accessPackageId": "p-gone", "id": "x1", "scopeOriginId": "g-sales", "scopeOriginSystem": "AadGroup"}
    found = answer(
        lab,
        "access_package_contents",
        "accessPackageId, resourceRoleScopeId, accessPackageDisplayName, catalogId, catalogDisplayName, resourceOriginId, "
        "resourceDisplayName, resourceOriginSystem, roleOriginId, roleDisplayName, epoch(createdDateTime)::BIGINT",
        {
            "access_package_resource_role_scopes": [library, unknown, member],
            "access_packages": [{"id": "p1", "displayName": "Sales", "catalogId": "c1"}, {"id": "p2", "catalogId": "c2"}],
            "access_package_catalogs": [{"id": "c1", "displayName": "General"}, {"id": "c2", "displayName": "Other"}],
            "access_package_catalog_resources": [
                {"catalogId": "c1", "id": "r1", "originId": "g-sales", "originSystem": "AadGroup", "displayName": "Sales EU"},
                {"catalogId": "c1", "id": "r2", "originId": "g-sales", "originSystem": "Other", "displayName": "Wrong"},
                {"catalogId": "c2", "id": "r1", "originId": "g-sales", "originSystem": "AadGroup", "displayName": "Wrong"},
            ],
        },
    )
    documents = ("https://contoso.sharepoint.com/sites/sales/docs", "Documents", "SharePointOnline", None, "Reader", None)

    assert found == [
        ("p-gone", "x1", None, None, None, "g-sales", None, "AadGroup", None, None, None),
        (
            *("p1", "x1", "Sales", "c1", "General"),
            *("g-sales", "Sales EU", "AadGroup", "Member_g-sales", "Member", DAY_SECONDS),
        ),
        ("p1", "x2", "Sales", "c1", "General", *documents),
    ]


GRAPH = "#microsoft.graph."


def policy(identity: str, stages: Any, **more: Any) -> Row:
    return {"id": identity, "requestApprovalSettings": {"isApprovalRequiredForAdd": True, "stages": stages}, **more}


def test_access_package_approvers(lab: Lab) -> None:
    first = {
        "durationBeforeAutomaticDenial": "P14D",
        "durationBeforeEscalation": "P7D",
        "isApproverJustificationRequired": True,
        "isEscalationEnabled": False,
        "escalationApprovers": [],
        "fallbackPrimaryApprovers": [{"@odata.type": f"{GRAPH}groupMembers", "groupId": "g-boards"}],
        "fallbackEscalationApprovers": None,
        "primaryApprovers": [{"@odata.type": f"{GRAPH}requestorManager", "managerLevel": 2}],
    }
    second = {
        "primaryApprovers": [
            {"@odata.type": f"{GRAPH}singleUser", "id": "u-gone", "description": "Gone"},
            {"@odata.type": f"{GRAPH}singleUser", "userId": "u-bob", "description": "Old name"},
            {"@odata.type": f"{GRAPH}internalSponsors"},
        ],
        "escalationApprovers": [{"@odata.type": f"{GRAPH}singleServicePrincipal", "servicePrincipalId": "sp-1"}],
        "fallbackEscalationApprovers": [{"@odata.type": f"{GRAPH}anApproverOfTheFuture"}, {}],
    }
    found = answer(
        lab,
        "access_package_approvers",
        "assignmentPolicyId, stage, approverRole, approverType, approverId, assignmentPolicyDisplayName, accessPackageId, "
        "accessPackageDisplayName, approverDisplayName, managerLevel, isApprovalRequiredForAdd, isApprovalRequiredForUpdate, "
        "isApproverJustificationRequired, isEscalationEnabled, durationBeforeAutomaticDenial, durationBeforeEscalation",
        {
            "access_package_assignment_policies": [
                policy("p1", [first, second], displayName="Staff", accessPackageId="k1"),
                policy("p2", None),
                policy("p3", []),
                policy("p4", [{"primaryApprovers": []}]),
                *[{"id": row["id"]} for row in with_nothing("x")],
            ],
            "access_packages": [{"id": "k1", "displayName": "Sales"}, {"id": "k2", "displayName": "Other"}],
            "users": [{"id": "u-bob", "displayName": "Bob"}],
            "groups": [{"id": "g-boards", "displayName": "Boards"}],
        },
    )
    package = ("Staff", "k1", "Sales")
    one = (True, None, True, False, "P14D", "P7D")
    two = (True, None, None, None, None, None)

    assert found == [
        ("p1", 1, "primary", "requestorManager", None, *package, None, 2, *one),
        ("p1", 1, "primaryFallback", "groupMembers", "g-boards", *package, "Boards", None, *one),
        ("p1", 2, "escalation", "singleServicePrincipal", "sp-1", *package, None, None, *two),
        ("p1", 2, "escalationFallback", "anApproverOfTheFuture", None, *package, None, None, *two),
        ("p1", 2, "escalationFallback", None, None, *package, None, None, *two),
        ("p1", 2, "primary", "internalSponsors", None, *package, None, None, *two),
        ("p1", 2, "primary", "singleUser", "u-bob", *package, "Bob", None, *two),
        ("p1", 2, "primary", "singleUser", "u-gone", *package, "Gone", None, *two),
    ]
