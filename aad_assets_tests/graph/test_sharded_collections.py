"""Shards of a long collection: their filters, and a read that is complete or falls back to one chain."""

import asyncio
import string
import uuid
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aad_assets.catalog import CATALOG
from aad_assets.errors import GraphUnavailable, PermissionMissing
from aad_assets.graph.reading import collections
from aad_assets.graph.reading.collections import SHARD_PREFIXES, read_collection, shard_filters
from aad_assets_tests.fake_graph import FakeGraph, MemorySink, failure

from .directory import FakeDirectory

USERS = CATALOG["users"]
FIRST = "abcxyzABC0129'.-_!#^~"


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collections, "_MIN_ROWS_TO_SHARD", 100)


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


def test_a_long_collection_is_read_completely_in_shards(graph: FakeGraph) -> None:
    rows = people()
    directory = FakeDirectory({"/users": rows})
    graph.handler = directory
    sink = read(graph)
    assert sink.ids() == sorted(row["id"] for row in rows)
    assert set(filters(directory)) == set(shard_filters("userPrincipalName"))
    assert len(sink.parts) == len(SHARD_PREFIXES["userPrincipalName"])
    assert graph.meter.rows == graph.meter.expected == len(rows)


def test_shards_with_a_count_of_0_are_also_read(graph: FakeGraph) -> None:
    directory = FakeDirectory({"/users": people("ab", 60)})
    graph.handler = directory
    read(graph)
    assert len(directory.asked) == len(SHARD_PREFIXES["userPrincipalName"])


def test_the_largest_shards_start_first(graph: FakeGraph) -> None:
    directory = FakeDirectory({"/users": people("a", 10) + people("b", 500) + people("c", 100)})
    graph.handler = directory
    read(graph)
    assert filters(directory)[:3] == [f"startsWith(userPrincipalName,'{first}')" for first in "bca"]


def test_the_number_of_concurrent_shards_is_bounded(graph: FakeGraph) -> None:
    directory, in_flight, most = FakeDirectory({"/users": people()}), 0, 0

    async def handler(request: httpx.Request) -> httpx.Response:
        nonlocal in_flight, most
        counts = request.url.path.endswith("$count")
        in_flight += not counts
        most = max(most, in_flight)
        for _ in range(5):
            await asyncio.sleep(0)
        in_flight -= not counts
        return directory(request)

    graph.handler = handler
    read(graph)
    assert most == 8


def test_an_unlisted_first_character_falls_back_to_one_chain(graph: FakeGraph) -> None:
    rows = people(FIRST + "é")
    directory = FakeDirectory({"/users": rows})
    graph.handler = directory
    assert read(graph).ids() == sorted(row["id"] for row in rows)
    assert set(filters(directory)) == {None}


@pytest.mark.parametrize("uncounted", ["'a'", "'q'", "''''", "startsWith"])
def test_a_shard_without_a_count_falls_back_to_one_chain(graph: FakeGraph, uncounted: str) -> None:
    directory = FakeDirectory({"/users": people()}, uncounted=uncounted)
    graph.handler = directory
    assert len(read(graph).ids()) == len(people())
    assert set(filters(directory)) == {None}


def test_a_collection_without_a_count_is_one_chain(graph: FakeGraph) -> None:
    directory = FakeDirectory({"/users": people()}, uncountable=True)
    graph.handler = directory
    assert len(read(graph).ids()) == len(people())
    assert set(filters(directory)) == {None}


def test_a_short_collection_is_one_chain_without_further_counts(graph: FakeGraph) -> None:
    directory = FakeDirectory({"/users": people("a", 99)})
    graph.handler = directory
    assert len(read(graph).ids()) == 99
    assert len(graph.requests) == 2


def test_quotes_and_other_special_characters_are_encoded(graph: FakeGraph) -> None:
    directory = FakeDirectory({"/users": people("'#^~!", 30)})
    graph.handler = directory
    assert len(read(graph).ids()) == 150
    raw = {request.url.raw_path.decode() for request in directory.asked}
    assert any("startsWith(userPrincipalName,%27%27%27%27)" in path for path in raw)
    assert any("startsWith(userPrincipalName,%27%23%27)" in path for path in raw)


def test_rejected_properties_are_omitted_from_every_shard(graph: FakeGraph) -> None:
    directory = FakeDirectory({"/users": people()}, rejected=frozenset(["mail"]))
    graph.handler = directory
    sink = read(graph)
    assert sink.ids() == sorted(row["id"] for row in people())
    assert sink.resets == 1
    assert graph.meter.rows == len(people())


def test_passes_are_complete_in_every_shard(graph: FakeGraph) -> None:
    graph.handler = FakeDirectory({"/users": people()}, longest_select=len(",".join(USERS.select)) - 1)
    sink = read(graph)
    assert sink.ids(0) == sink.ids(1) == sorted(row["id"] for row in people())


