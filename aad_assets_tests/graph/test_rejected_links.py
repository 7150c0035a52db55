"""URLs that are too long, and links that Graph makes and then rejects: the collection is read in another form."""

import itertools
import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aad_assets.catalog import CATALOG, Entity
from aad_assets.catalog.extensions import ExtensionProperty, with_extensions
from aad_assets.errors import NextLinkRejected, RequestRejected
from aad_assets.graph.reading import collections
from aad_assets.graph.reading.children import read_children
from aad_assets.graph.reading.collections import read_collection
from aad_assets.graph.reading.parents import read_parent_keys
from aad_assets.graph.reading.queries import MAX_URL
from aad_assets.graph.reading.select import Selection, in_passes, in_shorter_passes
from aad_assets_tests.fake_graph import FakeGraph, MemoryPart, MemorySink, batched, failure, page

from .directory import FakeDirectory

USERS = CATALOG["users"]
HTML = "<HTML><BODY><h2>Bad Request - Request Too Long</h2><p>HTTP Error 400. The size of the request headers is too long."
TOO_LONG = [
    httpx.Response(414),
    httpx.Response(414, html="<h1>URI Too Long</h1>"),
    failure(400, "Request_UriTooLong", ""),
    failure(400, "UnknownError", HTML),
    failure(400, "BadRequest", "The length of the query string for this request exceeds the configured maximum."),
    failure(404, "", "The length of the URL for this request exceeds the configured maxUrlLength value."),
]
Handler = Callable[[httpx.Request], httpx.Response]


def people(number: int) -> list[dict[str, Any]]:
    return [{"id": f"u{each}", "displayName": f"n{each}"} for each in range(number)]


def read(graph: FakeGraph, entity: Entity = USERS) -> tuple[Selection, MemorySink]:
    sink = MemorySink()
    selection = graph.run(lambda client: read_collection(client, entity, graph.meter, sink))
    return selection, sink


def lists(graph: FakeGraph) -> list[httpx.Request]:
    return [request for request in graph.requests if not request.url.path.endswith("$count")]


def limited(directory: FakeDirectory, longest: int, response: httpx.Response, padding: int = 0) -> Handler:
    """Return a handler that rejects URLs above `longest`. Links are `padding` characters longer than they need to be."""

    def handler(request: httpx.Request) -> httpx.Response:
        if len(str(request.url)) > longest:
            return response
        url = str(request.url).partition("&padding")[0]
        answer = directory(httpx.Request("GET", url, headers=request.headers))
        found = {} if url.endswith("$count") else answer.json()
        if link := found.get("@odata.nextLink"):
            return httpx.Response(200, json=found | {"@odata.nextLink": f"{link}&padding={'x' * padding}"})
        return answer

    return handler


def assert_complete(selection: Selection, sink: MemorySink, rows: int) -> None:
    assert selection.rejected == ()
    assert [name for names in selection.passes for name in names[1:]] == list(USERS.select[1:])
    for number in range(len(selection.passes)):
        assert sink.ids(number) == sorted(f"u{each}" for each in range(rows))


@pytest.mark.parametrize("response", TOO_LONG, ids=lambda response: response.text[:40])
def test_a_select_is_split_if_a_link_to_a_further_page_is_too_long(graph: FakeGraph, response: httpx.Response) -> None:
    graph.handler = limited(FakeDirectory({"/users": people(2_000)}), 1_500, response, padding=300)
    selection, sink = read(graph)
    assert len(selection.passes) == 2
    assert_complete(selection, sink, 2_000)
    assert graph.meter.rows == 2_000
    assert len(lists(graph)) == 2 + 2 * 3


@pytest.mark.parametrize("response", TOO_LONG, ids=lambda response: response.text[:40])
def test_a_select_is_split_at_once_if_the_first_request_is_too_long(graph: FakeGraph, response: httpx.Response) -> None:
    graph.handler = limited(FakeDirectory({"/users": people(10)}), 800, response)
    selection, sink = read(graph)
    assert_complete(selection, sink, 10)
    assert len(lists(graph)) == 1 + len(selection.passes), "no property is tried alone"


