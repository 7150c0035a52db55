"""Which requests are retried, after how long, and when the client gives up."""

import asyncio
import email.utils
import gzip
import time
from collections.abc import Callable

import httpx
import msgspec
import pytest
import socksio

from aad_assets.catalog import CATALOG, Family
from aad_assets.errors import GraphUnavailable
from aad_assets.graph.reading.children import read_children
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.error_responses import retry_after_seconds
from aad_assets.graph.requests.retries import RetryPolicy
from aad_assets_tests.fake_graph import BASE, FakeGraph, MemoryPart, Reply, batched, failure, page, streamed

BODY = msgspec.json.encode({"value": [{"id": str(number)} for number in range(200)]})


def test_a_429_pauses_the_family_for_the_seconds_it_gives(graph: FakeGraph) -> None:
    async def one_after_another(client: GraphClient) -> None:
        await client.get(f"{BASE}/users", msgspec.json.decode, graph.meter)
        await client.get(f"{BASE}/groups", msgspec.json.decode, graph.meter)

    graph.respond_with(failure(429, Retry_After="17"), page(), page())
    graph.run(one_after_another)
    assert graph.times[1] - graph.times[0] == pytest.approx(17)
    assert graph.meter.throttled_seconds == pytest.approx(17)


def test_other_requests_of_the_family_wait_as_well(graph: FakeGraph) -> None:
    async def concurrently(client: GraphClient) -> None:
        first = asyncio.create_task(client.get(f"{BASE}/users", msgspec.json.decode, graph.meter))
        while not graph.requests:
            await asyncio.sleep(0)
        await asyncio.gather(first, client.get(f"{BASE}/groups", msgspec.json.decode, graph.meter))

    graph.respond_with(failure(429, Retry_After="17"), page(), page())
    graph.run(concurrently)
    assert all(later - graph.times[0] >= 17 for later in graph.times[1:])


def test_a_429_of_a_family_with_its_own_limit_does_not_pause_the_directory(graph: FakeGraph) -> None:
    async def both(client: GraphClient) -> None:
        families = (Family.DIRECTORY, Family.KEY_CREDENTIALS)
        throttled = asyncio.create_task(
            client.get(f"{BASE}/applications", msgspec.json.decode, graph.meter, families=families)
        )
        while not graph.requests:
            await asyncio.sleep(0)
        await client.get(f"{BASE}/users", msgspec.json.decode, graph.meter)
        await throttled

    graph.respond_with(failure(429, Retry_After="40"), page(), page())
    graph.run(both)
    asked = dict(zip(graph.paths[1:], graph.times[1:], strict=True))
    assert asked["/users"] - graph.times[0] < 1
    assert asked["/applications"] - graph.times[0] == pytest.approx(40)


def test_retry_after_is_given_in_seconds_or_as_a_date() -> None:
    def read(value: str) -> float | None:
        return retry_after_seconds(httpx.Headers({"retry-after": value}))

    assert read("17") == 17
    assert read("1.5") == 1.5
    assert read("-3") == 0
    assert read(email.utils.formatdate(time.time() + 90, usegmt=True)) == pytest.approx(90, abs=10)
    assert read(email.utils.formatdate(time.time() - 90, usegmt=True)) == 0
    assert read("120, 30") == 120
    assert retry_after_seconds(httpx.Headers([("Retry-After", "3"), ("retry-after", "40")])) == 40
    assert retry_after_seconds(httpx.Headers()) is None
    later = time.gmtime(time.time() + 90)
    for form in ("%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"):  # the obsolete forms of RFC 9110
        assert read(time.strftime(form, later)) == pytest.approx(90, abs=10)


ABSURD = [
    "soon", "", " ", "NaN", "inf", "-inf", "1" + "0" * 400, "9" * 5_000, "1209600", "0x10", ",", "\x00",
    "Fri, 31 Dec 9999 23:59:59 GMT", "Fri, 31 Dec 99999 23:59:59 GMT", "Wed, 21 Oct 2026 07:28:00 +9999",
    "99999999999999 Jan 2020 00:00:00 GMT", "Wed, 99 Oct 2015 99:99:99 GMT",
]  # fmt: skip


