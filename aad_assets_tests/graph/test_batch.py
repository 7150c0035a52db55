"""`$batch`: each item has its own response, throttling and retries."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Sequence

import httpx
import msgspec
import pytest

from aad_assets.catalog import Family
from aad_assets.errors import (
    AadAssetsError,
    GraphError,
    GraphUnavailable,
    InvalidResponse,
    LicenceMissing,
    NotFound,
    NotFromGraph,
    PermissionMissing,
    RequestRejected,
)
from aad_assets.graph.reading.pagination import Page, decode_page
from aad_assets.graph.requests.batch import CONCURRENT_BATCHES, BatchItem, run_batches
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.retries import RetryBudget, RetryPolicy
from aad_assets_tests.fake_graph import BASE, TOKEN, FakeGraph, batched, failure, page

ItemHandler = Callable[[httpx.Request], httpx.Response | None]


def serve(graph: FakeGraph, respond: ItemHandler) -> None:
    """Let the fake respond to batches, calling `respond` for each item."""
    graph.handler = lambda request: batched(request, respond)


def read(graph: FakeGraph, urls: Sequence[str], units: int = 1) -> dict[str, list[str] | AadAssetsError]:
    """Return the ids that each URL returned, or the error."""
    found: dict[str, list[str] | AadAssetsError] = {}

    async def on_response(item: BatchItem, body: Page | AadAssetsError) -> None:
        assert item.url not in found, "one response for each item"
        found[item.url] = [msgspec.json.decode(row)["id"] for row in body.value] if isinstance(body, Page) else body

    async def work(client: GraphClient) -> None:
        items = (BatchItem(url, units, RetryBudget(client.retry, graph.meter)) for url in urls)
        await run_batches(client, items, decode_page, graph.meter, on_response)

    graph.run(work)
    return found


def path(request: httpx.Request) -> str:
    return request.url.path.removeprefix("/v1.0")


def sizes(graph: FakeGraph) -> list[int]:
    return [len(msgspec.json.decode(request.content)["requests"]) for request in graph.requests]


def urls(number: int) -> list[str]:
    return [f"/groups/{each}/members" for each in range(number)]


@pytest.mark.parametrize("number", [0, 1, 20, 21, 47, 200])
def test_a_batch_has_at_most_twenty_items(graph: FakeGraph, number: int) -> None:
    serve(graph, lambda request: page([path(request)]))
    assert read(graph, urls(number)) == {url: [url] for url in urls(number)}
    assert len(graph.requests) == -(-number // 20)
    assert set(graph.urls) <= {f"{BASE}/$batch"}


def test_responses_in_any_order_are_matched_by_id(graph: FakeGraph) -> None:
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


def test_a_few_batches_are_sent_concurrently(graph: FakeGraph) -> None:
    in_flight, most = 0, 0

    async def handler(request: httpx.Request) -> httpx.Response:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        for _tick in range(5):
            await asyncio.sleep(0)
        in_flight -= 1
        return batched(request, lambda _: page())

    graph.handler = handler
    read(graph, urls(400))
    assert most == CONCURRENT_BATCHES


def test_a_404_is_passed_on_with_the_others_answers(graph: FakeGraph) -> None:
    serve(graph, lambda request: failure(404, "Request_ResourceNotFound") if "/1/" in path(request) else page(["a"]))
    found = read(graph, urls(3))
    assert isinstance(found.pop("/groups/1/members"), NotFound)
    assert found == {urls(3)[0]: ["a"], urls(3)[2]: ["a"]}


def failing_once(failure: httpx.Response | None) -> ItemHandler:
    """Let each item fail once, and succeed when it is sent again."""
    seen: Counter[str] = Counter()

    def respond(request: httpx.Request) -> httpx.Response | None:
        seen[path(request)] += 1
        return page([path(request)]) if seen[path(request)] > 1 else failure

    return respond


@pytest.mark.parametrize(
    "failure",
    [
        failure(429, "TooManyRequests", Retry_After="3"),
        failure(429, "TooManyRequests"),
        failure(500),
        failure(502),
        failure(503),
        failure(504),
        failure(401, "InvalidAuthenticationToken"),
        None,
        httpx.Response(200, content=b'"not a page"'),
        httpx.Response(200, json={"value": None}),
        httpx.Response(200),
    ],
    ids=lambda failure: f"{failure.status_code}-{len(failure.content)}" if failure else "omitted",
)
def test_an_item_with_a_transient_failure_is_sent_again_alone(graph: FakeGraph, failure: httpx.Response | None) -> None:
    fails = failing_once(failure)
    serve(graph, lambda request: fails(request) if "/7/" in path(request) else page([path(request)]))
    assert read(graph, urls(20)) == {url: [url] for url in urls(20)}
    assert sizes(graph) == [20, 1]


def test_items_that_fail_together_are_retried_in_batches_of_twenty_at_most(graph: FakeGraph) -> None:
    serve(graph, failing_once(failure(503)))
    assert read(graph, urls(90)) == {url: [url] for url in urls(90)}
    assert max(sizes(graph)) == 20
    assert sum(sizes(graph)) == 180


def test_failed_items_wait_for_the_longest_retry_after_among_them(graph: FakeGraph, slept: list[float]) -> None:
    first, second = failing_once(failure(503, Retry_After="9")), failing_once(failure(503, Retry_After="1"))
    serve(graph, lambda request: (first if "/0/" in path(request) else second)(request))
    read(graph, urls(2))
    assert [seconds for seconds in slept if seconds] == [9]


@pytest.mark.parametrize("name", ["Retry-After", "retry-after", "RETRY-AFTER"])
def test_a_throttled_item_pauses_the_family(graph: FakeGraph, name: str) -> None:
    throttled = httpx.Response(429, json={"error": {"code": "TooManyRequests"}}, headers={name: "33"})
    fails = failing_once(throttled)
    serve(graph, lambda request: fails(request) if "/7/" in path(request) else page([path(request)]))
    read(graph, urls(20))
    assert graph.times[1] - graph.times[0] == pytest.approx(33)


def test_a_401_for_many_items_renews_the_token_once(graph: FakeGraph) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        fresh = request.headers["Authorization"] == f"Bearer {TOKEN}-1"
        return batched(request, lambda inner: page([path(inner)]) if fresh else failure(401))

    graph.handler = handler
    read(graph, urls(20))
    assert graph.tokens.renewals == 1


def test_batches_and_single_requests_that_meet_an_expired_token_renew_it_once(graph: FakeGraph) -> None:
    expired = asyncio.Event()

    async def handler(request: httpx.Request) -> httpx.Response:
        fresh = request.headers["Authorization"] != f"Bearer {TOKEN}-0"
        if not fresh and len(graph.requests) >= CONCURRENT_BATCHES + 3:
            expired.set()
        await expired.wait()
        if request.method == "GET":
            return page() if fresh else failure(401)
        return batched(request, lambda inner: page([path(inner)]) if fresh else failure(401))

    async def on_response(item: BatchItem, body: Page | AadAssetsError) -> None:
        assert isinstance(body, Page)

    async def work(client: GraphClient) -> None:
        items = (BatchItem(url, 1, RetryBudget(client.retry, graph.meter)) for url in urls(200))
        singly = [client.get(f"{BASE}/users", decode_page, graph.meter) for _ in range(3)]
        await asyncio.gather(run_batches(client, items, decode_page, graph.meter, on_response), *singly)

    graph.handler = handler
    graph.run(work)
    assert graph.tokens.renewals == 1


@pytest.mark.parametrize(
    ("failure", "expected", "requests"),
    [
        (failure(401, "InvalidAuthenticationToken"), PermissionMissing, 2),
        (failure(403, "Authorization_RequestDenied"), PermissionMissing, 1),
        (failure(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant"), LicenceMissing, 1),
        (failure(400, "Request_UnsupportedQuery"), RequestRejected, 1),
        (failure(429, "TooManyRequests"), GraphUnavailable, 8),
        (failure(429, "TooManyRequests", Retry_After="0"), GraphUnavailable, 8),
        (failure(429, "TooManyRequests", Retry_After="100"), GraphUnavailable, 7),
        (failure(503), GraphUnavailable, 8),
        (None, GraphUnavailable, 8),
        (httpx.Response(200, content=b"[]"), GraphUnavailable, 8),
    ],
    ids=str,
)
def test_an_item_that_fails_permanently_costs_only_itself(
    graph: FakeGraph, failure: httpx.Response | None, expected: type[Exception], requests: int
) -> None:
    serve(graph, lambda request: failure if "/7/" in path(request) else page([path(request)]))
    found = read(graph, urls(20))
    error = found.pop("/groups/7/members")
    assert isinstance(error, expected)
    assert "GET /groups/7/members" in str(error)
    assert found == {url: [url] for url in urls(20) if "/7/" not in url}
    assert len(graph.requests) == requests


def test_the_error_shows_code_message_and_request_id_of_the_item(graph: FakeGraph) -> None:
    serve(graph, lambda _: failure(400, "SomeCode", "Some words."))
    (error,) = read(graph, urls(1)).values()
    assert "returned 400 SomeCode: Some words. (request-id req-7)" in str(error)


@pytest.mark.parametrize("odd", [None, True, ["a", "b"], {"a": 1}, "Zoë"], ids=str)
@pytest.mark.parametrize("status", [200, 429])
def test_a_header_of_an_item_can_have_any_value(graph: FakeGraph, odd: object, status: int) -> None:
    statuses = iter([status, 200])

    def handler(_: httpx.Request) -> httpx.Response:
        item = {"id": "0", "status": next(statuses), "headers": {"X-Odd": odd, "Retry-After": 7}, "body": {"value": []}}
        return httpx.Response(200, json={"responses": [item]})

    graph.handler = handler
    assert read(graph, urls(1)) == {urls(1)[0]: []}
    assert graph.times[-1] - graph.times[0] == pytest.approx(7 if status == 429 else 0)


def test_other_workers_do_not_send_an_item_that_backs_off(graph: FakeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    """The back-off never ends here: the failed item is not sent again, and all others are."""
    graph.retry = RetryPolicy(first_backoff=8.0)
    really, stuck = asyncio.sleep, asyncio.Event()

    async def sleep(seconds: float) -> None:
        if seconds < 1:
            return await really(0)
        stuck.set()
        await asyncio.Event().wait()
        raise AssertionError("never reached")

    asked: list[str] = []

    def respond(request: httpx.Request) -> httpx.Response:
        asked.append(path(request))
        return failure(503) if "/0/" in path(request) else page()

    async def handler(request: httpx.Request) -> httpx.Response:
        await really(0)
        return batched(request, respond)

    async def work(client: GraphClient) -> None:
        async def on_response(item: BatchItem, body: Page | AadAssetsError) -> None:
            pass

        items = (BatchItem(url, 1, RetryBudget(client.retry, graph.meter)) for url in urls(400))
        task = asyncio.create_task(run_batches(client, items, decode_page, graph.meter, on_response))
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


def test_a_batch_with_a_transient_failure_is_sent_again_whole(graph: FakeGraph) -> None:
    broken = itertools.chain([failure(503), httpx.Response(200, content=b'{"responses": [')], itertools.repeat(None))
    graph.handler = lambda request: next(broken) or batched(request, lambda inner: page([path(inner)]))
    assert read(graph, urls(5)) == {url: [url] for url in urls(5)}
    assert sizes(graph) == [5, 5, 5]


@pytest.mark.parametrize(
    ("poison", "expected"),
    [
        (failure(400, "BadRequest"), RequestRejected),
        (failure(504, "GatewayTimeout"), GraphUnavailable),
        (httpx.Response(200, content=b'{"responses": []} trailing'), InvalidResponse),
    ],
    ids=["400", "504", "malformed"],
)
def test_one_item_that_fails_its_whole_batch_costs_only_itself(
    graph: FakeGraph, poison: httpx.Response, expected: type[AadAssetsError]
) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return poison if b"/groups/7/" in request.content else batched(request, lambda inner: page([path(inner)]))

    graph.handler = handler
    found = read(graph, urls(50))
    error = found.pop("/groups/7/members")
    assert isinstance(error, expected)
    assert not isinstance(error, GraphError) or error.response.request == "GET /groups/7/members"
    assert found == {url: [url] for url in urls(50) if "/7/" not in url}


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (failure(403, "Forbidden"), PermissionMissing),
        (failure(404, "NotFound"), NotFound),
        (failure(429, "TooManyRequests"), GraphUnavailable),
        (httpx.ConnectError("refused"), GraphUnavailable),
        (httpx.Response(200, content=b"<html>", headers={"Content-Type": "text/html"}), NotFromGraph),
    ],
    ids=["403", "404", "429", "no connection", "a proxy"],
)
def test_a_batch_whose_failure_is_of_no_item_is_raised(
    graph: FakeGraph, response: httpx.Response | Exception, expected: type[AadAssetsError]
) -> None:
    graph.handler = lambda _: response
    with pytest.raises(expected):
        read(graph, urls(50))
    assert len(graph.requests) <= CONCURRENT_BATCHES * 8


def test_few_new_items_are_sent_while_many_back_off(graph: FakeGraph) -> None:
    asked: set[str] = set()

    def respond(request: httpx.Request) -> httpx.Response:
        asked.add(path(request))
        return failure(503)

    async def on_response(item: BatchItem, body: Page | AadAssetsError) -> None:
        assert isinstance(body, GraphUnavailable)
        raise body

    async def work(client: GraphClient) -> None:
        items = (BatchItem(url, 1, RetryBudget(client.retry, graph.meter)) for url in urls(5_000))
        await run_batches(client, items, decode_page, graph.meter, on_response)

    graph.retry = RetryPolicy(first_backoff=0.001)
    serve(graph, respond)
    with pytest.raises(GraphUnavailable):
        graph.run(work)
    assert len(asked) <= 200


def test_an_error_in_the_callback_is_not_mistaken_for_a_broken_response(graph: FakeGraph) -> None:
    async def on_response(item: BatchItem, body: Page | AadAssetsError) -> None:
        raise msgspec.DecodeError("in the callback")

    async def work(client: GraphClient) -> None:
        items = [BatchItem("/x", 1, RetryBudget(client.retry, graph.meter))]
        await run_batches(client, items, decode_page, graph.meter, on_response)

    serve(graph, lambda _: page(["a"]))
    with pytest.raises(msgspec.DecodeError, match="in the callback"):
        graph.run(work)
    assert len(graph.requests) == 1
