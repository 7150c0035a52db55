"""The tables that exist since the tenant follows the documentation page by page: rows, subtypes, references, permissions.

What the subtypes are called is from Microsoft's metadata and from the pages of the lists.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from aad_assets.demo.collections import BY_TABLE, COLLECTIONS, Collection
from aad_assets.demo.control import truth
from aad_assets.demo.directory import permissions
from aad_assets.demo.directory.rendering import SCHEMA
from aad_assets.demo.protocol.errors import GraphError
from aad_assets.demo.protocol.selection import STREAMS
from aad_assets.demo.tenant import Directory

from .client import EVENTUAL, Client, Json, bare, error_code, expanding, where
from .refusals import denied
from .tenants import EPOCH, ask, directory, in_areas, rows

AREAS = in_areas("agents", "posture", "tenant", "sign_up", "beta_logs")
VALUES = {"user_mailbox_purposes", "user_mfa_requirements"}
"""Tables whose rows have no id of their own: one for each parent."""
ONE_ROW = {"certificate_based_auth_configurations", *VALUES}
"""Tables that a tenant has one row of, or one for each parent, as the documentation says."""
NEVER = {
    *("deletedDateTime", "credentials", "key", "apiConnectorConfiguration", "apiUrl", "globalSecureAccessIpAddress"),
    *("homeTenantName", "ipAddressFromResourceProvider", "privateLinkDetails", "signInIdentifier", "tokenIssuerName"),
    *("servicePrincipalCredentialThumbprint", "authenticationAppPolicyEvaluationDetails", "appliedEventListeners"),
    *STREAMS,
}
"""Properties that no row has a value for."""

by_table = pytest.mark.parametrize("collection", AREAS, ids=lambda each: each.table)
objects = pytest.mark.parametrize("collection", [each for each in AREAS if not each.related], ids=lambda each: each.table)


def parents(row: Json) -> tuple[Any, ...]:
    return (row.get("parent"), *row.get("parents", ()))


@by_table
def test_there_are_rows_with_a_key_of_their_own(collection: Collection) -> None:
    found = rows(collection.table)
    keys = [(*parents(row), None if collection.table in VALUES else row[collection.key]) for row in found]
    assert len(keys) >= (1 if collection.form in ("singleton", "object") or collection.table in ONE_ROW else 2)
    assert len(set(keys)) == len(keys)


@by_table
def test_the_same_tenant_twice_and_a_small_one(collection: Collection) -> None:
    again = Directory(1, 300, 0, "contoso.example", EPOCH)
    assert "".join(truth(again, collection, None)) == "".join(truth(directory(), collection, None))
    small = Directory(1, 10, 0, "contoso.example", EPOCH)
    assert list(truth(small, collection, None)) or collection.table == "risky_user_history"


@objects
def test_every_declared_property_has_a_value_in_some_row(collection: Collection) -> None:
    if collection.form == "value":
        return
    found = rows(collection.table)
    if collection.area == "beta_logs":  # Each sort of sign-in leaves something out.
        found = [row for each in in_areas("beta_logs") for row in rows(each.table)]
    declared = set(SCHEMA[collection.type])
    for row in found:
        names = set(row) - {"parent", "parents", "@odata.type", *collection.inside}
        assert names >= declared - NEVER if "@odata.type" in row else names == declared
    for name in declared - NEVER:
        assert any(row.get(name) not in (None, "", [], {}) for row in found), name


UNCHANGING = {
    *("application_extension_properties", "domain_verification_dns_records", "agent_identity_sponsors"),
    *("agent_identity_blueprint_principal_sponsors", "agent_identity_blueprint_sponsors"),
    *(f"{each}_policy_targets" for each in ("claims_mapping", "token_lifetime", "home_realm_discovery", "app_management")),
}


@by_table
def test_a_few_rows_change_and_ids_stay(collection: Collection) -> None:
    def keyed(day: int) -> dict[tuple[Any, ...], Json]:
        found = rows(collection.table, day)
        return {(*parents(row), None if collection.table in VALUES else row[collection.key]): row for row in found}

    today, tomorrow = keyed(30), keyed(31)
    if collection.table not in UNCHANGING and not collection.log:
        assert any(today != keyed(day) for day in (60, 100, 120))
    assert len(today.keys() & tomorrow.keys()) >= len(today) * 0.8 - 2
    same = sum(today[key] == tomorrow[key] for key in today.keys() & tomorrow.keys())
    # A job that runs and a recommendation that is checked say so every day.
    assert collection.table in ("synchronization_jobs", "recommendations") or same >= len(today) * 0.7 - 2


SUBTYPES = {
    "users": {"agentUser"},
    "applications": {"agentIdentityBlueprint"},
    "service_principals": {"agentIdentity", "agentIdentityBlueprintPrincipal"},
    "deleted_users": {"agentUser"},
    "deleted_applications": {"agentIdentityBlueprint"},
    "deleted_service_principals": {"agentIdentity", "agentIdentityBlueprintPrincipal"},
    "named_locations": {"ipNamedLocation", "countryNamedLocation"},
    "identity_providers": {f"{kind}IdentityProvider" for kind in ("appleManaged", "builtIn", "oidc", "social")},
    "user_authentication_methods": {
        f"{kind}AuthenticationMethod"
        for kind in (
            *("email", "external", "fido2", "microsoftAuthenticator", "password", "phone", "platformCredential"),
            *("qrCodePin", "softwareOath", "temporaryAccessPass", "windowsHelloForBusiness"),
        )
    },
    "domain_verification_dns_records": {"domainDnsTxtRecord", "domainDnsMxRecord"},
    "domain_service_dns_records": {f"domainDns{kind}Record" for kind in ("Cname", "Mx", "Srv", "Txt", "Unavailable")},
    "authentication_events_flows": {"externalUsersSelfServiceSignUpEventsFlow"},
    "authentication_event_listeners": {
        f"on{event}Listener"
        for event in (
            *(
                "AttributeCollection",
                "AttributeCollectionStart",
                "AttributeCollectionSubmit",
                "AuthenticationMethodLoadStart",
            ),
            *("EmailOtpSend", "FraudProtectionLoadStart", "InteractiveAuthFlowStart", "PasswordSubmit"),
            *("TokenIssuanceStart", "UserCreateStart", "VerifiedIdClaimValidation"),
        )
    },
    "custom_authentication_extensions": {
        f"on{event}CustomExtension"
        for event in (
            *("AttributeCollectionStart", "AttributeCollectionSubmit", "OtpSend", "PasswordSubmit", "TokenIssuanceStart"),
            "VerifiedIdClaimValidation",
        )
    },
    "risky_agents": {"riskyAgentIdentity", "riskyAgentIdentityBlueprintPrincipal", "riskyAgentUser"},
}


@pytest.mark.parametrize("table", SUBTYPES)
def test_every_subtype_is_there(table: str) -> None:
    found = {row["@odata.type"] for day in (0, 1) for row in rows(table, day) if "@odata.type" in row}
    assert found == {f"#microsoft.graph.{name}" for name in SUBTYPES[table]}


@pytest.mark.parametrize("table", [table for table in SUBTYPES if "deleted" in table or table in ("users", "applications")])
def test_only_agents_say_their_type(table: str) -> None:
    assert any("@odata.type" not in row for row in rows(table))


def test_every_method_configuration_and_combination_is_there() -> None:
    (policy,) = rows("authentication_methods_policy")
    configurations = {row["@odata.type"][17:] for row in policy["authenticationMethodConfigurations"]}
    assert configurations == {
        f"{kind}AuthenticationMethodConfiguration"
        for kind in (
            *("email", "external", "fido2", "microsoftAuthenticator", "qrCodePin", "sms", "softwareOath"),
            *("temporaryAccessPass", "verifiableCredentials", "voice", "x509Certificate"),
        )
    }
    strengths = rows("authentication_strength_policies")
    combinations = {each["@odata.type"][17:] for row in strengths for each in row["combinationConfigurations"]}
    assert combinations == {"fido2CombinationConfiguration", "x509CertificateCombinationConfiguration"}
    grants = [
        row["grantControls"]["authenticationStrength"] for row in rows("conditional_access_policies") if row["grantControls"]
    ]
    assert [grant for grant in grants if grant in strengths] == [grant for grant in grants if grant]
    assert None in grants
    ranges = {each["@odata.type"][17:] for row in rows("named_locations") for each in row.get("ipRanges", ())}
    assert ranges == {"iPv4CidrRange", "iPv6CidrRange", "iPv4Range", "iPv6Range"}


@by_table
def test_what_the_wire_shows_is_the_truth(client: Client, collection: Collection) -> None:
    if collection.form == "view":
        return
    expected = list(client.demo.objects(collection.table))
    path = where(collection)
    if "{id}" in path:
        expected = [row for row in expected if row["parent"] == expected[0]["parent"]]
        path = path.replace("{id}", expected[0]["parent"])
    shown = [{name: value for name, value in row.items() if name not in (*STREAMS, "parent")} for row in expected]
    if collection.form == "list" and not collection.log:
        found = client.rows(f"{path}?{expanding(collection)}")
        if collection.related:
            found = [{"id": row["id"], "type": row["@odata.type"].removeprefix("#microsoft.graph.")} for row in found]
        hidden = collection.single_only
        assert found == [bare({name: row[name] for name in row if name not in hidden}) for row in shown]
    elif collection.log:
        assert client.rows(f"{path}?$top=20")[0]["id"] in {row["id"] for row in shown}
    else:
        answer = client.get(path).json()
        assert answer.pop("@odata.context")
        assert [bare(answer)] == shown


@by_table
def test_permissions(collection: Collection) -> None:
    """One permission of the demo's app suffices, and those of others do not help."""
    headers: dict[str, Any] = {name.lower(): "tests" for name in collection.headers}
    sufficient = [role for role in collection.roles if role in permissions.APPLICATION]
    assert sufficient
    path = where(collection)
    if "{id}" in path:
        path = path.replace("{id}", rows(collection.table)[0]["parent"])
    assert ask(path, [*sufficient[:1], "User.Read.All", "Group.Read.All"], 0, "GET", **headers)
    with pytest.raises(GraphError) as refused:
        ask(path, {"Mail.Read", *permissions.APPLICATION} - set(collection.roles), 0, "GET", **headers)
    assert (refused.value.status, refused.value.code) == denied(path.removeprefix("/beta"))


