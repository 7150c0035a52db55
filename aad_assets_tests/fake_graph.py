"""A Graph that answers by script, driven through the project's own client. No network, and no time passes.

Not here: a directory with rows and filters (`directory.py`), the identity platform (`identity.py`).
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

from aad_assets.graph.requests.client import GraphClient, RetryPolicy
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.rate_limits import RateLimits
from aad_assets.identity.token_source import TokenSource
from aad_assets.settings import Connection
from aad_assets.transport import Transport

T = TypeVar("T")

BASE = "https://graph.test/v1.0"
TOKEN = "eyJ-token"
"""Start of every token that the fake hands out, and so what no log or message may hold."""

Answer = httpx.Response | Exception
Handler = Callable[[httpx.Request], Answer | Awaitable[Answer]]

_TLS = ssl.create_default_context()
_real_sleep = asyncio.sleep


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run to the end, and see that no task is left behind."""

    async def alone() -> T:
        try:
            return await coroutine
        finally:
            # Not counted: the loop closing a generator that httpx leaves behind when a body cannot be unpacked.
            left = [task for task in asyncio.all_tasks() if inspect.iscoroutine(task.get_coro())]
            assert left == [asyncio.current_task()], "a task was left running"

    return asyncio.run(alone())


def page(rows: Sequence[Any] = (), link: str | None = None) -> httpx.Response:
    """A page of a collection. Rows that are text become objects with that id."""
    objects = [{"id": row} if isinstance(row, str) else row for row in rows]
    return httpx.Response(200, json={"value": objects} | ({"@odata.nextLink": link} if link else {}))


def refusal(status: int, code: str = "Request_BadRequest", message: str = "It was said.", **headers: str) -> httpx.Response:
    """An error as Graph words it; header names are given with _ for -."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json={"error": {"code": code, "message": message}}, headers={"request-id": "req-7"} | named)


def streamed(body: bytes, **headers: str) -> httpx.Response:
    """A 200 with these very bytes, decoded only when the client reads them."""
    return httpx.Response(
        200, headers={name.replace("_", "-"): value for name, value in headers.items()}, stream=_Bytes(body)
    )


def batched(
    request: httpx.Request, answer: Callable[[httpx.Request], httpx.Response | None], *, backwards: bool = True
) -> httpx.Response:
    """The answer to a `$batch`, its items answered each for itself; None leaves an item out."""
    items = msgspec.json.decode(request.content)["requests"]
    assert 0 < len(items) <= 20, "Graph refuses batches of more than 20"
    assert len({item["id"] for item in items}) == len(items), "ids have to be unique"
    responses = []
    for item in items:
        assert item["method"] == "GET"
        assert item["url"].startswith("/"), "relative to the base URL"
        inner = answer(httpx.Request("GET", f"{BASE}{item['url']}", headers=item.get("headers")))
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
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1000.0

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        until = self.time + seconds
        await _real_sleep(0)
        self.time = max(self.time, until)


class FakeTokens(TokenSource):
    """Tokens without a sign-in: each renewal gives another one, as the identity platform does."""

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
    """The project's clients, with the handler in place of the network."""

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
    """The real quotas on a fake clock."""

    def __init__(self, clock: Clock, share: float = 1.0) -> None:
        super().__init__(share)
        for bucket in self._buckets.values():
            bucket._clock, bucket._sleep = clock.now, clock.sleep


class FakeGraph:
    """Takes requests and gives answers: from a script, one after the other, or from a handler."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.times: list[float] = []
        self.clock = Clock()
        self.tokens = FakeTokens()
        self.rate_limits = FakeRateLimits(self.clock)
        self.transport = FakeTransport(self._answer)
        self.meter = Meter()
        self.retry = RetryPolicy(base=0)
        self.handler: Handler = self._next
        self._script: list[Answer] = []

    def answers(self, *answers: Answer) -> None:
        """What to answer next, in this order. An exception stands for a broken connection."""
        self._script += answers

    def _next(self, request: httpx.Request) -> Answer:
        assert self._script, f"a request that the test does not expect: {request.url}"
        return self._script.pop(0)

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.times.append(self.clock.time)
        answer = self.handler(request)
        if inspect.isawaitable(answer):
            answer = await answer
        if isinstance(answer, Exception):
            raise answer
        return answer

    def run(self, work: Callable[[GraphClient], Coroutine[Any, Any, T]]) -> T:
        """`work` with a client of this Graph."""

        async def main() -> T:
            async with GraphClient(BASE, self.tokens, self.transport, self.rate_limits, self.retry) as client:
                return await work(client)

        return run(main())

    def get(self, path: str = "/users", **options: Any) -> Any:
        """One GET, decoded as JSON."""
        return self.run(lambda client: client.get(f"{BASE}{path}", msgspec.json.decode, self.meter, **options))

    @property
    def urls(self) -> list[str]:
        return [str(request.url) for request in self.requests]

    @property
    def paths(self) -> list[str]:
        return [request.url.path.removeprefix("/v1.0") for request in self.requests]

    @property
    def script_left(self) -> int:
        return len(self._script)


@dataclass
class MemoryPart:
    """Keeps the rows of one chain."""

    pass_: int = 0
    rows: list[dict[str, Any]] = field(default_factory=list)
    closed: bool = False
    discarded: int = 0

    async def add(self, rows: Sequence[bytes | msgspec.Raw]) -> None:
        assert not self.closed
        self.rows += [json.loads(bytes(row)) for row in rows]

    async def discard(self) -> None:
        self.rows.clear()
        self.discarded += 1

    async def close(self) -> None:
        self.closed = True

    @property
    def ids(self) -> list[str]:
        return [row["id"] for row in self.rows]


class MemorySink:
    """Keeps the rows of one entity."""

    def __init__(self) -> None:
        self.parts: list[MemoryPart] = []
        self.resets = 0

    def part(self, pass_: int = 0) -> MemoryPart:
        part = MemoryPart(pass_)
        self.parts.append(part)
        return part

    async def reset(self) -> None:
        self.parts.clear()
        self.resets += 1

    def ids(self, pass_: int = 0) -> list[str]:
        """Sorted, so that a row that came twice shows."""
        assert all(part.closed for part in self.parts)
        return sorted(id_ for part in self.parts if part.pass_ == pass_ for id_ in part.ids)


def connection(**values: Any) -> Connection:
    """A connection whose settings are complete."""
    return Connection(**{"tenant_id": "contoso.example", "client_id": "app", "client_secret": "s3cret-of-the-app"} | values)
