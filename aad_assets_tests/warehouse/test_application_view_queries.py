"""The rows of the views of applications, their credentials and permissions, and conditional access."""

from aad_assets_tests.warehouse.support import Lab, Row
from aad_assets_tests.warehouse.view_answers import DAY, DAY_SECONDS, answer, with_nothing

SECRET = {"keyId": "k1", "displayName": "CI", "startDateTime": DAY, "endDateTime": "2026-03-02T00:00:00Z", "hint": "abc"}
CERTIFICATE = {
    "keyId": "k1",
    "displayName": "CN=x",
    "type": "AsymmetricX509Cert",
    "usage": "Sign",
    "customKeyIdentifier": "dGh1bWI=",
}
SYMMETRIC = {"keyId": "k2", "type": "Symmetric", "usage": "Verify"}
CREDENTIALS: Row = {
    "id": "o1",
    "appId": "app-1",
    "displayName": "One",
    "passwordCredentials": [SECRET],
    "keyCredentials": [CERTIFICATE, SYMMETRIC],
}
EXPECTED_CREDENTIALS = [
    ("o1", "certificate", "k1", "app-1", "One", "CN=x", None, None, "AsymmetricX509Cert", "Sign", "dGh1bWI="),
    ("o1", "key", "k2", "app-1", "One", None, None, None, "Symmetric", "Verify", None),
    ("o1", "secret", "k1", "app-1", "One", "CI", DAY_SECONDS, DAY_SECONDS + 86400, None, None, None),
]
OF_A_CREDENTIAL = "displayName, epoch(startDateTime)::BIGINT, epoch(endDateTime)::BIGINT, type, usage, customKeyIdentifier"


def test_application_credentials(lab: Lab) -> None:
    found = answer(
        lab,
        "application_credentials",
        f"applicationId, kind, keyId, appId, applicationDisplayName, {OF_A_CREDENTIAL}",
        {"applications": [CREDENTIALS, *with_nothing("passwordCredentials", "keyCredentials")]},
    )

    assert found == EXPECTED_CREDENTIALS


def test_service_principal_credentials(lab: Lab) -> None:
    principal = {**CREDENTIALS, "servicePrincipalType": "ManagedIdentity", "accountEnabled": False}
    found = answer(
        lab,
        "service_principal_credentials",
        "servicePrincipalId, kind, keyId, appId, servicePrincipalDisplayName, "
        f"{OF_A_CREDENTIAL}, servicePrincipalType, accountEnabled",
        {"service_principals": [principal, *with_nothing("passwordCredentials", "keyCredentials")]},
    )

    assert found == [(*row, "ManagedIdentity", False) for row in EXPECTED_CREDENTIALS]


READ_ROLE = {
    "id": "r-read",
    "value": "User.Read.All",
    "displayName": "Read users",
    "description": "Reads all users",
    "allowedMemberTypes": ["Application"],
    "isEnabled": True,
    "origin": "Application",
}


def test_app_role_definitions(lab: Lab) -> None:
    graph = {"id": "sp-graph", "appId": "graph", "displayName": "Microsoft Graph", "appRoles": [READ_ROLE, {"id": "r-bare"}]}
    found = answer(
        lab,
        "app_role_definitions",
        "servicePrincipalId, appRoleId, appId, servicePrincipalDisplayName, value, displayName, description, "
        "allowedMemberTypes, isEnabled, origin",
        {"service_principals": [graph, *with_nothing("appRoles")]},
    )
    owner = ("graph", "Microsoft Graph")

    assert found == [
        ("sp-graph", "r-bare", *owner, None, None, None, None, None, None),
        (
            "sp-graph",
            "r-read",
            *owner,
            "User.Read.All",
            "Read users",
            "Reads all users",
            ["Application"],
            True,
            "Application",
        ),
    ]


def test_application_required_permissions(lab: Lab) -> None:
    graph = {
        "id": "sp-graph",
        "appId": "graph",
        "displayName": "Microsoft Graph",
        "appRoles": [READ_ROLE, None],
        # A role and a scope may share an id.
        "oauth2PermissionScopes": [
            {"id": "r-read", "value": "User.Read", "adminConsentDisplayName": "Sign in", "isEnabled": False}
        ],
    }
    app = {
        "id": "app-object",
        "appId": "app",
        "displayName": "App",
        "requiredResourceAccess": [
            {
                "resourceAppId": "graph",
                "resourceAccess": [
                    {"id": "r-read", "type": "Role"},
                    {"id": "r-read", "type": "Scope"},
                    {"id": "r-gone", "type": "Role"},
                    {"id": "r-read", "type": "Role,Scope"},
                    None,
                ],
            },
            {"resourceAppId": "deleted", "resourceAccess": [{"id": "r-read", "type": "Role"}]},
            {"resourceAppId": "nothing", "resourceAccess": []},
            {"resourceAppId": "null", "resourceAccess": None},
        ],
    }
    found = answer(
        lab,
        "application_required_permissions",
        "resourceAppId, permissionType, permissionId, resourceId, resourceDisplayName, value, displayName, isEnabled, "
        "applicationId, appId, applicationDisplayName",
        {
            "applications": [app, *with_nothing("requiredResourceAccess")],
            "service_principals": [graph, *with_nothing("appRoles", "oauth2PermissionScopes")],
        },
    )
    who = ("app-object", "app", "App")
    resource = ("sp-graph", "Microsoft Graph")

    assert found == [
        ("deleted", "application", "r-read", None, None, None, None, None, *who),
        ("graph", "Role,Scope", "r-read", *resource, None, None, None, *who),
        ("graph", "application", "r-gone", *resource, None, None, None, *who),
        ("graph", "application", "r-read", *resource, "User.Read.All", "Read users", True, *who),
        ("graph", "delegated", "r-read", *resource, "User.Read", "Sign in", False, *who),
    ]