def ids(table: str, name: str = "id") -> set[Any]:
    return {row[name] for row in rows(table)}


def references() -> Iterator[tuple[str, set[Any], set[Any]]]:
    """Yield what refers, the ids that are referred to, and those that exist."""
    users, groups, apps, principals = ids("users"), ids("groups"), ids("applications"), ids("service_principals")
    app_ids = ids("applications", "appId") | ids("service_principals", "appId")
    agents = [row for row in rows("service_principals") if row.get("@odata.type", "").endswith(".agentIdentity")]
    blueprints = {row["appId"] for row in rows("applications") if row.get("@odata.type", "").endswith("Blueprint")}
    yield "blueprints", {row["agentIdentityBlueprintId"] for row in agents}, blueprints
    agent_users = [row for row in rows("users") if row.get("@odata.type", "").endswith(".agentUser")]
    yield "agents of users", {row["identityParentId"] for row in agent_users}, {row["id"] for row in agents}
    yield "identityParentId", ids("users", "identityParentId"), {None, *(row["id"] for row in agents)}
    for collection in in_areas("agents", "sign_up"):
        if collection.related:
            yield f"targets of {collection.table}", ids(collection.table), users | groups | apps | principals
    yield "guests and agents", ids("user_sponsors", "parent"), users
    yield "agents at risk", ids("risky_agents"), users | principals
    yield "blueprints at risk", ids("risky_agents", "blueprintId"), blueprints
    yield "risky users", ids("risky_user_history", "userId"), ids("risky_users")
    yield "risky principals", ids("risky_service_principal_history", "parent"), ids("risky_service_principals")
    devices = ids("devices", "deviceId")
    yield "devices with passwords", ids("device_local_credentials"), devices
    yield "devices with keys", ids("bitlocker_recovery_keys", "deviceId"), devices
    yield "apps that sign in", ids("service_principal_sign_in_activities", "appId"), app_ids
    yield "impacted", ids("recommendation_impacted_resources", "subjectId"), users | ids("applications", "appId")
    yield "recommendations", ids("recommendation_impacted_resources", "recommendationId"), ids("recommendations")
    scored = {score["controlName"] for row in rows("secure_scores") for score in row["controlScores"]}
    yield "controls", scored, ids("secure_score_control_profiles")
    partners = ids("cross_tenant_access_partners", "tenantId")
    yield "synchronized tenants", ids("cross_tenant_identity_synchronization", "tenantId"), partners
    yield "extensions", ids("application_extension_properties"), ids("extension_properties")
    yield "settings of groups", ids("group_specific_settings", "templateId"), ids("group_setting_templates")
    handlers = [
        row["handler"]["customExtension"]["id"]
        for row in rows("authentication_event_listeners")
        if "customExtension" in row["handler"]
    ]
    yield "extensions that are called", set(handlers), ids("custom_authentication_extensions")
    flows = ids("authentication_event_listeners", "authenticationEventsFlowId") - {None}
    yield "flows that are listened to", flows, ids("authentication_events_flows")
    for row in rows("feature_rollout_policies"):
        yield f"groups of {row['displayName']}", {each["id"] for each in row["appliesTo"]}, groups
    for table in ("sign_ins_service_principal", "sign_ins_managed_identity"):
        yield table, ids(table, "servicePrincipalId"), principals
        yield f"resources of {table}", ids(table, "resourceId"), app_ids
    yield "users who sign in", ids("sign_ins_non_interactive", "userId"), users


