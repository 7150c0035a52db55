"""Reading an entity that is one collection: its `$select`, its count, one chain or shards.

Source: learn.microsoft.com/graph/query-parameters. Not here: children of parents (`children.py`), single objects and what
the shapes make of rows (`shapes.py`).
"""

import asyncio
import re
from dataclasses import replace

from aad_assets.catalog import Entity, Family, Shape
from aad_assets.concurrency import gather_or_cancel
from aad_assets.errors import GraphError, GraphUnavailable, LicenceMissing, PermissionMissing, RequestRejected
from aad_assets.graph.reading import shards
from aad_assets.graph.reading.pagination import EVENTUAL, Change, Mapped, Query, Sink, first_page, read_chain
from aad_assets.graph.reading.select import Selection, negotiate
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.rate_limits import resource_units

_SHARDS_AT_ONCE = 8

_COUNT_HEADERS = EVENTUAL | {"Accept": "text/plain"}
"""A count is documented as plain text, not JSON."""

SELECT_REJECTED = (RequestRejected, PermissionMissing, LicenceMissing)
"""400 and 501, and 403 for a property that needs a permission or a licence of its own."""

_TOP = re.compile(r"\bquery option '\$?top'", re.IGNORECASE)
"""What Graph says of a list that takes no `$top`."""

_LARGEST = re.compile(r"\bbetween 1 and (\d+)|\blimit of '(\d+)' for top\b", re.IGNORECASE)
"""What it says of a `$top` that is too large for the list."""

_MORE = 1.01
"""How much the shards' counts may exceed the whole's: people join between two counts."""


def collection_query(
    client: GraphClient,
    entity: Entity,
    select: tuple[str, ...],
    *,
    top: int | None = None,
    filter_: str | None = None,
) -> Query:
    """The first request of `entity`'s list."""
    options: dict[str, str | int] = {}
    if select:
        options["$select"] = ",".join(select)
    if entity.shape is Shape.EXPAND:
        options["$expand"] = f"{entity.edge}($select=id)"
    if entity.page_size:
        options["$top"] = min(top or entity.page_size, entity.page_size)
    if filters := [each for each in (entity.filter, filter_) if each]:
        options["$filter"] = " and ".join(filters)
    families: tuple[Family, ...] = (entity.family,)
    if "keyCredentials" in select:
        families += (Family.KEY_CREDENTIALS,)
    units = resource_units(entity.path, select=bool(select), expand="$expand" in options, top=top)
    return Query(client.url(entity.path, options), units, families, action=entity.shape is Shape.ACTION)


async def count(client: GraphClient, path: str, meter: Meter, filter_: str | None = None) -> int | None:
    """`{path}/$count` from Graph's index, which lags by some minutes; None where it is not answered.

    Raises GraphUnavailable when Graph cannot be reached at all. Any other error says nothing of the collection itself.
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
    return int(text) if text.isdecimal() else None


async def read_collection(
    client: GraphClient,
    entity: Entity,
    meter: Meter,
    sink: Sink,
    *,
    filter_: str | None = None,
    change: Change | None = None,
) -> Selection:
    """Read every row into `sink`; returns what was selected. Raises GraphError or InvalidResponse.

    `filter_` narrows the list, `change` is applied to the rows.
    """
    if entity.countable:
        meter.expected = await count(client, entity.path, meter)
    whole = Selection((entity.select,))
    try:
        await _read(client, entity, whole, meter, sink, filter_, change)
        return whole
    except SELECT_REJECTED as refusal:
        again = await _other_way(client, entity, meter, refusal)
    await sink.reset()
    meter.rows = 0
    if isinstance(again, Entity):
        return await read_collection(client, again, meter, sink, filter_=filter_, change=change)
    await _read(client, entity, again, meter, sink, filter_, change)
    return again


async def _other_way(client: GraphClient, entity: Entity, meter: Meter, refusal: GraphError) -> Selection | Entity:
    """With other pages, or with the properties that the list answers to. Raises `refusal` when neither helps."""
    return with_other_page_size(entity, refusal) or await answered(client, entity, meter, refusal)


def with_other_page_size(entity: Entity, refusal: GraphError) -> Entity | None:
    """`entity` with pages that its list may take, when it may have been they that it refused."""
    if not entity.page_size or not isinstance(refusal, RequestRejected):
        return None
    message = refusal.response.message
    if _TOP.search(message):
        return replace(entity, page_size=None, smaller_page=None)
    if (found := _LARGEST.search(message)) and 0 < (largest := int(found[1] or found[2])) < entity.page_size:
        return replace(entity, page_size=largest, smaller_page=None)
    return replace(entity, page_size=entity.smaller_page, smaller_page=None) if entity.smaller_page else None


async def answered(client: GraphClient, entity: Entity, meter: Meter, refusal: GraphError) -> Selection:
    """What the list answers to, found by bisection. Raises `refusal` when the `$select` is not what it refused."""
    identity, properties = entity.select[:1], entity.select[1:]
    if not properties:
        raise refusal

    async def probe(selected: tuple[str, ...]) -> bool:
        query = collection_query(client, entity, identity + selected, top=1)
        try:
            await first_page(client, query, meter)
        except SELECT_REJECTED:
            return False
        return True

    if not await probe(()):
        raise refusal
    found = await negotiate(probe, properties)
    if found.passes == (properties,) or found.rejected == properties:
        raise refusal
    if isinstance(refusal, PermissionMissing) and len(found.rejected) > len(properties) // 2:
        raise refusal  # not a property with a permission of its own: the permission to read the list is too small
    return Selection(tuple(identity + selected for selected in found.passes), found.rejected)


async def _read(
    client: GraphClient,
    entity: Entity,
    selection: Selection,
    meter: Meter,
    sink: Sink,
    filter_: str | None,
    change: Change | None,
) -> None:
    filters = [filter_] if filter_ else await _shard_filters(client, entity, meter)
    at_once = asyncio.Semaphore(_SHARDS_AT_ONCE)

    async def shard(pass_: int, filter_: str | None) -> None:
        async with at_once:
            query = collection_query(client, entity, selection.passes[pass_], filter_=filter_)
            part = sink.part(pass_)
            await read_chain(client, query, meter, Mapped(part, change) if change else part)

    # One pass after the other: two side by side would be twice the rows under way and no faster.
    for pass_ in range(len(selection.passes)):
        await gather_or_cancel(shard(pass_, filter_) for filter_ in filters)


async def _shard_filters(client: GraphClient, entity: Entity, meter: Meter) -> list[str | None]:
    """One filter a shard; `[None]` when one chain is better, or is the only one proved complete."""
    if entity.shard_property is None or meter.expected is None or meter.expected < shards.MINIMUM:
        return [None]
    filters = shards.filters(entity.shard_property)
    counts = await gather_or_cancel(count(client, entity.path, meter, filter_) for filter_ in filters)
    counted = [number for number in counts if number is not None]
    again = await count(client, entity.path, meter)
    if again is None or len(counted) < len(filters):
        return [None]
    meter.expected = max(meter.expected, again)
    if not meter.expected <= sum(counted) <= meter.expected * _MORE:
        return [None]
    largest_first = sorted(zip(counted, filters, strict=True), reverse=True)
    return [filter_ for _, filter_ in largest_first]