@pytest.mark.parametrize(
    "response",
    [failure(400, "BadRequest", "No."), failure(400, "", ""), httpx.Response(400)],
    ids=lambda each: each.text[:40],
)
def test_a_long_link_that_is_rejected_for_any_reason_may_be_too_long(graph: FakeGraph, response: httpx.Response) -> None:
    graph.handler = limited(FakeDirectory({"/users": people(2_000)}), 2_048, response, padding=800)
    selection, sink = read(graph)
    assert_complete(selection, sink, 2_000)


def test_a_link_that_stays_too_long_fails_after_a_bounded_number_of_requests(graph: FakeGraph) -> None:
    graph.handler = limited(FakeDirectory({"/users": people(2_000)}), 3_000, failure(414), padding=3_000)
    with pytest.raises(NextLinkRejected, match=r"returned 414.*Graph rejected its own nextLink"):
        read(graph)
    assert len(graph.requests) < 100


def full_last_page(rows: Sequence[dict[str, Any]]) -> Handler:
    """Return a handler whose link after an exactly full last page leads to a 400 without a message."""

    def handler(request: httpx.Request) -> httpx.Response:
        skip, top = int(request.url.params.get("$skiptoken", 0)), int(request.url.params["$top"])
        if skip >= len(rows):
            return failure(400, "UnknownError", "")
        shown = rows[skip : skip + top]
        link = f"{request.url.copy_remove_param('$skiptoken')}&$skiptoken={skip + top}"
        return page(shown, link if len(shown) == top else None)

    return handler


@pytest.mark.parametrize(
    ("number", "page_size", "sizes"),
    [(499, 500, [500]), (500, 500, [500, 249]), (1_000, 500, [500, 249]), (4_900, 100, [100, 49, 23])],
)
def test_a_full_last_page_with_a_link_that_is_rejected_is_read_in_pages_of_another_size(
    graph: FakeGraph, number: int, page_size: int, sizes: list[int]
) -> None:
    rows = people(number)
    graph.handler = full_last_page(rows)
    _, sink = read(graph, replace(CATALOG["risky_users"], page_size=page_size))
    assert sink.ids() == sorted(row["id"] for row in rows)
    assert list(dict.fromkeys(int(request.url.params["$top"]) for request in lists(graph))) == sizes


def test_children_with_a_full_last_page_are_read_in_pages_of_another_size(graph: FakeGraph) -> None:
    rows, part = people(1_998), MemoryPart()
    graph.handler = lambda request: batched(request, chain) if request.method == "POST" else chain(request)
    chain, entity = full_last_page(rows), replace(CATALOG["group_members"], casts=())
    selection = graph.run(lambda client: read_children(client, entity, [("g",)], graph.meter, part))
    assert selection.refused == ()
    assert sorted(part.ids) == sorted(row["id"] for row in rows)
    assert graph.meter.restarts == 1


def test_keys_of_parents_are_read_in_pages_of_another_size(graph: FakeGraph) -> None:
    graph.handler = full_last_page(people(500))
    keys = graph.run(lambda client: read_parent_keys(client, CATALOG["risky_user_history"], graph.meter)).found
    assert keys == [(f"u{each}",) for each in range(500)]


@pytest.mark.parametrize(("message", "most"), [("", 20), ("Something else.", 4)])
def test_a_link_that_every_page_size_makes_is_rejected_in_the_end(graph: FakeGraph, message: str, most: int) -> None:
    rows = people(500)

    def handler(request: httpx.Request) -> httpx.Response:
        rejected = "$skiptoken" in request.url.params
        return failure(400, "UnknownError", message) if rejected else page(rows[:10], f"{request.url}&$skiptoken=1")

    graph.handler = handler
    with pytest.raises(NextLinkRejected, match="returned 400 UnknownError"):
        read(graph, CATALOG["risky_users"])
    assert len(graph.requests) <= most


def extended(number: int) -> Entity:
    app = uuid.UUID(int=1).hex
    names = [f"extension_{app}_attribute{each:04}" for each in range(number)]
    return with_extensions(USERS, [ExtensionProperty(name, targets=frozenset({"User"})) for name in names])


