"""The rows of the views of authentication methods, consent policies, named locations and redirect URIs."""

import json
from typing import Any

import pytest

from aad_assets_tests.warehouse.support import Lab, Row
from aad_assets_tests.warehouse.view_answers import answer, with_nothing

METHOD = "#microsoft.graph.{}AuthenticationMethodConfiguration"
EVERYONE: Row = {"targetType": "group", "id": "all_users", "isRegistrationRequired": False}
FIDO: Row = {
    "@odata.type": METHOD.format("fido2"),
    "id": "Fido2",
    "state": "enabled",
    "isSelfServiceRegistrationAllowed": True,
    "isAttestationEnforced": False,
    "keyRestrictions": {"isEnforced": True, "enforcementType": "allow", "aaGuids": ["aa"]},
    "includeTargets": [{"targetType": "group", "id": "g-pilot", "isRegistrationRequired": True}, EVERYONE],
    "excludeTargets": [{"targetType": "group", "id": "g-gone"}, {"targetType": "user", "id": "u-bob"}],
}
PASS: Row = {
    "@odata.type": METHOD.format("temporaryAccessPass"),
    "id": "TemporaryAccessPass",
    "state": "disabled",
    "isUsableOnce": True,
    "defaultLifetimeInMinutes": 60,
    "maximumLifetimeInMinutes": 480,
    "includeTargets": [{"targetType": "group", "id": "g-pilot", "isRegistrationRequired": False}],
    "excludeTargets": [],
}
AUTHENTICATOR: Row = {
    "@odata.type": METHOD.format("microsoftAuthenticator"),
    "id": "MicrosoftAuthenticator",
    "state": "enabled",
    "isSoftwareOathEnabled": False,
    "featureSettings": {
        "displayAppInformationRequiredState": {"state": "enabled"},
        "displayLocationInformationRequiredState": {"state": "default"},
    },
}
SMS: Row = {
    "@odata.type": METHOD.format("sms"),
    "id": "Sms",
    "state": "enabled",
    "includeTargets": [{**EVERYONE, "isUsableForSignIn": True}],
}
VOICE: Row = {"@odata.type": METHOD.format("voice"), "id": "Voice", "isOfficePhoneAllowed": False, "includeTargets": None}
EMAIL: Row = {"@odata.type": METHOD.format("email"), "id": "Email", "allowExternalIdToUseEmailOtp": "default"}
CERTIFICATE: Row = {
    "@odata.type": METHOD.format("x509Certificate"),
    "id": "X509Certificate",
    "authenticationModeConfiguration": {"x509CertificateAuthenticationDefaultMode": "x509CertificateMultiFactor"},
}
EXTERNAL: Row = {"@odata.type": METHOD.format("external"), "id": "e1", "displayName": "Duo", "appId": "duo"}
FUTURE: Row = {"@odata.type": "#microsoft.graph.telepathy", "id": "Telepathy", "state": "enabled", "range": {"km": 3}}

NOBODY = (False, None, None, None, None, None, None)
METHODS: dict[str, tuple[Row, tuple[Any, ...], dict[int, Any]]] = {
    # Its row, what it says about targets, and the settings that it has, by their place in the row.
    "authenticator": (AUTHENTICATOR, NOBODY, {3: "enabled", 4: "default", 5: False}),
    "certificate": (CERTIFICATE, NOBODY, {11: "x509CertificateMultiFactor"}),
    "email": (EMAIL, NOBODY, {10: "default"}),
    "external": (EXTERNAL, NOBODY, {}),
    "fido": (
        FIDO,
        (True, ["all_users", "g-pilot"], ["all_users", "Pilot"], ["g-gone", "u-bob"], [None, "Bob"], True, None),
        {0: True, 1: False, 2: True},
    ),
    "future": (FUTURE, NOBODY, {}),
    "pass": (PASS, (False, ["g-pilot"], ["Pilot"], None, None, False, None), {6: True, 7: 60, 8: 480}),
    "sms": (SMS, (True, ["all_users"], ["all_users"], None, None, False, True), {}),
    "voice": (VOICE, NOBODY, {9: False}),
}
COMMON = {"@odata.type", "id", "displayName", "state", "includeTargets", "excludeTargets"}
TYPES = {"authenticator": "microsoftAuthenticator", "certificate": "x509Certificate", "fido": "fido2", "future": None}


