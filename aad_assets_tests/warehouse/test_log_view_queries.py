"""The rows of the views of logs: audit targets, modified properties, and conditional access policies of sign-ins."""

import json
from typing import Any

import pytest

from aad_assets_tests.warehouse.support import Lab, Row
from aad_assets_tests.warehouse.view_answers import DAY, DAY_SECONDS, answer, with_nothing

BY_ANNA: Row = {"user": {"id": "u-anna", "userPrincipalName": "anna@contoso.com", "ipAddress": "192.0.2.1"}, "app": None}
BY_APP: Row = {"app": {"displayName": "HR sync", "servicePrincipalId": "sp-hr", "appId": "app-hr"}}
ROLE_ADDED: Row = {
    "id": "a1",
    "activityDateTime": DAY,
    "activityDisplayName": "Add member to role",
    "category": "RoleManagement",
    "operationType": "Assign",
    "result": "success",
    "resultReason": "",
    "loggedByService": "Core Directory",
    "correlationId": "c1",
    "initiatedBy": BY_ANNA,
    "targetResources": [
        {
            "id": "u-bob",
            "type": "User",
            "userPrincipalName": "bob@contoso.com",
            "modifiedProperties": [
                {"displayName": "Role.DisplayName", "oldValue": None, "newValue": '"Global Reader"'},
                {"displayName": "Role.TemplateId", "oldValue": '"f1"', "newValue": '"f2"'},
            ],
        },
        {"id": "g1", "type": "Group", "displayName": "Admins", "groupType": "azureAD", "modifiedProperties": []},
    ],
}
APP_EVENT: Row = {"id": "a2", "initiatedBy": BY_APP, "targetResources": [{"id": None, "displayName": "Nameless"}]}
NOBODY: Row = {"id": "a3", "initiatedBy": None, "targetResources": [{"id": "u-bob"}]}


def test_directory_audit_targets(lab: Lab) -> None:
    found = answer(
        lab,
        "directory_audit_targets",
        "auditId, targetId, targetType, targetDisplayName, targetUserPrincipalName, targetGroupType, "
        "epoch(activityDateTime)::BIGINT, activityDisplayName, category, operationType, result, resultReason, "
        "loggedByService, correlationId, initiatedByUserId, initiatedByUserPrincipalName, initiatedByServicePrincipalId, "
        "initiatedByAppDisplayName, initiatedByIpAddress",
        {"directory_audits": [NOBODY, ROLE_ADDED, APP_EVENT, *with_nothing("targetResources")]},
    )
    activity = (DAY_SECONDS, "Add member to role", "RoleManagement", "Assign", "success", "", "Core Directory", "c1")
    anna = ("u-anna", "anna@contoso.com", None, None, "192.0.2.1")
    unknown = (None,) * 8

    assert found == [
        ("a1", "g1", "Group", "Admins", None, "azureAD", *activity, *anna),
        ("a1", "u-bob", "User", None, "bob@contoso.com", None, *activity, *anna),
        ("a2", None, None, "Nameless", None, None, *unknown, None, None, "sp-hr", "HR sync", None),
        ("a3", "u-bob", None, None, None, None, *unknown, None, None, None, None, None),
    ]


def test_directory_audit_modified_properties(lab: Lab) -> None:
    nothing = [{"id": name, "targetResources": [{"id": "t", "modifiedProperties": value}]} for name, value in NOTHING.items()]
    found = answer(
        lab,
        "directory_audit_modified_properties",
        "auditId, targetId, propertyName, targetType, targetDisplayName, targetUserPrincipalName, oldValue, newValue, "
        "epoch(activityDateTime)::BIGINT, activityDisplayName, category, result, "
        "initiatedByUserId, initiatedByUserPrincipalName, initiatedByServicePrincipalId, initiatedByAppDisplayName",
        {"directory_audits": [ROLE_ADDED, APP_EVENT, *nothing, *with_nothing("targetResources")]},
    )
    target = ("User", None, "bob@contoso.com")
    event = (DAY_SECONDS, "Add member to role", "RoleManagement", "success", "u-anna", "anna@contoso.com", None, None)

    assert found == [
        ("a1", "u-bob", "Role.DisplayName", *target, None, "Global Reader", *event),
        ("a1", "u-bob", "Role.TemplateId", *target, "f1", "f2", *event),
    ]


