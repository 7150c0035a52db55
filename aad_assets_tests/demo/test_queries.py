"""Queries that Graph accepts or rejects, and the form of a row."""

import json
from importlib.resources import files
from typing import Any
from urllib.parse import quote

import pytest

from aad_assets.demo.collections import BY_TABLE, COLLECTIONS
from aad_assets.demo.protocol.errors import GraphError
from aad_assets.demo.protocol.graph import page_size
from aad_assets.demo.protocol.odata import parse

from .client import EVENTUAL, Client, asking, error_code, where
from .tenants import UNDECLARED

LISTS = [each for each in COLLECTIONS if "{id}" not in each.path and each.form == "list" and not each.cast]
PROFILE = [
    *("aboutMe", "birthday", "hireDate", "interests", "mySite", "pastProjects", "preferredName"),
    *("responsibilities", "schools", "skills", "mailboxSettings"),
]
ENTITLEMENTS_LACK = {"entitlement_role_assignments": {"condition", "directoryScopeId"}}
SINGLE = ["allowExternalSenders", "autoSubscribeNewMembers", "hideFromAddressLists", "isSubscribedByMail", "unseenCount"]


@pytest.mark.parametrize("collection", LISTS, ids=lambda each: each.table)
def test_every_list_answers_with_declared_properties(client: Client, person: Client, collection: Any) -> None:
    client = person if collection.delegated_only else client
    schema = json.loads(files("aad_assets.demo").joinpath("schema.json").read_text("utf-8"))
    page = client.get(asking(client, collection)).json()
    base = client.demo.graph_base_url.removesuffix("/v1.0") + f"/{collection.version}"
    assert page["@odata.context"].startswith(f"{base}/$metadata#{collection.context or collection.path[1:]}")
    allowed = {*schema[collection.type], *UNDECLARED.get(collection.type, ())}
    allowed |= {context for name in collection.embedded for context in (name, f"{name}@odata.context")}
    assert page["value"]
    # Rows of several types: test_identities.py.
    assert all(set(row) <= allowed for row in page["value"] if "@odata.type" not in row)


@pytest.mark.parametrize("collection", LISTS, ids=lambda each: each.table)
def test_single_object_and_unknown_id(client: Client, person: Client, collection: Any) -> None:
    client = person if collection.delegated_only else client
    key, select = collection.key, "" if "$select" in collection.reject else f"$select={collection.key}"
    row = client.get(asking(client, collection) + select).json()["value"][0]
    assert not select or set(row) - {"@odata.type"} == {key}
    single = client.get(f"{where(collection)}/{row[key]}?{select}").json()
    assert single[key] == row[key]
    assert single["@odata.context"].endswith("/$entity")
    missing = client.get(f"{where(collection)}/00000000-1111-2222-3333-444444444444")
    assert error_code(missing) == (404, "Request_ResourceNotFound")


def test_default_user_has_eleven_properties(client: Client) -> None:
    assert len(client.get("/users").json()["value"][0]) == 11


def test_every_selectable_property_has_a_value_somewhere(client: Client) -> None:
    schema = json.loads(files("aad_assets.demo").joinpath("schema.json").read_text("utf-8"))
    always_null = {"deletedDateTime", "logo", "partnerTenantType", "appScopeId", "customData"}
    # What is in the recycle bin has the properties of the live lists, and on some day some of them are nobody's.
    for collection in (each for each in LISTS if not each.table.startswith("deleted_") and not each.log):
        rows = list(client.demo.objects(collection.table))
        hidden = always_null | collection.single_only | ENTITLEMENTS_LACK.get(collection.table, set())
        for name in set(schema[collection.type]) - hidden:
            assert name == "signInActivity" or all(name in row for row in rows), (collection.table, name)
            assert any(row.get(name) is not None for row in rows), (collection.table, name)


@pytest.mark.parametrize("name", PROFILE)
def test_profile_properties_are_for_single_users(client: Client, name: str) -> None:
    assert error_code(client.get(f"/users?$select=id,{name}")) == (501, "NotImplemented")
    user = client.get("/users?$select=id").json()["value"][0]["id"]
    assert name in client.get(f"/users/{user}?$select=id,{name}").json()


@pytest.mark.parametrize("name", SINGLE)
def test_single_group_properties(client: Client, name: str) -> None:
    assert client.get(f"/groups?$select={name}").status_code == 400
    group = client.get("/groups?$select=id").json()["value"][0]["id"]
    assert name in client.get(f"/groups/{group}?$select={name}").json()