def test_an_expired_page_token_restarts_only_its_shard(graph: FakeGraph) -> None:
    directory = FakeDirectory({"/users": people("ab", 1_500)})
    expired = iter([True])

    def handler(request: httpx.Request) -> httpx.Response:
        if "$skiptoken" in request.url.params and "'a'" in request.url.params["$filter"] and next(expired, False):
            return failure(400, "Directory_ExpiredPageToken")
        return directory(request)

    graph.handler = handler
    sink = read(graph)
    assert len(sink.ids()) == len(set(sink.ids())) == 3_000
    assert sum(part.discarded for part in sink.parts) == 1
    assert graph.meter.rows == 3_000


@pytest.mark.parametrize(
    ("response", "expected"),
    [(failure(403, "Authorization_RequestDenied"), PermissionMissing), (failure(503), GraphUnavailable)],
)
def test_a_shard_that_fails_stops_the_others(graph: FakeGraph, response: httpx.Response, expected: type[Exception]) -> None:
    """`graph.run` checks that no request is left running."""
    directory = FakeDirectory({"/users": people()})

    async def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("users"):
            if "'a'" in request.url.params.get("$filter", ""):
                return response
            if "'b'" in request.url.params.get("$filter", ""):
                await asyncio.Event().wait()
        return directory(request)

    graph.handler = handler
    with pytest.raises(expected):
        read(graph)


def test_a_server_that_ignores_the_filter_falls_back_to_one_chain(graph: FakeGraph) -> None:
    directory = FakeDirectory({"/users": people()})

    def handler(request: httpx.Request) -> httpx.Response:
        url = request.url.copy_remove_param("$filter")
        return directory(httpx.Request(request.method, url, headers=request.headers))

    graph.handler = handler
    sink = read(graph)
    assert len(sink.parts) == 1, "every shard would be the whole collection"


@pytest.mark.parametrize(("extra", "shards"), [(0.01, True), (0.02, False), (0.5, False)])
def test_shards_are_used_only_if_their_counts_add_up_to_the_whole(graph: FakeGraph, extra: float, shards: bool) -> None:
    """Without a bound, overlapping shards would be trusted, and rows read twice."""
    directory = FakeDirectory({"/users": people("ab", 500)})

    def handler(request: httpx.Request) -> httpx.Response:
        response = directory(request)
        if request.url.path.endswith("$count") and "'a'" in request.url.params.get("$filter", ""):
            return httpx.Response(200, text=str(500 + round(1_000 * extra)))
        return response

    graph.handler = handler
    assert len(read(graph).ids()) == 1_000
    assert (None not in filters(directory)) == shards


@pytest.mark.parametrize("property_", SHARD_PREFIXES)
def test_no_two_shards_overlap(property_: str) -> None:
    assert len({prefix.lower() for prefix in SHARD_PREFIXES[property_]}) == len(SHARD_PREFIXES[property_])
    assert len(set(shard_filters(property_))) == len(SHARD_PREFIXES[property_])


@pytest.mark.parametrize("property_", ["appId", "deviceId"])
@given(guid=st.uuids())
def test_a_guid_is_in_exactly_one_shard(property_: str, guid: uuid.UUID) -> None:
    assert sum(str(guid).startswith(prefix) for prefix in SHARD_PREFIXES[property_]) == 1
    assert len(SHARD_PREFIXES[property_]) == 16


@given(first=st.sampled_from(string.ascii_letters + string.digits + "'.-_!#^~"))
def test_every_user_principal_name_is_in_exactly_one_shard(first: str) -> None:
    assert sum(first.lower() == prefix for prefix in SHARD_PREFIXES["userPrincipalName"]) == 1


@given(first=st.sampled_from([each for each in map(chr, range(33, 127)) if each not in '@()\\[]";:<>,']))
def test_every_mail_nickname_is_in_exactly_one_shard(first: str) -> None:
    assert sum(first.lower() == prefix for prefix in SHARD_PREFIXES["mailNickname"]) == 1


def test_a_quote_in_a_shards_filter_is_doubled() -> None:
    assert "startsWith(userPrincipalName,'''')" in shard_filters("userPrincipalName")
    assert "startsWith(userPrincipalName,'a')" in shard_filters("userPrincipalName")
    assert all(each.count("'") % 2 == 0 for property_ in SHARD_PREFIXES for each in shard_filters(property_))


def test_every_sharded_entity_is_countable_and_has_the_property() -> None:
    sharded = [entity for entity in CATALOG.values() if entity.shard_property]
    assert {entity.table for entity in sharded} == {"users", "groups", "service_principals", "devices"}
    for entity in sharded:
        assert entity.countable
        assert entity.shard_property in SHARD_PREFIXES
        assert entity.shard_property in entity.select
