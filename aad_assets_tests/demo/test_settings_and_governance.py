"""Directory lists, policies, identities, governance: rows, ids, properties, permissions, references, from day to day."""

from collections.abc import Iterator
from typing import Any

import pytest

from aad_assets.demo.collections import BY_TABLE, Collection
from aad_assets.demo.control import truth
from aad_assets.demo.directory import permissions
from aad_assets.demo.directory.rendering import SCHEMA
from aad_assets.demo.protocol.errors import GraphError
from aad_assets.demo.tenant import Directory

from .client import Client, Json, bare, error_code, expanding, where
from .refusals import denied
from .tenants import EPOCH, ask, asker, by_id, directory, graph, in_areas, rows

AREAS = in_areas("directory_lists", "policies", "identities", "governance")
POLYMORPHIC = {"named_locations", "identity_providers", "user_authentication_methods"}
DERIVED = {"access_package_catalog_resources", "delegated_admin_relationships"}
"""Tables in which some rows are of a type derived from that of the others."""
UNCHANGING = {
    "available_identity_provider_types",
    "conditional_access_templates",
    "group_setting_templates",
    "terms_of_use_agreements",
    "security_defaults_policy",
    "access_package_incompatible_groups",
    "connected_organization_external_sponsors",
    "entitlement_role_definitions",
    "lifecycle_task_definitions",
}
NEVER = {"deletedDateTime", "customData", "condition", "directoryScopeId", "resourceScopes"}
"""Properties that no row has a value for: the last three have none in entitlement management."""


def under(path: str, child: Json) -> str:
    """The path with the parents' ids of one of its rows."""
    for parent in child.get("parents") or [child["parent"]]:
        path = path.replace("{id}", parent, 1)
    return path


by_table = pytest.mark.parametrize("collection", AREAS, ids=lambda each: each.table)
KEYED = [each for each in AREAS if each.key]
objects = pytest.mark.parametrize("collection", KEYED, ids=lambda each: each.table)
declared_by_type = pytest.mark.parametrize(
    "collection", [each for each in KEYED if not each.related], ids=lambda each: each.table
)


@objects
def test_there_are_rows_with_a_key_of_their_own(collection: Collection) -> None:
    keys = [(row.get("parent"), row[collection.key]) for row in rows(collection.table)]
    assert keys
    assert len(set(keys)) == len(keys)
    assert collection.form != "singleton" or len(keys) == 1


@declared_by_type
def test_every_declared_property_stands_in_each_row_and_has_a_value_in_some(collection: Collection) -> None:
    declared = set(SCHEMA[collection.type])
    for row in rows(collection.table):
        names = set(row) - {"parent", "parents", "@odata.type", *collection.inside}
        if collection.table in POLYMORPHIC | DERIVED:
            assert names >= declared
        else:
            assert names == declared
        assert names == declared or "@odata.type" in row
    for name in declared - NEVER:
        assert any(row[name] not in (None, "", [], {}) for row in rows(collection.table)), name


@by_table
def test_the_same_tenant_twice(collection: Collection) -> None:
    again = Directory(1, 300, 0, "contoso.example", EPOCH)
    assert "".join(truth(again, collection, None)) == "".join(truth(directory(), collection, None))
    other = Directory(1, 10, 0, "contoso.example", EPOCH)
    assert "".join(truth(other, collection, None))


@by_table
def test_things_change_but_seldom_from_one_day_to_the_next(collection: Collection) -> None:
    if collection.table in UNCHANGING:
        assert rows(collection.table) == rows(collection.table, 100)
        return
    assert any(rows(collection.table) != rows(collection.table, day) for day in (30, 60, 100))
    if collection.form == "list" and len(rows(collection.table, 30)) > 1:
        assert [row for row in rows(collection.table, 30) if row in rows(collection.table, 31)]