def test_authentication_method_settings(lab: Lab) -> None:
    found = answer(
        lab,
        "authentication_method_settings",
        "method, methodType, displayName, state, includesAllUsers, includeTargetIds, includeTargetNames, excludeTargetIds, "
        "excludeTargetNames, isRegistrationRequired, isUsableForSignIn, isSelfServiceRegistrationAllowed, "
        "isAttestationEnforced, isKeyRestrictionEnforced, displayAppInformationState, displayLocationInformationState, "
        "isSoftwareOathEnabled, isUsableOnce, defaultLifetimeInMinutes, maximumLifetimeInMinutes, isOfficePhoneAllowed, "
        "allowExternalIdToUseEmailOtp, certificateAuthenticationMode, settings::VARCHAR",
        {
            "authentication_methods_policy": [
                {"id": "policy", "authenticationMethodConfigurations": [row for row, _, _ in METHODS.values()]},
                *with_nothing("authenticationMethodConfigurations"),
            ],
            "users": [{"id": "u-bob", "displayName": "Bob"}],
            "groups": [{"id": "g-pilot", "displayName": "Pilot"}, {"id": "g-other", "displayName": "Other"}],
        },
    )
    expected = {
        row["id"]: (
            row["id"],
            TYPES.get(name, "temporaryAccessPass" if name == "pass" else name),
            row.get("displayName"),
            row.get("state"),
            *targets,
            *(settings.get(place) for place in range(12)),
        )
        for name, (row, targets, settings) in METHODS.items()
    }

    assert {row[0]: row[:-1] for row in found} == expected
    assert len(found) == len(METHODS)
    assert {row[0]: json.loads(row[-1]) for row in found} == {
        row["id"]: {name: value for name, value in row.items() if name not in COMMON} for row, _, _ in METHODS.values()
    }


def condition(**values: Any) -> Row:
    return {"permissionType": "delegated", "resourceApplication": "graph", "permissions": ["all"], **values}


def test_permission_grant_conditions(lab: Lab) -> None:
    low = condition(id="c1", permissions=["s-read", "s-gone"], permissionClassification="low")
    low |= {"clientApplicationsFromVerifiedPublisherOnly": True, "clientApplicationIds": ["all"]}
    low |= {"clientApplicationPublisherIds": ["pub"], "clientApplicationTenantIds": ["t1", "t2"]}
    graph = {
        "id": "sp-graph",
        "appId": "graph",
        "displayName": "Microsoft Graph",
        "appRoles": [{"id": "r-read", "value": "User.Read.All"}],
        "oauth2PermissionScopes": [{"id": "s-read", "value": "User.Read"}],
    }
    found = answer(
        lab,
        "permission_grant_conditions",
        "policyId, mode, conditionSetId, permissionId, policyDisplayName, resourceAppId, resourceDisplayName, value, "
        "permissionType, permissionClassification, clientApplicationsFromVerifiedPublisherOnly, clientApplicationIds, "
        "clientApplicationPublisherIds, clientApplicationTenantIds",
        {
            "permission_grant_policies": [
                {"id": "p1", "displayName": "Low", "includes": [low], "excludes": [condition(id="c2")]},
                {"id": "p2", "includes": [condition(id="c3", resourceApplication="any", permissions=[])], "excludes": None},
                {
                    "id": "p3",
                    "includes": [
                        condition(id="c4", permissions=["r-read"], permissionType="application"),
                        condition(id="c5", permissions=["r-read"]),
                        condition(id="c6", permissions=["s-read"], permissionType="delegatedUserConsentable"),
                    ],
                },
                *with_nothing("includes", "excludes"),
            ],
            "service_principals": [graph, {"id": "sp-2", "appId": "other", "displayName": "Other", "appRoles": None}],
        },
    )
    api = ("graph", "Microsoft Graph")
    rest = ("delegated", "low", True, ["all"], ["pub"], ["t1", "t2"])
    bare = (None,) * 5

    assert found == [
        ("p1", "exclude", "c2", "all", "Low", *api, None, "delegated", *bare),
        ("p1", "include", "c1", "s-gone", "Low", *api, None, *rest),
        ("p1", "include", "c1", "s-read", "Low", *api, "User.Read", *rest),
        ("p2", "include", "c3", None, None, "any", None, None, "delegated", *bare),
        ("p3", "include", "c4", "r-read", None, *api, "User.Read.All", "application", *bare),
        ("p3", "include", "c5", "r-read", None, *api, None, "delegated", *bare),
        ("p3", "include", "c6", "s-read", None, *api, "User.Read", "delegatedUserConsentable", *bare),
    ]


