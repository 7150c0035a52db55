"""A chain of pages: nextLinks followed whole, the next page asked for while the last one is worked on.

Source: learn.microsoft.com/graph/paging. Rows stay the bytes that Graph sent (`msgspec.Raw`). Not here: what an entity's
first URL is (`lists.py`, `children.py`) and where rows go (whoever implements `Sink`).
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Protocol
from urllib.parse import urljoin

import msgspec

from aad_assets.catalog import Family
from aad_assets.errors import InvalidResponse, PageTokenExpired
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.surrogates import hidden, shown

_WITH_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")

RESTARTS = 5
"""How often a collection is started again after its page token expired."""

EVENTUAL = {"ConsistencyLevel": "eventual"}
"""Header of advanced queries (learn.microsoft.com/graph/aad-advanced-queries); sent again on every page."""


class Part(Protocol):
    """Rows of one chain of pages. Nothing of it counts before `close`."""

    async def add(self, rows: Sequence[bytes | msgspec.Raw]) -> None: ...

    async def discard(self) -> None:
        """Forget the rows added so far: the chain starts again."""

    async def close(self) -> None:
        """The chain ended properly."""


class Sink(Protocol):
    """Where an entity's rows go."""

    def part(self, pass_: int = 0) -> Part:
        """A new chain; `pass_` numbers the passes of a `$select` that had to be split."""

    async def reset(self) -> None:
        """Forget everything: the entity is read again in another way."""


class Mapped:
    """A `Part` that makes something else of the rows before another takes them."""

    def __init__(self, part: Part, change: "Change") -> None:
        self._part = part
        self._change = change

    async def add(self, rows: Sequence[bytes | msgspec.Raw]) -> None:
        await self._part.add(self._change(rows))

    async def discard(self) -> None:
        await self._part.discard()

    async def close(self) -> None:
        await self._part.close()


Change = Callable[[Sequence[bytes | msgspec.Raw]], Sequence[bytes | msgspec.Raw]]
"""What becomes of rows between Graph and the table."""


class Page(msgspec.Struct):
    """One answer of a collection; rows are not decoded."""

    value: list[msgspec.Raw]
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)
    # OData 4.01 lets a server leave the prefix out; one that is overlooked would be half a load.
    short_link: str | None = msgspec.field(name="@nextLink", default=None)
    small_link: str | None = msgspec.field(name="@odata.nextlink", default=None)
    error: Any = None

    def __post_init__(self) -> None:
        if self.error is not None:  # a service that fails in the middle of an answer cannot take back its 200
            raise ValueError("the page ends in an error")
        if self.next_link is None:
            self.next_link = self.short_link or self.small_link


_decode_page = msgspec.json.Decoder(Page).decode


def decode_page(body: bytes | msgspec.Raw) -> Page:
    """Raises msgspec.DecodeError when the body is not whole, or no page."""
    try:
        return _decode_page(body)
    except msgspec.DecodeError:
        if (readable := hidden(bytes(body))) is None:
            raise
    page = _decode_page(readable)
    page.value = [shown(row) for row in page.value]
    return page


@dataclass(frozen=True)
class Query:
    """A collection's first URL and how to ask for it and its further pages."""

    url: str
    units: int = 1
    families: tuple[Family, ...] = (Family.DIRECTORY,)
    headers: Mapping[str, str] = field(default_factory=dict)
    action: bool = False
    """The first page is asked for by POST."""


def followed(url: str, link: str) -> str:
    """The URL that the link of the page at `url` means: the link itself, unless it is relative (OData JSON 4.01, 4.5.5)."""
    return link if _WITH_SCHEME.match(link) else urljoin(url, link)


async def first_page(client: GraphClient, query: Query, meter: Meter) -> Page:
    """What `query` asks for, and no further page."""
    if not query.action:
        return await client.get(
            query.url, decode_page, meter, units=query.units, families=query.families, headers=query.headers
        )
    path = query.url.removeprefix(client.base_url)
    return await client.post(path, b"{}", decode_page, meter, units=query.units)


async def pages(
    client: GraphClient, query: Query, meter: Meter, first: Page | None = None
) -> AsyncGenerator[list[msgspec.Raw], None]:
    """Rows page by page, starting behind `first` when that page is there already.

    Raises InvalidResponse when a nextLink comes twice, or leads to another host.
    """

    def ask(query: Query) -> asyncio.Task[Page]:
        return asyncio.create_task(first_page(client, query, meter))

    url = query.url
    seen = {hash(url)}
    pending: asyncio.Task[Page] | None = None if first else ask(query)
    try:
        while True:
            page = first if first is not None else await pending  # type: ignore[misc]
            first = pending = None
            if page.next_link:
                url = followed(url, page.next_link)
                if hash(url) in seen:
                    path = url.removeprefix(client.base_url).split("?")[0]
                    raise InvalidResponse(f"{path}: Graph sent the same nextLink twice, an endless chain. Reload again.")
                seen.add(hash(url))
                pending = ask(replace(query, url=url, action=False))
            yield page.value
            if pending is None:
                return
    finally:
        if pending is not None:
            pending.cancel()
            await asyncio.gather(pending, return_exceptions=True)


async def read_chain(client: GraphClient, query: Query, meter: Meter, part: Part) -> None:
    """Read a chain to its end into `part`, starting again when the page token expires."""
    for restart in range(RESTARTS + 1):
        added = 0
        try:
            async with aclosing(pages(client, query, meter)) as chain:
                async for rows in chain:
                    await part.add(rows)
                    added += len(rows)
                    meter.rows += len(rows)
            await part.close()
            return
        except PageTokenExpired:
            meter.rows -= added
            meter.restarts += 1
            await part.discard()
            if restart == RESTARTS:
                raise