@pytest.mark.parametrize(
    ("url", "status", "code"),
    [
        ("/nothing", 400, "BadRequest"),
        ("/users?$select=nothing", 400, "BadRequest"),
        ("/users?$select=DisplayName", 400, "BadRequest"),
        ("/users?$top=1000", 400, "Request_UnsupportedQuery"),
        ("/users?$top=0", 400, "Request_UnsupportedQuery"),
        ("/users?$top=x", 400, "BadRequest"),
        ("/users?$skip=10", 400, "Request_BadRequest"),
        ("/users?$wrong=1", 400, "BadRequest"),
        ("/users?$top=1&$top=2", 400, "BadRequest"),
        ("/users/$count", 400, "Request_BadRequest"),
        ("/users?$filter=city eq 'Berlin'", 400, "Request_UnsupportedQuery"),
        ("/users?$filter=nothing eq 'x'", 400, "BadRequest"),
        ("/users?$filter=startsWith(userPrincipalName", 400, "BadRequest"),
        ("/users?$filter=not startsWith(userPrincipalName,'a')", 400, "Request_UnsupportedQuery"),
        ("/users?$expand=memberOf", 400, "BadRequest"),
        ("/users?$expand=manager($select=nothing)", 400, "BadRequest"),
        ("/subscribedSkus?$top=5", 400, "Request_UnsupportedQuery"),
        ("/applications?$select=logo", 400, "BadRequest"),
        ("/users?$skiptoken=abc", 400, "Request_BadRequest"),
        ("/groups/00000000-1111-2222-3333-444444444444/members", 404, "Request_ResourceNotFound"),
    ],
)
def test_refusals(client: Client, url: str, status: int, code: str) -> None:
    answer = client.get(url)
    assert error_code(answer) == (status, code)
    assert answer.headers["request-id"]


def test_unknown_property_is_named(client: Client) -> None:
    message = client.get("/users?$select=nothing").json()["error"]["message"]
    assert message == (
        "Parsing OData Select and Expand failed: Could not find a property named 'nothing' on type "
        "'Microsoft.DirectoryServices.User'."
    )


def test_other_methods_are_refused(client: Client) -> None:
    answer = client.http.delete(f"{client.demo.graph_base_url}/users", headers={"Authorization": f"Bearer {client.token()}"})
    assert answer.status_code == 405


def test_count(client: Client) -> None:
    answer = client.get("/users/$count", **EVENTUAL)
    assert answer.headers["content-type"].startswith("text/plain")
    assert int(answer.text) == client.demo.users
    pages = list(client.pages("/users?$count=true&$select=id&$top=100", **EVENTUAL))
    assert [page.get("@odata.count") for page in pages] == [300, None, None]
    assert "@odata.count" not in client.get("/users?$count=true").json()


@pytest.mark.parametrize(
    ("path", "name", "prefixes"),
    [
        ("/users", "userPrincipalName", [*"abcdefghijklmnopqrstuvwxyz0123456789.-_!#^~", "''"]),
        ("/groups", "mailNickname", [*"abcdefghijklmnopqrstuvwxyz0123456789"]),
        ("/servicePrincipals", "appId", [*"0123456789abcdef"]),
        ("/devices", "deviceId", [*"0123456789ABCDEF"]),
    ],
)
def test_prefixes_cut_a_collection_into_shards(client: Client, path: str, name: str, prefixes: list[str]) -> None:
    everything = {row["id"] for row in client.rows(f"{path}?$select=id&$top=999")}
    seen: set[str] = set()
    for prefix in prefixes:
        shard = client.http.get(
            client.demo.graph_base_url + path,
            params={"$filter": f"startsWith({name},'{prefix}')", "$select": f"id,{name}", "$top": "999"},
            headers={"Authorization": f"Bearer {client.token()}"},
        ).json()
        assert all(row[name].lower().startswith(prefix.lower().replace("''", "'")) for row in shard["value"])
        ids = {row["id"] for row in shard["value"]}
        assert not ids & seen
        seen |= ids
    assert seen == everything


def test_or_and_not(client: Client) -> None:
    def count(text: str) -> int:
        url = f"{client.demo.graph_base_url}/users/$count"
        headers = {"Authorization": f"Bearer {client.token()}", **EVENTUAL}
        return int(client.http.get(url, params={"$filter": text}, headers=headers).text)

    a, b = (f"startsWith(userPrincipalName,'{letter}')" for letter in "ab")
    assert count(f"{a} or {b}") == count(a) + count(b)
    assert count(f"not ({a} or {b})") == client.demo.users - count(a) - count(b)
    assert count(f"{a} and {b}") == 0


def test_equality(client: Client) -> None:
    first, second = (row["id"] for row in client.get("/users?$select=id&$top=2").json()["value"])
    found = client.get(f"/users?$select=id&$filter=id in ('{first}', '{second}')").json()["value"]
    assert {row["id"] for row in found} == {first, second}
    assert client.get(f"/users?$select=id&$filter=id eq '{first}'").json()["value"] == [{"id": first}]


