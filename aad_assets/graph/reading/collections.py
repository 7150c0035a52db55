"""Reading a collection: its `$select`, its count, and its rows in one chain of pages or in several shards.

A collection is one chain of nextLinks, in which each page is requested after the last. If a property that is always set
supports `startsWith`, a filter for each first character turns it into many chains that are read concurrently. The shards are
used only if their counts add up to the count of the whole. If they do not, some value starts with a character that is not
listed here, and the collection is read as one chain.
"""

import asyncio
import re
import string
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from aad_assets.catalog import Entity, Version
from aad_assets.concurrency import gather_or_cancel
from aad_assets.errors import (
    GraphError,
    GraphUnavailable,
    LicenceMissing,
    NextLinkRejected,
    NotFound,
    PermissionMissing,
    RequestRejected,
)
from aad_assets.graph.reading.pagination import Sink, Transform, TransformedPart, fetch_page, read_chain
from aad_assets.graph.reading.queries import (
    EVENTUAL,
    MAX_URL,
    collection_query,
    escape_quotes,
    passes_for,
    says_too_long,
    simpler_forms,
    unrequested,
)
from aad_assets.graph.reading.select import Properties, Selection, find_selection, in_shorter_passes
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter

_LETTERS = string.ascii_lowercase + string.digits

SHARD_PREFIXES = {
    # learn.microsoft.com/azure/active-directory/hybrid: A-Z a-z 0-9 ' . - _ ! # ^ ~, ignoring case
    "userPrincipalName": _LETTERS + "'.-_!#^~",
    # learn.microsoft.com/graph/api/resources/group: ASCII except @ () \ [] " ; : <> , and space
    "mailNickname": _LETTERS + "'.-_!#^~$%&*+/=?{|}`",
    "appId": string.hexdigits[:16],
    "deviceId": string.hexdigits[:16],
}
"""The characters that a value of each property can start with."""

_MIN_ROWS_TO_SHARD = 10_000
"""Rows from which shards pay off: ten pages in a chain."""

_CONCURRENT_SHARDS = 8

_COUNT_TOLERANCE = 1.01
"""How far the sum of the shards' counts may exceed the count of the whole: objects are created between two counts."""

_COUNT_HEADERS = EVENTUAL | {"Accept": "text/plain"}
"""A count is documented as plain text, not JSON."""

SELECT_REJECTED = (RequestRejected, PermissionMissing, LicenceMissing)
"""Errors that a single property may cause: 400, 501, and 403 if it needs a permission or a licence of its own."""

_TOP_REJECTED = re.compile(r"\bquery option '\$?top'", re.IGNORECASE)
"""The message of a collection that does not support `$top`."""

_MAX_TOP = re.compile(r"\bbetween 1 and (\d+)|\blimit of '(\d+)' for top\b|\bfor more than (\d+) users\b", re.IGNORECASE)
"""The message about a `$top` that is too large for the collection."""


_MIN_PAGE_SIZE = 20
"""The smallest `$top` that is tried after the link to a further page was rejected: five are tried at most."""

_LONG_LINK = 2_000
"""Characters from which a nextLink may be too long. The default limit of IIS for a query string is 2,048."""

_NOT_COUNTED = "Graph did not count the rows, so their number was not compared with its count."


async def fetch_count(client: GraphClient, path: str, meter: Meter, filter_: str | None = None) -> int | None:
    """Fetch `{path}/$count` from Graph's index, which lags by some minutes. Return None if Graph does not count it.

    Raises GraphUnavailable if Graph cannot be reached. After any other error the count is None, because the collection itself
    may still be readable.
    """
    url = client.url(f"{path}/$count", {"$filter": filter_} if filter_ else None)
    try:
        return await client.get(url, _decode_count, meter, headers=_COUNT_HEADERS)
    except GraphError as error:
        if isinstance(error, GraphUnavailable) and not error.response.status:
            raise
        return None


def _decode_count(body: bytes) -> int | None:
    text = body.decode("utf-8-sig", "replace").strip()
    # Python refuses to read a number of thousands of digits.
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


