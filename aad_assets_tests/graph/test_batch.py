"""`$batch`: each item answered, throttled and tried again for itself."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Sequence

import httpx
import msgspec
import pytest

from aad_assets.catalog import Family
from aad_assets.errors import GraphUnavailable, LicenceMissing, PermissionMissing, RequestRejected
from aad_assets.graph.reading.pagination import Page, decode_page
from aad_assets.graph.requests.batch import AT_ONCE, Item, run_batches
from aad_assets.graph.requests.client import GraphClient, Retrying, RetryPolicy
from aad_assets_tests.fake_graph import BASE, TOKEN, FakeGraph, batched, page, refusal

ItemHandler = Callable[[httpx.Request], httpx.Response | None]


def serve(graph: FakeGraph, answer: ItemHandler) -> None:
    """Let the fake answer batches, each item by `answer`."""
    graph.handler = lambda request: batched(request, answer)


def read(graph: FakeGraph, urls: Sequence[str], units: int = 1) -> dict[str, list[str] | None]:
    """The ids that each URL was answered with; None for a 404."""
    found: dict[str, list[str] | None] = {}

    async def answered(item: Item, body: Page | None) -> None:
        assert item.url not in found, "answered once"
        found[item.url] = [msgspec.json.decode(row)["id"] for row in body.value] if body else None

    async def work(client: GraphClient) -> None:
        items = (Item(url, units, Retrying(client.retry, graph.meter)) for url in urls)
        await run_batches(client, items, decode_page, graph.meter, answered)

    graph.run(work)
    return found


def path(request: httpx.Request) -> str:
    return request.url.path.removeprefix("/v1.0")


def sizes(graph: FakeGraph) -> list[int]:
    return [len(msgspec.json.decode(request.content)["requests"]) for request in graph.requests]


def urls(number: int) -> list[str]:
    return [f"/groups/{each}/members" for each in range(number)]


@pytest.mark.parametrize("number", [0, 1, 20, 21, 47, 200])
def test_items_travel_in_batches_of_twenty_at_most(graph: FakeGraph, number: int) -> None:
    serve(graph, lambda request: page([path(request)]))
    assert read(graph, urls(number)) == {url: [url] for url in urls(number)}
    assert len(graph.requests) == -(-number // 20)
    assert set(graph.urls) <= {f"{BASE}/$batch"}


def test_answers_are_matched_by_id_in_whatever_order_they_come(graph: FakeGraph) -> None:
    for backwards in (True, False):
        graph.handler = lambda request, backwards=backwards: batched(  # type: ignore[misc]
            request, lambda inner: page([path(inner)]), backwards=backwards
        )
        assert read(graph, urls(20)) == {url: [url] for url in urls(20)}


def test_a_batch_costs_the_units_of_its_items_and_is_json(graph: FakeGraph) -> None:
    taken: list[float] = []
    take = graph.rate_limits.take

    async def noted(family: Family, units: float) -> float:
        taken.append(units)
        return await take(family, units)

    graph.rate_limits.take = noted  # type: ignore[method-assign]
    serve(graph, lambda _: page())
    read(graph, urls(25), units=2)
    assert sorted(taken) == [10, 40]
    assert {request.headers["Content-Type"] for request in graph.requests} == {"application/json"}


def test_a_few_batches_are_under_way_at_once(graph: FakeGraph) -> None:
    under_way, most = 0, 0

    async def handler(request: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _tick in range(5):
            await asyncio.sleep(0)
        under_way -= 1
        return batched(request, lambda _: page())

    graph.handler = handler
    read(graph, urls(400))
    assert most == AT_ONCE


def test_404_means_that_there_is_nothing(graph: FakeGraph) -> None:
    serve(graph, lambda request: refusal(404, "Request_ResourceNotFound") if "/1/" in path(request) else page(["a"]))
    assert read(graph, urls(3)) == {urls(3)[0]: ["a"], urls(3)[1]: None, urls(3)[2]: ["a"]}


def failing_once(failure: httpx.Response | None) -> ItemHandler:
    """Each item fails the first time and is answered the second."""
    seen: Counter[str] = Counter()

    def answer(request: httpx.Request) -> httpx.Response | None:
        seen[path(request)] += 1
        return page([path(request)]) if seen[path(request)] > 1 else failure

    return answer


@pytest.mark.parametrize(
    "failure",
    [
        refusal(429, "TooManyRequests", Retry_After="3"),
        refusal(429, "TooManyRequests"),
        refusal(500),
        refusal(502),
        refusal(503),
        refusal(504),
        refusal(401, "InvalidAuthenticationToken"),
        None,
        httpx.Response(200, content=b'"not a page"'),
        httpx.Response(200, json={"value": None}),
        httpx.Response(200),
    ],
    ids=lambda failure: f"{failure.status_code}-{len(failure.content)}" if failure else "left out",
)
def test_an_item_that_fails_in_passing_is_sent_again_alone(graph: FakeGraph, failure: httpx.Response | None) -> None:
    fails = failing_once(failure)
    serve(graph, lambda request: fails(request) if "/7/" in path(request) else page([path(request)]))
    assert read(graph, urls(20)) == {url: [url] for url in urls(20)}
    assert sizes(graph) == [20, 1]


@pytest.mark.parametrize("name", ["Retry-After", "retry-after", "RETRY-AFTER"])
def test_an_item_that_is_throttled_pauses_the_family(graph: FakeGraph, name: str) -> None:
    throttled = httpx.Response(429, json={"error": {"code": "TooManyRequests"}}, headers={name: "33"})
    fails = failing_once(throttled)
    serve(graph, lambda request: fails(request) if "/7/" in path(request) else page([path(request)]))
    read(graph, urls(20))
    assert graph.times[1] - graph.times[0] == pytest.approx(33)


def test_a_401_of_many_items_renews_the_token_once(graph: FakeGraph) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        fresh = request.headers["Authorization"] == f"Bearer {TOKEN}-1"
        return batched(request, lambda inner: page([path(inner)]) if fresh else refusal(401))

    graph.handler = handler
    read(graph, urls(20))
    assert graph.tokens.renewals == 1


@pytest.mark.parametrize(
    ("failure", "expected", "requests"),
    [
        (refusal(401, "InvalidAuthenticationToken"), PermissionMissing, 2),
        (refusal(403, "Authorization_RequestDenied"), PermissionMissing, 1),
        (refusal(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant"), LicenceMissing, 1),
        (refusal(400, "Request_UnsupportedQuery"), RequestRejected, 1),
        (refusal(429, "TooManyRequests"), GraphUnavailable, 8),
        (refusal(429, "TooManyRequests", Retry_After="0"), GraphUnavailable, 8),
        (refusal(429, "TooManyRequests", Retry_After="100"), GraphUnavailable, 7),
        (refusal(503), GraphUnavailable, 8),
        (None, GraphUnavailable, 8),
        (httpx.Response(200, content=b"[]"), GraphUnavailable, 8),
    ],
    ids=str,
)
def test_an_item_that_fails_for_good_fails_the_read(
    graph: FakeGraph, failure: httpx.Response | None, expected: type[Exception], requests: int
) -> None:
    serve(graph, lambda request: failure if "/7/" in path(request) else page([path(request)]))
    with pytest.raises(expected, match="GET /groups/7/members"):
        read(graph, urls(20))
    assert len(graph.requests) == requests


def test_code_message_and_request_id_of_the_item_stand_in_the_error(graph: FakeGraph) -> None:
    serve(graph, lambda _: refusal(400, "SomeCode", "Some words."))
    with pytest.raises(RequestRejected, match=r"returned 400 SomeCode: Some words\. \(request-id req-7\)"):
        read(graph, urls(1))


@pytest.mark.parametrize("odd", [None, True, ["a", "b"], {"a": 1}, "Zoë"], ids=str)
@pytest.mark.parametrize("status", [200, 429])
def test_a_header_of_an_item_can_be_anything(graph: FakeGraph, odd: object, status: int) -> None:
    statuses = iter([status, 200])

    def handler(_: httpx.Request) -> httpx.Response:
        item = {"id": "0", "status": next(statuses), "headers": {"X-Odd": odd, "Retry-After": 7}, "body": {"value": []}}
        return httpx.Response(200, json={"responses": [item]})

    graph.handler = handler
    assert read(graph, urls(1)) == {urls(1)[0]: []}
    assert graph.times[-1] - graph.times[0] == pytest.approx(7 if status == 429 else 0)


def test_other_workers_do_not_send_what_is_still_backing_off(graph: FakeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    """The back-off never ends here: the failed item is not asked for again, the others all are."""
    graph.retry = RetryPolicy(base=8.0)
    really, stuck = asyncio.sleep, asyncio.Event()

    async def sleep(seconds: float) -> None:
        if seconds < 1:
            return await really(0)
        stuck.set()
        await asyncio.Event().wait()
        raise AssertionError("never reached")

    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(path(request))
        return refusal(503) if "/0/" in path(request) else page()

    async def handler(request: httpx.Request) -> httpx.Response:
        await really(0)
        return batched(request, answer)

    async def work(client: GraphClient) -> None:
        async def answered(item: Item, body: Page | None) -> None:
            pass

        items = (Item(url, 1, Retrying(client.retry, graph.meter)) for url in urls(400))
        task = asyncio.create_task(run_batches(client, items, decode_page, graph.meter, answered))
        await stuck.wait()
        while len(asked) < 400:
            await really(0)
        for _tick in range(50):
            await really(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    graph.handler = handler
    graph.run(work)
    assert Counter(asked)["/groups/0/members"] == 1
    assert len(asked) == 400


def test_an_envelope_that_fails_in_passing_is_sent_again_whole(graph: FakeGraph) -> None:
    broken = itertools.chain([refusal(503), httpx.Response(200, content=b'{"responses": [')], itertools.repeat(None))
    graph.handler = lambda request: next(broken) or batched(request, lambda inner: page([path(inner)]))
    assert read(graph, urls(5)) == {url: [url] for url in urls(5)}
    assert sizes(graph) == [5, 5, 5]


def test_an_error_of_the_one_who_takes_the_answers_is_not_taken_for_a_broken_answer(graph: FakeGraph) -> None:
    async def answered(item: Item, body: Page | None) -> None:
        raise msgspec.DecodeError("of a row")

    async def work(client: GraphClient) -> None:
        items = [Item("/x", 1, Retrying(client.retry, graph.meter))]
        await run_batches(client, items, decode_page, graph.meter, answered)

    serve(graph, lambda _: page(["a"]))
    with pytest.raises(msgspec.DecodeError, match="of a row"):
        graph.run(work)
    assert len(graph.requests) == 1