@pytest.mark.parametrize("value", ABSURD)
@pytest.mark.parametrize("status", [429, 503])
def test_an_absurd_retry_after_backs_off_within_bounds(graph: FakeGraph, slept: list[float], status: int, value: str) -> None:
    graph.retry = RetryPolicy(first_backoff=2.0)
    graph.handler = lambda _: failure(status, Retry_After=value)
    with pytest.raises(GraphUnavailable, match="Gave up after 8 attempts"):
        graph.get()
    assert 60 < graph.clock.time - 1000 + sum(slept) < 200


def test_an_absurd_retry_after_of_an_item_of_a_batch_backs_off(graph: FakeGraph, slept: list[float]) -> None:
    values = [
        b'"NaN"',
        b'"1e999"',
        b"1" + b"0" * 5_000,
        b"[5]",
        b'{"a":1}',
        b"null",
        b"-1",
        b'"Fri, 31 Dec 9999 23:59:59 GMT"',
    ]

    def respond(request: httpx.Request) -> httpx.Response:
        if not values:
            return batched(request, lambda _: page(["o"]))
        error = b'"body":{"error":{"code":"TooManyRequests"}}'
        item = b'{"id":"0","status":429,"headers":{"Retry-After":%s},%s}' % (values.pop(), error)
        return httpx.Response(200, content=b'{"responses":[%s]}' % item)

    graph.retry = RetryPolicy(attempts=20, first_backoff=0.01)
    graph.handler = respond
    part = MemoryPart()
    graph.run(lambda client: read_children(client, CATALOG["group_owners"], [("g",)], graph.meter, part))
    assert not values
    assert len(part.rows) >= 1
    assert graph.clock.time - 1000 + sum(slept) < 60


def test_a_date_in_retry_after_pauses_the_family_until_then(graph: FakeGraph) -> None:
    graph.respond_with(failure(429, Retry_After=email.utils.formatdate(time.time() + 60, usegmt=True)), page())
    graph.get()
    assert graph.times[1] - graph.times[0] == pytest.approx(60, abs=10)


@pytest.mark.parametrize("headers", [{}, {"Retry_After": "0"}, {"Retry_After": "Wed, 21 Oct 2015 07:28:00 GMT"}])
def test_a_429_without_a_future_time_backs_off_longer_each_time(graph: FakeGraph, headers: dict[str, str]) -> None:
    graph.retry = RetryPolicy(first_backoff=2.0)
    graph.respond_with(*(failure(429, **headers) for _ in range(4)), page())
    graph.get()
    waits = [later - earlier for earlier, later in zip(graph.times, graph.times[1:], strict=False)]
    assert all(2.0 * 2**step * 0.5 <= wait <= 2.0 * 2**step for step, wait in enumerate(waits))


@pytest.mark.parametrize("headers", [{}, {"Retry_After": "0"}, {"Retry_After": "Wed, 21 Oct 2015 07:28:00 GMT"}])
def test_endless_throttling_without_a_future_time_is_given_up(graph: FakeGraph, headers: dict[str, str]) -> None:
    graph.handler = lambda _: failure(429, "TooManyRequests", **headers)
    with pytest.raises(GraphUnavailable, match="Gave up after 8 attempts"):
        graph.get()
    assert len(graph.requests) == 8


def test_endless_throttling_is_given_up_within_the_budget(graph: FakeGraph) -> None:
    graph.handler = lambda _: failure(429, "TooManyRequests", "Please slow down.", Retry_After="10")
    with pytest.raises(GraphUnavailable) as caught:
        graph.get()
    assert graph.clock.time - 1000 == pytest.approx(600)
    assert str(caught.value) == (
        "GET /users returned 429 TooManyRequests: Please slow down. (request-id req-7). "
        "Gave up after 61 attempts and 600 s of waiting. Reload later"
    )


