"""Casts: the objects of one type, by either name of the namespace and in any case.

Sources: learn.microsoft.com/graph/aad-advanced-queries, /graph/api/directory-deleteditems-list,
/graph/api/group-list-members, /graph/api/agentidentity-list; the metadata: the namespace microsoft.graph has the alias graph.
"""

from typing import Any

import pytest

from aad_assets.demo.protocol.errors import GraphError

from .client import EVENTUAL, Client, error_code
from .tenants import ask, rows

ADVANCED = "?$count=true&$select=id"
AGENT_READERS = {
    "AgentIdentity.Read.All",
    "AgentIdentityBlueprint.Read.All",
    "AgentIdentityBlueprintPrincipal.Read.All",
    "User.Read.All",
}


@pytest.mark.parametrize("cast", ["microsoft.graph.user", "graph.user", "Microsoft.Graph.User", "GRAPH.USER"])
def test_either_name_in_any_case(client: Client, cast: str) -> None:
    deleted = client.get(f"/directory/deletedItems/{cast}?$select=id").json()
    assert deleted["@odata.context"].endswith("/$metadata#users(id)")
    truth = [row["id"] for row in client.demo.objects("deleted_users")]
    assert [row["id"] for row in deleted["value"]] == truth


def test_the_recycle_bin_has_no_list_of_all_types(client: Client) -> None:
    assert client.get("/directory/deletedItems").status_code == 400


def members(table: str) -> list[dict[str, Any]]:
    """Return the members or owners of the group that has a service principal among them."""
    group = next(row["parent"] for row in rows(table) if row["type"] == "servicePrincipal")
    return [row for row in rows(table) if row["parent"] == group]


@pytest.mark.parametrize(("table", "relation"), [("group_members", "members"), ("group_owners", "owners")])
def test_service_principals_are_behind_the_cast_alone(client: Client, table: str, relation: str) -> None:
    truth = members(table)
    path = f"/groups/{truth[0]['parent']}/{relation}"
    plain = {row["id"] for row in client.rows(f"{path}?$select=id")}
    hidden = {row["id"] for row in truth if row["type"].startswith(("servicePrincipal", "agentIdentity"))}
    assert plain == {row["id"] for row in truth} - hidden
    for cast in ("microsoft.graph.servicePrincipal", "graph.serviceprincipal"):
        assert error_code(client.get(f"{path}/{cast}")) == (400, "Request_UnsupportedQuery")
        assert error_code(client.get(f"{path}/{cast}{ADVANCED}")) == (400, "Request_UnsupportedQuery")
        assert {row["id"] for row in client.rows(f"{path}/{cast}{ADVANCED}", **EVENTUAL)} == hidden


@pytest.mark.parametrize(("table", "relation"), [("group_members", "members"), ("group_owners", "owners")])
def test_beta_leaves_nobody_out(client: Client, table: str, relation: str) -> None:
    truth = members(table)
    base = client.demo.graph_base_url.removesuffix("v1.0")
    shown = client.rows(f"{base}beta/groups/{truth[0]['parent']}/{relation}?$select=id")
    assert {row["id"] for row in shown} == {row["id"] for row in truth}


@pytest.mark.parametrize("type_", ["user", "group", "device"])
def test_members_of_one_type(client: Client, type_: str) -> None:
    group = next(row["parent"] for row in rows("group_members") if row["type"] == type_)
    page = client.get(f"/groups/{group}/members/microsoft.graph.{type_}{ADVANCED}", **EVENTUAL).json()
    assert page["@odata.context"].endswith(f"/$metadata#{type_}s(id)")
    shown = [row["id"] for row in page["value"]]
    types = {type_, "agentUser"} if type_ == "user" else {type_}
    truth = [row["id"] for row in rows("group_members") if row["parent"] == group and row["type"] in types]
    assert page["@odata.count"] == len(truth)
    assert shown == truth[:100]


AGENTS = {
    "/users/microsoft.graph.agentUser": "users",
    "/applications/microsoft.graph.agentIdentityBlueprint": "applications",
    "/servicePrincipals/microsoft.graph.agentIdentity": "service_principals",
    "/servicePrincipals/graph.agentIdentityBlueprintPrincipal": "service_principals",
    "/directory/deletedItems/microsoft.graph.agentUser": "deleted_users",
    "/directory/deletedItems/microsoft.graph.agentIdentity": "deleted_service_principals",
}


@pytest.mark.parametrize(("path", "table"), AGENTS.items())
def test_agents_behind_their_cast(path: str, table: str) -> None:
    type_ = path.rpartition("graph.")[2]
    truth = [row["id"] for row in rows(table) if row.get("@odata.type") == f"#microsoft.graph.{type_}"]
    assert truth
    assert [row["id"] for row in ask(f"{path}?$select=id", AGENT_READERS)["value"]] == truth
    assert ask(f"{path}/{truth[0]}?$select=id", AGENT_READERS)["id"] == truth[0]
    other = next(row["id"] for row in rows(table) if "@odata.type" not in row)
    with pytest.raises(GraphError, match="does not exist"):
        ask(f"{path}/{other}", AGENT_READERS)
    with pytest.raises(GraphError, match="Insufficient privileges"):
        ask(path, {"Group.Read.All"})


def test_other_rows_carry_no_type() -> None:
    for table in ("users", "applications", "service_principals"):
        kinds = {row.get("@odata.type") for row in rows(table)}
        assert None in kinds
        assert all(kind.startswith("#microsoft.graph.agent") for kind in kinds - {None})


def test_agents_among_members_say_what_they_are(client: Client) -> None:
    agent = next(row for row in rows("group_members") if row["type"] == "agentUser")
    for query in ("?$select=id&$top=999", "?$top=999"):
        shown = {row["id"]: row["@odata.type"] for row in client.rows(f"/groups/{agent['parent']}/members{query}")}
        assert shown[agent["id"]] == "#microsoft.graph.agentUser"
        assert "#microsoft.graph.user" in shown.values()


SPONSORS = {
    "/servicePrincipals/{}/graph.agentIdentity/sponsors": "service_principals",
    "/servicePrincipals/{}/microsoft.graph.agentIdentityBlueprintPrincipal/sponsors": "service_principals",
    "/applications/{}/microsoft.graph.agentIdentityBlueprint/sponsors": "applications",
}


@pytest.mark.parametrize(("path", "table"), SPONSORS.items())
def test_sponsors_are_behind_the_cast_of_an_agent_alone(path: str, table: str) -> None:
    cast = path.split("graph.")[1].split("/")[0]
    for row in rows(table):
        if row.get("@odata.type") == f"#microsoft.graph.{cast}":
            assert ask(path.format(row["id"]), ["Application.Read.All"])["value"]
        else:
            with pytest.raises(GraphError, match="does not exist"):
                ask(path.format(row["id"]), ["Application.Read.All"])


def test_a_cast_by_the_alias_leads_to_a_list_of_its_own() -> None:
    found = [
        ask(f"/directory/federationConfigurations/{name}.samlOrWsFedExternalDomainFederation", ["Domain.Read.All"])
        for name in ("graph", "microsoft.graph")
    ]
    assert found[0]["value"]
    assert found[0]["value"] == found[1]["value"]
