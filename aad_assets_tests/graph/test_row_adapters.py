"""Every shape except plain collections: the request, and the rows that result."""

from typing import Any

import httpx
import pytest

from aad_assets.catalog import CATALOG, Entity, Shape
from aad_assets.errors import InvalidResponse
from aad_assets.graph.reading.collections import read_collection
from aad_assets.graph.reading.row_adapters import keep_owned, read_singleton, to_edges, wrap_strings
from aad_assets_tests.fake_graph import BASE, FakeGraph, MemoryPart, MemorySink, page

SINGLETONS = [entity for entity in CATALOG.values() if entity.shape is Shape.SINGLETON]
MANAGERS, SCHEMAS = CATALOG["user_managers"], CATALOG["schema_extensions"]
TYPES, AVAILABLE = CATALOG["available_identity_provider_types"], CATALOG["extension_properties"]


def single(graph: FakeGraph, entity: Entity, response: httpx.Response) -> list[dict[str, Any]]:
    part = MemoryPart()
    graph.respond_with(response)
    graph.run(lambda client: read_singleton(client, entity, graph.meter, part))
    assert part.closed
    return part.rows


def body(**members: Any) -> httpx.Response:
    return httpx.Response(200, json=members)


@pytest.mark.parametrize("entity", SINGLETONS, ids=lambda entity: entity.table)
def test_a_singleton_is_one_row(graph: FakeGraph, entity: Entity) -> None:
    rows = single(graph, entity, body(id="x", displayName="y"))
    assert rows == [{"id": "x", "displayName": "y"}]
    assert graph.paths == [entity.versioned_path]
    assert graph.requests[0].url.params.get("$expand", "") == ",".join(entity.expand)
    assert graph.meter.rows == 1


@pytest.mark.parametrize(
    "response", [body(isServiceDefault=True), body(id=None, isServiceDefault=True), body(id="", isServiceDefault=False)]
)
def test_a_singleton_without_an_id_gets_the_end_of_its_path(graph: FakeGraph, response: httpx.Response) -> None:
    rows = single(graph, CATALOG["cross_tenant_access_default"], response)
    assert [row["id"] for row in rows] == ["default"]


@pytest.mark.parametrize(
    "response", [body(), body(value=[]), body(value=[{"id": "a"}, {"id": "b"}]), body(error={"code": "x"})]
)
def test_a_response_without_the_singletons_properties_is_rejected(graph: FakeGraph, response: httpx.Response) -> None:
    with pytest.raises(InvalidResponse, match="none of the entity's properties"):
        single(graph, CATALOG["authorization_policy"], response)


def test_a_singleton_in_a_list_of_one_is_unwrapped(graph: FakeGraph) -> None:
    response = body(value=[{"id": "authorizationPolicy", "displayName": "x"}])
    assert single(graph, CATALOG["authorization_policy"], response) == [{"id": "authorizationPolicy", "displayName": "x"}]


def test_a_truncated_singleton_is_requested_again(graph: FakeGraph) -> None:
    graph.respond_with(httpx.Response(200, content=b'{"id": "x", "disp'))
    assert single(graph, CATALOG["authorization_policy"], body(id="x")) == [{"id": "x"}]
    assert len(graph.requests) == 2


def test_strings_become_rows_with_a_value(graph: FakeGraph) -> None:
    sink = MemorySink()
    graph.respond_with(httpx.Response(200, json={"value": ["Google", 'a "quoted" one', "naïve"]}))
    graph.run(lambda client: read_collection(client, TYPES, graph.meter, sink, transform=wrap_strings))
    assert sink.parts[0].rows == [{"value": "Google"}, {"value": 'a "quoted" one'}, {"value": "naïve"}]


def test_an_action_is_posted_and_its_further_pages_are_fetched_by_get(graph: FakeGraph) -> None:
    graph.respond_with(page(["a"], f"{BASE}{AVAILABLE.path}?$skiptoken=2"), page(["b"]))
    sink = MemorySink()
    graph.run(lambda client: read_collection(client, AVAILABLE, graph.meter, sink))
    assert sink.ids() == ["a", "b"]
    assert [request.method for request in graph.requests] == ["POST", "GET"]


def test_an_expanded_object_becomes_an_edge_and_a_missing_one_no_row(graph: FakeGraph) -> None:
    boss = {"@odata.type": "#microsoft.graph.user", "id": "boss"}
    graph.respond_with(page([{"id": "a", "manager": boss}, {"id": "boss"}, {"id": "c", "manager": None}]))
    sink = MemorySink()
    graph.run(lambda client: read_collection(client, MANAGERS, graph.meter, sink, transform=to_edges(MANAGERS)))
    assert sink.parts[0].rows == [{"userId": "a", "id": "boss", "@odata.type": "#microsoft.graph.user"}]
    assert dict(graph.requests[0].url.params) == {"$select": "id", "$expand": "manager($select=id)", "$top": "999"}


def test_an_expanded_row_without_an_id_is_rejected() -> None:
    with pytest.raises(InvalidResponse, match="without an id"):
        to_edges(MANAGERS)([b'{"manager": {"id": "boss"}}'])


def test_a_shared_collection_keeps_only_the_rows_of_this_tenant() -> None:
    keep = keep_owned(SCHEMAS, {"ours"})
    rows = [b'{"id": "a", "owner": "ours"}', b'{"id": "b", "owner": "theirs"}', b'{"id": "c"}']
    assert keep(rows) == [rows[0], rows[2]], "a row without an owner is kept"