def test_conditional_access_assignments(lab: Lab) -> None:
    tenants = {"@odata.type": "#microsoft.graph.conditionalAccessEnumeratedExternalTenants", "members": ["t1"]}
    policy = {
        "id": "p1",
        "displayName": "Require MFA",
        "state": "enabled",
        "conditions": {
            "users": {
                "includeUsers": ["All"],
                "excludeUsers": ["anna", "GuestsOrExternalUsers", "deleted"],
                "includeGroups": ["sales"],
                "excludeGroups": ["anna"],  # an id of another kind has no name here
                "includeRoles": ["admin"],
                "excludeRoles": [None],
                "excludeGuestsOrExternalUsers": {
                    "guestOrExternalUserTypes": "internalGuest,b2bCollaborationGuest",
                    "externalTenants": tenants,
                },
            },
            "applications": {
                "includeApplications": ["Office365", "app-1"],
                "excludeApplications": ["sp-1"],
                "includeUserActions": ["urn:user:registersecurityinfo"],
                "includeAuthenticationContextClassReferences": ["c1"],
                "applicationFilter": {"mode": "exclude", "rule": 'CustomSecurityAttribute.a_b -eq "c, d"'},
            },
            "clientApplications": {
                "includeServicePrincipals": ["ServicePrincipalsInMyTenant"],
                "excludeServicePrincipals": ["sp-1"],
                "servicePrincipalFilter": {"mode": "include", "rule": "x"},
            },
            "locations": {"includeLocations": ["All"], "excludeLocations": ["hq", "AllTrusted"]},
            "platforms": {"includePlatforms": ["all"], "excludePlatforms": ["iOS"]},
            "devices": {"deviceFilter": {"mode": "exclude", "rule": "device.isCompliant -eq True"}},
            "clientAppTypes": ["browser"],
            "signInRiskLevels": ["high"],
            "userRiskLevels": ["medium"],
            "servicePrincipalRiskLevels": ["low"],
            "insiderRiskLevels": "minor, elevated",
            "authenticationFlows": {"transferMethods": "deviceCodeFlow,authenticationTransfer"},
        },
    }
    empty_policy = {"id": "p2", "displayName": "Empty", "conditions": {"users": {"includeUsers": []}, "clientAppTypes": None}}
    found = answer(
        lab,
        "conditional_access_assignments",
        "kind, mode, value, displayName, policyId, policyDisplayName, policyState, externalTenants->>'members'",
        {
            "conditional_access_policies": [policy, empty_policy, {"id": "p3"}],
            "users": [{"id": "anna", "displayName": "Anna"}],
            "groups": [{"id": "sales", "displayName": "Sales"}],
            "role_definitions": [{"id": "admin", "displayName": "Global Administrator"}],
            "service_principals": [{"id": "sp-1", "appId": "app-1", "displayName": "One"}],
            "named_locations": [{"id": "hq", "displayName": "Headquarters"}],
            "authentication_context_class_references": [{"id": "c1", "displayName": "Trusted devices"}],
        },
    )

    assert {row[4:7] for row in found} == {("p1", "Require MFA", "enabled")}
    assert {row[:3]: row[7] for row in found if row[7]} == {
        ("guest", "exclude", "b2bCollaborationGuest"): '["t1"]',
        ("guest", "exclude", "internalGuest"): '["t1"]',
    }
    assert (
        [row[:4] for row in found]
        == sorted(
            [
                ("application", "exclude", "sp-1", None),  # applications are named by their client id
                ("application", "include", "Office365", None),
                ("application", "include", "app-1", "One"),
                ("applicationFilter", "exclude", 'CustomSecurityAttribute.a_b -eq "c, d"', None),
                ("authenticationContext", "include", "c1", "Trusted devices"),
                ("authenticationFlow", "include", "authenticationTransfer", None),
                ("authenticationFlow", "include", "deviceCodeFlow", None),
                ("clientAppType", "include", "browser", None),
                ("deviceFilter", "exclude", "device.isCompliant -eq True", None),
                ("group", "exclude", "anna", None),
                ("group", "include", "sales", "Sales"),
                ("guest", "exclude", "b2bCollaborationGuest", None),
                ("guest", "exclude", "internalGuest", None),
                ("insiderRisk", "include", "elevated", None),
                ("insiderRisk", "include", "minor", None),
                ("location", "exclude", "AllTrusted", None),
                ("location", "exclude", "hq", "Headquarters"),
                ("location", "include", "All", None),
                ("platform", "exclude", "iOS", None),
                ("platform", "include", "all", None),
                ("role", "include", "admin", "Global Administrator"),
                ("servicePrincipal", "exclude", "sp-1", "One"),
                ("servicePrincipal", "include", "ServicePrincipalsInMyTenant", None),
                ("servicePrincipalFilter", "include", "x", None),
                ("servicePrincipalRisk", "include", "low", None),
                ("signInRisk", "include", "high", None),
                ("user", "exclude", "GuestsOrExternalUsers", None),
                ("user", "exclude", "anna", "Anna"),
                ("user", "exclude", "deleted", None),
                ("user", "include", "All", None),
                ("userAction", "include", "urn:user:registersecurityinfo", None),
                ("userRisk", "include", "medium", None),
            ],
            key=lambda row: row[:3],
        )
    )
