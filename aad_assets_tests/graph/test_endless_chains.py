"""Chains of pages that never end are stopped; chains that do end are read completely, whatever repeats on the way."""

import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aad_assets.catalog import CATALOG
from aad_assets.errors import InvalidResponse
from aad_assets.graph.reading import chain_guard, collections
from aad_assets.graph.reading.chain_guard import MAX_PAGES_WITHOUT_NEW_ROWS, ChainGuard
from aad_assets.graph.reading.children import read_children
from aad_assets.graph.reading.collections import read_collection
from aad_assets.graph.reading.extensions import read_extensions
from aad_assets.graph.reading.pagination import decode_page, read_chain
from aad_assets.graph.reading.parents import read_parent_keys
from aad_assets.graph.reading.queries import Query
from aad_assets.graph.reading.row_adapters import to_edges
from aad_assets.graph.requests.meter import Meter
from aad_assets_tests.fake_graph import BASE, FakeGraph, MemoryPart, MemorySink, batched, failure, page

QUERY = Query(f"{BASE}/users?$select=id")
MOST_PAGES = MAX_PAGES_WITHOUT_NEW_ROWS + chain_guard._UNWATCHED_PAGES + 1

Pages = Callable[[int], Sequence[Any]]


def repeated(number: int) -> Sequence[Any]:
    """Return the same rows on every page."""
    return ["a", "b"]


def empty(number: int) -> Sequence[Any]:
    """Return no rows."""
    return []


def cycle(number: int) -> Sequence[Any]:
    """Return seven pages over and over."""
    return [f"{number % 7}-{each}" for each in range(3)]


def changing(number: int) -> Sequence[Any]:
    """Return the same rows in another order and state, with their id behind other members."""
    return [{"n": number, "nested": {"id": str(number)}, "id": id_} for id_ in ("ab" if number % 2 else "ba")]


ENDLESS = pytest.mark.parametrize("rows", [repeated, empty, cycle, changing])


class Endless:
    """Pages that each have a link with a new token. `$count` returns `counted`, or is rejected."""

    def __init__(self, rows: Pages, counted: int | None = None) -> None:
        self._rows = rows
        self._counted = counted
        self._tokens = itertools.count(1)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("$batch"):
            return batched(request, self)
        if request.url.path.endswith("$count"):
            return failure(400) if self._counted is None else httpx.Response(200, text=str(self._counted))
        number = next(self._tokens)
        query = "&".join(each for each in request.url.query.decode().split("&") if "skiptoken" not in each)
        return page(self._rows(number), f"https://graph.test{request.url.path}?{query}&$skiptoken={number}")


@ENDLESS
def test_a_list_without_a_count_ends_after_pages_without_new_rows(graph: FakeGraph, rows: Pages) -> None:
    graph.handler = Endless(rows)
    part = MemoryPart()
    with pytest.raises(InvalidResponse, match=r"^/users: Graph returned 200 pages in a row without a new row.*Reload later"):
        graph.run(lambda client: read_chain(client, QUERY, graph.meter, part))
    assert len(graph.requests) <= MOST_PAGES + 7
    assert not part.closed


@ENDLESS
def test_a_list_with_a_count_ends_soon_after_it_exceeds_the_count(
    graph: FakeGraph, rows: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain_guard, "_COUNT_SLACK", 10)
    graph.handler = Endless(rows, counted=12)
    with pytest.raises(InvalidResponse, match="paging loop"):
        graph.run(lambda client: read_collection(client, CATALOG["users"], graph.meter, MemorySink()))
    assert len(graph.requests) <= (60 if rows is not empty else MOST_PAGES)


@ENDLESS
def test_a_list_with_a_large_count_ends_long_before_it_exceeds_the_count(graph: FakeGraph, rows: Pages) -> None:
    graph.handler = Endless(rows, counted=1_000_000)
    groups = replace(CATALOG["groups"], shard_property=None)
    with pytest.raises(InvalidResponse, match="200 pages in a row without a new row"):
        graph.run(lambda client: read_collection(client, groups, graph.meter, MemorySink()))
    assert len(graph.requests) <= MOST_PAGES + 8


def test_a_list_of_rows_that_are_always_new_ends_because_of_its_count(
    graph: FakeGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain_guard, "MAX_PAGES_OVER_COUNT", 50)
    graph.handler = Endless(lambda number: [f"{number}-{each}" for each in range(999)], counted=9_000)
    with pytest.raises(InvalidResponse, match="although it counts 9,000, and a nextLink"):
        graph.run(lambda client: read_collection(client, CATALOG["users"], graph.meter, MemorySink()))
    assert len(graph.requests) <= 80


def test_a_list_of_rows_that_are_always_new_ends_without_a_count(graph: FakeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain_guard, "MAX_PAGES", 300)
    graph.handler = Endless(lambda number: [str(number)])
    with pytest.raises(InvalidResponse, match="300 pages, and another nextLink"):
        graph.run(lambda client: read_chain(client, QUERY, graph.meter, MemoryPart()))
    assert len(graph.requests) == 300


@ENDLESS
def test_shards_end(graph: FakeGraph, rows: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collections, "_MIN_ROWS_TO_SHARD", 1)
    monkeypatch.setattr(chain_guard, "_COUNT_SLACK", 10)
    shards = len(collections.SHARD_PREFIXES["appId"])
    endless, count = Endless(rows), itertools.count()

    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("$count"):
            return httpx.Response(200, text="2" if "filter" in str(request.url) else str(2 * shards))
        next(count)
        return endless(request)

    graph.handler = handler
    with pytest.raises(InvalidResponse, match="paging loop"):
        graph.run(lambda client: read_collection(client, CATALOG["service_principals"], graph.meter, MemorySink()))
    assert next(count) <= 8 * (MOST_PAGES if rows is empty else 60)


