"""The rows of the views of settings in Privileged Identity Management."""

import random
from collections.abc import Sequence
from typing import Any

import pytest

from aad_assets_tests.warehouse.support import Lab, Row
from aad_assets_tests.warehouse.view_answers import answer, with_nothing

TYPE = "#microsoft.graph.unifiedRoleManagementPolicy"


def expiration(rule_id: str, required: bool, duration: str | None) -> Row:
    return {
        "@odata.type": f"{TYPE}ExpirationRule",
        "id": rule_id,
        "isExpirationRequired": required,
        "maximumDuration": duration,
    }


def enablement(rule_id: str, *enabled: str) -> Row:
    return {"@odata.type": f"{TYPE}EnablementRule", "id": rule_id, "enabledRules": list(enabled)}


def approval(required: bool, approvers: Sequence[Row]) -> Row:
    stage = {"approvalStageTimeOutInDays": 1, "primaryApprovers": list(approvers), "escalationApprovers": []}
    setting = {"isApprovalRequired": required, "approvalMode": "SingleStage", "approvalStages": [stage]}
    return {"@odata.type": f"{TYPE}ApprovalRule", "id": "Approval_EndUser_Assignment", "setting": setting}


def context(enabled: bool, claim: str | None) -> Row:
    return {
        "@odata.type": f"{TYPE}AuthenticationContextRule",
        "id": "AuthenticationContext_EndUser_Assignment",
        "isEnabled": enabled,
        "claimValue": claim,
    }


def notification(rule_id: str, default: bool, *recipients: str) -> Row:
    return {
        "@odata.type": f"{TYPE}NotificationRule",
        "id": rule_id,
        "notificationType": "Email",
        "recipientType": rule_id.split("_")[1],
        "notificationLevel": "All",
        "isDefaultRecipientsEnabled": default,
        "notificationRecipients": list(recipients),
    }


STRICT = [
    expiration("Expiration_EndUser_Assignment", True, "PT1H30M"),
    enablement("Enablement_EndUser_Assignment", "Justification", "MultiFactorAuthentication", "Ticketing"),
    context(False, None),
    approval(
        True,
        [
            {"@odata.type": "#microsoft.graph.singleUser", "id": "u-bob", "description": "Old name", "isBackup": False},
            {"@odata.type": "#microsoft.graph.groupMembers", "groupId": "g-admins"},
            {"@odata.type": "#microsoft.graph.singleUser", "userId": "u-gone", "description": "Gone"},
            {"@odata.type": "#microsoft.graph.requestorManager", "managerLevel": 1},
        ],
    ),
    expiration("Expiration_Admin_Eligibility", True, "P365D"),
    enablement("Enablement_Admin_Eligibility"),
    expiration("Expiration_Admin_Assignment", True, "P15DT12H"),
    enablement("Enablement_Admin_Assignment", "multifactorauthentication", "Justification"),
    notification("Notification_Admin_Admin_Eligibility", True, "soc@contoso.com"),
    notification("Notification_Requestor_Admin_Eligibility", True, "wrong@contoso.com"),
    notification("Notification_Approver_Admin_Eligibility", True),
    notification("Notification_Admin_Admin_Assignment", False),
    notification("Notification_Requestor_Admin_Assignment", True),
    notification("Notification_Approver_Admin_Assignment", True, "wrong@contoso.com"),
    notification("Notification_Admin_EndUser_Assignment", False, "a@contoso.com", "b@contoso.com"),
    notification("Notification_Requestor_EndUser_Assignment", True, "wrong@contoso.com"),
    notification("Notification_Approver_EndUser_Assignment", True),
    {"@odata.type": f"{TYPE}CustomExtensionRule", "id": "CustomExtension_EndUser_Assignment", "maximumDuration": "PT9H"},
]
"""Every rule that Graph documents, and one that it may document later."""
STRICT_ANSWER: tuple[Any, ...] = (
    *("PT1H30M", 1.5, True, None, True, True, True),
    *(["g-admins", "u-bob", "u-gone"], ["Admins", "Bob", "Gone"]),
    *(False, "P365D", 365.0, False, "P15DT12H", 15.5),
    *(True, True),
    *(True, ["soc@contoso.com"], False, [], False, ["a@contoso.com", "b@contoso.com"]),
)
LAX = [
    expiration("Expiration_EndUser_Assignment", True, "P1D"),
    enablement("Enablement_EndUser_Assignment"),
    context(True, "c1"),
    approval(False, []),
    expiration("Expiration_Admin_Eligibility", False, "P365D"),
    expiration("Expiration_Admin_Assignment", False, None),
    enablement("Enablement_Admin_Assignment"),
]
LAX_ANSWER: tuple[Any, ...] = (
    *("P1D", 24.0, False, "c1", False, False, False),
    *(None, None),
    *(True, None, None, True, None, None),
    *(False, False),
    *(None,) * 6,
)
UNKNOWN_ANSWER = (None,) * 23
SETTINGS = (
    "activationMaximumDuration, activationMaximumHours, activationRequiresMfa, activationAuthenticationContext, "
    "activationRequiresJustification, activationRequiresTicket, activationRequiresApproval, approverIds, approverNames, "
    "permanentEligibilityAllowed, eligibilityMaximumDuration, eligibilityMaximumDays, permanentAssignmentAllowed, "
    "assignmentMaximumDuration, assignmentMaximumDays, assignmentRequiresMfa, assignmentRequiresJustification, "
    "eligibilityAlertsAdmins, eligibilityAlertRecipients, assignmentAlertsAdmins, assignmentAlertRecipients, "
    "activationAlertsAdmins, activationAlertRecipients"
)
PEOPLE: dict[str, Sequence[Row]] = {
    "users": [{"id": "u-bob", "displayName": "Bob"}, {"id": "u-other", "displayName": "Other"}],
    "groups": [{"id": "g-admins", "displayName": "Admins"}, {"id": "g-finance", "displayName": "Finance"}],
}