REFERENCES = list(references())


@pytest.mark.parametrize("reference", REFERENCES, ids=[each[0] for each in REFERENCES])
def test_references_resolve(reference: tuple[str, set[Any], set[Any]]) -> None:
    _, used, known = reference
    assert used <= known


EVENTS = {
    "nonInteractiveUser": "sign_ins_non_interactive",
    "servicePrincipal": "sign_ins_service_principal",
    "managedIdentity": "sign_ins_managed_identity",
    "interactiveUser": "sign_ins_beta",
}


@pytest.mark.parametrize("event", EVENTS)
def test_sign_ins_by_their_sort(client: Client, event: str) -> None:
    path = f"/beta/auditLogs/signIns?$filter=signInEventTypes/any(t: t eq '{event}')&$top=50"
    page = client.get(path).json()["value"]
    assert {tuple(row["signInEventTypes"]) for row in page} == {(event,)}
    assert {row["id"] for row in page} <= {row["id"] for row in client.demo.objects(EVENTS[event])}
    assert {row["isInteractive"] for row in page} >= {event == "interactiveUser"}


def test_without_a_filter_beta_shows_interactive_sign_ins(client: Client) -> None:
    page = client.get("/beta/auditLogs/signIns?$top=50").json()["value"]
    old = client.get("/auditLogs/signIns?$top=50").json()["value"]
    assert [row["id"] for row in page] == [row["id"] for row in old]
    assert "signInEventTypes" not in old[0]