NOTHING: dict[str, Any] = {"null": None, "empty": [], "null-in-a-list": [None]}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (json.dumps("Sales"), "Sales"),
        (json.dumps(""), ""),
        (json.dumps('say "hi" \\ ü\n'), 'say "hi" \\ ü\n'),
        ("Sales", "Sales"),
        ("", ""),
        ('"Sales', '"Sales'),
        ('"a" and "b"', '"a" and "b"'),
        ("[true]", "true"),
        ("[42]", "42"),
        (json.dumps(["Sales"]), "Sales"),
        (json.dumps(['say "hi"']), 'say "hi"'),
        ("[]", None),
        ("[null]", None),
        ('["a", "b"]', '["a", "b"]'),
        ('[["a"]]', '[["a"]]'),
        ('[{"id": "x"}]', '[{"id": "x"}]'),
        ('{"id": "x"}', '{"id": "x"}'),
        ("[not JSON]", "[not JSON]"),
        ("[", "["),
        ("null", "null"),
        ("42", "42"),
        (None, None),
    ],
)
def test_a_value_is_shown_without_the_json_around_it(lab: Lab, value: str | None, text: str | None) -> None:
    changed = {"displayName": "department", "oldValue": value, "newValue": value}
    event = {"id": "a1", "targetResources": [{"id": "u1", "modifiedProperties": [changed]}]}
    found = answer(lab, "directory_audit_modified_properties", "oldValue, newValue", {"directory_audits": [event]})

    assert found == [(text, text)]


def test_sign_in_conditional_access_policies(lab: Lab) -> None:
    signed_in = {
        "id": "s1",
        "createdDateTime": DAY,
        "userId": "u-anna",
        "userPrincipalName": "anna@contoso.com",
        "userDisplayName": "Anna",
        "appId": "app-1",
        "appDisplayName": "Wiki",
        "resourceId": "graph",
        "conditionalAccessStatus": "failure",
        "status": {"errorCode": 53003},
        "clientAppUsed": "Browser",
        "ipAddress": "192.0.2.1",
        "location": {"countryOrRegion": "DE"},
        "appliedConditionalAccessPolicies": [
            {
                "id": "p2",
                "displayName": "Require MFA",
                "result": "failure",
                "enforcedGrantControls": ["Mfa", "Block"],
                "enforcedSessionControls": [],
            },
            {"id": "p1", "result": "aResultOfTheFuture"},
        ],
    }
    bare = {"id": "s2", "appliedConditionalAccessPolicies": [{"id": "p1"}]}
    found = answer(
        lab,
        "sign_in_conditional_access_policies",
        "signInId, policyId, policyDisplayName, userPrincipalName, userDisplayName, appDisplayName, result, "
        "enforcedGrantControls, enforcedSessionControls, epoch(createdDateTime)::BIGINT, userId, appId, resourceId, "
        "conditionalAccessStatus, errorCode, clientAppUsed, ipAddress, countryOrRegion",
        {"sign_ins": [bare, signed_in, *with_nothing("appliedConditionalAccessPolicies")]},
    )
    names = ("anna@contoso.com", "Anna", "Wiki")
    rest = (DAY_SECONDS, "u-anna", "app-1", "graph", "failure", 53003, "Browser", "192.0.2.1", "DE")

    assert found == [
        ("s1", "p1", None, *names, "aResultOfTheFuture", None, None, *rest),
        ("s1", "p2", "Require MFA", *names, "failure", ["Mfa", "Block"], [], *rest),
        ("s2", "p1", *(None,) * 16),
    ]
