"""A scripted Graph behind the project's own client, without network and without waiting.

See also `graph/directory.py` for a directory with rows and filters, and `identity/issuer.py` for the identity platform.
"""

import asyncio
import inspect
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
import msgspec

from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.rate_limits import RateLimits
from aad_assets.graph.requests.retries import RetryPolicy
from aad_assets.identity.token_source import TokenSource
from aad_assets.settings import Connection
from aad_assets.transport import Transport

T = TypeVar("T")

BASE = "https://graph.test/v1.0"
BETA = "https://graph.test/beta"
TOKEN = "eyJ-token"
"""The start of every token that the fake issues, which no log and no message may contain."""

MAX_REQUESTS = 10_000
"""Bound for a client that would otherwise retry forever."""

Reply = httpx.Response | Exception
Handler = Callable[[httpx.Request], Reply | Awaitable[Reply]]

_TLS = ssl.create_default_context()
_real_sleep = asyncio.sleep


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine and check that it leaves no task running."""

    async def alone() -> T:
        try:
            return await coroutine
        finally:
            # Not counted: the loop's task that closes a generator which httpx leaves after a body cannot be decompressed.
            left = [task for task in asyncio.all_tasks() if inspect.iscoroutine(task.get_coro())]
            assert left == [asyncio.current_task()], "a task was left running"

    return asyncio.run(alone())


def page(rows: Sequence[Any] = (), link: str | None = None) -> httpx.Response:
    """Return a page of a collection. A string becomes an object with that id."""
    objects = [{"id": row} if isinstance(row, str) else row for row in rows]
    return httpx.Response(200, json={"value": objects} | ({"@odata.nextLink": link} if link else {}))


def failure(status: int, code: str = "Request_BadRequest", message: str = "Some message.", **headers: str) -> httpx.Response:
    """Return an error response in Graph's form. Header names have _ in place of -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json={"error": {"code": code, "message": message}}, headers={"request-id": "req-7"} | named)


def streamed(body: bytes, **headers: str) -> httpx.Response:
    """Return a 200 with exactly these bytes, decompressed only when the client reads them."""
    return httpx.Response(
        200, headers={name.replace("_", "-"): value for name, value in headers.items()}, stream=_Bytes(body)
    )


def batched(
    request: httpx.Request, respond: Callable[[httpx.Request], httpx.Response | None], *, backwards: bool = True
) -> httpx.Response:
    """Respond to a `$batch` by calling `respond` for each item, whose URL has the version of the batch.

    An item for which it returns None gets no response.
    """
    items = msgspec.json.decode(request.content)["requests"]
    assert 0 < len(items) <= 20, "Graph rejects batches of more than 20"
    assert len({item["id"] for item in items}) == len(items), "ids must be unique"
    responses = []
    for item in items:
        assert item["method"] == "GET"
        assert item["url"].startswith("/"), "URLs are relative to the base URL"
        url = f"{str(request.url).removesuffix('/$batch')}{item['url']}"
        inner = respond(httpx.Request("GET", url, headers=item.get("headers")))
        if inner is not None:
            body = msgspec.Raw(inner.content or b"null")
            headers = {"-".join(map(str.capitalize, name.split("-"))): value for name, value in inner.headers.items()}
            responses.append({"id": item["id"], "status": inner.status_code, "headers": headers, "body": body})
    return httpx.Response(200, content=msgspec.json.encode({"responses": responses[:: -1 if backwards else 1]}))