def test_never() -> None:
    """Services that have no moment to name say 0001-01-01."""
    never = "0001-01-01T00:00:00Z"
    jobs = [row["status"] for row in rows("synchronization_jobs")]
    assert any(status["steadyStateFirstAchievedTime"] == never for status in jobs)
    activities = [row["signInActivity"] for row in rows("user_sign_in_activity")]
    assert any(each["lastNonInteractiveSignInDateTime"] == never for each in activities)
    for name in (
        *("approximateLastSignInDateTime", "complianceExpirationDateTime", "onPremisesLastSyncDateTime"),
        "registrationDateTime",
    ):
        assert any(row[name] == never for row in rows("devices")), name


def test_a_job_that_has_never_run_is_that_of_the_page() -> None:
    job = next(row for row in rows("synchronization_jobs") if row["schedule"]["state"] == "Disabled")
    assert job["schedule"] == {"expiration": None, "interval": "P10675199DT2H48M5.4775807S", "state": "Disabled"}
    assert (job["status"]["code"], job["status"]["lastExecution"]) == ("Paused", None)


def test_only_agents_have_sponsors_behind_their_cast(client: Client) -> None:
    principal = next(row["id"] for row in client.demo.objects("service_principals") if "@odata.type" not in row)
    for cast in ("agentIdentity", "agentIdentityBlueprintPrincipal"):
        refused = client.get(f"/servicePrincipals/{principal}/microsoft.graph.{cast}/sponsors")
        assert refused.status_code in (400, 404)
    app = next(row["id"] for row in client.demo.objects("applications") if "@odata.type" not in row)
    assert client.get(f"/applications/{app}/graph.agentIdentityBlueprint/sponsors").status_code in (400, 404)


