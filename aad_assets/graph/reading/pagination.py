"""Chains of pages: nextLinks are followed unchanged, and the next page is requested while the present one is processed.

Source: learn.microsoft.com/graph/paging. Rows stay the bytes that Graph sent (`msgspec.Raw`). See also `queries.py` for the
first request, and `Sink` for where the rows go.
"""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Protocol
from urllib.parse import urljoin

import msgspec

from aad_assets.errors import InvalidResponse, NextLinkRejected, NotFound, PageTokenExpired, RequestRejected
from aad_assets.graph.reading.chain_guard import ChainGuard
from aad_assets.graph.reading.queries import Query, says_too_long
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.surrogates import encode_surrogates, restore_surrogates

MAX_RESTARTS = 5
"""How often a chain is restarted after its page token expired."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")

Rows = Sequence[bytes | msgspec.Raw]

Transform = Callable[[Rows], Rows]
"""A function applied to the rows between Graph and the table."""


class Part(Protocol):
    """The rows of one chain. They count only after `close`."""

    async def add(self, rows: Rows) -> None: ...

    async def discard(self) -> None:
        """Drop the rows added so far, because the chain starts again."""

    async def close(self) -> None:
        """Accept the rows: the chain is complete."""


class Sink(Protocol):
    """The destination of an entity's rows."""

    def part(self, pass_: int = 0, select: Sequence[str] = ()) -> Part:
        """Open a part for a new chain. If the `$select` had to be split, `pass_` and `select` are one of its passes."""

    async def reset(self) -> None:
        """Drop all parts, because the entity is read again with another query."""


class TransformedPart:
    """A part that transforms the rows on their way to another part."""

    def __init__(self, part: Part, transform: Transform) -> None:
        self._part = part
        self._transform = transform

    async def add(self, rows: Rows) -> None:
        await self._part.add(self._transform(rows))

    async def discard(self) -> None:
        await self._part.discard()

    async def close(self) -> None:
        await self._part.close()


class Page(msgspec.Struct):
    """One page of a collection, with its rows not decoded. A link can be of any type; `next_url` checks it."""

    value: list[msgspec.Raw]
    next_link: Any = msgspec.field(name="@odata.nextLink", default=None)
    # OData 4.01 allows the name without its prefix, and other clients met it in lower case. A link that is overlooked would
    # leave the rest of the collection unread.
    unprefixed_link: Any = msgspec.field(name="@nextLink", default=None)
    lower_case_link: Any = msgspec.field(name="@odata.nextlink", default=None)
    delta_link: Any = msgspec.field(name="@odata.deltaLink", default=None)
    unprefixed_delta_link: Any = msgspec.field(name="@deltaLink", default=None)
    lower_case_delta_link: Any = msgspec.field(name="@odata.deltalink", default=None)
    error: Any = None

    def __post_init__(self) -> None:
        if self.error is not None:  # A service that fails in the middle of a response cannot take back its 200.
            raise ValueError("the page ends in an error")
        self.next_link = _first(self.next_link, self.unprefixed_link, self.lower_case_link)
        self.delta_link = _first(self.delta_link, self.unprefixed_delta_link, self.lower_case_delta_link)


def _first(*links: Any) -> Any:
    """Return the first that is not None. An empty link is not an absent one."""
    return next((link for link in links if link is not None), None)


_LINK_FIELDS = {each.encode_name: each.name for each in msgspec.structs.fields(Page) if each.name.endswith("link")}
_decode_strictly = msgspec.json.Decoder(Page).decode
_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def decode_page(body: bytes | msgspec.Raw) -> Page:
    """Decode a page. Raises msgspec.DecodeError if the body is truncated or not a page."""
    try:
        return _decode_strictly(body)
    except msgspec.DecodeError:
        if (encoded := encode_surrogates(bytes(body))) is None:
            raise
    page = _decode_strictly(encoded)
    page.value = [restore_surrogates(row) for row in page.value]
    return page


