"""The answers of queries that join, exclude or unnest, on a few rows of which only some belong into them."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from aad_assets_tests.catalog.query_answers import ANNA, BOB, Queries, Tables, ago

WINDOWS = {"operatingSystem": "Windows", "accountEnabled": True, "isManaged": True}

CASES: dict[str, tuple[Tables, list[tuple[Any, ...]]]] = {
    "app_consent_requests": (
        {
            "app_consent_requests": [
                {"id": "q1", "appDisplayName": "Wiki", "appId": "wiki", "pendingScopes": [{"displayName": "User.Read"}]}
            ],
            "user_consent_requests": [
                {"appConsentRequestId": "q1", "id": "1", "createdBy": {"user": {"id": "u-anna"}}},
                {"appConsentRequestId": "q1", "id": "2", "createdBy": {"user": {"id": "u-anna"}}},
                {"appConsentRequestId": "q1", "id": "3", "createdBy": {"user": {"id": "u-bob"}}},
            ],
        },
        [("Wiki", "wiki", ["User.Read"], 2)],
    ),
    "authentication_event_listeners": (
        {
            "authentication_event_listeners": [
                {
                    "id": "l1",
                    "odataType": "onTokenIssuanceStartListener",
                    "handler": {"customExtension": {"id": "e1"}},
                    "conditions": {"applications": {"includeApplications": [{"appId": "wiki"}, {"appId": "crm"}]}},
                }
            ],
            "custom_authentication_extensions": [
                {"id": "e1", "displayName": "Claims", "endpointConfiguration": {"targetUrl": "https://x.example"}}
            ],
        },
        [("onTokenIssuanceStartListener", "Claims", "https://x.example", ["wiki", "crm"])],
    ),
    "authentication_events_flows": (
        {
            "authentication_events_flows": [
                {
                    "id": "f1",
                    "displayName": "Sign up",
                    "conditions": {"applications": {"includeApplications": [{"appId": "wiki"}]}},
                    "onAuthenticationMethodLoadStart": {"identityProviders": [{"displayName": "Google"}]},
                    "onAttributeCollection": {"attributes": [{"displayName": "City"}]},
                },
                {"id": "f2", "displayName": "Unused"},
            ],
            "service_principals": [{"id": "sp-1", "appId": "wiki", "displayName": "Wiki"}],
        },
        [("Sign up", "Wiki", ["Google"], ["City"]), ("Unused", None, None, None)],
    ),
    "b2b_management_policies": (
        {
            "b2b_management_policies": [
                {
                    "id": "p1",
                    "displayName": "B2B",
                    "definition": [
                        '{"B2BManagementPolicy":{"InvitationsAllowedAndBlockedDomainsPolicy":{"BlockedDomains":["x.example"]}}}'
                    ],
                }
            ]
        },
        [("B2B", None, None, '["x.example"]')],
    ),
    "bitlocker_recovery_keys": (
        {
            "devices": [
                {"id": "o1", "deviceId": "d1", "displayName": "With", **WINDOWS},
                {"id": "o2", "deviceId": "d2", "displayName": "Data only", **WINDOWS},
            ],
            "bitlocker_recovery_keys": [
                {"id": "k1", "deviceId": "d1", "volumeType": "operatingSystemVolume"},
                {"id": "k2", "deviceId": "d2", "volumeType": "fixedDataVolume"},
            ],
        },
        [("Data only", None, None, None)],
    ),
    "certificate_based_auth_configurations": (
        {
            "certificate_based_auth_configurations": [
                {
                    "organizationId": "t",
                    "id": "c",
                    "certificateAuthorities": [
                        {"issuer": "Old", "issuerSki": "AA", "isRootAuthority": True},
                        {"issuer": "Moved", "issuerSki": "BB", "isRootAuthority": True},
                    ],
                }
            ],
            "certificate_authorities": [{"pkiId": "p", "id": "1", "issuerSubjectKeyIdentifier": "bb"}],
        },
        [("Old", True, None)],
    ),
    "delegated_admin_customers": (
        {
            "delegated_admin_customers": [{"id": "1", "displayName": "A", "tenantId": "t1"}, {"id": "2", "tenantId": "t2"}],
            "delegated_admin_relationships": [
                {"id": "r1", "status": "expired", "customer": {"tenantId": "t1"}},
                {"id": "r2", "status": "active", "customer": {"tenantId": "t2"}},
            ],
        },
        [("A", "t1")],
    ),
    "external_domain_federations": (
        {
            "external_domain_federations": [
                {"id": "f1", "displayName": "Fabrikam", "domains": [{"id": "fabrikam.com"}, {"id": "fabrikam.de"}]}
            ],
            "users": [{"id": "u1", "userType": "Guest", "mail": "x@Fabrikam.com"}, {**ANNA, "mail": "anna@fabrikam.de"}],
        },
        [("Fabrikam", None, "fabrikam.com", 1), ("Fabrikam", None, "fabrikam.de", 0)],
    ),
    "secure_score_control_profiles": (
        {
            "secure_score_control_profiles": [
                {"id": "Mfa", "title": "MFA", "maxScore": 10.0, "deprecated": False},
                {"id": "Old", "title": "Old", "maxScore": 9.0, "deprecated": True},
                {"id": "Done", "title": "Done", "maxScore": 5.0},
            ],
            "secure_scores": [
                {"id": "1", "createdDateTime": ago(2), "controlScores": [{"controlName": "Mfa", "score": 0}]},
                {
                    "id": "2",
                    "createdDateTime": ago(1),
                    "controlScores": [
                        {"controlName": "Done", "score": 5.0},
                        {"controlName": "Mfa", "score": 2.5},
                        {"controlName": "Old", "score": 0},
                    ],
                },
            ],
        },
        [("MFA", None, 7.5, None, None, None), ("Done", None, 0.0, None, None, None)],
    ),
    "synchronization_jobs": (
        {
            "service_principals": [{"id": "sp-1", "displayName": "Salesforce"}],
            "synchronization_jobs": [
                {"servicePrincipalId": "sp-1", "id": "1", "templateId": "bad", "status": {"code": "Quarantine"}},
                {"servicePrincipalId": "sp-1", "id": "2", "templateId": "paused", "status": {"code": "Paused"}},
                {
                    "servicePrincipalId": "sp-1",
                    "id": "3",
                    "templateId": "good",
                    "status": {"code": "Active", "lastSuccessfulExecution": {"timeEnded": ago(0.1)}},
                },
            ],
        },
        [("Salesforce", "bad", "Quarantine", None, None, None)],
    ),
    "token_lifetime_policy_targets": (
        {
            "token_lifetime_policy_targets": [
                {"policyId": "p1", "targetId": "sp-1", "targetType": "servicePrincipal"},
                {"policyId": "p1", "targetId": "o-1", "targetType": "application"},
            ],
            "token_lifetime_policies": [
                {
                    "id": "p1",
                    "displayName": "Short",
                    "definition": ['{"TokenLifetimePolicy":{"AccessTokenLifetime":"00:30"}}'],
                }
            ],
            "service_principals": [{"id": "sp-1", "displayName": "Wiki"}],
            "applications": [{"id": "o-1", "displayName": "CRM"}],
        },
        [("CRM", "Short", "00:30"), ("Wiki", "Short", "00:30")],
    ),
    "user_mailbox_purposes": (
        {
            "user_mailbox_purposes": [
                {"userId": "u-anna", "userPurpose": "shared"},
                {"userId": "u-bob", "userPurpose": "room"},
                {"userId": "u1", "userPurpose": "user"},
            ],
            "users": [
                {**ANNA, "assignedLicenses": []},
                {**BOB, "assignedLicenses": []},
                {"id": "u1", "accountEnabled": True},
            ],
        },
        [("shared", "anna@contoso.com", True, 0)],
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


def test_sign_ins_of_workloads_and_clients(queries: Queries) -> None:
    sign_in = {"appId": "wiki", "servicePrincipalName": "Wiki", "createdDateTime": ago(1)}
    secrets = [{"keyId": "k1", "displayName": "CI", "endDateTime": ago(-9)}, {"keyId": "k2", "displayName": "Unused"}]
    used = queries.answer(
        "sign_ins_service_principal",
        {
            "sign_ins_service_principal": [
                {**sign_in, "id": "1", "servicePrincipalCredentialKeyId": "k1", "ipAddress": "192.0.2.1"},
                {**sign_in, "id": "2", "servicePrincipalCredentialKeyId": "k1", "ipAddress": "192.0.2.2"},
                {**sign_in, "id": "3", "servicePrincipalCredentialKeyId": "of-a-certificate"},
            ],
            "applications": [{"id": "o1", "appId": "wiki", "passwordCredentials": secrets}],
        },
    )
    anna = {"userPrincipalName": "anna@contoso.com", "createdDateTime": ago(1), "status": {"errorCode": 0}}
    abroad = queries.answer(
        "sign_ins_non_interactive",
        {
            "sign_ins_non_interactive": [
                {**anna, "id": "1", "location": {"countryOrRegion": "DE"}, "appDisplayName": "Teams"},
                {**anna, "id": "2", "location": {"countryOrRegion": "FR"}, "appDisplayName": "Teams"},
                {**anna, "id": "3", "location": {"countryOrRegion": "US"}, "status": {"errorCode": 50126}},
            ]
        },
    )

    assert [(app, secret, addresses) for app, secret, _, _, addresses in used] == [("Wiki", "CI", 2)]
    assert [(who, countries, sorted(which), apps) for who, _, countries, which, apps in abroad] == [
        ("anna@contoso.com", 2, ["DE", "FR"], ["Teams"])
    ]


def test_devices_without_a_fresh_password_and_apps_that_nothing_uses(queries: Queries) -> None:
    in_use = {**WINDOWS, "approximateLastSignInDateTime": ago(1)}
    devices = queries.answer(
        "device_local_credentials",
        {
            "devices": [{"id": f"o{n}", "deviceId": f"d{n}", "displayName": n, **in_use} for n in ("fresh", "none", "old")],
            "device_local_credentials": [
                {"id": "dfresh", "lastBackupDateTime": ago(3)},
                {"id": "dold", "lastBackupDateTime": ago(99)},
            ],
        },
    )
    app = {"servicePrincipalType": "Application", "accountEnabled": True}
    activity = "service_principal_sign_in_activities"
    apps = queries.answer(
        activity,
        {
            "service_principals": [{"id": n, "appId": n, "displayName": n, **app} for n in ("never", "old", "used", "weak")],
            "app_role_assignments": [
                {"id": n, "principalId": n, "resourceDisplayName": "Graph"} for n in ("never", "old", "used")
            ],
            activity: [
                {"id": n, "appId": n, "lastSignInActivity": {"lastSignInDateTime": ago(days)}}
                for n, days in (("old", 99), ("used", 3), ("weak", 99))
            ],
        },
    )

    assert [row[0] for row in devices] == ["none", "old"]
    assert [row[:2] for row in apps] == [("never", ["Graph"]), ("old", ["Graph"])]
