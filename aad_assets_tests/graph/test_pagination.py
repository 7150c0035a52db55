"""Chains of pages: followed to the end, rejected if they loop or leave the host, restarted if a token expires."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

import httpx
import msgspec
import pytest

from aad_assets.catalog import Family
from aad_assets.errors import (
    GraphUnavailable,
    InvalidResponse,
    NextLinkRejected,
    PageTokenExpired,
    PermissionMissing,
    RequestRejected,
)
from aad_assets.graph.reading.pagination import MAX_RESTARTS, read_chain, read_pages
from aad_assets.graph.reading.queries import EVENTUAL, Query
from aad_assets.graph.requests.client import GraphClient
from aad_assets_tests.fake_graph import BASE, FakeGraph, MemoryPart, failure, page

QUERY = Query(f"{BASE}/users?$select=id")


def expired() -> httpx.Response:
    return failure(400, "Directory_ExpiredPageToken", "The specified page token value has expired.")


def read(graph: FakeGraph, query: Query = QUERY) -> MemoryPart:
    part = MemoryPart()
    graph.run(lambda client: read_chain(client, query, graph.meter, part))
    return part


def test_a_chain_is_read_to_its_end(graph: FakeGraph) -> None:
    graph.respond_with(page(["a", "b"], f"{BASE}/users?$skiptoken=1"), page(["c"], f"{BASE}/users?$skiptoken=2"), page(["d"]))
    part = read(graph)
    assert part.ids == ["a", "b", "c", "d"]
    assert part.closed
    assert graph.meter.rows == 4


@pytest.mark.parametrize(
    "link",
    [
        f"{BASE}/users?$select=id&$skiptoken=RFNwdAIAAQAAACI6YUBi%2fLw==&x='y'~!*(),;:@/?-._",
        f"{BASE}/users?%24skiptoken=a%2Bb%2fc+d&%24select=id",
        f"{BASE}/elsewhere/of('the-host')?$skiptoken=1",
    ],
)
def test_a_next_link_is_followed_unchanged(graph: FakeGraph, link: str) -> None:
    graph.respond_with(page(["a"], link), page(["b"]))
    read(graph)
    assert graph.requests[1].url.raw_path.decode() == link.removeprefix("https://graph.test")


@pytest.mark.parametrize(
    "link", ["/v1.0/users?$skiptoken=a%2Fb'c:d'", "users?$skiptoken=a%2Fb'c:d'", "?$skiptoken=a%2Fb'c:d'"]
)
def test_a_relative_next_link_is_resolved_against_its_page(graph: FakeGraph, link: str) -> None:
    graph.respond_with(page(["a"], link), page(["b"]))
    assert read(graph).ids == ["a", "b"]
    assert graph.urls[1] == f"{BASE}/users?$skiptoken=a%2Fb'c:d'"


@pytest.mark.parametrize("name", ["@odata.nextLink", "@nextLink", "@odata.nextlink"])
def test_a_next_link_is_followed_under_every_name(graph: FakeGraph, name: str) -> None:
    graph.respond_with(httpx.Response(200, json={"value": [{"id": "a"}], name: f"{BASE}/users?$skiptoken=1"}), page(["b"]))
    assert read(graph).ids == ["a", "b"]


def test_an_empty_page_with_a_next_link_is_followed(graph: FakeGraph) -> None:
    graph.respond_with(page([], f"{BASE}/users?$skiptoken=1"), page([], f"{BASE}/users?$skiptoken=2"), page(["a"]))
    assert read(graph).ids == ["a"]


def test_headers_are_sent_with_every_page(graph: FakeGraph) -> None:
    graph.respond_with(page(["a"], f"{BASE}/users?$skiptoken=1"), page(["b"], f"{BASE}/users?$skiptoken=2"), page(["c"]))
    read(graph, Query(QUERY.url, headers=EVENTUAL | {"Prefer": "odata.maxpagesize=1"}))
    assert [request.headers["ConsistencyLevel"] for request in graph.requests] == ["eventual"] * 3
    assert [request.headers["Prefer"] for request in graph.requests] == ["odata.maxpagesize=1"] * 3


def test_a_page_that_ends_in_an_error_is_requested_again(graph: FakeGraph) -> None:
    graph.respond_with(httpx.Response(200, json={"value": [{"id": "a"}], "error": {"code": "x", "message": "y"}}))
    graph.respond_with(httpx.Response(200, json={"value": [{"id": "a"}, {"id": "b"}], "error": None}))
    assert read(graph).ids == ["a", "b"]


def test_every_page_counts_against_the_limits_of_its_families(graph: FakeGraph) -> None:
    taken: list[tuple[Family, float]] = []
    take = graph.rate_limits.take

    async def noted(family: Family, units: float) -> float:
        taken.append((family, units))
        return await take(family, units)

    graph.rate_limits.take = noted  # type: ignore[method-assign]
    graph.respond_with(page(["a"], f"{BASE}/users?$skiptoken=1"), page(["b"]))
    read(graph, Query(QUERY.url, units=2, families=(Family.DIRECTORY, Family.KEY_CREDENTIALS)))
    assert taken == [(Family.DIRECTORY, 2), (Family.KEY_CREDENTIALS, 1)] * 2


@pytest.mark.parametrize("scheme", ["https:", ""])
def test_a_next_link_to_another_host_is_rejected_and_not_followed(graph: FakeGraph, scheme: str) -> None:
    graph.respond_with(page(["a"], f"{scheme}//graph.evil.example/v1.0/users?$skiptoken=1"))
    part = MemoryPart()
    with pytest.raises(InvalidResponse, match=r"points to https://graph\.evil\.example, not to https://graph\.test"):
        graph.run(lambda client: read_chain(client, QUERY, graph.meter, part))
    assert [request.url.host for request in graph.requests] == ["graph.test"]
    assert not part.closed


@pytest.mark.parametrize("loop", [1, 3])
def test_a_next_link_that_repeats_is_rejected(graph: FakeGraph, loop: int) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        place = int(request.url.params.get("$skiptoken", 0))
        return page(["a"], f"{BASE}/users?$skiptoken={place % loop + 1}")

    graph.handler = handler
    part = MemoryPart()
    with pytest.raises(InvalidResponse, match=r"^/users: Graph returned the same nextLink twice"):
        graph.run(lambda client: read_chain(client, QUERY, graph.meter, part))
    assert len(graph.requests) <= loop + 2
    assert not part.closed


def test_a_next_link_to_the_first_page_is_rejected(graph: FakeGraph) -> None:
    graph.respond_with(page(["a"], QUERY.url))
    with pytest.raises(InvalidResponse, match="twice"):
        read(graph)


@pytest.mark.parametrize("body", ["{}", '{"value": null}', '{"value": {}}', "null"])
def test_a_response_that_is_no_page_is_not_an_empty_page(graph: FakeGraph, body: str) -> None:
    graph.handler = lambda _: httpx.Response(200, text=body)
    part = MemoryPart()
    with pytest.raises(GraphUnavailable):
        graph.run(lambda client: read_chain(client, QUERY, graph.meter, part))
    assert not part.closed


@pytest.mark.parametrize(
    ("links", "problem"),
    [
        ({"@odata.nextLink": ""}, "an empty nextLink"),
        ({"@odata.nextLink": " "}, "an empty nextLink"),
        ({"@odata.nextLink": "", "@nextLink": f"{BASE}/users?$skiptoken=2"}, "an empty nextLink"),
        ({"@nextLink": ""}, "an empty nextLink"),
        ({"@odata.nextlink": ""}, "an empty nextLink"),
        ({"@odata.nextLink": 5}, "a nextLink that is not text"),
        ({"@odata.nextLink": False}, "a nextLink that is not text"),
        ({"@odata.nextLink": [f"{BASE}/users?$skiptoken=2"]}, "a nextLink that is not text"),
        ({"@odata.deltaLink": f"{BASE}/users?$deltatoken=2"}, "a deltaLink in a list"),
        ({"@deltaLink": ""}, "a deltaLink in a list"),
        (
            {"@odata.nextLink": f"{BASE}/users?$skiptoken=2", "@odata.deltaLink": f"{BASE}/users?$deltatoken=2"},
            "a deltaLink and a nextLink",
        ),
    ],
)
@pytest.mark.parametrize("page_number", [1, 2])
def test_a_link_that_does_not_say_where_the_list_ends_is_not_its_end(
    graph: FakeGraph, links: dict[str, object], problem: str, page_number: int
) -> None:
    if page_number == 2:
        graph.respond_with(page(["a"], f"{BASE}/users?$skiptoken=1"))
    graph.respond_with(httpx.Response(200, json={"value": [{"id": "b"}]} | links))
    part = MemoryPart()
    with pytest.raises(InvalidResponse, match=f"^/users: Graph returned {problem}.*rows may be missing. Reload later"):
        graph.run(lambda client: read_chain(client, QUERY, graph.meter, part))
    assert len(graph.requests) == page_number
    assert not part.closed


def test_a_link_that_is_null_is_no_link(graph: FakeGraph) -> None:
    graph.respond_with(httpx.Response(200, json={"value": [], "@odata.nextLink": None, "@odata.deltaLink": None}))
    assert read(graph).closed


def test_rows_stay_the_bytes_that_graph_sent(graph: FakeGraph) -> None:
    row = b'{"id":"a", "n": 1.50, "big": 12345678901234567890, "text": "\\u00e9\\ud83d\\ude00"}'
    graph.respond_with(httpx.Response(200, content=b'{"value": [ ' + row + b" ]}"))

    async def collect(client: GraphClient) -> list[bytes]:
        return [bytes(each) async for rows in read_pages(client, QUERY, graph.meter) for each in rows]

    assert graph.run(collect) == [row]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("Directory_ExpiredPageToken", "The specified page token value has expired."),
        ("DirectoryPageTokenNotFoundException", ""),
        ("Request_BadRequest", "The page token is not valid."),
        ("", "Invalid Skip Token"),
        ("UnknownError", "Token not found: token is either invalid or expired"),
    ],
)
def test_an_expired_page_token_restarts_the_chain_without_the_rows_so_far(graph: FakeGraph, code: str, message: str) -> None:
    graph.respond_with(page(["a", "gone"], f"{BASE}/users?$skiptoken=1"), failure(400, code, message))
    graph.respond_with(page(["a"], f"{BASE}/users?$skiptoken=2"), page(["b"]))
    part = read(graph)
    assert part.ids == ["a", "b"]
    assert part.discarded == 1
    assert part.closed
    assert graph.meter.rows == 2
    assert graph.meter.restarts == 1
    assert graph.urls[2] == QUERY.url


def test_a_chain_is_restarted_five_times_at_most(graph: FakeGraph) -> None:
    graph.handler = lambda request: (
        expired() if "skiptoken" in str(request.url) else page(["a"], f"{BASE}/users?$skiptoken=1")
    )
    part = MemoryPart()
    with pytest.raises(PageTokenExpired, match="Directory_ExpiredPageToken"):
        graph.run(lambda client: read_chain(client, QUERY, graph.meter, part))
    assert graph.urls.count(QUERY.url) == 1 + MAX_RESTARTS == 6
    assert part.rows == []
    assert not part.closed
    assert graph.meter.rows == 0


def test_restarts_and_rows_are_counted_over_the_whole_chain(graph: FakeGraph) -> None:
    def begin() -> list[httpx.Response]:
        return [page(["a"], f"{BASE}/users?$skiptoken=1"), page(["b", "c"], f"{BASE}/users?$skiptoken=2")]

    graph.respond_with(*begin(), expired(), *begin(), expired(), *begin(), page(["d"]))
    assert read(graph).ids == ["a", "b", "c", "d"]
    assert (graph.meter.restarts, graph.meter.rows) == (2, 4)


def test_an_action_is_posted_and_its_further_pages_are_fetched(graph: FakeGraph) -> None:
    graph.respond_with(page(["a"], f"{BASE}/users?$skiptoken=1"), page(["b"]))
    query = Query(f"{BASE}/directoryObjects/getAvailableExtensionProperties", is_action=True)
    assert read(graph, query).ids == ["a", "b"]
    assert [request.method for request in graph.requests] == ["POST", "GET"]
    assert graph.requests[0].content == b"{}"


@pytest.mark.parametrize("status", [400, 404, 414])
def test_a_link_that_graph_rejects_is_told_from_a_request_that_it_rejects(graph: FakeGraph, status: int) -> None:
    link = f"{BASE}/users?$skiptoken={'x' * 3_000}"
    graph.respond_with(page(["a"], link), failure(status, "BadRequest", "The URL is too long."))
    with pytest.raises(NextLinkRejected, match=r"too long.*rejected its own nextLink.*Reload later") as caught:
        read(graph)
    assert caught.value.length == len(link)
    graph.respond_with(failure(400))
    with pytest.raises(RequestRejected) as first_page:
        read(graph)
    assert not isinstance(first_page.value, NextLinkRejected)


def test_a_chain_that_fails_is_not_closed(graph: FakeGraph) -> None:
    graph.respond_with(page(["a"], f"{BASE}/users?$skiptoken=1"), failure(403, "Authorization_RequestDenied"))
    part = MemoryPart()
    with pytest.raises(PermissionMissing):
        graph.run(lambda client: read_chain(client, QUERY, graph.meter, part))
    assert not part.closed


def test_the_next_page_is_requested_while_the_present_one_is_processed(graph: FakeGraph) -> None:
    graph.respond_with(page(["a"], f"{BASE}/users?$skiptoken=1"), page(["b"], f"{BASE}/users?$skiptoken=2"), page(["c"]))

    class Slow(MemoryPart):
        async def add(self, rows: Sequence[bytes | msgspec.Raw]) -> None:
            await super().add(rows)
            for _ in range(50):
                await asyncio.sleep(0)
            asked.append(len(graph.requests))

    asked: list[int] = []
    graph.run(lambda client: read_chain(client, QUERY, graph.meter, Slow()))
    assert asked == [2, 3, 3], "one page ahead, never more"


def test_a_reader_that_stops_early_leaves_no_request_running(graph: FakeGraph) -> None:
    async def handler(request: httpx.Request) -> httpx.Response:
        if "skiptoken" not in str(request.url):
            return page(["a"], f"{BASE}/users?$skiptoken=1")
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("next page")
        raise AssertionError("never reached")

    async def stop_early(client: GraphClient) -> None:
        async with aclosing(read_pages(client, QUERY, graph.meter)) as chain:
            async for _ in chain:
                while len(graph.requests) < 2:
                    await asyncio.sleep(0)
                break
        assert ended == ["next page"], "the request has ended when the chain is closed"

    ended: list[str] = []
    graph.handler = handler
    graph.run(stop_early)


def test_the_error_of_a_page_requested_ahead_is_retrieved_when_the_part_fails(
    graph: FakeGraph, caplog: pytest.LogCaptureFixture
) -> None:
    class Full(MemoryPart):
        async def add(self, rows: Sequence[bytes | msgspec.Raw]) -> None:
            while len(graph.requests) < 2:
                await asyncio.sleep(0)
            for _ in range(20):
                await asyncio.sleep(0)
            raise OSError("disk full")

    graph.respond_with(page(["a"], f"{BASE}/users?$skiptoken=1"), failure(403))
    with pytest.raises(OSError, match="disk full"):
        graph.run(lambda client: read_chain(client, QUERY, graph.meter, Full()))
    assert "never retrieved" not in caplog.text
