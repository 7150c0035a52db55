"""What each view answers, on a few rows made by hand and published as a run publishes them."""

from collections.abc import Mapping, Sequence
from typing import Any

from aad_assets.catalog import CATALOG
from aad_assets.catalog.views import VIEWS
from aad_assets.warehouse.views import ViewStatus, refresh_views
from aad_assets_tests.warehouse.support import TENANT, Lab, MemoryTarget, Row

Tables = Mapping[str, Sequence[Row]]

DAY = "2026-03-01T00:00:00Z"
DAY_SECONDS = 1772323200

E5: Row = {
    "id": "t_e5",
    "skuId": "sku-e5",
    "skuPartNumber": "SPE_E5",
    "servicePlans": [
        {"servicePlanId": "plan-exo", "servicePlanName": "EXCHANGE_S_ENTERPRISE"},
        {"servicePlanId": "plan-teams", "servicePlanName": "TEAMS1"},
    ],
}
EXO: Row = {
    "id": "t_exo",
    "skuId": "sku-exo",
    "skuPartNumber": "EXCHANGEENTERPRISE",
    "servicePlans": [{"servicePlanId": "plan-exo", "servicePlanName": "EXCHANGE_S_ENTERPRISE"}, None],
}
BARE: Row = {"id": "t_bare", "skuId": "sku-bare", "skuPartNumber": "BARE"}


def with_nothing(*columns: str) -> list[Row]:
    """One row with NULL in `columns`, one with empty lists, one with a list of nothing but NULL."""
    values: dict[str, Any] = {"a-null": None, "an-empty-list": [], "a-null-in-a-list": [None]}
    return [{"id": name, **dict.fromkeys(columns, value)} for name, value in values.items()]


def answer(lab: Lab, name: str, columns: str, tables: Tables) -> list[tuple[Any, ...]]:
    """`columns` of the view `name` over `tables`; those of its tables that are not given are empty."""
    view = next(view for view in VIEWS if view.name == name)
    target = MemoryTarget(lab)
    for table in view.parents:
        lab.publish(target, tables.get(table, []), CATALOG[table])
    with lab.stage.cursor() as cursor:
        [outcome] = refresh_views(cursor, target, [view], run_id="run-0", tenant_id=TENANT)
    assert (outcome.status, outcome.reason) == (ViewStatus.REFRESHED, None)
    assert outcome.old == ()
    found = lab.stored(target, f"SELECT {columns} FROM {{schema}}.{name} ORDER BY ALL")
    assert outcome.rows == len(found)
    assert lab.stored(target, f"SELECT count(*) FROM {{schema}}.{name} WHERE _tenant_id = '{TENANT}'") == [(len(found),)]
    return found


def test_user_licenses(lab: Lab) -> None:
    anna = {
        "id": "anna",
        "userPrincipalName": "anna@contoso.com",
        "displayName": "Anna",
        "accountEnabled": True,
        "assignedLicenses": [
            {"skuId": "sku-e5", "disabledPlans": ["plan-teams"]},
            {"skuId": "sku-bare", "disabledPlans": []},
            {"skuId": "sku-unknown", "disabledPlans": ["plan-unknown"]},
        ],
        "licenseAssignmentStates": [
            {
                "skuId": "sku-e5",
                "state": "Active",
                "error": "None",
                "disabledPlans": ["plan-teams"],
                "lastUpdatedDateTime": DAY,
            },
            {"skuId": "sku-e5", "assignedByGroup": "sales", "state": "Active", "error": "None", "disabledPlans": []},
            {"skuId": "sku-exo", "assignedByGroup": "gone", "state": "Error", "error": "CountViolation"},
            {"skuId": "sku-bare", "state": "Active", "error": "None", "disabledPlans": []},
        ],
    }
    found = answer(
        lab,
        "user_licenses",
        "userId, skuId, groupId, skuPartNumber, isAssigned, assignedBy, groupDisplayName, state, error, "
        "epoch(lastUpdatedDateTime)::BIGINT, disabledPlans, disabledPlanNames, "
        "userDisplayName, userPrincipalName, accountEnabled",
        {
            "users": [anna, *with_nothing("assignedLicenses", "licenseAssignmentStates")],
            "subscribed_skus": [E5, EXO, BARE, {**E5, "id": "again"}],
            "groups": [{"id": "sales", "displayName": "Sales"}, {"id": "other", "displayName": "Other"}],
        },
    )
    who = ("Anna", "anna@contoso.com", True)
    teams = (["plan-teams"], ["TEAMS1"])
    failed = ("Error", "CountViolation", None, None, None)

    assert found == [
        ("anna", "sku-bare", None, "BARE", True, "direct", None, "Active", "None", None, [], [], *who),
        ("anna", "sku-e5", "sales", "SPE_E5", True, "group", "Sales", "Active", "None", None, [], [], *who),
        ("anna", "sku-e5", None, "SPE_E5", True, "direct", None, "Active", "None", DAY_SECONDS, *teams, *who),
        ("anna", "sku-exo", "gone", "EXCHANGEENTERPRISE", False, "group", None, *failed, *who),
        ("anna", "sku-unknown", None, None, True, None, None, None, None, None, ["plan-unknown"], [None], *who),
    ]