@by_table
def test_permissions(collection: Collection) -> None:
    """The first permission declared suffices, and others do not help: not Policy.Read.All with those that need more."""
    assert collection.roles[0] in permissions.APPLICATION
    path = where(collection)
    if "{id}" in path:
        path = under(path, rows(collection.table)[0])
    person = asker(collection)
    answer = ask(path, collection.roles[:1], person=person)
    assert answer["value"] if collection.form != "singleton" else answer[collection.key]
    others = {"Mail.Read", *permissions.APPLICATION} - set(collection.roles)
    with pytest.raises(GraphError) as refused:
        ask(path, others, person=person)
    assert (refused.value.status, refused.value.code) == denied(path)


@pytest.mark.parametrize(
    "table", ["device_registration_policy", "permission_grant_policies", "authentication_context_class_references"]
)
def test_not_every_policy_is_read_with_the_general_permission(table: str) -> None:
    with pytest.raises(GraphError, match="required scopes are missing"):
        ask(BY_TABLE[table].path, {"Policy.Read.All", "Directory.Read.All"})


@by_table
def test_what_the_wire_shows_is_the_truth(client: Client, person: Client, collection: Collection) -> None:
    client = person if collection.delegated_only else client
    expected = list(client.demo.objects(collection.table))
    assert expected
    if collection.related:
        path = under(collection.path, expected[0])
        ids = [row["id"] for row in expected if row["parent"] == expected[0]["parent"]]
        assert [row["id"] for row in client.rows(path)] == ids
    elif "{id}" in collection.path:
        first = expected[0]
        path = under(where(collection), first)
        siblings = [row for row in expected if row["parent"] == first["parent"]]
        assert client.rows(f"{path}?{expanding(collection)}") == [
            {k: v for k, v in row.items() if not k.startswith("parent")} for row in siblings
        ]
    elif collection.form == "singleton":
        answer = client.get(f"{where(collection)}?{expanding(collection)}").json()
        assert answer["@odata.context"].endswith("/$entity")
        assert [bare(answer)] == expected
    else:
        assert client.rows(f"{where(collection)}?{expanding(collection)}") == expected


PAGED = ["schema_extensions", "access_package_assignments", "access_package_assignment_requests"]


@pytest.mark.parametrize("table", PAGED)
def test_some_servers_page_unasked(client: Client, table: str) -> None:
    pages = list(client.pages(BY_TABLE[table].path))
    assert len(pages) > 1
    assert {len(page["value"]) for page in pages[:-1]} == {BY_TABLE[table].server_page}


@pytest.mark.parametrize("table", sorted(POLYMORPHIC))
def test_rows_of_several_types(table: str) -> None:
    found = rows(table)
    kinds = {row["@odata.type"] for row in found}
    assert len(kinds) >= 2
    assert all(kind.startswith("#microsoft.graph.") for kind in kinds)
    own = {kind: {name for row in found if row["@odata.type"] == kind for name in row} for kind in kinds}
    assert all(set(row) == own[row["@odata.type"]] for row in found)


def test_selecting_of_several_types_keeps_the_type(client: Client) -> None:
    path = "/identity/conditionalAccess/namedLocations"
    full = client.rows(path)
    assert [each["@odata.type"] for each in full if "ipRanges" in each] == ["#microsoft.graph.ipNamedLocation"] * 3
    assert client.rows(f"{path}?$select=id") == [{"@odata.type": row["@odata.type"], "id": row["id"]} for row in full]
    assert error_code(client.get(f"{path}?$select=ipRanges")) == (400, "BadRequest")
    single = client.get(f"{path}/{full[0]['id']}").json()
    assert single["ipRanges"] == full[0]["ipRanges"]


def test_provider_types_are_strings(client: Client) -> None:
    answer = client.get("/identity/identityProviders/availableProviderTypes").json()
    assert answer["@odata.context"].endswith("/$metadata#Collection(Edm.String)")
    assert "Google" in answer["value"]
    assert list(client.demo.objects("available_identity_provider_types")) == answer["value"]
    assert client.get("/identity/identityProviders/Google-OAUTH").json()["displayName"] == "Google"


def test_only_federated_domains_have_a_federation(client: Client) -> None:
    for domain in client.demo.objects("domains"):
        answer = client.get(f"/domains/{domain['id']}/federationConfiguration")
        if domain["authenticationType"] == "Federated":
            assert answer.json()["value"][0]["issuerUri"] == f"http://sts.{domain['id']}/adfs/services/trust"
        else:
            assert error_code(answer) == (404, "Request_ResourceNotFound")