def test_named_location_contents(lab: Lab) -> None:
    found = answer(
        lab,
        "named_location_contents",
        "locationId, kind, value, locationDisplayName, isTrusted, countryLookupMethod",
        {
            "named_locations": [
                {
                    "id": "l1",
                    "displayName": "Office",
                    "isTrusted": True,
                    "ipRanges": [
                        {"@odata.type": "#microsoft.graph.iPv6CidrRange", "cidrAddress": "2001:db8::/32"},
                        {"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.0/24"},
                        {
                            "@odata.type": "#microsoft.graph.iPv4Range",
                            "lowerAddress": "203.0.113.1",
                            "upperAddress": "203.0.113.9",
                        },
                        {"@odata.type": "#microsoft.graph.aRangeOfTheFuture"},
                    ],
                },
                {
                    "id": "l2",
                    "displayName": "Abroad",
                    "countriesAndRegions": ["FR", "AT"],
                    "countryLookupMethod": "authenticatorAppGps",
                    "includeUnknownCountriesAndRegions": True,
                },
                {"id": "l3", "countriesAndRegions": ["DE"], "includeUnknownCountriesAndRegions": False},
                *with_nothing("ipRanges", "countriesAndRegions"),
            ]
        },
    )

    assert found == [
        ("l1", "ipRange", "2001:db8::/32", "Office", True, None),
        ("l1", "ipRange", "203.0.113.0/24", "Office", True, None),
        ("l1", "ipRange", "203.0.113.1-203.0.113.9", "Office", True, None),
        ("l2", "country", "AT", "Abroad", None, "authenticatorAppGps"),
        ("l2", "country", "FR", "Abroad", None, "authenticatorAppGps"),
        ("l2", "country", "unknown", "Abroad", None, "authenticatorAppGps"),
        ("l3", "country", "DE", None, None, None),
    ]


def test_application_redirect_uris_of_each_platform(lab: Lab) -> None:
    app = {
        "id": "o1",
        "appId": "app-1",
        "displayName": "One",
        "signInAudience": "AzureADMyOrg",
        "web": {"redirectUris": ["https://one.contoso.com/auth", None]},
        "spa": {"redirectUris": []},
        "publicClient": {"redirectUris": ["http://localhost"]},
    }
    single_page = {"id": "o2", "appId": "app-2", "web": None, "spa": {"redirectUris": ["https://two.contoso.com"]}}
    found = answer(
        lab,
        "application_redirect_uris",
        "applicationId, platform, redirectUri, appId, applicationDisplayName, scheme, host, signInAudience",
        {"applications": [single_page, app, {"id": "o3", "web": {"redirectUris": None}}, {"id": "o4"}]},
    )

    assert found == [
        ("o1", "publicClient", "http://localhost", "app-1", "One", "http", "localhost", "AzureADMyOrg"),
        ("o1", "web", "https://one.contoso.com/auth", "app-1", "One", "https", "one.contoso.com", "AzureADMyOrg"),
        ("o2", "spa", "https://two.contoso.com", "app-2", None, "https", "two.contoso.com", None),
    ]


@pytest.mark.parametrize(
    ("uri", "scheme", "host"),
    [
        ("HTTPS://App.Contoso.com:8443/Auth?x=1#y", "https", "app.contoso.com"),
        ("https://*.contoso.com", "https", "*.contoso.com"),
        ("http://[::1]:3000/", "http", "[::1]"),
        ("https://user@evil.example/x", "https", "evil.example"),
        ("https://good.example/@evil.example", "https", "good.example"),
        ("msal1234://auth", "msal1234", None),
        ("urn:ietf:wg:oauth:2.0:oob", "urn", None),
        ("/relative", None, None),
        ("https://", "https", None),
    ],
)
def test_the_scheme_and_host_of_a_redirect_uri(lab: Lab, uri: str, scheme: str | None, host: str | None) -> None:
    apps = [{"id": "o1", "web": {"redirectUris": [uri]}}]

    assert answer(lab, "application_redirect_uris", "redirectUri, scheme, host", {"applications": apps}) == [
        (uri, scheme, host)
    ]
