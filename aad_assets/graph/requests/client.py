"""The Graph client: one request, with its rate limits, token, retries and errors.

Sources: learn.microsoft.com/graph/errors, /graph/throttling, /graph/best-practices-concept. See also `batch.py` for many
requests in one, and `reading/` for pages and whole collections.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import quote

import httpx
import msgspec

from aad_assets.catalog import Family, Version
from aad_assets.errors import ErrorResponse, InvalidResponse
from aad_assets.graph.requests.error_responses import TRANSIENT, graph_error, read_error_response, retry_after_seconds
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.rate_limits import RateLimits
from aad_assets.graph.requests.retries import RetryBudget, RetryPolicy
from aad_assets.identity.claims import claims_challenge
from aad_assets.identity.token_source import TokenSource
from aad_assets.transport import TRANSPORT_ERRORS, Transport, describe

PREFER = {"Prefer": "include-unknown-enum-members"}
"""Without this header, later members of an enumeration come as `unknownFutureValue`
(learn.microsoft.com/graph/best-practices-concept)."""

MAX_IN_FLIGHT = 16
"""Concurrent requests of one client. Each collection needs only a few; the rate limits bound the rest."""

T = TypeVar("T")


@dataclass(frozen=True)
class _Received:
    """A response with its decompressed body; `wire_bytes` is the compressed size."""

    status: int
    headers: httpx.Headers
    body: bytes
    wire_bytes: int


class GraphClient:
    """A client for one tenant's Graph. Use it as an async context manager."""

    def __init__(
        self,
        base_url: str,
        tokens: TokenSource,
        transport: Transport,
        rate_limits: RateLimits,
        retry: RetryPolicy | None = None,
    ) -> None:
        self._bases = {version: _with_version(base_url, version) for version in Version}
        self.retry = retry or RetryPolicy()
        self.rate_limits = rate_limits
        self._tokens = tokens
        self._transport = transport
        self._http = transport.async_client()
        self._in_flight = asyncio.Semaphore(MAX_IN_FLIGHT)
        self._origin = _origin(base_url)

    async def __aenter__(self) -> "GraphClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    def url(self, path: str, options: Mapping[str, str | int] | None = None, version: Version = Version.V1) -> str:
        """Return the absolute URL of `path` with OData options. Values are percent-encoded, except $ , ( ) and /."""
        query = "&".join(f"{name}={quote(str(value), safe=',$()/')}" for name, value in (options or {}).items())
        return f"{self._bases[version]}{path}" + (f"?{query}" if query else "")

    def relative(self, url: str) -> str:
        """Return `url` without the base URL and the version, as items of a batch need it."""
        for base in sorted(self._bases.values(), key=len, reverse=True):  # One may be the beginning of the other.
            if url.startswith(f"{base}/"):
                return url.removeprefix(base)
        return url

    def path(self, url: str) -> str:
        """Return the path of `url` for messages, without the query, which may name people."""
        beta = f"/{Version.BETA}" if url.startswith(f"{self._bases[Version.BETA]}/") else ""
        return beta + self.relative(url).split("?")[0]

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
        """Return the decoded body of a 200. Raises GraphError, or InvalidResponse if the URL is not on the configured host.

        `decode` must raise msgspec.DecodeError for a truncated body, so that the request is retried: a truncated gzip
        stream decompresses without an error, and only the JSON shows it.
        """
        self.check_host(url)
        return await self._request("GET", url, decode, meter, units, families, dict(headers or {}))

    async def post(
        self,
        url: str,
        body: bytes,
        decode: Callable[[bytes], T],
        meter: Meter,
        *,
        units: int = 1,
        family: Family = Family.DIRECTORY,
    ) -> T:
        """Return the decoded body of a 200 to a POST that only reads, such as $batch. Raises GraphError."""
        headers = {"Content-Type": "application/json"}
        return await self._request("POST", url, decode, meter, units, (family,), headers, body)

    async def renew_token(self, claims: str = "") -> None:
        """Fetch a new token before the present one expires: an item of a batch returned 401, perhaps with a challenge."""
        await self._tokens.token(rejected=await self._tokens.token(), claims=claims)

    def check_host(self, url: str) -> None:
        """Raise InvalidResponse for a link to another host: following it would send the token there."""
        origin = _origin(url)
        if origin != self._origin:
            raise InvalidResponse(
                f"A nextLink points to {origin or 'no valid URL'}, not to {self._origin}. It was not followed, because that "
                "would send the token there. If the host is right, set AAD_GRAPH_BASE_URL."
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
        budget = RetryBudget(self.retry, meter)
        headers = PREFER | headers
        name = f"{method} {self.path(url)}"
        rejected_token, claims, new_connection = "", "", False
        while True:
            for family in families:
                meter.throttled_seconds += await self.rate_limits.take(family, units if family is Family.DIRECTORY else 1)
            retry_after: float | None = None
            try:
                async with self._in_flight:
                    # Fetched only now, because the request is sent at once: a token could expire while it waits.
                    token = await self._tokens.token(rejected=rejected_token, claims=claims)
                    meter.requests += 1
                    received = await self._send(
                        method, url, headers | {"Authorization": f"Bearer {token}"}, body, new_connection
                    )
            except TRANSPORT_ERRORS as error:
                response = ErrorResponse(0, type(error).__name__, describe(error), "", name)
            else:
                meter.bytes += received.wire_bytes
                if received.status == 200:
                    try:
                        return decode(received.body)
                    except (msgspec.DecodeError, RecursionError):
                        pass
                response = read_error_response(name, received.status, received.headers, received.body)
                challenge = claims_challenge(received.headers) if received.status == 401 else ""
                # Retried once for an expired token, and once for a challenge.
                if received.status == 401 and (not rejected_token or (challenge and not claims)):
                    rejected_token, claims = token, challenge
                    continue
                if received.status not in TRANSIENT and received.status != 200:
                    raise graph_error(response)
                retry_after = retry_after_seconds(received.headers)
            wait = budget.wait_after(response, retry_after)
            new_connection = response.status != 429
            if response.status == 429:
                self.rate_limits.pause(families[-1], wait)
            else:
                await asyncio.sleep(wait)

    async def _send(
        self, method: str, url: str, headers: dict[str, str], body: bytes | None, new_connection: bool
    ) -> _Received:
        if not new_connection:
            return await _receive(self._http, method, url, headers, body)
        # The pooled connections may all lead to the server that is at fault.
        async with self._transport.async_client() as fresh:
            return await _receive(fresh, method, url, headers, body)


async def _receive(http: httpx.AsyncClient, method: str, url: str, headers: dict[str, str], body: bytes | None) -> _Received:
    """Send a request and read its response, without leaving the body to httpx.

    httpx's responses are part of reference cycles: pages of megabytes would stay until the garbage collector runs.
    """
    async with http.stream(method, url, headers=headers, content=body) as response:
        received = b"".join([chunk async for chunk in response.aiter_bytes()])
        return _Received(response.status_code, response.headers, received, response.num_bytes_downloaded)


def _with_version(base_url: str, version: Version) -> str:
    """Return the base URL of another version. `base_url` is that of v1.0, and normally ends in `/v1.0`."""
    return base_url if version is Version.V1 else f"{base_url.removesuffix(f'/{Version.V1}')}/{version}"


def _origin(url: str) -> str:
    """Return scheme, host and port as httpx reads them, or an empty string if no request can be sent there."""
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        return ""
    # httpx would send a user in the URL in place of the token.
    return "" if parsed.userinfo or not parsed.host else f"{parsed.scheme}://{parsed.netloc.decode()}"
