"""Keys of parents that are not part of the run."""

import httpx
import pytest

from aad_assets.catalog import CATALOG, Entity, Shape
from aad_assets.errors import InvalidResponse, PermissionMissing
from aad_assets.graph.reading.parents import Key, read_parent_keys
from aad_assets_tests.fake_graph import FakeGraph, batched, failure, page

from .directory import FakeDirectory

ONE_LEVEL = [
    entity
    for entity in CATALOG.values()
    if entity.parent and CATALOG[entity.parent].shape is Shape.LIST and not entity.parent_where
]


def parents(graph: FakeGraph, table: str) -> list[Key]:
    return graph.run(lambda client: read_parent_keys(client, CATALOG[table], graph.meter)).found


@pytest.mark.parametrize("entity", ONE_LEVEL, ids=lambda entity: entity.table)
def test_each_parent_is_returned_once_with_its_key(graph: FakeGraph, entity: Entity) -> None:
    name = entity.parent_key[0]
    graph.respond_with(page([{"id": "1", name: "a"}, {"id": "2", name: "b"}, {"id": "1", name: "a"}]))
    assert parents(graph, entity.table) == [("a",), ("b",)]
    assert graph.paths == [CATALOG[entity.parent or ""].versioned_path]
    assert "$expand" not in graph.requests[0].url.params
    assert graph.meter.rows == 0, "the rows are the parent's, not the child's"


def test_only_ids_are_selected_if_the_collection_supports_select(graph: FakeGraph) -> None:
    graph.handler = FakeDirectory({"/groups": [{"id": f"g{each}", "displayName": "x"} for each in range(1_500)]})
    assert parents(graph, "group_owners") == [(f"g{each}",) for each in range(1_500)]
    assert dict(graph.requests[0].url.params) == {"$select": "id", "$top": "999"}


@pytest.mark.parametrize(
    ("table", "name", "wanted", "other"),
    [
        ("group_specific_settings", "groupTypes", ["Unified"], ["DynamicMembership"]),
        ("domain_federation_configurations", "authenticationType", "Federated", "Managed"),
    ],
)
def test_parents_that_cannot_have_children_are_omitted(
    graph: FakeGraph, table: str, name: str, wanted: object, other: object
) -> None:
    graph.respond_with(page([{"id": "a", name: wanted}, {"id": "b", name: other}, {"id": "c"}]))
    assert parents(graph, table) == [("a",)]
    assert graph.requests[0].url.params["$select"] == f"id,{name}"


def test_agents_are_told_from_other_rows_by_their_type(graph: FakeGraph) -> None:
    kinds = {"a": "agentIdentity", "b": "agentIdentityBlueprintPrincipal", "c": "servicePrincipal"}
    rows = [{"id": id_, "@odata.type": f"#microsoft.graph.{kind}"} for id_, kind in kinds.items()]
    graph.respond_with(page([*rows, "d"]), page([*rows, "d"]))
    assert parents(graph, "agent_identity_sponsors") == [("a",)]
    assert parents(graph, "agent_identity_blueprint_principal_sponsors") == [("b",)]
    assert {request.url.params["$select"] for request in graph.requests} == {"id"}


@pytest.mark.parametrize("message", ["Query option 'Top' is not allowed.", "Must be between 1 and 100 inclusive."])
def test_parents_are_read_in_pages_that_their_collection_accepts(graph: FakeGraph, message: str) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if int(request.url.params.get("$top", 0)) > 100:
            return failure(400, "BadRequest", message)
        return page([{"id": "a", "authenticationType": "Federated"}])

    graph.handler = handler
    assert parents(graph, "domain_federation_configurations") == [("a",)]
    assert len(graph.requests) == 2


def test_parents_of_parents_are_read_first(graph: FakeGraph) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return batched(request, lambda item: page([{"id": f"{item.url.path.split('/')[5]}-i"}]))
        return page(["d1", "d2"])

    graph.handler = handler
    assert sorted(parents(graph, "access_review_decisions")) == [("d1", "d1-i"), ("d2", "d2-i")]


def test_a_parent_without_its_key_is_rejected(graph: FakeGraph) -> None:
    graph.respond_with(page([{"displayName": "x"}]))
    with pytest.raises(InvalidResponse, match="without its key"):
        parents(graph, "group_owners")


def test_what_is_refused_above_the_parents_is_part_of_the_result(graph: FakeGraph) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        definition = request.url.path.split("/")[5]
        return failure(400, "BadRequest") if definition == "d2" else page([f"{definition}-i"])

    graph.handler = lambda request: batched(request, answer) if request.method == "POST" else page(["d1", "d2", "d3"])
    decisions = CATALOG["access_review_decisions"]
    keys = graph.run(lambda client: read_parent_keys(client, decisions, graph.meter))
    assert sorted(keys.found) == [("d1", "d1-i"), ("d3", "d3-i")]
    (refusals,) = keys.refused
    assert (refusals.table, refusals.asked) == ("access_review_instances", 3)
    assert [(parent.key, parent.response.status) for parent in refusals.parents] == [(("d2",), 400)]


def test_if_every_object_above_the_parents_is_refused_the_error_is_raised(graph: FakeGraph) -> None:
    graph.handler = lambda request: (
        batched(request, lambda _: failure(403, "Forbidden")) if request.method == "POST" else page(["d1", "d2"])
    )
    with pytest.raises(PermissionMissing):
        parents(graph, "access_review_decisions")
