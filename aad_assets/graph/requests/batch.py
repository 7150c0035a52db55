"""`POST /$batch`: up to 20 GETs in one request, each with its own response, throttling and retries.

Source: learn.microsoft.com/graph/json-batching. A batch saves round trips, not resource units.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

import httpx
import msgspec

from aad_assets.catalog import Family, Version
from aad_assets.concurrency import gather_or_cancel
from aad_assets.errors import (
    AadAssetsError,
    ErrorResponse,
    GraphError,
    GraphUnavailable,
    InvalidResponse,
    NotFound,
    NotFromGraph,
    RequestRejected,
)
from aad_assets.graph.requests.client import PREFER, GraphClient
from aad_assets.graph.requests.error_responses import TRANSIENT, graph_error, read_error_response, retry_after_seconds
from aad_assets.graph.requests.malformed import decoding_problem, malformed
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.retries import RetryBudget
from aad_assets.graph.requests.surrogates import encode_surrogates, restore_surrogates
from aad_assets.graph.requests.throttling import throttled_families
from aad_assets.identity.claims import claims_challenge

MAX_ITEMS = 20
"""Items that Graph accepts in one batch."""

CONCURRENT_BATCHES = 4

_MAX_BACKING_OFF = 100
"""Items that back off at once. No new ones are sent meanwhile: when everything fails, few are asked for nothing."""

_ATTEMPTS_ALONE = 3
"""Attempts at a batch of one item after the batch that contained it failed as a whole."""


class _ItemResponse(msgspec.Struct):
    id: str
    status: int
    headers: dict[str, msgspec.Raw] | None = None
    body: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"{}"))


class _Responses(msgspec.Struct):
    responses: list[_ItemResponse]


_decode_strictly = msgspec.json.Decoder(_Responses).decode


def _decode_responses(body: bytes) -> _Responses:
    try:
        return _decode_strictly(body)
    except msgspec.DecodeError:
        if (encoded := encode_surrogates(body)) is None:
            raise
    decoded = _decode_strictly(encoded)
    for response in decoded.responses:
        response.body = restore_surrogates(response.body)
    return decoded


@dataclass
class BatchItem:
    """One GET: its URL relative to the base URL, its resource units, and what is left of its retry budget."""

    url: str
    units: int
    budget: RetryBudget
    headers: Mapping[str, str] = field(default_factory=dict)
    token_rejected: bool = False
    """True if it has returned 401 before."""
    alone: bool = False
    """True if it needs a batch of its own, because one that contained it failed as a whole."""

    @property
    def name(self) -> str:
        """The request for messages: `GET /users`."""
        return f"GET {self.url.split('?')[0]}"


ItemT = TypeVar("ItemT", bound=BatchItem)
T = TypeVar("T")


class _Queue(Generic[ItemT]):
    """Items that wait to be sent, and items that back off after a failure."""

    def __init__(self, items: Iterable[ItemT], batch_size: int) -> None:
        self._new = iter(items)
        self._batch_size = batch_size
        self._retries: deque[ItemT] = deque()
        self._alone: deque[ItemT] = deque()
        self._backing_off: dict[asyncio.Task[None], int] = {}

    async def next_batch(self) -> list[ItemT]:
        """Wait for the items of a batch and return them. Return none if no item is left, not even one that backs off."""
        while not (batch := self._take()) and self._backing_off:
            await asyncio.wait(self._backing_off, return_when=asyncio.FIRST_COMPLETED)
        return batch

    def _take(self) -> list[ItemT]:
        if self._alone:
            return [self._alone.popleft()]
        batch = [self._retries.popleft() for _ in range(min(self._batch_size, len(self._retries)))]
        if sum(self._backing_off.values()) < _MAX_BACKING_OFF:
            while len(batch) < self._batch_size and (item := next(self._new, None)) is not None:
                batch.append(item)
        return batch

    def send_alone(self, items: Iterable[ItemT]) -> None:
        """Put `items` back into the queue, each for a batch of its own."""
        for item in items:
            item.alone = True
            self._alone.append(item)

    def retry_later(self, items: list[ItemT], seconds: float) -> None:
        """Put `items` back into the queue after `seconds`. In the queue at once, another worker would send them."""

        async def put_back() -> None:
            await asyncio.sleep(seconds)
            for item in items:
                (self._alone if item.alone else self._retries).append(item)

        task = asyncio.create_task(put_back())
        self._backing_off[task] = len(items)
        task.add_done_callback(self._backing_off.pop)

    async def close(self) -> None:
        tasks = list(self._backing_off)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def run_batches(
    client: GraphClient,
    items: Iterable[ItemT],
    decode: Callable[[msgspec.Raw], T],
    meter: Meter,
    on_response: Callable[[ItemT, T | AadAssetsError], Awaitable[None]],
    *,
    version: Version = Version.V1,
    family: Family = Family.DIRECTORY,
) -> None:
    """Send all items. Call `on_response` with each item, and the decoded body of its 200 or the error that it ended in.

    Items with a transient failure go into a later batch until their budget is used up. Raises what is wrong with all items,
    such as a connection that breaks, and what `on_response` raises.
    """
    queue = _Queue(items, 1 if client.rate_limits.counts_requests(family) else MAX_ITEMS)
    few = client.with_retry(replace(client.retry, attempts=min(client.retry.attempts, _ATTEMPTS_ALONE)))
    sender = _Sender(client, few, decode, meter, on_response, version, family, queue)
    try:
        await gather_or_cancel(sender.run() for _ in range(CONCURRENT_BATCHES))
    finally:
        await queue.close()


@dataclass(frozen=True)
class _Sender(Generic[ItemT, T]):
    """Sends the items of a queue; see `run_batches`."""

    client: GraphClient
    few: GraphClient
    """The client with fewer attempts."""
    decode: Callable[[msgspec.Raw], T]
    meter: Meter
    on_response: Callable[[ItemT, T | AadAssetsError], Awaitable[None]]
    version: Version
    family: Family
    queue: _Queue[ItemT]

    async def run(self) -> None:
        """Send batches until no item is left."""
        while batch := await self.queue.next_batch():
            try:
                responses, token = await self._send(batch, self.few if batch[0].alone else self.client)
            except (GraphUnavailable, InvalidResponse, RequestRejected) as error:
                if not _may_be_due_to_an_item(error):
                    raise
                if len(batch) > 1:
                    self.queue.send_alone(batch)
                    continue
                if isinstance(error, GraphError):
                    error = type(error)(replace(error.response, request=batch[0].name), error.advice)
                await self.on_response(batch[0], error)
            else:
                await self._handle(batch, responses, token)

    async def _send(self, batch: Sequence[ItemT], client: GraphClient) -> tuple[list[_ItemResponse | None], str]:
        """Send a batch. Return the responses in its order, and the token. Graph returns them in any order, or omits some."""
        requests = [
            {"id": str(number), "method": "GET", "url": item.url, "headers": {**PREFER, **item.headers}}
            for number, item in enumerate(batch)
        ]
        body = msgspec.json.encode({"requests": requests})
        units = sum(item.units for item in batch)
        url = client.url("/$batch", version=self.version)
        found, token = await client.post_with_token(url, body, _decode_responses, self.meter, units=units, family=self.family)
        by_id = {response.id: response for response in found.responses}
        return [by_id.get(str(number)) for number in range(len(batch))], token

    async def _handle(self, batch: Sequence[ItemT], responses: Sequence[_ItemResponse | None], token: str) -> None:
        failed: list[tuple[ItemT, _Retry]] = []
        for item, response in zip(batch, responses, strict=True):
            outcome = self._outcome(item, response)
            if isinstance(outcome, _Retry):
                failed.append((item, outcome))
            else:
                await self.on_response(item, outcome)
        if challenges := [retry.claims for _, retry in failed if retry.claims is not None]:
            await self.client.renew_token(token, max(challenges))
        if failed:
            self.queue.retry_later([item for item, _ in failed], max(retry.seconds for _, retry in failed))

    def _outcome(self, item: ItemT, response: _ItemResponse | None) -> "T | AadAssetsError | _Retry":
        """Return the decoded body of a 200, the error that an item ends in, or how it is retried."""
        if response is not None and response.status == 200:
            try:
                return self.decode(response.body)
            except (ValueError, RecursionError) as error:
                reason, permanent = decoding_problem(bytes(response.body), error)
                if permanent:
                    return malformed(item.name, _headers(response), reason)
        try:
            return _retry(self.client, item, response, self.family)
        except GraphError as error:
            return error


def _may_be_due_to_an_item(error: AadAssetsError) -> bool:
    """Return whether a batch that failed as a whole could succeed without one of its items."""
    if isinstance(error, GraphError):
        return error.response.status not in (0, 401, 429)
    return not isinstance(error, NotFromGraph)


@dataclass(frozen=True)
class _Retry:
    """A transient failure of an item: the seconds to wait, and the challenge if the token was rejected, which may be ""."""

    seconds: float
    claims: str | None = None


def _headers(response: _ItemResponse) -> httpx.Headers:
    """Return the headers that have a plain value: in JSON, unlike in HTTP, a value can be of any type and any text."""
    plain = {name: _plain(value) for name, value in (response.headers or {}).items()}
    return httpx.Headers({name: value for name, value in plain.items() if value}, encoding="utf-8")


def _plain(value: msgspec.Raw) -> str:
    try:
        return str(msgspec.json.decode(value, type=str | int | float))
    except ValueError:  # also a number of thousands of digits
        return ""


def _retry(client: GraphClient, item: BatchItem, response: _ItemResponse | None, family: Family) -> _Retry:
    """Return how `item` is sent again. Raises GraphError if the failure is permanent."""
    if response is None or response.status == 200:
        missing = ErrorResponse(0, "", "the batch has no valid response to it", "", item.name)
        return _Retry(item.budget.wait_after(missing, None))
    headers = _headers(response)
    error = read_error_response(item.name, response.status, headers, bytes(response.body))
    permanent = graph_error(error)
    if isinstance(permanent, NotFound):  # Some services say so with a status that is transient elsewhere.
        raise permanent
    if response.status == 401 and not item.token_rejected:
        item.token_rejected = True
        return _Retry(0.0, claims_challenge(headers))
    if response.status not in TRANSIENT:
        raise permanent
    wait = item.budget.wait_after(error, retry_after_seconds(headers))
    if response.status != 429:
        return _Retry(wait)
    client.rate_limits.pause_all(throttled_families(error, headers, (family,)), wait)
    return _Retry(0.0)