async def read_collection(
    client: GraphClient,
    entity: Entity,
    meter: Meter,
    sink: Sink,
    *,
    filter_: str | None = None,
    transform: Transform | None = None,
) -> Selection:
    """Read every row into `sink`, and return what was selected. Raises GraphError or InvalidResponse.

    `filter_` narrows the collection; `transform` is applied to the rows.
    """
    if entity.may_be_in_v1:
        entity = replace(entity, may_be_in_v1=False)
        with suppress(NotFound, RequestRejected):
            earlier = replace(entity, version=Version.V1)
            return await read_collection(client, earlier, meter, sink, filter_=filter_, transform=transform)
        await sink.reset()
        meter.rows = 0
    if entity.countable:
        meter.expected = await fetch_count(client, entity.path, meter)
    filters = [filter_] if filter_ else await _shard_filters(client, entity, meter)
    form = _Form(entity, Selection(passes_for(client, entity, filter_)), filters)
    while True:
        try:
            await _read(client, form, meter, sink, transform)
            break
        except (*SELECT_REJECTED, NotFound) as rejection:
            form = await _next_form(client, form, meter, rejection)
        await sink.reset()
        meter.rows = 0
    uncounted = (_NOT_COUNTED,) if entity.countable and meter.expected is None else ()
    return replace(form.selection, problems=(*form.selection.problems, *uncounted))


@dataclass(frozen=True)
class _Form:
    """A form of the requests for a collection."""

    entity: Entity
    selection: Selection
    filters: Sequence[str | None]
    """The filter of each chain. There are several if the collection is read in shards."""
    is_negotiated: bool = False


async def _next_form(client: GraphClient, form: _Form, meter: Meter, rejection: GraphError) -> _Form:
    """Return the form to try after `rejection`. Raises it if there is none.

    Repeated use ends: passes and pages get smaller, shards are given up, and a form is negotiated once.
    """
    if shorter := _shorter_passes(form.selection, rejection):
        return replace(form, selection=replace(form.selection, passes=shorter))
    if smaller := with_other_page_size(form.entity, rejection):
        return replace(form, entity=smaller)
    if form.is_negotiated or isinstance(rejection, NotFound):
        raise rejection
    try:
        entity, selection = await negotiate(client, form.entity, meter, rejection)
    except RequestRejected:
        if len(form.filters) == 1:
            raise
        return replace(form, filters=(None,))  # The filters of the shards may be what Graph rejects.
    return replace(form, entity=entity, selection=selection, is_negotiated=True)


def _shorter_passes(selection: Selection, rejection: GraphError) -> tuple[Properties, ...] | None:
    """Return more and shorter passes if Graph rejected a URL because of its length, or may have; None otherwise.

    Few servers name the length as the reason.
    """
    is_long_link = isinstance(rejection, NextLinkRejected) and rejection.length > _LONG_LINK
    if says_too_long(rejection.response) or (is_long_link and rejection.response.status == 400):
        return in_shorter_passes(selection.passes)
    return None


def with_other_page_size(entity: Entity, rejection: GraphError) -> Entity | None:
    """Return `entity` with a `$top` that its collection may accept, or with none. None if `$top` was not what it rejected.

    The result always has a smaller `page_size`, or none at all, so that repeated use ends.
    """
    if not entity.page_size or not isinstance(rejection, RequestRejected):
        return None
    message = rejection.response.message
    if isinstance(rejection, NextLinkRejected) and rejection.response.status == 400 and not message:
        # The link after an exactly full last page of risky users. With another page size, the last page is not full.
        size = entity.page_size // 2 - 1
        return replace(entity, page_size=size, fallback_page_size=None) if size >= _MIN_PAGE_SIZE else None
    if _TOP_REJECTED.search(message):
        return replace(entity, page_size=None, fallback_page_size=None)
    if (found := _MAX_TOP.search(message)) and 0 < (largest := int(found[found.lastindex or 1])) < entity.page_size:
        return replace(entity, page_size=largest, fallback_page_size=None)
    return (
        replace(entity, page_size=entity.fallback_page_size, fallback_page_size=None) if entity.fallback_page_size else None
    )


