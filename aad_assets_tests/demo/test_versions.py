"""v1.0 and beta: which collections each serves."""

from typing import Any

import msgspec
import pytest

from aad_assets.demo.collections import BETA, BY_SEGMENTS, BY_TABLE, V1, Collection
from aad_assets.demo.protocol.errors import GraphError
from aad_assets.demo.protocol.graph import Graph, resolve

from .client import Client
from .tenants import graph, request


def beta(client: Client, path: str) -> str:
    return client.demo.graph_base_url.removesuffix(V1) + BETA + path


def test_beta_serves_what_v1_serves(client: Client) -> None:
    page = client.get(beta(client, "/users?$select=id&$top=5")).json()
    assert page["@odata.context"] == beta(client, "/$metadata#users(id)")
    assert page["@odata.nextLink"].startswith(beta(client, "/users?"))
    pages = list(client.pages(beta(client, "/users?$select=id&$top=100")))
    assert sum(len(page["value"]) for page in pages) == client.demo.users


def test_a_batch_stays_in_its_version(client: Client) -> None:
    headers = {"Authorization": f"Bearer {client.token()}"}
    requests = [{"id": "1", "method": "GET", "url": "/users?$top=1&$select=id"}]
    answer = client.http.post(beta(client, "/$batch"), json={"requests": requests}, headers=headers).json()["responses"][0]
    assert answer["body"]["@odata.nextLink"].startswith(beta(client, "/users?"))


def test_another_version_is_not_there(client: Client) -> None:
    assert client.get(client.demo.graph_base_url.removesuffix(V1) + "v2.0/users").status_code == 404


@pytest.fixture
def only_beta(monkeypatch: pytest.MonkeyPatch) -> Collection:
    """Domains, as if only beta had them."""
    made = msgspec.structs.replace(BY_TABLE["domains"], version=BETA)
    monkeypatch.setitem(BY_SEGMENTS[BETA], ("domains",), made)
    monkeypatch.delitem(BY_SEGMENTS[V1], ("domains",))
    return made


def test_v1_has_no_segment_of_beta(only_beta: Collection) -> None:
    assert resolve("/domains", BETA) == (only_beta, (), "")
    with pytest.raises(GraphError, match="Resource not found for the segment 'domains'") as refused:
        resolve("/domains", V1)
    assert (refused.value.status, refused.value.code) == (400, "BadRequest")


def opened(**options: Any) -> Graph:
    there = graph(0)
    return Graph(there.base, there.directory, there.quota, there.faults, there.licences, 500, **options)


def test_what_has_been_released_is_in_v1_too(only_beta: Collection) -> None:
    answer = opened(released=["domains"]).answer(request("/domains?$top=1", only_beta.roles))
    assert "".join(answer.body).startswith('{"@odata.context":"https://graph.example/v1.0/$metadata#domains"')


def test_a_cloud_can_lack_a_collection() -> None:
    there = opened(unavailable=["deleted_devices"])
    with pytest.raises(GraphError, match=r"segment 'microsoft\.graph\.device'"):
        there.answer(request("/directory/deletedItems/microsoft.graph.device", BY_TABLE["devices"].roles))
    assert there.answer(request("/devices", BY_TABLE["devices"].roles)).status == 200
