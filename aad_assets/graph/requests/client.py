"""One request to Graph: quota, token, retries, and what an error answer means.

Sources: learn.microsoft.com/graph/errors, /graph/throttling, /graph/best-practices-concept. Not here: pages and collections
(`pages.py`, `children.py`), batches (`batch.py`).
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

import httpx
import msgspec

from aad_assets.catalog import Family
from aad_assets.errors import (
    ErrorResponse,
    GraphUnavailable,
    InvalidResponse,
)
from aad_assets.graph.requests.error_responses import PASSING, error_for, read_error_response, retry_after_seconds
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.rate_limits import RateLimits
from aad_assets.identity.claims import claims_challenge
from aad_assets.identity.token_source import TokenSource
from aad_assets.transport import TRANSPORT_ERRORS, Transport, describe

PREFER = {"Prefer": "include-unknown-enum-members"}
"""Else later members of an enumeration come as `unknownFutureValue` (learn.microsoft.com/graph/best-practices-concept)."""

T = TypeVar("T")

IN_FLIGHT = 16
"""Requests under way at once. Graph asks for no more than a few per collection; the quotas bound the rest."""


@dataclass(frozen=True)
class RetryPolicy:
    """How long to believe that a fault passes."""

    attempts: int = 8
    """Tries of one request, throttled ones not counted."""
    base: float = 0.5
    """Seconds before the first retry; doubled for each further one, jittered."""
    cap: float = 30.0
    patience: float = 600.0
    """Seconds that one request may spend waiting in all, throttling included."""

    def backoff(self, attempt: int) -> float:
        """Seconds to wait after the `attempt`-th try failed: full jitter above a floor."""
        return float(min(self.cap, self.base * 2 ** (attempt - 1)) * random.uniform(0.5, 1.0))


class Retrying:
    """One request's (or batch item's) tries: counts them, and says how long to wait or that it is enough."""

    def __init__(self, policy: RetryPolicy, meter: Meter) -> None:
        self._policy = policy
        self._meter = meter
        self._tries = 0
        self._attempt = 0
        self._waited = 0.0

    def wait_after(self, answer: ErrorResponse, retry_after: float | None) -> float:
        """Seconds to wait before the next try. Raises GraphUnavailable when the budget is used up."""
        self._tries += 1
        # A Retry-After of 0, or a date that a fast clock has passed already, must not make an endless loop.
        if answer.status != 429 or not retry_after:
            self._attempt += 1
        wait = retry_after or self._policy.backoff(self._attempt)
        if self._attempt >= self._policy.attempts or self._waited + wait > self._policy.patience:
            tried = f"Given up after {self._tries} tries and {self._waited:.0f} s of waiting; reload again later"
            raise GraphUnavailable(answer, tried)
        self._waited += wait
        self._meter.retries += 1
        return wait


@dataclass(frozen=True)
class _Received:
    """An answer as it came, unpacked; `wire_bytes` is its size before."""

    status: int
    headers: httpx.Headers
    body: bytes
    wire_bytes: int


class GraphClient:
    """Requests to one tenant's Graph. Use as an async context manager."""

    def __init__(
        self,
        base_url: str,
        tokens: TokenSource,
        transport: Transport,
        rate_limits: RateLimits,
        retry: RetryPolicy | None = None,
    ) -> None:
        self.base_url = base_url
        self.retry = retry or RetryPolicy()
        self.rate_limits = rate_limits
        self._tokens = tokens
        self._transport = transport
        self._http = transport.async_client()
        self._in_flight = asyncio.Semaphore(IN_FLIGHT)
        self._origin = _origin(base_url)

    async def __aenter__(self) -> "GraphClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    def url(self, path: str, options: Mapping[str, str | int] | None = None) -> str:
        """The absolute URL of a path with OData options, each value percent-encoded ($ and , stay readable)."""
        query = "&".join(f"{name}={quote(str(value), safe=',$()/')}" for name, value in (options or {}).items())
        return f"{self.base_url}{path}" + (f"?{query}" if query else "")

    async def get(
        self,
        url: str,
        decode: Callable[[bytes], T],
        meter: Meter,
        *,
        units: int = 1,
        families: tuple[Family, ...] = (Family.DIRECTORY,),
        headers: Mapping[str, str] | None = None,
    ) -> T:
        """The decoded body of a 200. Raises GraphError; InvalidResponse when the URL is not on the configured host.

        `decode` raises msgspec.DecodeError on a body that is not whole, which is then asked for again: a gzip stream that
        was cut unpacks without an error, and only the JSON shows it.
        """
        self.check_host(url)
        return await self._request("GET", url, decode, meter, units, families, dict(headers or {}))

    async def post(self, path: str, body: bytes, decode: Callable[[bytes], T], meter: Meter, *, units: int = 1) -> T:
        """The decoded body of a 200; for POSTs that only read ($batch)."""
        headers = {"Content-Type": "application/json"}
        url = f"{self.base_url}{path}"
        return await self._request("POST", url, decode, meter, units, (Family.DIRECTORY,), headers, body)

    async def renew_token(self, claims: str = "") -> None:
        """Fetch a new token although the present one seems to live: an item of a batch was answered 401, perhaps with a
        challenge."""
        await self._tokens.token(rejected=await self._tokens.token(), claims=claims)

    def check_host(self, url: str) -> None:
        """Refuse a link that leaves the configured host: the token would go with it."""
        origin = _origin(url)
        if origin != self._origin:
            raise InvalidResponse(
                f"A nextLink leads to {origin or 'no URL'}, not to {self._origin}: refused, since the token would go "
                "there. If the host is right, set AAD_GRAPH_BASE_URL."
            )

    async def _request(
        self,
        method: str,
        url: str,
        decode: Callable[[bytes], T],
        meter: Meter,
        units: int,
        families: tuple[Family, ...],
        headers: dict[str, str],
        body: bytes | None = None,
    ) -> T:
        retrying = Retrying(self.retry, meter)
        headers = PREFER | headers
        path = url.removeprefix(self.base_url).split("?")[0]
        told, refused_token, claims, new_connection = f"{method} {path}", "", "", False
        while True:
            for family in families:
                meter.throttled_seconds += await self.rate_limits.take(family, units if family is Family.DIRECTORY else 1)
            retry_after: float | None = None
            try:
                async with self._in_flight:
                    # Only now that it is sent at once: a token that waits for its turn may end meanwhile.
                    token = await self._tokens.token(rejected=refused_token, claims=claims)
                    meter.requests += 1
                    received = await self._send(
                        method, url, headers | {"Authorization": f"Bearer {token}"}, body, new_connection
                    )
            except TRANSPORT_ERRORS as error:
                answer = _no_answer(told, error)
            else:
                meter.bytes += received.wire_bytes
                if received.status == 200:
                    try:
                        return decode(received.body)
                    except (msgspec.DecodeError, RecursionError):
                        pass
                answer = read_error_response(told, received.status, received.headers, received.body)
                wanted = claims_challenge(received.headers) if received.status == 401 else ""
                # Once for a token that has ended, and once for a challenge.
                if received.status == 401 and (not refused_token or (wanted and not claims)):
                    refused_token, claims = token, wanted
                    continue
                if received.status not in PASSING and received.status != 200:
                    raise error_for(answer)
                retry_after = retry_after_seconds(received.headers)
            wait = retrying.wait_after(answer, retry_after)
            new_connection = answer.status != 429
            if answer.status == 429:
                self.rate_limits.pause(families[-1], wait)
            else:
                await asyncio.sleep(wait)

    async def _send(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, new_connection: bool
    ) -> _Received:
        if not new_connection:
            return await _receive(self._http, method, url, headers, body)
        # The fault may sit in the server that the pooled connections lead to.
        async with self._transport.async_client() as fresh:
            return await _receive(fresh, method, url, headers, body)


async def _receive(http: httpx.AsyncClient, method: str, url: str, headers: dict[str, str], body: bytes | None) -> _Received:
    """Send a request and read its answer, without leaving the body in httpx's hands.

    Its responses stand in reference cycles: pages of megabytes would stay until the garbage collector comes by.
    """
    async with http.stream(method, url, headers=headers, content=body) as response:
        received = b"".join([chunk async for chunk in response.aiter_bytes()])
        return _Received(response.status_code, response.headers, received, response.num_bytes_downloaded)


def _origin(url: str) -> str:
    """Scheme, host and port as the client that sends the request reads them; empty when it cannot be sent."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return ""
    # With a user in it, httpx would send that in place of the token.
    return "" if parsed.userinfo or not parsed.host else f"{parsed.scheme}://{parsed.netloc.decode()}"


def _no_answer(told: str, error: Exception) -> ErrorResponse:
    return ErrorResponse(0, type(error).__name__, describe(error), "", told)