def decode_single(body: bytes | msgspec.Raw) -> Page:
    """Decode a single object as a page of one row. Raises msgspec.DecodeError if the body is truncated or no object."""
    row = bytes(body)
    try:
        members = _decode_members(row)
    except msgspec.DecodeError:
        if (encoded := encode_surrogates(row)) is None:
            raise
        members = _decode_members(encoded)
        row = bytes(restore_surrogates(msgspec.Raw(encoded)))
    links = {field: msgspec.json.decode(members[name]) for name, field in _LINK_FIELDS.items() if name in members}
    return Page([msgspec.Raw(row)], **links)


def resolve_link(url: str, link: str) -> str:
    """Return the absolute URL of a link in the page at `url`. A relative one is resolved (OData JSON 4.01, 4.5.5)."""
    return link if _SCHEME.match(link) else urljoin(url, link)


def next_url(client: GraphClient, url: str, page: Page, *, is_single: bool = False) -> str | None:
    """Return the absolute URL of the page after `page`, which was read from `url`; None if it was the last.

    Raises InvalidResponse if its links do not say where the collection goes on or ends: none of ours ends in a deltaLink.
    """
    link, delta = page.next_link, page.delta_link
    if link is None and delta is None:
        return None
    if is_single:
        found = "a link to further pages with a single object"
    elif delta is not None:
        found = "a deltaLink" + (" and a nextLink" if link is not None else "") + " in a list without changes"
    elif not isinstance(link, str):
        found = "a nextLink that is not text"
    elif not link.strip():
        found = "an empty nextLink"
    else:
        return resolve_link(url, link)
    raise InvalidResponse(f"{client.path(url)}: Graph returned {found}, so rows may be missing. Reload later.")


async def fetch_page(client: GraphClient, query: Query, meter: Meter) -> Page:
    """Fetch the first page of `query`. Raises GraphError."""
    if not query.is_action:
        decode = decode_single if query.is_single else decode_page
        return await client.get(query.url, decode, meter, units=query.units, families=query.families, headers=query.headers)
    return await client.post(query.url, b"{}", decode_page, meter, units=query.units)


async def read_pages(
    client: GraphClient, query: Query, meter: Meter, first: Page | None = None
) -> AsyncGenerator[list[msgspec.Raw], None]:
    """Yield the rows of `query` page by page, starting with `first` if that page has already been fetched.

    Raises GraphError (NextLinkRejected if Graph rejects a further page), or InvalidResponse if the links cannot be trusted or
    never end.
    """
    url, seen, guard = query.url, {hash(query.url)}, ChainGuard(client.path(query.url), meter)
    pending: asyncio.Task[Page] | None = None if first else asyncio.create_task(fetch_page(client, query, meter))
    try:
        while True:
            page = first if first is not None else await pending  # type: ignore[misc]
            first = pending = None
            if link := next_url(client, url, page, is_single=query.is_single):
                if hash(link) in seen:
                    raise InvalidResponse(
                        f"{client.path(link)}: Graph returned the same nextLink twice (paging loop). Reload later."
                    )
                guard.check(page.value)
                seen.add(hash(link))
                url = link
                pending = asyncio.create_task(_fetch_further(client, replace(query, url=link, is_action=False), meter))
            yield page.value
            if pending is None:
                return
    finally:
        if pending is not None:
            pending.cancel()
            await asyncio.gather(pending, return_exceptions=True)


async def _fetch_further(client: GraphClient, query: Query, meter: Meter) -> Page:
    """Fetch the page behind a nextLink. Raises NextLinkRejected if Graph rejects it, although it accepted the first page."""
    try:
        return await fetch_page(client, query, meter)
    except (RequestRejected, NotFound) as rejection:
        if isinstance(rejection, NotFound) and not says_too_long(rejection.response):
            raise
        raise NextLinkRejected(rejection.response, len(query.url)) from None


async def read_chain(client: GraphClient, query: Query, meter: Meter, part: Part) -> None:
    """Read a whole chain into `part`, and close it. Restart the chain if its page token expires.

    Raises PageTokenExpired if that happens more than MAX_RESTARTS times, and whatever `read_pages` raises.
    """
    for restart in range(MAX_RESTARTS + 1):
        added = 0
        try:
            async with aclosing(read_pages(client, query, meter)) as chain:
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
            if restart == MAX_RESTARTS:
                raise