@ENDLESS
def test_an_expanded_list_ends(graph: FakeGraph, rows: Pages) -> None:
    managers = CATALOG["user_managers"]
    graph.handler = Endless(rows)
    with pytest.raises(InvalidResponse, match="paging loop"):
        graph.run(lambda client: read_collection(client, managers, graph.meter, MemorySink(), transform=to_edges(managers)))
    assert len(graph.requests) <= MOST_PAGES + 8


@ENDLESS
def test_children_end(graph: FakeGraph, rows: Pages) -> None:
    members = replace(CATALOG["group_members"], casts=())
    graph.handler = Endless(rows)
    with pytest.raises(InvalidResponse, match=r"^/groups/g/members: .*paging loop"):
        graph.run(lambda client: read_children(client, members, [("g",)], graph.meter, MemoryPart()))
    assert len(graph.requests) <= MOST_PAGES + 8


@ENDLESS
@pytest.mark.parametrize("table", ["group_members", "access_review_decisions"])
def test_the_keys_of_parents_end(graph: FakeGraph, rows: Pages, table: str) -> None:
    graph.handler = Endless(rows)
    with pytest.raises(InvalidResponse, match="paging loop"):
        graph.run(lambda client: read_parent_keys(client, CATALOG[table], graph.meter))
    assert len(graph.requests) <= 2 * MOST_PAGES


def test_an_endless_list_of_extension_properties_costs_only_itself(graph: FakeGraph) -> None:
    endless = Endless(repeated)

    def handler(request: httpx.Request) -> httpx.Response:
        return endless(request) if "getAvailableExtensionProperties" in request.url.path else page()

    graph.handler = handler
    found = graph.run(lambda client: read_extensions(client, graph.meter))
    assert not found.is_proof
    assert "paging loop" in found.problem


@st.composite
def finite_chains(draw: st.DrawFn) -> list[list[str]]:
    """Draw pages of which at most a few in a row bring nothing new."""
    fruitless = st.lists(st.sampled_from([[], ["0"], ["0", "0"]]), max_size=chain_guard.MAX_REPEATED_PAGES - 2)
    stretches = draw(st.lists(fruitless, min_size=1, max_size=12))
    sizes = draw(st.lists(st.integers(1, 4), min_size=len(stretches), max_size=len(stretches)))
    ids = map(str, itertools.count())
    return [
        rows for stretch, size in zip(stretches, sizes, strict=True) for rows in ([*itertools.islice(ids, size)], *stretch)
    ]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chain=finite_chains(), counted=st.none() | st.integers(0, 50))
def test_every_finite_chain_is_read_completely(
    chain: list[list[str]], counted: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain_guard, "_COUNT_SLACK", 0)
    monkeypatch.setattr(chain_guard, "_UNWATCHED_PAGES", 3)
    graph, part = FakeGraph(), MemoryPart()
    graph.meter.expected = counted
    links = [f"{BASE}/users?$skiptoken={number}" for number in range(1, len(chain))]
    graph.respond_with(*(page(rows, link) for rows, link in zip(chain, [*links, None], strict=True)))
    graph.run(lambda client: read_chain(client, QUERY, graph.meter, part))
    assert part.closed
    assert part.ids == [id_ for rows in chain for id_ in rows]


def pages_until_stopped(chain: Iterable[list[Any]]) -> int:
    """Return the number of pages that a chain of these rows brings before it is stopped."""
    guard = ChainGuard("/users", Meter())
    for number, rows in enumerate(chain, 1):
        try:
            guard.check(decode_page(httpx.Response(200, json={"value": rows}).content).value)
        except InvalidResponse:
            return number
        assert number < 10_000, "the chain never ends"
    raise AssertionError("the chain was not stopped")


@settings(max_examples=40)
@given(
    pages=st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=5), min_size=1, max_size=30),
    start=st.lists(st.integers(), max_size=30),
)
def test_every_infinite_chain_ends(pages: list[list[str]], start: list[int]) -> None:
    new: Iterable[list[Any]] = ([{"id": str(each)}] for each in start)
    endless = itertools.chain(new, itertools.cycle(pages))
    assert pages_until_stopped(endless) <= len(start) + len(pages) + MOST_PAGES


def test_memory_does_not_grow_with_the_number_of_rows() -> None:
    guard = ChainGuard("/users", Meter())
    for number in range(300):
        guard.check(decode_page(page([f"{number}-{each}" for each in range(50)]).content).value)
    assert guard._seen is not None
    assert len(guard._seen) == 2 * 2**20
    assert sum(map(int.bit_count, guard._seen)) == pytest.approx(280 * 50, rel=0.01)


def test_a_short_chain_remembers_nothing(graph: FakeGraph) -> None:
    for meter in (Meter(), Meter(expected=100_000, rows=50_000)):
        guard = ChainGuard("/users", meter)
        for number in range(20):
            guard.check(decode_page(page([str(number)]).content).value)
        assert guard._seen is None


def test_rows_without_an_id_are_compared_as_a_whole() -> None:
    new = ([{"tenantId": str(number)}] for number in range(400))
    assert 400 < pages_until_stopped(itertools.chain(new, itertools.repeat(["Google", "Apple"]))) <= 400 + MOST_PAGES
