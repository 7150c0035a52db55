"""Small requests for the children of one parent, and the search for a parent that can have any."""

import asyncio
from dataclasses import replace
from typing import Any

import msgspec

from aad_assets.catalog import CATALOG, Entity, Shape
from aad_assets.catalog.columns import ODATA_TYPE, ODATA_TYPE_PREFIX
from aad_assets.errors import AadAssetsError, NotFound, PermissionMissing, RequestRejected
from aad_assets.graph.probing.findings import is_unknown_path
from aad_assets.graph.reading.collections import with_other_page_size
from aad_assets.graph.reading.pagination import Page, fetch_page, next_url
from aad_assets.graph.reading.parents import Key, key_select, read_parent_list, without_expand
from aad_assets.graph.reading.queries import NO_SUCH_ID, child_query, collection_query
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter

MAX_PARENTS = 5
"""Parents to try when the children are parents themselves, or when Graph refuses the first."""

REFUSED = (PermissionMissing, RequestRejected, NotFound)
"""Errors that may be about one parent only."""

_MAX_PAGES = 10
"""Pages to search for a parent that can have children."""


class ChildrenProbe:
    """Requests children and their parents. Parents that several entities need are read once."""

    def __init__(self, client: GraphClient, meter: Meter) -> None:
        self._client = client
        self._meter = meter
        self._parents: dict[Any, asyncio.Task[list[Key]]] = {}

    async def close(self) -> None:
        """Cancel requests for parents that are still running."""
        for task in self._parents.values():
            task.cancel()
        await asyncio.gather(*self._parents.values(), return_exceptions=True)

    async def children(self, entity: Entity, parent: Key | None, top: int) -> list[msgspec.Raw]:
        """Fetch children of `parent` with every cast, at most `top` for each.

        Without a parent, request those of an object that does not exist. Raises GraphError if it reports a problem of the
        entity rather than of that object.
        """
        nobody = (NO_SUCH_ID,) * len(entity.parent_key)
        rows: list[msgspec.Raw] = []
        for cast in (None, *entity.casts):
            try:
                rows += (await self.page(entity, parent or nobody, cast, top=top)).value
            except RequestRejected as error:
                if parent or is_unknown_path(error.response):
                    raise
            except NotFound as error:
                # No children: the parent does not exist, has just been deleted, or has no such property.
                if is_unknown_path(error.response):
                    raise
        return rows

    async def page(self, entity: Entity, parent: Key, cast: str | None = None, *, top: int) -> Page:
        """Fetch a page of at most `top` children of `parent`. Raises GraphError."""
        return await fetch_page(self._client, child_query(self._client, entity, parent, cast, top=top), self._meter)

    async def parents(self, child: Entity) -> list[Key]:
        """Return the keys of the first few parents that can have children. Raises GraphError."""
        wanted = (child.parent, child.parent_key, child.parent_where, child.parent_list)
        if wanted not in self._parents:
            self._parents[wanted] = asyncio.create_task(self._read_parents(child))
        return await asyncio.shield(self._parents[wanted])

    async def _read_parents(self, child: Entity) -> list[Key]:
        if child.parent_list and (listed := await read_parent_list(self._client, child, self._meter)):
            return listed
        parent = without_expand(CATALOG[child.parent or ""])
        if parent.shape is Shape.CHILDREN:
            return await self._search_grandparents(child, parent)
        return await self._search_collection(child, parent)

    async def _search_grandparents(self, child: Entity, parent: Entity) -> list[Key]:
        error: AadAssetsError | None = None
        answered = False
        for key in await self.parents(parent):
            try:
                page = await self.page(parent, key, top=MAX_PARENTS)
            except REFUSED as refusal:
                error = error or refusal
                continue
            answered = True
            if found := _keys(page, child, dict(zip(parent.parent_columns, key, strict=True))):
                return found
        if error and not answered:
            raise error
        return []

    async def _search_collection(self, child: Entity, parent: Entity) -> list[Key]:
        select = key_select(parent, child)
        top = None if child.parent_where else MAX_PARENTS
        query = collection_query(self._client, parent, select, top=top)
        for _ in range(_MAX_PAGES):
            try:
                page = await fetch_page(self._client, query, self._meter)
            except RequestRejected as rejection:
                if (smaller := with_other_page_size(parent, rejection)) is None:
                    raise
                parent = smaller
                query = collection_query(self._client, parent, select, top=top)
                continue
            found = _keys(page, child, {})
            if found or (link := next_url(self._client, query.url, page)) is None:
                return found
            query = replace(query, url=link)
        return []


def _keys(page: Page, child: Entity, inherited: dict[str, str]) -> list[Key]:
    """Return the values of `child.parent_key` in the rows that qualify. `inherited` are members that the rows lack."""
    rows = [_as_columns(decode_members(row)) | inherited for row in page.value]
    values = [[row.get(name) for name in child.parent_sources] for row in rows]
    return [tuple(map(str, key)) for key in child.parent_keys(values) if all(key)]


def _as_columns(members: dict[str, Any]) -> dict[str, Any]:
    """Return the members with the row's type as tables have it."""
    return members | {"odataType": str(members.get(ODATA_TYPE) or "").removeprefix(ODATA_TYPE_PREFIX)}


def decode_members(row: msgspec.Raw) -> dict[str, Any]:
    """Decode a row, or return an empty dict for one with a lone surrogate: the other rows are enough for a probe."""
    try:
        return msgspec.json.decode(row, type=dict[str, Any])
    except ValueError:  # also invalid UTF-8
        return {}
