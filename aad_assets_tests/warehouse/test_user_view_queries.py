"""The rows of each view of users."""

from aad_assets_tests.warehouse.support import Lab, Row
from aad_assets_tests.warehouse.view_answers import DAY, DAY_SECONDS, answer, with_nothing

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