def test_1500_extension_properties_are_selected_in_passes_that_no_server_rejects(graph: FakeGraph) -> None:
    entity = extended(1_500)
    directory = FakeDirectory({"/users": people(1_001)}, longest_select=4_000)
    graph.handler = directory
    selection, sink = read(graph, entity)
    assert selection.rejected == ()
    assert [name for names in selection.passes for name in names[1:]] == list(entity.select[1:])
    assert all(names[0] == "id" for names in selection.passes)
    assert all(sink.ids(number) == sorted(f"u{each}" for each in range(1_001)) for number in range(len(selection.passes)))
    assert max(len(str(request.url)) for request in graph.requests) <= MAX_URL + 50
    assert len(lists(graph)) == 2 * len(selection.passes) <= 50, "every page of every pass once, and no trial"


def test_a_rejected_property_among_1500_is_found_without_a_url_that_is_too_long(graph: FakeGraph) -> None:
    entity = extended(1_500)
    name = entity.select[700]
    graph.handler = FakeDirectory({"/users": people(5)}, rejected=frozenset([name]), longest_select=4_000)
    selection, _ = read(graph, entity)
    assert selection.rejected == (name,)
    assert {each for names in selection.passes for each in names} == {*entity.select} - {name}
    assert max(len(str(request.url)) for request in graph.requests) <= MAX_URL + 50
    assert len(graph.requests) < 250


@pytest.mark.parametrize("number", [0, 20])
def test_a_usual_select_is_one_pass(graph: FakeGraph, number: int) -> None:
    graph.handler = FakeDirectory({"/users": people(5)})
    assert len(read(graph, extended(number))[0].passes) == 1


@given(
    properties=st.lists(st.text("abc", min_size=1, max_size=9), min_size=1, max_size=40, unique=True).map(tuple),
    longest=st.integers(1, 60),
)
def test_passes_have_every_property_once_and_are_as_long_as_they_may_be(properties: tuple[str, ...], longest: int) -> None:
    def fits(names: tuple[str, ...]) -> bool:
        return len(",".join(names)) <= longest

    passes = in_passes(fits, properties)
    assert [name for names in passes for name in names[1:]] == list(properties[1:])
    assert {names[0] for names in passes} == {properties[0]}
    assert all(fits(names) or len(names) <= 2 for names in passes)
    assert all(not fits((*first, second[1])) for first, second in itertools.pairwise(passes))
    rounds = 0
    while (shorter := in_shorter_passes(passes)) is not None:
        assert [name for names in shorter for name in names[1:]] == list(properties[1:])
        passes, rounds = shorter, rounds + 1
    assert rounds <= 6
    assert all(len(names) <= 2 for names in passes)


def test_no_select_is_one_pass_without_properties() -> None:
    assert in_passes(lambda _: False, ()) == ((),)
    assert in_shorter_passes(((),)) is None


def test_shards_whose_filter_is_rejected_are_replaced_by_one_chain(graph: FakeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collections, "_MIN_ROWS_TO_SHARD", 10)
    rows = [row | {"userPrincipalName": f"a{row['id']}"} for row in people(50)]
    directory = FakeDirectory({"/users": rows})

    def handler(request: httpx.Request) -> httpx.Response:
        is_list = not request.url.path.endswith("$count")
        rejected = is_list and "$filter" in request.url.params
        return failure(400, "Request_UnsupportedQuery", "Unsupported filter.") if rejected else directory(request)

    graph.handler = handler
    selection, sink = read(graph)
    assert_complete(selection, sink, 50)
    assert selection.problems == ()


@pytest.mark.parametrize("code", ["Request_UnsupportedQuery", "Authorization_RequestDenied"])
def test_a_tenant_that_rejects_advanced_queries_gets_the_plain_read(graph: FakeGraph, code: str) -> None:
    directory = FakeDirectory({"/users": people(20)})

    def handler(request: httpx.Request) -> httpx.Response:
        return failure(400, code, "No.") if "ConsistencyLevel" in request.headers else directory(request)

    graph.handler = handler
    selection, sink = read(graph)
    assert_complete(selection, sink, 20)
    assert selection.problems == ("Graph did not count the rows, so their number was not compared with its count.",)


def test_a_rejected_first_request_is_not_called_a_rejected_link(graph: FakeGraph) -> None:
    graph.handler = lambda request: failure(400, "x", "About something else.")
    with pytest.raises(RequestRejected) as caught:
        read(graph, CATALOG["domains"])
    assert type(caught.value) is RequestRejected