def test_manager_is_expanded(client: Client) -> None:
    rows = client.rows("/users?$select=id&$expand=manager($select=id)&$top=999")
    ids = {row["id"] for row in rows}
    managed = [row["manager"] for row in rows if "manager" in row]
    assert 0 < len(managed) < len(rows)
    assert all(set(manager) == {"@odata.type", "id"} and manager["id"] in ids for manager in managed)


def test_members_leave_service_principals_out(client: Client) -> None:
    members = [row for row in client.demo.objects("group_members") if row["type"] == "servicePrincipal"]
    group, principal = members[0]["parent"], members[0]["id"]
    shown = client.rows(f"/groups/{group}/members?$select=id&$top=999")
    assert principal not in {row["id"] for row in shown}
    assert all(set(row) == {"@odata.type", "id"} for row in shown)
    cast = f"/groups/{group}/members/microsoft.graph.servicePrincipal"
    assert error_code(client.get(cast)) == (400, "Request_UnsupportedQuery")
    assert error_code(client.get(f"{cast}?$count=true")) == (400, "Request_UnsupportedQuery")
    rows = client.rows(f"{cast}?$count=true&$select=id", **EVENTUAL)
    assert {"id": principal} in rows


def test_members_of_every_type_say_what_they_are(client: Client) -> None:
    types = {row["type"] for row in client.demo.objects("group_members")}
    assert types == {
        "user",
        "agentUser",
        "group",
        "device",
        "servicePrincipal",
        "agentIdentityBlueprintPrincipal",
        "orgContact",
    }
    parent = next(row["parent"] for row in client.demo.objects("group_members") if row["type"] == "device")
    rows = client.rows(f"/groups/{parent}/members?$top=999")
    assert {row["@odata.type"] for row in rows} >= {"#microsoft.graph.device"}
    assert all("displayName" in row for row in rows)


def test_headers_and_compression(client: Client) -> None:
    answer = client.get("/users?$select=id", **{"client-request-id": "mine", "Accept-Encoding": "gzip"})
    assert answer.headers["client-request-id"] == "mine"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["x-ms-resource-unit"] == "2"
    assert "content-encoding" not in client.get("/users", **{"Accept-Encoding": "identity"}).headers


def test_sign_in_activity_limits_the_page(client: Client) -> None:
    refused = client.get("/users?$select=signInActivity&$top=501")
    assert refused.status_code == 400
    context = "https://graph.microsoft.com/v1.0/$metadata#Edm.String"
    assert refused.json() == {"@odata.context": context, "value": "Cannot query data for more than 500 users at a time."}
    rows = client.rows("/users?$select=signInActivity&$top=500")
    assert {frozenset(row) - {"@odata.type"} for row in rows} == {frozenset({"id"}), frozenset({"id", "signInActivity"})}


def test_sign_in_activity_for_120_users_at_a_time() -> None:
    options = parse("$select=id,signInActivity&$top=121", False)
    with pytest.raises(GraphError, match="more than 120 users at a time"):
        page_size(BY_TABLE["users"], options, 120)
    assert page_size(BY_TABLE["users"], options, 500) == 121


def test_singleton(client: Client) -> None:
    policy = client.get("/policies/identitySecurityDefaultsEnforcementPolicy").json()
    assert policy["displayName"] == "Security Defaults"
    assert "value" not in policy
    assert client.get("/policies/identitySecurityDefaultsEnforcementPolicy/x").status_code == 400


def test_user_by_principal_name(client: Client) -> None:
    for row in client.rows("/users?$select=id,userPrincipalName&$top=999")[:60]:
        name = quote(row["userPrincipalName"])
        assert client.get(f"/users/{name}?$select=id").json()["id"] == row["id"]


def test_action_names_the_directory_extensions(client: Client) -> None:
    url = f"{client.demo.graph_base_url}/directoryObjects/getAvailableExtensionProperties"
    headers = {"Authorization": f"Bearer {client.token()}"}
    names = [row["name"] for row in client.http.post(url, headers=headers, json={}).json()["value"]]
    assert client.get(f"/users?$select=id,{names[0]}").status_code == 200
    assert client.http.get(url, headers=headers).status_code == 405


def test_directory_extension_only_on_select(client: Client) -> None:
    app = next(row for row in client.demo.objects("applications") if row["displayName"] == "Tenant extensions")
    name = f"extension_{app['appId'].replace('-', '')}_employeeGrade"
    rows = client.get(f"/users?$select=id,{name}&$top=50").json()["value"]
    assert any(row[name] for row in rows)
