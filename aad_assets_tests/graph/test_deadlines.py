"""The deadline of one request: it includes the body, however slowly that arrives, and the size of the body is bounded."""

import asyncio
import gzip
import json
from collections.abc import Sequence
from time import monotonic

import httpx
import msgspec
import pytest

from aad_assets.errors import ErrorResponse, GraphUnavailable, InvalidResponse
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.rate_limits import RateLimits
from aad_assets.graph.requests.retries import RetryBudget, RetryPolicy
from aad_assets.transport import MAX_BODY, Transport
from aad_assets_tests.fake_graph import FakeGraph, FakeTokens, connection, failure, page, run, streamed
from aad_assets_tests.slow_server import serving

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n"


def get(url: str, seconds: float) -> object:
    """Send one GET with a real client and at most two attempts."""

    async def main() -> object:
        transport = Transport(connection(request_timeout=seconds))
        retry = RetryPolicy(attempts=2, first_backoff=0.01)
        async with GraphClient(f"{url}/v1.0", FakeTokens(), transport, RateLimits(), retry) as client:
            return await client.get(client.url("/users"), msgspec.json.decode, Meter())

    return run(main())


@pytest.mark.parametrize(
    "pieces",
    [[HEAD, b"\r\n", *[b" "] * 100], [HEAD, b"X-Slow: ", *[b"x"] * 100], [b""] * 100],
    ids=["body", "headers", "nothing"],
)
def test_a_response_that_never_ends_is_given_up(pieces: Sequence[bytes]) -> None:
    started = monotonic()
    with serving(pieces, 0.05) as url, pytest.raises(GraphUnavailable) as caught:
        get(url, 0.3)
    assert monotonic() - started < 4
    assert "no complete response within 0.3 s (AAD_REQUEST_TIMEOUT)" in str(caught.value)
    assert "Gave up after 2 attempts" in str(caught.value)


def test_a_slow_response_within_the_deadline_is_read() -> None:
    body = b'{"value":[]}'
    with serving([HEAD.replace(b"500", b"12"), b"\r\n", *(bytes([each]) for each in body)], 0.01) as url:
        assert get(url, 10) == {"value": []}


def test_the_deadline_applies_to_each_attempt_and_another_can_succeed(graph: FakeGraph) -> None:
    async def handler() -> httpx.Response:
        if len(graph.requests) == 1:
            await asyncio.sleep(5)
        return page(["a"])

    graph.transport.request_timeout = 0.1
    graph.handler = lambda _: handler()
    assert graph.get() == {"value": [{"id": "a"}]}
    assert graph.meter.retries == 1


def test_no_attempt_starts_after_the_budget_whatever_it_was_spent_on() -> None:
    now = 0.0
    budget = RetryBudget(RetryPolicy(max_wait=600, first_backoff=0), Meter(), clock=lambda: now)
    fault = ErrorResponse(503, "", "", "", "GET /users")
    budget.start()
    now = 400.0
    assert budget.wait_after(fault, None) < 1
    now = 601.0
    with pytest.raises(GraphUnavailable, match="Gave up after 2 attempts and 601 s"):
        budget.wait_after(fault, None)


def test_a_retry_after_beyond_the_budget_says_how_long_it_is(graph: FakeGraph) -> None:
    graph.respond_with(failure(429, "TooManyRequests", Retry_After="7200"))
    with pytest.raises(GraphUnavailable, match=r"Gave up after 1 attempt .* Graph asked to wait for 7,200 s more\. Reload"):
        graph.get()


def test_so_does_one_beyond_what_is_left_of_the_budget(graph: FakeGraph) -> None:
    graph.respond_with(failure(429, Retry_After="200"), failure(429, Retry_After="500"))
    with pytest.raises(GraphUnavailable, match=r"after 2 attempts and 200 s of waiting, because Graph asked .* 500 s more"):
        graph.get()


def bomb(megabytes: int) -> bytes:
    return gzip.compress(b'{"value":["' + b" " * (megabytes * 2**20) + b'"]}', 1)


def test_a_page_of_thirty_megabytes_passes(graph: FakeGraph) -> None:
    graph.respond_with(streamed(bomb(30), Content_Encoding="gzip"))
    assert len(graph.get()["value"][0]) == 30 * 2**20


def test_a_body_that_is_too_large_fails_at_once_and_names_the_request(graph: FakeGraph) -> None:
    graph.respond_with(streamed(bomb(MAX_BODY // 2**20 + 1), Content_Encoding="gzip"))
    with pytest.raises(InvalidResponse, match=r"^GET /users: the body is larger than 128 MiB\. Reload later"):
        graph.get()
    assert len(graph.requests) == 1


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "gzip,deflate", "x\x1b[31m"])
def test_an_encoding_that_was_not_asked_for_is_reported(graph: FakeGraph, encoding: str) -> None:
    graph.respond_with(streamed(b"whatever", Content_Encoding=encoding))
    with pytest.raises(InvalidResponse, match=r"Content-Encoding .*, which was not asked for") as caught:
        graph.get()
    assert str(caught.value).isprintable()
    assert len(graph.requests) == 1


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "x-gzip", "identity", ""])
def test_the_encodings_of_servers_are_understood(graph: FakeGraph, encoding: str) -> None:
    body = json.dumps({"value": []}).encode()
    graph.respond_with(streamed(gzip.compress(body) if "gzip" in encoding.lower() else body, Content_Encoding=encoding))
    assert graph.get() == {"value": []}
    assert graph.requests[0].headers["Accept-Encoding"] == "gzip"