def test_templates_take_no_top(client: Client) -> None:
    path = "/identity/conditionalAccess/templates"
    assert client.get(f"{path}?$top=5").status_code == 400
    assert len(client.rows(path)) == 8


def test_decisions_stand_two_levels_deep(client: Client) -> None:
    found = list(client.demo.objects("access_review_decisions"))
    instances = {(row["parent"], row["id"]) for row in client.demo.objects("access_review_instances")}
    assert {tuple(row["parents"]) for row in found} <= instances
    assert all(row["parent"] == row["parents"][1] == row["accessReviewId"] for row in found)
    definition, instance = found[0]["parents"]
    base = f"/identityGovernance/accessReviews/definitions/{definition}/instances"
    assert client.get(f"{base}/{instance}/decisions?$top=100").json()["value"]
    other = next(row for row in instances if row[0] != definition)[1]
    assert client.get(f"{base}/{other}/decisions").status_code == 404
    assert error_code(client.get(f"{base}?$top=101")) == (400, "Request_UnsupportedQuery")


def references() -> Iterator[tuple[str, set[str], set[str]]]:
    """Yield the kind of object, the ids that are referred to, and those that exist."""
    users, groups = set(by_id("users")), set(by_id("groups"))
    roles, locations = set(by_id("role_definitions")), set(by_id("named_locations"))
    principals = by_id("service_principals")
    apps = {row["appId"] for row in principals.values()}
    words = {"All", "None", "AllTrusted", "Office365", "ServicePrincipalsInMyTenant"}
    policies_ = rows("conditional_access_policies")
    for part, names, known in (
        ("users", ("includeUsers", "excludeUsers"), users | words),
        ("users", ("includeGroups", "excludeGroups"), groups),
        ("users", ("includeRoles", "excludeRoles"), roles),
        ("applications", ("includeApplications", "excludeApplications"), apps | words),
        ("locations", ("includeLocations", "excludeLocations"), locations | words),
        ("clientApplications", ("includeServicePrincipals", "excludeServicePrincipals"), set(principals) | words),
    ):
        parts = [row["conditions"][part] for row in policies_ if row["conditions"][part]]
        yield f"{names[0]} of conditional access", {id_ for each in parts for name in names for id_ in each[name]}, known
    grants = [row["grantControls"] for row in policies_ if row["grantControls"]]
    yield "terms of use", {id_ for each in grants for id_ in each["termsOfUse"]}, set(by_id("terms_of_use_agreements"))
    strengths = {each["authenticationStrength"]["id"] for each in grants if each["authenticationStrength"]}
    yield "authentication strengths", strengths, set(by_id("authentication_strength_policies"))
    contexts = {
        id_ for row in policies_ for id_ in row["conditions"]["applications"]["includeAuthenticationContextClassReferences"]
    }
    yield "authentication contexts", contexts, set(by_id("authentication_context_class_references"))
    subjects = [
        subject
        for policy in rows("access_package_assignment_policies")
        for subject in [
            *policy["specificAllowedTargets"],
            *(each for stage in policy["requestApprovalSettings"]["stages"] for each in stage["primaryApprovers"]),
            *(each for stage in policy["requestApprovalSettings"]["stages"] for each in stage["fallbackPrimaryApprovers"]),
        ]
    ]
    for name, known in (
        ("userId", users),
        ("groupId", groups),
        ("connectedOrganizationId", set(by_id("connected_organizations"))),
    ):
        yield f"{name} of access packages", {each[name] for each in subjects if name in each}, known
    decisions = rows("access_review_decisions")
    yield "who is reviewed", {row["principal"]["id"] for row in decisions}, users
    yield "what is reviewed", {row["resource"]["id"] for row in decisions}, groups | roles | set(principals)
    yield "reviewers", {row["reviewedBy"]["id"] for row in decisions}, users | {"00000000-0000-0000-0000-000000000000"}
    yield "settings", {row["templateId"] for row in rows("group_settings")}, set(by_id("group_setting_templates"))
    sets = {row["attributeSet"] for row in rows("custom_security_attribute_definitions")}
    yield "attribute sets", sets, set(by_id("custom_security_attribute_sets"))
    delegated = {
        role["roleDefinitionId"]
        for row in rows("delegated_admin_relationships")
        for role in row["accessDetails"]["unifiedRoles"]
    }
    yield "delegated roles", delegated, roles
    skus = by_id("subscribed_skus").values()
    subscriptions = {id_ for sku in skus for id_ in sku["subscriptionIds"]}
    yield "subscriptions", set(by_id("directory_subscriptions")), subscriptions
    yield "users with methods", {row["parent"] for row in rows("user_authentication_methods")}, users


