"""`POST /$batch`: up to 20 GETs in one request, each with an answer, a throttling and a retry of its own.

Source: learn.microsoft.com/graph/json-batching. A batch saves round trips, not quota. Not here: what the GETs are for.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import httpx
import msgspec

from aad_assets.catalog import Family
from aad_assets.concurrency import gather_or_cancel
from aad_assets.errors import ErrorResponse
from aad_assets.graph.requests.client import PREFER, GraphClient, Retrying
from aad_assets.graph.requests.error_responses import PASSING, error_for, read_error_response, retry_after_seconds
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.surrogates import hidden, shown
from aad_assets.identity.claims import claims_challenge

SIZE = 20
AT_ONCE = 4
"""Batches under way at once."""


class _Response(msgspec.Struct):
    id: str
    status: int
    headers: dict[str, Any] | None = None
    body: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"{}"))


class _Responses(msgspec.Struct):
    responses: list[_Response]


_decode_whole = msgspec.json.Decoder(_Responses).decode


def _decode_responses(body: bytes) -> _Responses:
    try:
        return _decode_whole(body)
    except msgspec.DecodeError:
        if (readable := hidden(body)) is None:
            raise
    answers = _decode_whole(readable)
    for answer in answers.responses:
        answer.body = shown(answer.body)
    return answers


@dataclass
class Item:
    """One GET: `url` relative to the base URL, its resource units, and how far its tries have come."""

    url: str
    units: int
    retrying: Retrying
    headers: Mapping[str, str] = field(default_factory=dict)
    unauthorised: bool = False

    @property
    def path(self) -> str:
        return f"GET {self.url.split('?')[0]}"


ItemT = TypeVar("ItemT", bound=Item)
T = TypeVar("T")


class _Queue(Generic[ItemT]):
    """Items that wait to be sent, and those that rest after a failure."""

    def __init__(self, items: Iterable[ItemT]) -> None:
        self._waiting = iter(items)
        self._again: deque[ItemT] = deque()
        self._resting: set[asyncio.Task[None]] = set()

    async def next_batch(self) -> list[ItemT]:
        """Up to 20 items, as soon as there are any; none when nothing waits or rests any more."""
        while not (batch := self._take()) and self._resting:
            await asyncio.wait(self._resting, return_when=asyncio.FIRST_COMPLETED)
        return batch

    def _take(self) -> list[ItemT]:
        batch = [self._again.popleft() for _ in range(min(SIZE, len(self._again)))]
        while len(batch) < SIZE and (item := next(self._waiting, None)) is not None:
            batch.append(item)
        return batch

    def rest(self, items: list[ItemT], seconds: float) -> None:
        """Let `items` wait again after `seconds`, and not before: another worker would send them at once."""

        async def return_later() -> None:
            await asyncio.sleep(seconds)
            self._again.extend(items)

        task = asyncio.create_task(return_later())
        self._resting.add(task)
        task.add_done_callback(self._resting.discard)

    async def close(self) -> None:
        for task in self._resting:
            task.cancel()
        await asyncio.gather(*self._resting, return_exceptions=True)


async def run_batches(
    client: GraphClient,
    items: Iterable[ItemT],
    decode: Callable[[msgspec.Raw], T],
    meter: Meter,
    answered: Callable[[ItemT, T | None], Awaitable[None]],
) -> None:
    """Send all items; `answered` gets each 200's decoded body, or None for a 404.

    Items that are throttled or fail in passing go into a later batch. Raises GraphError when one fails for good.
    """
    queue = _Queue(items)

    async def worker() -> None:
        while batch := await queue.next_batch():
            pause, failed, renew, claims = 0.0, list[ItemT](), False, ""
            for item, response in zip(batch, await _send(client, batch, meter), strict=True):
                decoded = _decoded(response, decode)
                if decoded is not None or (response is not None and response.status == 404):
                    await answered(item, decoded)
                    continue
                pause = max(pause, _later(client, item, response))
                failed.append(item)
                if response is not None and response.status == 401:
                    renew, claims = True, claims or claims_challenge(_headers(response))
            if renew:
                await client.renew_token(claims)
            if failed:
                queue.rest(failed, pause)

    try:
        await gather_or_cancel(worker() for _ in range(AT_ONCE))
    finally:
        await queue.close()


def _decoded(response: _Response | None, decode: Callable[[msgspec.Raw], T]) -> T | None:
    """The body of a sound 200."""
    if response is None or response.status != 200:
        return None
    try:
        return decode(response.body)
    except msgspec.DecodeError:
        return None


def _headers(response: _Response) -> httpx.Headers:
    """Those with a value; JSON lets them be any text, where HTTP would not."""
    given = {name: str(value) for name, value in (response.headers or {}).items() if isinstance(value, str | int | float)}
    return httpx.Headers(given, encoding="utf-8")


def _later(client: GraphClient, item: Item, response: _Response | None) -> float:
    """Seconds to wait before a further batch with `item` in it. Raises GraphError when it will not pass."""
    if response is None or response.status == 200:
        return item.retrying.wait_after(ErrorResponse(0, "", "the batch has no sound answer to it", "", item.path), None)
    headers = _headers(response)
    answer = read_error_response(item.path, response.status, headers, bytes(response.body))
    if response.status == 401 and not item.unauthorised:
        item.unauthorised = True
        return 0.0
    if response.status not in PASSING:
        raise error_for(answer)
    wait = item.retrying.wait_after(answer, retry_after_seconds(headers))
    if response.status == 429:
        client.rate_limits.pause(Family.DIRECTORY, wait)
        return 0.0
    return wait


async def _send(client: GraphClient, batch: Sequence[Item], meter: Meter) -> list[_Response | None]:
    """The answers in the order of `batch`; they come in any order."""
    requests = [
        {"id": str(number), "method": "GET", "url": item.url, "headers": {**PREFER, **item.headers}}
        for number, item in enumerate(batch)
    ]
    body = msgspec.json.encode({"requests": requests})
    units = sum(item.units for item in batch)
    answers = (await client.post("/$batch", body, _decode_responses, meter, units=units)).responses
    by_id = {answer.id: answer for answer in answers}
    return [by_id.get(str(number)) for number in range(len(batch))]
