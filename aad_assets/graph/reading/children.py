"""Reading children: one collection for each parent, such as `/groups/{id}/members`, in batches.

A parent's key may have several values: `/definitions/{id}/instances/{id}/decisions`. The rows of a parent are passed on once
all of its pages have arrived, so that an expired page token costs only that parent. Sources:
learn.microsoft.com/graph/api/group-list-members, and its known issue that v1.0 omits service principals. See also
`parents.py` for the keys of the parents.
"""

from collections.abc import Iterator, Sequence
from contextlib import aclosing, suppress

import msgspec

from aad_assets.catalog import CATALOG, Entity
from aad_assets.catalog.columns import ODATA_TYPE, ODATA_TYPE_PREFIX
from aad_assets.errors import InvalidResponse, NotFound, PageTokenExpired, RequestRejected
from aad_assets.graph.reading.pagination import MAX_RESTARTS, Page, Part, decode_page, decode_single, fetch_page, read_pages
from aad_assets.graph.reading.queries import (
    ID_PLACEHOLDER,
    NO_SUCH_ID,
    Query,
    child_query,
    fill_path,
    try_forms,
)
from aad_assets.graph.reading.select import Selection
from aad_assets.graph.requests.batch import BatchItem, run_batches
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.retries import RetryBudget


async def read_children(
    client: GraphClient, entity: Entity, parents: Sequence[tuple[str, ...]], meter: Meter, part: Part
) -> Selection:
    """Read the children of all `parents` (their keys) into `part`, and close it. A deleted parent has no children.

    Raises GraphError or InvalidResponse.
    """

    async def read(form: Entity) -> None:
        if form is not entity:
            await part.discard()
            meter.rows = 0
        await _read_children(client, form, parents, meter, part)

    _, unrequested = await try_forms(entity, read)
    return Selection((entity.select,), unrequested=unrequested)


async def _read_children(
    client: GraphClient, entity: Entity, parents: Sequence[tuple[str, ...]], meter: Meter, part: Part
) -> None:
    items_per_parent = 1 + len(entity.casts)
    responses = 0
    missing: list[ChildItem] = []
    meter.parents_expected = len(parents)

    async def add(item: ChildItem, rows: list[msgspec.Raw]) -> None:
        await part.add(_complete_rows(entity, item, rows))
        meter.rows += len(rows)

    async def on_response(item: ChildItem, first: Page | None) -> None:
        nonlocal responses
        rows = await _read_all_pages(client, item, first, meter) if first else None
        if rows is None:
            missing.append(item)
        else:
            await add(item, rows)
        responses += 1
        meter.parents = responses // items_per_parent

    items, decode = _items(client, entity, parents, meter), decode_single if entity.one_per_parent else decode_page
    await run_batches(client, items, decode, meter, on_response, version=entity.version, family=entity.family)
    for item in missing:
        if not entity.not_found_means_empty and await _parent_exists(client, entity, item.parent, meter):
            await add(item, await _read_again(client, item, meter))
    if not parents and entity.licence and entity.filter:
        await _check_licence(client, entity, meter)
    await part.close()


async def _parent_exists(client: GraphClient, entity: Entity, parent: tuple[str, ...], meter: Meter) -> bool:
    """Return whether the parent still exists, although the request for its children returned 404."""
    before, placeholder, _ = entity.path.rpartition(ID_PLACEHOLDER)
    path = before + placeholder or f"{CATALOG[entity.parent or ''].path}/{ID_PLACEHOLDER}"
    try:
        await client.get(client.url(fill_path(path, parent), version=entity.version), bytes, meter)
    except NotFound:
        return False
    return True


async def _read_again(client: GraphClient, item: "ChildItem", meter: Meter) -> list[msgspec.Raw]:
    """Read the children of a parent that exists although they returned 404.

    Raises NotFound if they still do: then this cloud has no such API.
    """
    first = await fetch_page(client, item.query, meter)
    rows = await _read_all_pages(client, item, first, meter)
    if rows is None:
        raise InvalidResponse(f"{item.name}: a page returned 404 although the parent exists. Reload later.")
    return rows


async def _check_licence(client: GraphClient, entity: Entity, meter: Meter) -> None:
    """Request the children of an object that does not exist, to prove licence and permission although there are no parents.

    Raises LicenceMissing or PermissionMissing if Graph reports that one is missing.
    """
    query = child_query(client, entity, (NO_SUCH_ID,))
    with suppress(NotFound, RequestRejected):
        await client.get(query.url, decode_page, meter)


class ChildItem(BatchItem):
    """A GET of one parent's children, or of those of one type."""

    def __init__(self, client: GraphClient, query: Query, budget: RetryBudget, parent: tuple[str, ...], cast: str | None):
        super().__init__(client.relative(query.url), query.units, budget, query.headers)
        self.query = query
        self.parent = parent
        self.cast = cast
        self._path = client.path(query.url)

    @property
    def name(self) -> str:
        """The request for messages, with the version of Graph if it is not v1.0."""
        return f"GET {self._path}"


def _items(client: GraphClient, entity: Entity, parents: Sequence[tuple[str, ...]], meter: Meter) -> Iterator[ChildItem]:
    for parent in parents:
        for cast in (None, *entity.casts):
            query = child_query(client, entity, parent, cast)
            yield ChildItem(client, query, RetryBudget(client.retry, meter), parent, cast)


async def _read_all_pages(client: GraphClient, item: ChildItem, first: Page, meter: Meter) -> list[msgspec.Raw] | None:
    """Return all rows of one parent, whose first page came in a batch, or None if a further page returned 404."""
    page: Page | None = first
    for restart in range(MAX_RESTARTS + 1):
        rows: list[msgspec.Raw] = []
        try:
            async with aclosing(read_pages(client, item.query, meter, page)) as chain:
                async for more in chain:
                    rows += more
            return rows
        except NotFound:
            return None
        except PageTokenExpired:
            meter.restarts += 1
            page = None
            if restart == MAX_RESTARTS:
                raise
    raise AssertionError("the last restart returns or raises")


def _complete_rows(entity: Entity, item: ChildItem, rows: list[msgspec.Raw]) -> list[bytes]:
    """Return the rows with their parent's key, and with their type where Graph omits it because of the cast."""
    added = dict(zip(entity.parent_columns, item.parent, strict=True)) if entity.parent_columns else {}
    front = msgspec.json.encode(added)[:-1]
    typed = msgspec.json.encode(added | {ODATA_TYPE: f"{ODATA_TYPE_PREFIX}{item.cast}"})[:-1]
    return [_prepend(typed if item.cast and b'"@odata.type"' not in bytes(row) else front, bytes(row)) for row in rows]


def _prepend(front: bytes, row: bytes) -> bytes:
    """Return the members of two objects as one. `front` is an object without its closing brace."""
    rest = row[1:].lstrip()
    return row if front == b"{" else front + (rest if rest == b"}" else b"," + rest)