def test_throttled_attempts_do_not_count_as_attempts_for_faults(graph: FakeGraph) -> None:
    graph.retry = RetryPolicy(first_backoff=0, attempts=2)
    graph.respond_with(*(failure(429, Retry_After="1") for _ in range(10)), failure(503), page(["a"]))
    assert graph.get() == {"value": [{"id": "a"}]}


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 509])
def test_a_server_fault_is_retried_on_a_new_connection(graph: FakeGraph, status: int) -> None:
    graph.respond_with(failure(status), page(["a"]))
    assert graph.get() == {"value": [{"id": "a"}]}
    assert graph.transport.clients == 2


def test_throttling_keeps_the_connection(graph: FakeGraph) -> None:
    graph.respond_with(failure(429, Retry_After="1"), page())
    graph.get()
    assert graph.transport.clients == 1


def test_after_a_server_fault_the_client_waits_for_retry_after_or_backs_off(graph: FakeGraph, slept: list[float]) -> None:
    graph.retry = RetryPolicy(first_backoff=4.0)
    graph.respond_with(failure(503, Retry_After="23"), failure(503), failure(504), page())
    graph.get()
    asked = [seconds for seconds in slept if seconds]
    assert asked[0] == 23
    assert 4.0 <= asked[1] <= 8.0
    assert 8.0 <= asked[2] <= 16.0


def test_backoff_grows_to_its_maximum() -> None:
    policy = RetryPolicy(first_backoff=0.5, max_backoff=30.0)
    for attempt, most in enumerate([0.5, 1, 2, 4, 8, 16, 30, 30], start=1):
        assert all(most / 2 <= policy.backoff(attempt) <= most for _ in range(20))


BROKEN: dict[str, Callable[[], Reply]] = {
    "dropped before the response": lambda: httpx.RemoteProtocolError("Server disconnected without sending a response."),
    "dropped in the body": lambda: httpx.ReadError(""),
    "not reachable": lambda: httpx.ConnectError("[Errno 111] Connection refused"),
    "not a SOCKS proxy": lambda: socksio.ProtocolError("Malformed reply"),
    "timed out": lambda: httpx.ReadTimeout(""),
    "truncated JSON": lambda: streamed(BODY[:-40]),
    "no JSON": lambda: streamed(b"<html>busy</html>", request_id="req-7"),
    "empty": lambda: streamed(b""),
    "truncated gzip": lambda: streamed(gzip.compress(BODY)[:-20], Content_Encoding="gzip"),
    "gzip truncated early": lambda: streamed(gzip.compress(BODY)[:12], Content_Encoding="gzip"),
    "garbled gzip": lambda: streamed(b"\x1f\x8b" + b"x" * 60, Content_Encoding="gzip"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_response_is_requested_again(graph: FakeGraph, kind: str) -> None:
    graph.respond_with(BROKEN[kind](), streamed(gzip.compress(BODY), Content_Encoding="gzip"))
    assert graph.get() == msgspec.json.decode(BODY)
    assert graph.transport.clients == 2


@pytest.mark.parametrize("kind", BROKEN)
def test_responses_that_stay_broken_are_given_up(graph: FakeGraph, kind: str) -> None:
    graph.handler = lambda _: BROKEN[kind]()
    with pytest.raises(GraphUnavailable, match=r"GET /users (got no response|returned 200).*Gave up after 8 attempts"):
        graph.get()
    assert len(graph.requests) == 8


def test_a_200_with_an_unexpected_body_is_reported_as_such(graph: FakeGraph) -> None:
    graph.handler = lambda _: httpx.Response(200, content=b"{", headers={"request-id": "req-9"})
    with pytest.raises(GraphUnavailable, match=r"returned 200 .*the body is truncated.*req-9"):
        graph.get()