class _Bytes(httpx.AsyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body


class Clock:
    """A clock that advances only when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        until = self.time + seconds
        await _real_sleep(0)
        self.time = max(self.time, until)


class FakeTokens(TokenSource):
    """Tokens without a sign-in. Each renewal returns a new one."""

    def __init__(self) -> None:
        self.renewals = 0

    async def token(self, rejected: str = "", claims: str = "") -> str:
        if rejected == self.current:
            self.renewals += 1
        return self.current

    @property
    def current(self) -> str:
        return f"{TOKEN}-{self.renewals}"


class FakeTransport(Transport):
    """The project's clients, with a handler in place of the network."""

    def __init__(self, handler: Callable[[httpx.Request], Any]) -> None:
        self._tls = _TLS
        self._gateway = None
        self._handler = handler
        self.clients = 0

    def async_client(self) -> httpx.AsyncClient:
        self.clients += 1
        client = super().async_client()
        client._transport, client._mounts = httpx.MockTransport(self._handler), {}
        return client


class FakeRateLimits(RateLimits):
    """The real rate limits on a fake clock."""

    def __init__(self, clock: Clock, share: float = 1.0) -> None:
        super().__init__(share)
        for bucket in self._buckets.values():
            bucket._clock, bucket._sleep = clock.now, clock.sleep


class FakeGraph:
    """Records requests, and responds from a script, in order, or with a handler."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.times: list[float] = []
        self.clock = Clock()
        self.tokens = FakeTokens()
        self.rate_limits = FakeRateLimits(self.clock)
        self.transport = FakeTransport(self._answer)
        self.meter = Meter()
        self.retry = RetryPolicy(first_backoff=0)
        self.handler: Handler = self._next
        self._script: list[Reply] = []

    def respond_with(self, *responses: Reply) -> None:
        """Add the next responses, in order. An exception stands for a broken connection."""
        self._script += responses

    def _next(self, request: httpx.Request) -> Reply:
        assert self._script, f"an unexpected request: {request.url}"
        return self._script.pop(0)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        assert len(self.requests) < MAX_REQUESTS, "the client never stops"
        self.requests.append(request)
        self.times.append(self.clock.time)
        response = self.handler(request)
        if inspect.isawaitable(response):
            response = await response
        if isinstance(response, Exception):
            raise response
        return response

    def run(self, work: Callable[[GraphClient], Coroutine[Any, Any, T]]) -> T:
        """Run `work` with a client of this Graph."""

        async def main() -> T:
            async with GraphClient(BASE, self.tokens, self.transport, self.rate_limits, self.retry) as client:
                return await work(client)

        return run(main())

    def get(self, path: str = "/users", **options: Any) -> Any:
        """Send one GET and decode the response as JSON."""
        return self.run(lambda client: client.get(f"{BASE}{path}", msgspec.json.decode, self.meter, **options))

    @property
    def urls(self) -> list[str]:
        return [str(request.url) for request in self.requests]

    @property
    def paths(self) -> list[str]:
        """The paths, those of v1.0 without the version."""
        return [request.url.path.removeprefix("/v1.0") for request in self.requests]

    @property
    def script_left(self) -> int:
        return len(self._script)


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    assert len(dict(pairs)) == len(pairs), f"a member occurs twice: {pairs}"
    return dict(pairs)


@dataclass
class MemoryPart:
    """A part that keeps its rows, and rejects rows in which a member occurs twice."""

    pass_: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    closed: bool = False
    discarded: int = 0

    async def add(self, rows: Sequence[bytes | msgspec.Raw]) -> None:
        assert not self.closed
        self.rows += [json.loads(bytes(row), object_pairs_hook=_unique_members) for row in rows]

    async def discard(self) -> None:
        self.rows.clear()
        self.discarded += 1

    async def close(self) -> None:
        self.closed = True

    @property
    def ids(self) -> list[str]:
        return [row["id"] for row in self.rows]


class MemorySink:
    """A sink that keeps the rows of one entity."""

    def __init__(self) -> None:
        self.parts: list[MemoryPart] = []
        self.resets = 0

    def part(self, pass_: int = 0, select: Sequence[str] = ()) -> MemoryPart:
        part = MemoryPart(pass_)
        self.parts.append(part)
        return part

    async def reset(self) -> None:
        self.parts.clear()
        self.resets += 1

    def ids(self, pass_: int = 0) -> list[str]:
        """Return the sorted ids; a duplicate row shows."""
        assert all(part.closed for part in self.parts)
        return sorted(id_ for part in self.parts if part.pass_ == pass_ for id_ in part.ids)


def connection(**values: Any) -> Connection:
    """Return a connection with complete settings."""
    return Connection(**{"tenant_id": "contoso.example", "client_id": "app", "client_secret": "s3cret-of-the-app"} | values)