def test_user_licenses_of_a_tenant_without_subscriptions(lab: Lab) -> None:
    anna = {"id": "anna", "assignedLicenses": [{"skuId": "sku-e5", "disabledPlans": ["plan-teams"]}]}
    found = answer(lab, "user_licenses", "skuId, skuPartNumber, isAssigned, disabledPlans", {"users": [anna]})

    assert found == [("sku-e5", None, True, ["plan-teams"])]


def test_user_service_plans(lab: Lab) -> None:
    plans = [
        {"servicePlanId": "plan-exo", "service": "exchange", "capabilityStatus": "Enabled", "assignedDateTime": DAY},
        {"servicePlanId": "plan-teams", "service": "TeamspaceAPI", "capabilityStatus": "Deleted"},
        {"servicePlanId": "plan-unknown", "service": "other", "capabilityStatus": "Enabled"},
    ]
    anna = {
        "id": "anna",
        "assignedPlans": plans,
        "assignedLicenses": [{"skuId": "sku-e5", "disabledPlans": ["plan-teams"]}, {"skuId": "sku-exo"}],
    }
    bob = {"id": "bob", "assignedPlans": plans[:1]}
    found = answer(
        lab,
        "user_service_plans",
        "userId, servicePlanId, servicePlanName, service, capabilityStatus, epoch(assignedDateTime)::BIGINT, skuPartNumbers",
        {
            "users": [anna, bob, *with_nothing("assignedPlans", "assignedLicenses")],
            "subscribed_skus": [E5, EXO, BARE],
        },
    )

    exchange = ("plan-exo", "EXCHANGE_S_ENTERPRISE", "exchange", "Enabled", DAY_SECONDS)

    assert found[0] == ("anna", *exchange, ["EXCHANGEENTERPRISE", "SPE_E5"])
    assert found[1] == ("anna", "plan-teams", "TEAMS1", "TeamspaceAPI", "Deleted", None, [])
    assert found[2][:6] == ("anna", "plan-unknown", None, "other", "Enabled", None)
    assert not found[2][6]
    assert found[3][:6] == ("bob", *exchange)
    assert not found[3][6]
    assert len(found) == 4


def test_user_identities(lab: Lab) -> None:
    guest = {
        "id": "gina",
        "userPrincipalName": "gina_fabrikam.com#EXT#@contoso.com",
        "userType": "Guest",
        "externalUserState": "Accepted",
        "identities": [
            {
                "signInType": "userPrincipalName",
                "issuer": "contoso.com",
                "issuerAssignedId": "gina_fabrikam.com#EXT#@contoso.com",
            },
            {"signInType": "federated", "issuer": "ExternalAzureAD", "issuerAssignedId": None},
        ],
    }
    found = answer(
        lab,
        "user_identities",
        "userId, signInType, issuer, issuerAssignedId, userType, externalUserState",
        {"users": [guest, *with_nothing("identities")]},
    )

    assert found == [
        ("gina", "federated", "ExternalAzureAD", None, "Guest", "Accepted"),
        ("gina", "userPrincipalName", "contoso.com", "gina_fabrikam.com#EXT#@contoso.com", "Guest", "Accepted"),
    ]


def test_user_proxy_addresses(lab: Lab) -> None:
    addresses = [
        "SMTP:Anna@Contoso.com",
        "smtp:anna@contoso.onmicrosoft.com",
        "SIP:anna@contoso.com",
        "x500:/o=Org/cn=Recipients/cn=a:b@c",
        "no-colon@contoso.com",
        "smtp:broken",
        "",
    ]
    found = answer(
        lab,
        "user_proxy_addresses",
        "proxyAddress, protocol, address, domain, isPrimary, mail",
        {
            "users": [
                {"id": "anna", "mail": "Anna@Contoso.com", "proxyAddresses": addresses},
                *with_nothing("proxyAddresses"),
            ]
        },
    )
    by_address = {row[0]: row[1:] for row in found}

    assert by_address == {
        "SMTP:Anna@Contoso.com": ("smtp", "Anna@Contoso.com", "contoso.com", True, "Anna@Contoso.com"),
        "smtp:anna@contoso.onmicrosoft.com": (
            "smtp",
            "anna@contoso.onmicrosoft.com",
            "contoso.onmicrosoft.com",
            False,
            "Anna@Contoso.com",
        ),
        "SIP:anna@contoso.com": ("sip", "anna@contoso.com", "contoso.com", True, "Anna@Contoso.com"),
        "x500:/o=Org/cn=Recipients/cn=a:b@c": ("x500", "/o=Org/cn=Recipients/cn=a:b@c", None, False, "Anna@Contoso.com"),
        "no-colon@contoso.com": (None, "no-colon@contoso.com", None, False, "Anna@Contoso.com"),
        "smtp:broken": ("smtp", "broken", None, False, "Anna@Contoso.com"),
        "": (None, "", None, False, "Anna@Contoso.com"),
    }


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
                "excludeGroups": ["anna"],  # an id of another kind is no name
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