REFERENCES = list(references())


@pytest.mark.parametrize("reference", REFERENCES, ids=[each[0] for each in REFERENCES])
def test_references_resolve(reference: tuple[str, set[str], set[str]]) -> None:
    _, used, known = reference
    assert used
    assert used <= known


def test_schema_extensions_are_of_many_tenants_and_some_of_ours() -> None:
    ours = {row["appId"] for row in rows("applications")}
    owners = [row["owner"] for row in rows("schema_extensions")]
    assert 0 < sum(owner in ours for owner in owners) < len(owners) / 10


def test_decisions_of_a_running_round_are_made_day_by_day() -> None:
    def decided(day: int) -> dict[tuple[str, str], str]:
        return {(row["parent"], row["id"]): row["decision"] for row in rows("access_review_decisions", day)}

    before, after = decided(1), decided(2)
    assert any(before[each] == "NotReviewed" != after[each] for each in before.keys() & after.keys())
    assert not any(before[each] != "NotReviewed" == after[each] for each in before.keys() & after.keys())


EXTENSION_TYPES = {"String", "Integer", "Boolean", "DateTime", "LargeInteger"}
TARGETS = [
    ("User", "users", "User.Read.All"),
    ("Group", "groups", "Group.Read.All"),
    ("Application", "applications", "Application.Read.All"),
    ("Device", "devices", "Device.Read.All"),
    ("Organization", "organization", "Organization.Read.All"),
]


@pytest.mark.parametrize(("target", "table", "role"), TARGETS)
def test_directory_extensions(target: str, table: str, role: str) -> None:
    kinds: dict[str, Any] = {"String": str, "Integer": int, "Boolean": bool, "DateTime": str, "LargeInteger": int}
    properties = [row for row in rows("extension_properties") if target in row["targetObjects"]]
    assert properties
    names = [row["name"] for row in properties]
    path = BY_TABLE[table].path
    assert not any(name.startswith("extension_") for row in ask(path, {role})["value"] for name in row)
    chosen = ask(f"{path}?$select=id,{','.join(names)}", {role})["value"]
    for each in properties:
        values = [row[each["name"]] for row in chosen if each["name"] in row]
        assert values
        inner = [part for value in values for part in (value if each["isMultiValued"] else [value])]
        assert {type(part) for part in inner} == {kinds[each["dataType"]]}
        alone = ask(f"{path}?$select={each['name']}", {role})["value"]
        assert [row[each["name"]] for row in alone if each["name"] in row] == values
    if target != "Organization":
        assert any(len(row) < 1 + len(names) for row in chosen)


def test_extension_types() -> None:
    properties = rows("extension_properties")
    assert {row["dataType"] for row in properties} == EXTENSION_TYPES
    assert sum(row["isMultiValued"] for row in properties) == 1
    owners = {row["appId"].replace("-", "") for row in rows("applications")}
    assert {row["name"].split("_")[1] for row in properties} <= owners


def test_unlicensed_governance_is_refused() -> None:
    licences, graph(0).licences = graph(0).licences, frozenset()
    try:
        for collection in in_areas("governance"):
            if collection.licence and "{id}" not in collection.path:
                with pytest.raises(GraphError, match="licen"):
                    ask(where(collection), collection.roles, person=asker(collection))
    finally:
        graph(0).licences = licences
