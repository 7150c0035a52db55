"""The Graph client: one request, with its rate limits, token, retries and errors.

Sources: learn.microsoft.com/graph/errors, /graph/throttling, /graph/best-practices-concept. See also `batch.py` for many
requests in one, and `reading/` for pages and whole collections.
"""

import asyncio
import codecs
import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import quote

import httpx

from aad_assets.catalog import Family, Version
from aad_assets.errors import ErrorResponse, GraphError, InvalidResponse
from aad_assets.graph.requests.error_responses import TRANSIENT, graph_error, read_error_response, retry_after_seconds
from aad_assets.graph.requests.foreign_responses import (
    describe_foreign,
    is_foreign,
    is_foreign_if_undecodable,
    is_permanent,
    not_from_graph,
    proxy_rejected,
)
from aad_assets.graph.requests.malformed import decoding_problem, malformed
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.rate_limits import RateLimits
from aad_assets.graph.requests.retries import RetryBudget, RetryPolicy
from aad_assets.graph.requests.throttling import throttled_families
from aad_assets.identity.claims import claims_challenge
from aad_assets.identity.token_source import TokenSource
from aad_assets.transport import TRANSPORT_ERRORS, Inflater, Transport, UnsuitableBody, describe

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


class _TransientFault(Exception):
    """A fault after which another attempt may succeed."""

    def __init__(self, response: ErrorResponse, headers: httpx.Headers | None = None) -> None:
        super().__init__(response)
        self.response, self.headers = response, headers or httpx.Headers()


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
        stream decompresses without an error, and only the JSON shows it. Raises InvalidResponse for a body that is malformed
        in any other way, and NotFromGraph for a response that is not Graph's.
        """
        self.check_host(url)
        decoded, _ = await self._request("GET", url, decode, meter, units, families, dict(headers or {}))
        return decoded

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
        """Return the decoded body of a 200 to a POST that only reads. Raises GraphError."""
        decoded, _ = await self.post_with_token(url, body, decode, meter, units=units, family=family)
        return decoded

    async def post_with_token(
        self,
        url: str,
        body: bytes,
        decode: Callable[[bytes], T],
        meter: Meter,
        *,
        units: int = 1,
        family: Family = Family.DIRECTORY,
    ) -> tuple[T, str]:
        """Do what `post` does, and return the token, too, which items of a batch can reject one by one."""
        headers = {"Content-Type": "application/json"}
        return await self._request("POST", url, decode, meter, units, (family,), headers, body)

    async def renew_token(self, rejected: str, claims: str = "") -> None:
        """Fetch a new token, unless there has been one since `rejected`, for which an item of a batch returned 401.

        `claims` is the challenge that came with the 401, if any.
        """
        await self._tokens.token(rejected=rejected, claims=claims)

    def with_retry(self, retry: RetryPolicy) -> "GraphClient":
        """Return a client with another retry policy, which shares everything else with this one and is closed with it."""
        other = copy.copy(self)
        other.retry = retry
        return other

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
    ) -> tuple[T, str]:
        """Return the decoded body of a 200, and the token that the request was sent with."""
        budget = RetryBudget(self.retry, meter)
        headers = PREFER | headers
        name = f"{method} {self.path(url)}"
        rejected_token, claims, new_connection = "", "", False
        while True:
            for family in families:
                meter.throttled_seconds += await self.rate_limits.take(family, units if family is Family.DIRECTORY else 1)
            try:
                async with self._in_flight:
                    # Fetched only now, because the request is sent at once: a token could expire while it waits.
                    token = await self._tokens.token(rejected=rejected_token, claims=claims)
                    meter.requests += 1
                    budget.start()
                    sent = headers | {"Authorization": f"Bearer {token}"}
                    received = await self._send(name, method, url, sent, body, new_connection)
                meter.bytes += received.wire_bytes
                return _decoded(name, received, decode), token
            except GraphError as error:
                challenge = claims_challenge(received.headers) if error.response.status == 401 else ""
                # Retried once for an expired token, and once for a challenge.
                if error.response.status != 401 or (rejected_token and (claims or not challenge)):
                    raise
                rejected_token, claims = token, challenge
            except _TransientFault as fault:
                wait = budget.wait_after(fault.response, retry_after_seconds(fault.headers))
                new_connection = fault.response.status != 429
                if new_connection:
                    await asyncio.sleep(wait)
                else:
                    self.rate_limits.pause_all(throttled_families(fault.response, fault.headers, families), wait)

    async def _send(
        self, name: str, method: str, url: str, headers: dict[str, str], body: bytes | None, new_connection: bool
    ) -> _Received:
        """Send one attempt. Raises _TransientFault if the whole response does not arrive, or InvalidResponse."""
        try:
            async with asyncio.timeout(self._transport.request_timeout):
                if not new_connection:
                    return await _receive(self._http, method, url, headers, body)
                # The pooled connections may all lead to the server that is at fault.
                async with self._transport.async_client() as fresh:
                    return await _receive(fresh, method, url, headers, body)
        except UnsuitableBody as error:
            raise InvalidResponse(f"{name}: {error}. Reload later, and report it if it happens again.") from None
        except TimeoutError:
            why = f"no complete response within {self._transport.request_timeout:g} s (AAD_REQUEST_TIMEOUT)"
            raise _TransientFault(ErrorResponse(0, "RequestTimeout", why, "", name)) from None
        except TRANSPORT_ERRORS as error:
            if isinstance(error, httpx.ProxyError) and is_permanent(error):
                raise proxy_rejected(name, str(error)) from None
            raise _TransientFault(ErrorResponse(0, type(error).__name__, describe(error), "", name)) from None


def _decoded(name: str, received: _Received, decode: Callable[[bytes], T]) -> T:
    """Return the decoded body of a 200. Raises _TransientFault, GraphError or InvalidResponse for other responses."""
    status, headers, body = received.status, received.headers, received.body
    foreign = is_foreign(status, headers, body)
    if foreign and status not in TRANSIENT:
        raise not_from_graph(name, status, headers)
    if status == 200:
        try:
            return decode(body)
        except (ValueError, RecursionError) as error:
            reason, permanent = decoding_problem(body, error)
        if is_foreign_if_undecodable(headers, body):
            raise not_from_graph(name, status, headers)
        if permanent:
            raise malformed(name, headers, reason)
        response = read_error_response(name, status, headers, body)
        raise _TransientFault(replace(response, message=f"{response.message} ({reason})"), headers)
    response = read_error_response(name, status, headers, body)
    if status not in TRANSIENT:
        raise graph_error(response)
    raise _TransientFault(replace(response, message=describe_foreign(headers)) if foreign else response, headers)


async def _receive(http: httpx.AsyncClient, method: str, url: str, headers: dict[str, str], body: bytes | None) -> _Received:
    """Send a request and read its decompressed response, without leaving the body to httpx.

    Raises UnsuitableBody for a body that is too large. httpx's responses are part of reference cycles: pages of megabytes
    would stay until the garbage collector runs.
    """
    async with http.stream(method, url, headers=headers, content=body) as response:
        inflater = Inflater(response.headers)
        received = b"".join([inflater.inflate(chunk) async for chunk in response.aiter_bytes()])
        # Some servers begin JSON with a byte order mark, which RFC 8259 (8.1) lets a reader ignore.
        received = received.removeprefix(codecs.BOM_UTF8)
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
