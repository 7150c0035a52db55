"""Reading an entity that is one collection per parent: `/groups/{id}/members` and the like, in batches.

A parent's key can have several values: `/definitions/{id}/instances/{id}/decisions`.

A parent's rows are handed on when all its pages are there, so that an expired page token costs that parent alone. Sources:
learn.microsoft.com/graph/api/group-list-members, and the known issue that v1.0 leaves service principals out of it. Not
here: where the parents come from (`parents.py`, `aad_assets.reload`).
"""

from collections.abc import Iterator, Sequence
from contextlib import aclosing
from urllib.parse import quote

import msgspec

from aad_assets.catalog import CATALOG, Entity
from aad_assets.catalog.entity import ODATA_TYPE, ODATA_TYPE_PREFIX
from aad_assets.errors import InvalidResponse, NotFound, PageTokenExpired, RequestRejected
from aad_assets.graph.reading.pagination import EVENTUAL, RESTARTS, Page, Part, Query, decode_page, first_page, pages
from aad_assets.graph.requests.batch import Item, run_batches
from aad_assets.graph.requests.client import GraphClient, Retrying
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.rate_limits import resource_units

_PARENT = "{id}"
NOBODY = "00000000-0000-0000-0000-000000000000"
"""No object has this id."""


async def read_children(
    client: GraphClient, entity: Entity, parents: Sequence[tuple[str, ...]], meter: Meter, part: Part
) -> None:
    """Read the children of all `parents` (their keys) into `part`. A parent that vanished has none."""
    paths = 1 + len(entity.casts)
    answers = 0
    missing: list[ChildItem] = []
    meter.parents_expected = len(parents)

    async def add(item: ChildItem, rows: list[msgspec.Raw]) -> None:
        await part.add(_with_parent(entity, item, rows))
        meter.rows += len(rows)

    async def answered(item: ChildItem, first: Page | None) -> None:
        nonlocal answers
        rows = await _whole(client, item, first, meter) if first else None
        if rows is None:
            missing.append(item)
        else:
            await add(item, rows)
        answers += 1
        meter.parents = answers // paths

    await run_batches(client, _items(client, entity, parents, meter), decode_page, meter, answered)
    for item in missing:
        if not entity.childless_is_404 and await _exists(client, entity, item.parent, meter):
            await add(item, await _again(client, item, meter))
    if not parents and entity.licence and entity.filter:
        await _prove_licensed(client, entity, meter)
    await part.close()


async def _exists(client: GraphClient, entity: Entity, parent: tuple[str, ...], meter: Meter) -> bool:
    """Whether a parent whose children were answered 404 is there: then it is not the parent that vanished."""
    above = entity.path[: entity.path.rindex(_PARENT) + len(_PARENT)] if _PARENT in entity.path else ""
    path = _filled(above or f"{CATALOG[entity.parent or ''].path}/{_PARENT}", parent)
    try:
        await client.get(client.url(path), bytes, meter)
    except NotFound:
        return False
    return True


async def _again(client: GraphClient, item: "ChildItem", meter: Meter) -> list[msgspec.Raw]:
    """The rows of a parent that is there. Raises NotFound when they are still not: the API is missing."""
    query = Query(f"{client.base_url}{item.url}", item.units, headers=item.headers)
    first = await first_page(client, query, meter)
    rows = await _whole(client, item, first, meter)
    if rows is None:
        raise InvalidResponse(f"{item.path}: a page of a parent that is there was answered 404. Reload again.")
    return rows


async def _prove_licensed(client: GraphClient, entity: Entity, meter: Meter) -> None:
    """No parent to ask for proves neither licence nor permission: a parent that is none is asked about.

    Raises LicenceMissing or PermissionMissing when Graph says so.
    """
    item = next(_items(client, entity, [(NOBODY,)], meter))
    try:
        await client.get(f"{client.base_url}{item.url}", decode_page, meter)
    except (NotFound, RequestRejected) as error:
        if error.response.status in (401, 403):
            raise


class ChildItem(Item):
    """A GET of one parent's children, or of those of one type."""

    def __init__(self, url: str, units: int, retrying: Retrying, parent: tuple[str, ...], cast: str | None) -> None:
        super().__init__(url, units, retrying, EVENTUAL if cast else {})
        self.parent = parent
        self.cast = cast


def child_url(client: GraphClient, entity: Entity, parent: tuple[str, ...], cast: str | None = None) -> str:
    """The URL of one parent's children, without the base URL."""
    options: dict[str, str | int] = {}
    if entity.select:
        options["$select"] = ",".join(entity.select)
    if entity.page_size:
        options["$top"] = entity.page_size
    if entity.filter:
        options["$filter"] = entity.filter.replace(_PARENT, parent[0].replace("'", "''"))
    if cast:
        options["$count"] = "true"
    path = _filled(entity.path, parent) + (f"/microsoft.graph.{cast}" if cast else "")
    return client.url(path, options).removeprefix(client.base_url)


def _filled(path: str, parent: tuple[str, ...]) -> str:
    for value in parent:
        path = path.replace(_PARENT, quote(value, safe=""), 1)
    return path


def _items(client: GraphClient, entity: Entity, parents: Sequence[tuple[str, ...]], meter: Meter) -> Iterator[ChildItem]:
    units = resource_units(entity.path, select=bool(entity.select), top=entity.page_size)
    for parent in parents:
        for cast in (None, *entity.casts):
            url = child_url(client, entity, parent, cast)
            yield ChildItem(url, units, Retrying(client.retry, meter), parent, cast)


async def _whole(client: GraphClient, item: ChildItem, first: Page, meter: Meter) -> list[msgspec.Raw] | None:
    """All rows of one parent, whose first page came in a batch; None when a further page was answered 404."""
    query = Query(f"{client.base_url}{item.url}", item.units, headers=item.headers)
    page: Page | None = first
    for restart in range(RESTARTS + 1):
        rows: list[msgspec.Raw] = []
        try:
            async with aclosing(pages(client, query, meter, page)) as chain:
                async for more in chain:
                    rows += more
            return rows
        except NotFound:
            return None
        except PageTokenExpired:
            meter.restarts += 1
            page = None
            if restart == RESTARTS:
                raise
    raise AssertionError("the last restart returns or raises")


def _with_parent(entity: Entity, item: ChildItem, rows: list[msgspec.Raw]) -> list[bytes]:
    """Rows that say whose they are, and of which type where the cast has made Graph leave that out."""
    added = dict(zip(entity.parent_columns, item.parent, strict=True)) if entity.parent_columns else {}
    front = msgspec.json.encode(added)[:-1]
    typed = msgspec.json.encode(added | {ODATA_TYPE: f"{ODATA_TYPE_PREFIX}{item.cast}"})[:-1]
    return [_joined(typed if item.cast and b'"@odata.type"' not in bytes(row) else front, bytes(row)) for row in rows]


def _joined(front: bytes, row: bytes) -> bytes:
    """Two objects' members in one; `front` is an object without its closing brace."""
    rest = row[1:].lstrip()
    return row if front == b"{" else front + (rest if rest == b"}" else b"," + rest)
