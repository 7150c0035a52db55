"""`POST /$batch`: up to 20 GETs in one request, each with its own response, throttling and retries.

Source: learn.microsoft.com/graph/json-batching. A batch saves round trips, not resource units.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import httpx
import msgspec

from aad_assets.catalog import Family, Version
from aad_assets.concurrency import gather_or_cancel
from aad_assets.errors import ErrorResponse, NotFound
from aad_assets.graph.requests.client import PREFER, GraphClient
from aad_assets.graph.requests.error_responses import TRANSIENT, graph_error, read_error_response, retry_after_seconds
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.retries import RetryBudget
from aad_assets.graph.requests.surrogates import encode_surrogates, restore_surrogates
from aad_assets.graph.requests.throttling import throttled_families
from aad_assets.identity.claims import claims_challenge

MAX_ITEMS = 20
"""Items that Graph accepts in one batch."""

CONCURRENT_BATCHES = 4


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
        self._backing_off: set[asyncio.Task[None]] = set()

    async def next_batch(self) -> list[ItemT]:
        """Wait for the items of a batch and return them. Return none if no item is left, not even one that backs off."""
        while not (batch := self._take()) and self._backing_off:
            await asyncio.wait(self._backing_off, return_when=asyncio.FIRST_COMPLETED)
        return batch

    def _take(self) -> list[ItemT]:
        batch = [self._retries.popleft() for _ in range(min(self._batch_size, len(self._retries)))]
        while len(batch) < self._batch_size and (item := next(self._new, None)) is not None:
            batch.append(item)
        return batch

    def retry_later(self, items: list[ItemT], seconds: float) -> None:
        """Put `items` back into the queue after `seconds`. In the queue at once, another worker would send them."""

        async def put_back() -> None:
            await asyncio.sleep(seconds)
            self._retries.extend(items)

        task = asyncio.create_task(put_back())
        self._backing_off.add(task)
        task.add_done_callback(self._backing_off.discard)

    async def close(self) -> None:
        for task in self._backing_off:
            task.cancel()
        await asyncio.gather(*self._backing_off, return_exceptions=True)


async def run_batches(
    client: GraphClient,
    items: Iterable[ItemT],
    decode: Callable[[msgspec.Raw], T],
    meter: Meter,
    on_response: Callable[[ItemT, T | None], Awaitable[None]],
    *,
    version: Version = Version.V1,
    family: Family = Family.DIRECTORY,
) -> None:
    """Send all items. Call `on_response` with each item and the decoded body of its 200, or None if it was not found.

    Items with a transient failure go into a later batch. Raises GraphError if an item fails permanently.
    """
    queue = _Queue(items, 1 if client.rate_limits.counts_requests(family) else MAX_ITEMS)

    async def worker() -> None:
        while batch := await queue.next_batch():
            wait, failed, renew, claims = 0.0, list[ItemT](), False, ""
            for item, response in zip(batch, await _send(client, batch, meter, version, family), strict=True):
                decoded = _decode_body(response, decode)
                if decoded is not None or _is_not_found(item, response):
                    await on_response(item, decoded)
                    continue
                wait = max(wait, _wait_after(client, item, response, family))
                failed.append(item)
                if response is not None and response.status == 401:
                    renew, claims = True, claims or claims_challenge(_headers(response))
            if renew:
                await client.renew_token(claims)
            if failed:
                queue.retry_later(failed, wait)

    try:
        await gather_or_cancel(worker() for _ in range(CONCURRENT_BATCHES))
    finally:
        await queue.close()


def _decode_body(response: _ItemResponse | None, decode: Callable[[msgspec.Raw], T]) -> T | None:
    """Return the decoded body of a 200, or None if there is none or it is invalid."""
    if response is None or response.status != 200:
        return None
    try:
        return decode(response.body)
    except msgspec.DecodeError:
        return None


def _is_not_found(item: BatchItem, response: _ItemResponse | None) -> bool:
    """Return whether the response says that there is no such object: a 404, or another status with a code that says so."""
    if response is None or not 400 <= response.status < 500:
        return False
    error = read_error_response(item.name, response.status, _headers(response), bytes(response.body))
    return isinstance(graph_error(error), NotFound)


def _headers(response: _ItemResponse) -> httpx.Headers:
    """Return the headers that have a plain value: in JSON, unlike in HTTP, a value can be of any type and any text."""
    plain = {name: _plain(value) for name, value in (response.headers or {}).items()}
    return httpx.Headers({name: value for name, value in plain.items() if value}, encoding="utf-8")


def _plain(value: msgspec.Raw) -> str:
    try:
        return str(msgspec.json.decode(value, type=str | int | float))
    except ValueError:  # also a number of thousands of digits
        return ""


def _wait_after(client: GraphClient, item: BatchItem, response: _ItemResponse | None, family: Family) -> float:
    """Return the seconds to wait before `item` is sent again. Raises GraphError if the failure is permanent."""
    if response is None or response.status == 200:
        return item.budget.wait_after(ErrorResponse(0, "", "the batch has no valid response to it", "", item.name), None)
    headers = _headers(response)
    error = read_error_response(item.name, response.status, headers, bytes(response.body))
    if response.status == 401 and not item.token_rejected:
        item.token_rejected = True
        return 0.0
    if response.status not in TRANSIENT:
        raise graph_error(error)
    wait = item.budget.wait_after(error, retry_after_seconds(headers))
    if response.status == 429:
        client.rate_limits.pause_all(throttled_families(error, headers, (family,)), wait)
        return 0.0
    return wait


async def _send(
    client: GraphClient, batch: Sequence[BatchItem], meter: Meter, version: Version, family: Family
) -> list[_ItemResponse | None]:
    """Send a batch and return the responses in its order. Graph returns them in any order, and may omit some."""
    requests = [
        {"id": str(number), "method": "GET", "url": item.url, "headers": {**PREFER, **item.headers}}
        for number, item in enumerate(batch)
    ]
    body = msgspec.json.encode({"requests": requests})
    units = sum(item.units for item in batch)
    url = client.url("/$batch", version=version)
    responses = (await client.post(url, body, _decode_responses, meter, units=units, family=family)).responses
    by_id = {response.id: response for response in responses}
    return [by_id.get(str(number)) for number in range(len(batch))]
