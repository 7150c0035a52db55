"""The rows of the views that join what people would join by hand."""

from aad_assets_tests.warehouse.support import Lab
from aad_assets_tests.warehouse.view_answers import DAY, DAY_SECONDS, Tables, answer

ZERO = "00000000-0000-0000-0000-000000000000"


def test_app_access(lab: Lab) -> None:
    def assignment(id_: str, principal: str, type_: str, role: str = ZERO) -> dict[str, str]:
        return {
            "id": id_,
            "principalId": principal,
            "principalType": type_,
            "principalDisplayName": f"stored {principal}",
            "resourceId": "hr",
            "resourceDisplayName": "stored HR",
            "appRoleId": role,
            "createdDateTime": DAY,
        }

    tables: Tables = {
        "app_role_assignments": [
            assignment("direct", "anna", "User", "admin"),
            assignment("default", "ben", "User"),
            assignment("through", "sales", "Group"),
            assignment("lost", "anna", "User", "deleted role"),
            assignment("gone", "deleted user", "User"),
            assignment("app", "robot", "ServicePrincipal", "admin"),
        ],
        "group_members": [
            {"groupId": "sales", "id": "anna", "@odata.type": "#microsoft.graph.user"},
            {"groupId": "sales", "id": "nested", "@odata.type": "#microsoft.graph.group"},
            {"groupId": "nested", "id": "carla", "@odata.type": "#microsoft.graph.user"},
            {"groupId": "sales", "id": "robot", "@odata.type": "#microsoft.graph.servicePrincipal"},
        ],
        "users": [
            {"id": "anna", "displayName": "Anna", "userPrincipalName": "anna@x", "accountEnabled": False},
            {"id": "ben", "displayName": "Ben", "userPrincipalName": "ben@x", "accountEnabled": True},
            {"id": "carla"},
        ],
        "groups": [{"id": "sales", "displayName": "Sales"}],
        "service_principals": [
            {
                "id": "hr",
                "appId": "hr-app",
                "displayName": "HR",
                "accountEnabled": True,
                "appRoleAssignmentRequired": True,
                "appRoles": [{"id": "admin", "displayName": "Administrator", "value": "Admin"}, None],
            }
        ],
    }
    wanted = "assignmentId, userId, userDisplayName, applicationDisplayName, role, roleValue, assignedBy, groupDisplayName"
    assert answer(lab, "app_access", wanted, tables) == [
        ("default", "ben", "Ben", "HR", "Default access", None, "direct", None),
        ("direct", "anna", "Anna", "HR", "Administrator", "Admin", "direct", None),
        ("gone", "deleted user", None, "HR", "Default access", None, "direct", None),
        ("lost", "anna", "Anna", "HR", None, None, "direct", None),
        ("through", "anna", "Anna", "HR", "Default access", None, "group", "Sales"),
    ]
    rest = "userPrincipalName, accountEnabled, appId, epoch(since)::BIGINT, applicationEnabled, assignmentRequired, groupId"
    found = answer(lab, "app_access", f"assignmentId, {rest}", tables)
    assert found[-1] == ("through", "anna@x", False, "hr-app", DAY_SECONDS, True, True, "sales")

    deleted = {**tables, "service_principals": [], "groups": [], "users": []}
    found = answer(lab, "app_access", "assignmentId, applicationDisplayName, groupDisplayName, role", deleted)
    assert found[-1] == ("through", "stored HR", "stored sales", "Default access")


def test_effective_licences(lab: Lab) -> None:
    plan = {"servicePlanId": "exo", "servicePlanName": "EXCHANGE", "appliesTo": "User"}
    off = {"servicePlanId": "teams", "servicePlanName": "TEAMS", "appliesTo": "User"}
    company = {"servicePlanId": "co", "servicePlanName": "COMPANY", "appliesTo": "Company"}
    held = {"skuId": "e5", "disabledPlans": ["teams"]}
    states = [
        {"skuId": "e5", "state": "Active"},
        {"skuId": "e5", "state": "Active", "assignedByGroup": "sales"},
        {"skuId": "e5", "state": "ActiveWithError", "assignedByGroup": "all"},
        {"skuId": "e5", "state": "Error", "assignedByGroup": "broken"},
        {"skuId": "lost", "state": "Error"},
    ]
    tables: Tables = {
        "users": [
            {"id": "anna", "displayName": "Anna", "assignedLicenses": [held], "licenseAssignmentStates": states},
            {"id": "ben", "assignedLicenses": [{"skuId": "old", "disabledPlans": []}, None]},
            {"id": "carla", "licenseAssignmentStates": [{"skuId": "e5", "state": "Error"}]},
        ],
        "subscribed_skus": [
            {"id": "t_e5", "skuId": "e5", "skuPartNumber": "SPE_E5", "servicePlans": [plan, off, company, None]}
        ],
        "groups": [{"id": "sales", "displayName": "Sales"}, {"id": "all"}],
    }
    wanted = "userId, skuId, skuPartNumber, isDirect, groupIds, groupDisplayNames, disabledPlans, enabledPlanNames"
    assert answer(lab, "effective_licences", wanted, tables) == [
        ("anna", "e5", "SPE_E5", True, ["all", "sales"], [None, "Sales"], ["teams"], ["EXCHANGE"]),
        ("ben", "old", None, None, [], [], [], None),
    ]


def test_group_membership_named(lab: Lab) -> None:
    kinds = {"user": "anna", "group": "inner", "device": "laptop", "servicePrincipal": "robot", "orgContact": "peer"}
    members = [{"groupId": "g", "id": id_, "@odata.type": f"#microsoft.graph.{kind}"} for kind, id_ in kinds.items()]
    tables: Tables = {
        "group_members": [*members, {"groupId": "other", "id": "gone", "@odata.type": "#microsoft.graph.user"}],
        "groups": [
            {"id": "g", "displayName": "Finance", "securityEnabled": True, "groupTypes": ["DynamicMembership"]},
            {"id": "inner", "displayName": "Inner", "mail": "inner@x", "groupTypes": []},
        ],
        "users": [{"id": "anna", "displayName": "Anna", "userPrincipalName": "anna@x", "accountEnabled": True}],
        "devices": [{"id": "laptop", "displayName": "L-1", "deviceId": "d-1", "accountEnabled": False}],
        "service_principals": [{"id": "robot", "displayName": "Robot", "appId": "app-1", "accountEnabled": True}],
        "org_contacts": [{"id": "peer", "displayName": "Peer", "mail": "peer@y"}],
    }
    wanted = "groupId, memberId, memberType, groupDisplayName, memberDisplayName, memberName, memberEnabled, isDynamic"
    assert answer(lab, "group_membership_named", wanted, tables) == [
        ("g", "anna", "user", "Finance", "Anna", "anna@x", True, True),
        ("g", "inner", "group", "Finance", "Inner", "inner@x", None, True),
        ("g", "laptop", "device", "Finance", "L-1", "d-1", False, True),
        ("g", "peer", "orgContact", "Finance", "Peer", "peer@y", None, True),
        ("g", "robot", "servicePrincipal", "Finance", "Robot", "app-1", True, True),
        ("other", "gone", "user", None, None, None, None, None),
    ]