def test_a_guest_has_no_mailbox(client: Client) -> None:
    guest = next(row["id"] for row in client.demo.objects("users") if row["userType"] == "Guest")
    assert client.get(f"/users/{guest}/mailboxSettings/userPurpose").status_code == 404
    purposes = {row["value"] for row in client.demo.objects("user_mailbox_purposes")}
    assert purposes == {"user", "linked", "shared", "room", "equipment", "others"}


def test_secrets_are_not_in_lists(client: Client) -> None:
    assert error_code(client.get("/directory/deviceLocalCredentials?$select=id,credentials"))[0] == 400
    assert not any("credentials" in row for row in client.rows("/directory/deviceLocalCredentials"))
    keys = "/informationProtection/bitlocker/recoveryKeys"
    assert not any("key" in row for row in client.rows(keys))
    assert client.get(f"{keys}?$top=5").status_code == client.get(f"{keys}?$select=id").status_code == 400


def test_allowed_values_come_on_expand_alone(client: Client) -> None:
    path = "/directory/customSecurityAttributeDefinitions"
    assert not any("allowedValues" in row for row in client.rows(path))
    fixed = [row for row in client.rows(f"{path}?$expand=allowedValues") if row["usePreDefinedValuesOnly"]]
    assert len(fixed) >= 2
    assert all(row["allowedValues"] for row in fixed)


def test_service_principals_that_own_groups_need_the_cast(client: Client) -> None:
    owners = [row for row in client.demo.objects("group_owners") if row["type"] == "servicePrincipal"]
    group = owners[0]["parent"]
    assert owners[0]["id"] not in {row["id"] for row in client.rows(f"/groups/{group}/owners?$select=id")}
    cast = f"/groups/{group}/owners/microsoft.graph.servicePrincipal?$count=true&$select=id"
    assert owners[0]["id"] in {row["id"] for row in client.rows(cast, **EVENTUAL)}
    hidden = {
        row["id"] for row in client.demo.objects("groups") if row["onPremisesSyncEnabled"] or "DistributionGroup" in str(row)
    }
    assert not hidden & {row["parent"] for row in client.demo.objects("group_owners")}


def test_the_tables_of_the_documentation_are_there() -> None:
    assert len({each.table for each in AREAS}) == len(AREAS) >= 45
    assert set(BY_TABLE) == {each.table for each in COLLECTIONS}
