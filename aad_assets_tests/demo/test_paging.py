"""Pages: the same rows whatever their size, and tokens that belong to one query."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .client import Client, error_code


@settings(max_examples=12)
@given(top=st.integers(7, 999), path=st.sampled_from(["/users", "/groups", "/devices", "/contacts"]))
def test_any_page_size_gives_the_same_rows(client: Client, top: int, path: str) -> None:
    rows = [row["id"] for row in client.rows(f"{path}?$select=id&$top={top}")]
    table = {"/contacts": "org_contacts"}.get(path, path[1:])
    assert rows == [row["id"] for row in client.demo.objects(table)]


def test_default_page_is_a_hundred(client: Client) -> None:
    assert [len(page["value"]) for page in client.pages("/users")] == [100, 100, 100]


def test_links_are_absolute_and_keep_the_query(client: Client) -> None:
    link = client.get("/users?$select=id&$top=10").json()["@odata.nextLink"]
    assert link.startswith(f"{client.demo.graph_base_url}/users?$select=id&$top=10&$skiptoken=")


@pytest.mark.parametrize(
    ("old", "new"), [("$top=10", "$top=20"), ("$select=id", "$select=displayName"), ("/users?", "/groups?")]
)
def test_a_token_belongs_to_its_query(client: Client, old: str, new: str) -> None:
    link = client.get("/users?$select=id&$top=10").json()["@odata.nextLink"]
    assert error_code(client.get(link.replace(old, new))) == (400, "Request_UnsupportedQuery")


def test_collections_that_do_not_page(client: Client) -> None:
    for path in ("/roleManagement/directory/roleDefinitions", "/subscribedSkus", "/organization"):
        assert "@odata.nextLink" not in client.get(path).json()


def test_relations_page_as_well(client: Client) -> None:
    members = list(client.demo.objects("group_members"))
    largest = max({row["parent"] for row in members}, key=lambda group: sum(row["parent"] == group for row in members))
    wanted = {row["id"] for row in members if row["parent"] == largest and row["type"] != "servicePrincipal"}
    assert {row["id"] for row in client.rows(f"/groups/{largest}/members?$select=id&$top=9")} == wanted
