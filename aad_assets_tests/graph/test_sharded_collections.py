"""Long lists read in shards: complete, or read as one chain."""

import asyncio
from typing import Any

import httpx
import pytest

from aad_assets.catalog import CATALOG
from aad_assets.errors import GraphUnavailable, PermissionMissing
from aad_assets.graph.reading import shards
from aad_assets.graph.reading.collections import read_collection
from aad_assets_tests.fake_graph import FakeGraph, MemorySink, refusal

from .directory import FakeDirectory

USERS = CATALOG["users"]
FIRST = "abcxyzABC0129'.-_!#^~"


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "MINIMUM", 100)


def people(firsts: str = FIRST, each: int = 40) -> list[dict[str, Any]]:
    return [
        {"id": f"{ord(first)}-{number}", "userPrincipalName": f"{first}{number}@contoso.example"}
        for first in firsts
        for number in range(each)
    ]


def read(graph: FakeGraph) -> MemorySink:
    sink = MemorySink()
    graph.run(lambda client: read_collection(client, USERS, graph.meter, sink))
    return sink


def filters(directory: FakeDirectory) -> list[str | None]:
    return [request.url.params.get("$filter") for request in directory.asked]


def test_a_long_list_is_read_in_shards_whose_union_is_complete(graph: FakeGraph) -> None:
    rows = people()
    directory = FakeDirectory({"/users": rows})
    graph.handler = directory
    sink = read(graph)
    assert sink.ids() == sorted(row["id"] for row in rows)
    assert set(filters(directory)) == set(shards.filters("userPrincipalName"))
    assert len(sink.parts) == len(shards.PREFIXES["userPrincipalName"])
    assert graph.meter.rows == graph.meter.expected == len(rows)


def test_empty_shards_are_read_as_well_since_the_count_lags(graph: FakeGraph) -> None:
    directory = FakeDirectory({"/users": people("ab", 60)})
    graph.handler = directory
    read(graph)
    assert len(directory.asked) == len(shards.PREFIXES["userPrincipalName"])


def test_the_largest_shards_are_started_first(graph: FakeGraph) -> None:
    directory = FakeDirectory({"/users": people("a", 10) + people("b", 500) + people("c", 100)})
    graph.handler = directory
    read(graph)
    assert filters(directory)[:3] == [f"startsWith(userPrincipalName,'{first}')" for first in "bca"]


def test_some_shards_are_read_at_once_and_not_all(graph: FakeGraph) -> None:
    directory, under_way, most = FakeDirectory({"/users": people()}), 0, 0

    async def handler(request: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        counts = request.url.path.endswith("$count")
        under_way += not counts
        most = max(most, under_way)
        for _ in range(5):
            await asyncio.sleep(0)
        under_way -= not counts
        return directory(request)

    graph.handler = handler
    read(graph)
    assert most == 8


def test_a_first_character_that_no_shard_knows_makes_it_one_chain(graph: FakeGraph) -> None:
    rows = people(FIRST + "é")
    directory = FakeDirectory({"/users": rows})
    graph.handler = directory
    assert read(graph).ids() == sorted(row["id"] for row in rows)
    assert set(filters(directory)) == {None}


@pytest.mark.parametrize("uncounted", ["'a'", "'q'", "''''", "startsWith"])
def test_a_shard_whose_count_is_not_answered_makes_it_one_chain(graph: FakeGraph, uncounted: str) -> None:
    directory = FakeDirectory({"/users": people()}, uncounted=uncounted)
    graph.handler = directory
    assert len(read(graph).ids()) == len(people())
    assert set(filters(directory)) == {None}


def test_a_list_that_is_not_counted_is_one_chain(graph: FakeGraph) -> None:
    directory = FakeDirectory({"/users": people()}, uncountable=True)
    graph.handler = directory
    assert len(read(graph).ids()) == len(people())
    assert set(filters(directory)) == {None}


def test_a_short_list_is_one_chain_without_further_counts(graph: FakeGraph) -> None:
    directory = FakeDirectory({"/users": people("a", 99)})
    graph.handler = directory
    assert len(read(graph).ids()) == 99
    assert len(graph.requests) == 2


def test_the_quote_and_other_special_characters_arrive_as_they_are_meant(graph: FakeGraph) -> None:
    directory = FakeDirectory({"/users": people("'#^~!", 30)})
    graph.handler = directory
    assert len(read(graph).ids()) == 150
    raw = {request.url.raw_path.decode() for request in directory.asked}
    assert any("startsWith(userPrincipalName,%27%27%27%27)" in path for path in raw)
    assert any("startsWith(userPrincipalName,%27%23%27)" in path for path in raw)


def test_refused_properties_are_left_out_of_every_shard(graph: FakeGraph) -> None:
    directory = FakeDirectory({"/users": people()}, refused=frozenset(["mail"]))
    graph.handler = directory
    sink = read(graph)
    assert sink.ids() == sorted(row["id"] for row in people())
    assert sink.resets == 1
    assert graph.meter.rows == len(people())


def test_passes_are_complete_in_shards_too(graph: FakeGraph) -> None:
    graph.handler = FakeDirectory({"/users": people()}, longest_select=len(",".join(USERS.select)) - 1)
    sink = read(graph)
    assert sink.ids(0) == sink.ids(1) == sorted(row["id"] for row in people())


def test_an_expired_page_token_costs_its_shard_alone(graph: FakeGraph) -> None:
    directory = FakeDirectory({"/users": people("ab", 1_500)})
    expired = iter([True])

    def handler(request: httpx.Request) -> httpx.Response:
        if "$skiptoken" in request.url.params and "'a'" in request.url.params["$filter"] and next(expired, False):
            return refusal(400, "Directory_ExpiredPageToken")
        return directory(request)

    graph.handler = handler
    sink = read(graph)
    assert len(sink.ids()) == len(set(sink.ids())) == 3_000
    assert sum(part.discarded for part in sink.parts) == 1
    assert graph.meter.rows == 3_000


@pytest.mark.parametrize(
    ("answer", "expected"),
    [(refusal(403, "Authorization_RequestDenied"), PermissionMissing), (refusal(503), GraphUnavailable)],
)
def test_a_shard_that_fails_stops_the_others(graph: FakeGraph, answer: httpx.Response, expected: type[Exception]) -> None:
    """`graph.run` sees to it that no request is left running."""
    directory = FakeDirectory({"/users": people()})

    async def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("users"):
            if "'a'" in request.url.params.get("$filter", ""):
                return answer
            if "'b'" in request.url.params.get("$filter", ""):
                await asyncio.Event().wait()
        return directory(request)

    graph.handler = handler
    with pytest.raises(expected):
        read(graph)


def test_shards_are_not_trusted_when_the_server_ignores_the_filter(graph: FakeGraph) -> None:
    directory = FakeDirectory({"/users": people()})

    def handler(request: httpx.Request) -> httpx.Response:
        url = request.url.copy_remove_param("$filter")
        return directory(httpx.Request(request.method, url, headers=request.headers))

    graph.handler = handler
    sink = read(graph)
    assert len(sink.parts) == 1, "one chain, since every shard is the whole"