def shuffled(rules: Sequence[Row], seed: int) -> list[Row]:
    return random.Random(seed).sample(list(rules), len(rules))


@pytest.mark.parametrize("seed", [1, 2])
def test_role_settings(lab: Lab, seed: int) -> None:
    found = answer(
        lab,
        "role_settings",
        f"roleDefinitionId, policyId, roleDisplayName, isBuiltIn, {SETTINGS}",
        {
            "role_management_policy_assignments": [
                {"id": "a2", "policyId": "p-lax", "roleDefinitionId": "r-lax"},
                {"id": "a1", "policyId": "p-strict", "roleDefinitionId": "r-strict"},
                {"id": "a3", "policyId": "a-null", "roleDefinitionId": "r-gone"},
                {"id": "a4", "policyId": "not-there", "roleDefinitionId": None},
            ],
            "role_management_policies": [
                {"id": "p-strict", "rules": shuffled(STRICT, seed)},
                {"id": "p-lax", "rules": shuffled(LAX, seed)},
                {"id": "p-of-nobody", "rules": LAX},
                *with_nothing("rules"),
            ],
            "role_definitions": [
                {"id": "r-strict", "displayName": "Global Administrator", "isBuiltIn": True},
                {"id": "r-lax", "displayName": "Custom", "isBuiltIn": False},
                {"id": "r-other", "displayName": "Other"},
            ],
            **PEOPLE,
        },
    )

    assert found == [
        ("r-gone", "a-null", None, None, *UNKNOWN_ANSWER),
        ("r-lax", "p-lax", "Custom", False, *LAX_ANSWER),
        ("r-strict", "p-strict", "Global Administrator", True, *STRICT_ANSWER),
        (None, "not-there", None, None, *UNKNOWN_ANSWER),
    ]


@pytest.mark.parametrize("seed", [1, 2])
def test_group_role_settings(lab: Lab, seed: int) -> None:
    found = answer(
        lab,
        "group_role_settings",
        f"groupId, accessId, policyId, groupDisplayName, {SETTINGS}",
        {
            "group_role_management_policy_assignments": [
                {"id": "a1", "scopeId": "g-finance", "policyId": "p-strict", "roleDefinitionId": "owner"},
                {"id": "a2", "scopeId": "g-finance", "policyId": "p-lax", "roleDefinitionId": "member"},
                {"id": "a3", "scopeId": "g-gone", "policyId": "a-null-in-a-list", "roleDefinitionId": "member"},
            ],
            "group_role_management_policies": [
                {"id": "p-lax", "rules": shuffled(LAX, seed)},
                {"id": "p-strict", "rules": shuffled(STRICT, seed)},
                *with_nothing("rules"),
            ],
            **PEOPLE,
        },
    )

    assert found == [
        ("g-finance", "member", "p-lax", "Finance", *LAX_ANSWER),
        ("g-finance", "owner", "p-strict", "Finance", *STRICT_ANSWER),
        ("g-gone", "member", "a-null-in-a-list", None, *UNKNOWN_ANSWER),
    ]


@pytest.mark.parametrize("view", ["role_settings", "group_role_settings"])
@pytest.mark.parametrize(
    ("duration", "hours"),
    [
        ("PT30M", 0.5),
        ("PT8H", 8.0),
        ("P1DT1H1M36S", 25.0266666667),
        ("PT1.8S", 0.0005),
        ("P3M", None),
        ("8 hours", None),
        ("", None),
        (None, None),
    ],
)
def test_durations_in_hours(lab: Lab, view: str, duration: str | None, hours: float | None) -> None:
    prefix = "group_" if view.startswith("group") else ""
    rule = expiration("Expiration_EndUser_Assignment", True, duration)
    found = answer(
        lab,
        view,
        "activationMaximumDuration, round(activationMaximumHours, 10)",
        {
            f"{prefix}role_management_policy_assignments": [{"id": "a", "policyId": "p", "roleDefinitionId": "member"}],
            f"{prefix}role_management_policies": [{"id": "p", "rules": [rule]}],
        },
    )

    assert found == [(duration, hours)]


MALFORMED: dict[str, Any] = {
    "no-id": {"enabledRules": ["Ticketing"]},
    "enabled-null": {"id": "Enablement_EndUser_Assignment", "enabledRules": None},
    "approval-null": {"id": "Approval_EndUser_Assignment", "setting": None},
    "context-null": {"id": "AuthenticationContext_EndUser_Assignment", "isEnabled": None, "claimValue": "c1"},
}


@pytest.mark.parametrize("view", ["role_settings", "group_role_settings"])
@pytest.mark.parametrize("name", MALFORMED)
def test_a_rule_without_its_setting_says_nothing(lab: Lab, view: str, name: str) -> None:
    prefix = "group_" if view.startswith("group") else ""
    found = answer(
        lab,
        view,
        "coalesce(activationRequiresTicket, false), activationRequiresApproval, approverIds, activationAuthenticationContext",
        {
            f"{prefix}role_management_policy_assignments": [{"id": "a", "policyId": "p", "roleDefinitionId": "owner"}],
            f"{prefix}role_management_policies": [{"id": "p", "rules": [MALFORMED[name]]}],
        },
    )

    assert found == [(False, None, None, None)]