async def negotiate(client: GraphClient, entity: Entity, meter: Meter, rejection: GraphError) -> tuple[Entity, Selection]:
    """Find a form of the request for `entity`, and properties in it, that the collection accepts.

    Raises `rejection` if it is not about the form of the request, and the error that an accepted form then meets.
    """
    simpler = simpler_forms(entity) if isinstance(rejection, RequestRejected) else []
    if len(entity.select) < 2 and not simpler:
        raise rejection
    for form in (entity, *simpler):
        if await _accepts(client, form, form.select[:1], meter):
            selection = await _negotiate_select(client, form, meter, rejection)
            if form is entity and not selection.rejected and len(selection.passes) <= len(passes_for(client, entity)):
                raise rejection
            return form, replace(selection, unrequested=unrequested(entity, form))
    raise rejection


async def _accepts(client: GraphClient, entity: Entity, selected: tuple[str, ...], meter: Meter) -> bool:
    try:
        await fetch_page(client, collection_query(client, entity, selected, top=1), meter)
    except RequestRejected:
        return False
    return True


async def _negotiate_select(client: GraphClient, entity: Entity, meter: Meter, rejection: GraphError) -> Selection:
    """Find the properties that the collection accepts, which accepts the key. Raises `rejection` if there are too few."""
    key, properties = entity.select[:1], entity.select[1:]

    async def accepts(selected: Properties) -> bool:
        if len(selected) > 1 and len(collection_query(client, entity, key + selected).url) > MAX_URL:
            return False
        try:
            return await _accepts(client, entity, key + selected, meter)
        except SELECT_REJECTED:
            return False

    found = await find_selection(accepts, properties)
    if properties and found.rejected == properties:
        raise rejection
    if isinstance(rejection, PermissionMissing) and 2 * len(found.rejected) >= len(properties):
        raise rejection  # The permission to read the collection is missing, not that of a single property.
    return Selection(tuple(key + selected for selected in found.passes), found.rejected)


async def _read(client: GraphClient, form: _Form, meter: Meter, sink: Sink, transform: Transform | None) -> None:
    slots, passes = asyncio.Semaphore(_CONCURRENT_SHARDS), form.selection.passes

    async def read_shard(pass_: int, filter_: str | None) -> None:
        async with slots:
            query = collection_query(client, form.entity, passes[pass_], filter_=filter_)
            part = sink.part(pass_, passes[pass_]) if len(passes) > 1 else sink.part()
            await read_chain(client, query, meter, TransformedPart(part, transform) if transform else part)

    # One pass after the other: two at a time would buffer twice as many rows and be no faster.
    for pass_ in range(len(passes)):
        meter.rows = 0  # Each pass has every row, and is compared with `$count`.
        await gather_or_cancel(read_shard(pass_, filter_) for filter_ in form.filters)


async def _shard_filters(client: GraphClient, entity: Entity, meter: Meter) -> Sequence[str | None]:
    """Return a filter for each shard, the largest first, or `[None]` for one chain."""
    if entity.shard_property is None or meter.expected is None or meter.expected < _MIN_ROWS_TO_SHARD:
        return [None]
    filters = shard_filters(entity.shard_property)
    counts = await gather_or_cancel(fetch_count(client, entity.path, meter, filter_) for filter_ in filters)
    shards = [(number, filter_) for number, filter_ in zip(counts, filters, strict=True) if number is not None]
    recount = await fetch_count(client, entity.path, meter)
    if recount is None or len(shards) < len(filters):
        return [None]
    meter.expected = max(meter.expected, recount)
    if not meter.expected <= sum(number for number, _ in shards) <= meter.expected * _COUNT_TOLERANCE:
        return [None]
    return [filter_ for _, filter_ in sorted(shards, reverse=True)]


def shard_filters(property_: str) -> list[str]:
    """Return a `$filter` for each character that a value of `property_` can start with."""
    return [f"startsWith({property_},'{escape_quotes(prefix)}')" for prefix in SHARD_PREFIXES[property_]]
