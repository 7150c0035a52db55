"""Every shape except plain collections: the request, and the rows that result."""

import json
from typing import Any

import httpx
import msgspec
import pytest

from aad_assets.catalog import CATALOG, Entity, Shape
from aad_assets.errors import InvalidResponse
from aad_assets.graph.reading.collections import read_collection
from aad_assets.graph.reading.row_adapters import flatten_links, keep_owned, read_singleton, to_edges, wrap_strings
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


@pytest.mark.parametrize("name", ["@odata.nextLink", "@nextLink", "@odata.nextlink", "@odata.deltaLink"])
@pytest.mark.parametrize("link", ["", 5, f"{BASE}/policies/authorizationPolicy?$skiptoken=1"])
@pytest.mark.parametrize("members", [{"id": "a", "displayName": "x"}, {"value": [{"id": "a", "displayName": "x"}]}])
def test_a_singleton_with_a_link_is_rejected(graph: FakeGraph, name: str, link: object, members: dict[str, Any]) -> None:
    with pytest.raises(
        InvalidResponse, match=r"^/policies/authorizationPolicy: .* a link to further pages with a single object"
    ):
        single(graph, CATALOG["authorization_policy"], body(**members, **{name: link}))
    assert single(graph, CATALOG["authorization_policy"], body(**members, **{name: None}))


def test_a_singleton_in_a_list_of_one_is_unwrapped(graph: FakeGraph) -> None:
    response = body(value=[{"id": "authorizationPolicy", "displayName": "x"}])
    assert single(graph, CATALOG["authorization_policy"], response) == [{"id": "authorizationPolicy", "displayName": "x"}]


@pytest.mark.parametrize("nobody", [None, ""])
def test_an_object_that_graph_returns_without_an_id_does_not_exist(graph: FakeGraph, nobody: str | None) -> None:
    organization = CATALOG["multi_tenant_organization"]
    assert single(graph, organization, body(id=nobody, displayName=None, state="inactive")) == []
    assert graph.meter.rows == 0
    assert single(graph, organization, body(id="x", displayName="y")) == [{"id": "x", "displayName": "y"}]


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


ASSIGNMENTS = CATALOG["access_package_assignments"]


def flat(*rows: str | dict[str, Any], entity: Entity = ASSIGNMENTS) -> list[dict[str, Any]]:
    """Return rows with flat links. Text stands for JSON as Graph sent it."""
    raw = [msgspec.Raw((row if isinstance(row, str) else json.dumps(row)).encode()) for row in rows]
    return [json.loads(bytes(row)) for row in flatten_links(entity)(raw)]


def test_a_linked_object_becomes_a_member_for_each_property() -> None:
    row = {"id": "a", "state": "delivered", "target": {"id": "t", "objectId": "user"}, "accessPackage": {"id": "p"}}
    assert flat(row) == [{"id": "a", "state": "delivered", "targetId": "t", "targetObjectId": "user", "accessPackageId": "p"}]


@pytest.mark.parametrize("row", [{"id": "a"}, {"id": "a", "target": None}, {"id": "a", "target": {}}])
def test_without_a_linked_object_there_is_no_member(row: dict[str, Any]) -> None:
    assert flat(row) == [{"id": "a"}]


def test_a_property_that_is_null_in_the_linked_object_is_null() -> None:
    assert flat({"id": "a", "target": {"id": "t", "objectId": None}}) == [
        {"id": "a", "targetId": "t", "targetObjectId": None}
    ]


def test_what_else_a_linked_object_has_stays_without_annotations() -> None:
    linked = {"@odata.type": "#microsoft.graph.x", "id": "t", "email": "a@b", "connected": {"id": 1}, "x@odata.context": "c"}
    assert flat({"id": "a", "target": linked}) == [
        {"id": "a", "targetId": "t", "target": {"email": "a@b", "connected": {"id": 1}}}
    ]


@pytest.mark.parametrize("value", ["t", 7, ["t"], True])
def test_a_link_that_is_no_object_stays_as_it_is(value: object) -> None:
    row = {"id": "a", "target": value, "accessPackage": {"id": "p"}}
    assert flat(row) == [{"id": "a", "target": value, "accessPackageId": "p"}]


def test_a_lone_surrogate_costs_no_row_its_links() -> None:
    """A text that was cut in the middle of a character makes JSON that a strict parser rejects."""
    cut = r'{"id": "a", "note": "cut \ud83d", "target": {"id": "t", "objectId": "\ud83d"}, "accessPackage": {"id": "p"}}'
    assert flat(cut, {"id": "b", "target": {"id": "u"}}) == [
        {"id": "a", "note": "cut \ud83d", "targetId": "t", "targetObjectId": "\ud83d", "accessPackageId": "p"},
        {"id": "b", "targetId": "u"},
    ]


def test_a_row_that_is_no_object_is_left_to_validation() -> None:
    rows = [b"7", b'{"id": "a", "target": {"id": "t"}}']
    assert list(flatten_links(ASSIGNMENTS)(rows)) == [b"7", b'{"id":"a","targetId":"t"}']


def test_rows_of_an_entity_without_links_are_not_touched() -> None:
    rows = [b'{"id": "a",  "target": {"id": "t"}}']
    assert flatten_links(CATALOG["domains"])(rows) is rows


def test_a_shared_collection_keeps_only_the_rows_of_this_tenant() -> None:
    keep = keep_owned(SCHEMAS, {"ours"})
    rows = [b'{"id": "a", "owner": "ours"}', b'{"id": "b", "owner": "theirs"}', b'{"id": "c"}']
    assert keep(rows) == [rows[0], rows[2]], "a row without an owner is kept"


@pytest.mark.parametrize("row", [b'{"id":"a","\xff":1}', b'{"id":"a","target":{"\xff":1}}'])
def test_invalid_utf_8_is_left_to_validation(row: bytes) -> None:
    assert flatten_links(CATALOG["access_package_assignments"])([row]) == [row]
    assert keep_owned(CATALOG["schema_extensions"], {"x"})([row]) == [row]


def test_an_edge_with_invalid_utf_8_is_rejected() -> None:
    with pytest.raises(InvalidResponse, match="a row without an id"):
        to_edges(CATALOG["user_managers"])([b'{"id":"a","manager":{"id":"\xff"}}'])
