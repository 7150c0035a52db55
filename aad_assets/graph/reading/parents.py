"""Keys of a parent that is not part of the run, for reading its children or filtering the rows that belong to it.

A parent that is part of the run is not read twice: `aad_assets.reload` takes its keys from the stage.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from aad_assets.catalog import CATALOG, Entity, Shape, Version
from aad_assets.catalog.columns import ODATA_TYPE, ODATA_TYPE_PREFIX
from aad_assets.errors import (
    InvalidResponse,
    LicenceMissing,
    NotFound,
    PermissionMissing,
    Refusals,
    RequestRejected,
)
from aad_assets.graph.reading.children import read_children
from aad_assets.graph.reading.collections import with_other_page_size
from aad_assets.graph.reading.pagination import Rows, read_chain
from aad_assets.graph.reading.queries import collection_query
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter

Key = tuple[str, ...]


@dataclass(frozen=True)
class ParentKeys:
    """The keys of the parents that can have children."""

    found: list[Key]
    refused: tuple[Refusals, ...] = ()
    """The parents that Graph refused on the levels above, from the top. Parents below that may be missing in `found`."""


async def read_parent_keys(client: GraphClient, child: Entity, meter: Meter) -> ParentKeys:
    """Read the values of `child.parent_key` of all parents that can have children. The requests count as the child's.

    Raises GraphError or InvalidResponse.
    """
    parent = without_expand(CATALOG[child.parent or ""])
    keys = KeyCollector(parent, child)
    refused: tuple[Refusals, ...] = ()
    if parent.shape is Shape.CHILDREN:
        above = await read_parent_keys(client, parent, meter)
        selection = await read_children(client, parent, above.found, meter, keys)
        refused = above.refused
        if selection.refused:
            refused += (Refusals(parent.table, selection.refused, selection.parents),)
    else:
        await _read(client, parent, key_select(parent, child), meter, keys)
    meter.rows = 0
    return ParentKeys(keys.found, refused)


async def read_parent_list(client: GraphClient, child: Entity, meter: Meter) -> list[Key] | None:
    """Read the keys of those parents that have children from the list that Graph has of them.

    Return None if there is no such list, or if Graph does not return it. Raises GraphUnavailable or InvalidResponse.
    """
    if child.parent_list is None:
        return None
    source = CATALOG[child.parent_list]
    versions = (Version.V1, source.version) if source.may_be_in_v1 else (source.version,)
    for version in versions:
        keys = KeyCollector(source, replace(child, parent_where=None))
        with suppress(LicenceMissing, NotFound, PermissionMissing, RequestRejected):
            await read_chain(client, collection_query(client, replace(source, version=version), ()), meter, keys)
            meter.rows = 0
            return keys.found
    return None


def without_expand(entity: Entity) -> Entity:
    """Return the entity without the related objects that a read for keys does not need."""
    return replace(entity, links=(), inline=())


def key_select(parent: Entity, child: Entity) -> tuple[str, ...]:
    """Return the `$select` of a read for `child.parent_sources`."""
    names = dict.fromkeys(["id", *child.parent_sources])
    sources = {column.name: column.source for column in parent.all_columns}
    return tuple(name for name in names if sources.get(name) != ODATA_TYPE) if parent.needs_select else ()


async def _read(client: GraphClient, parent: Entity, select: Sequence[str], meter: Meter, keys: "KeyCollector") -> None:
    try:
        await read_chain(client, collection_query(client, parent, select), meter, keys)
    except RequestRejected as rejection:
        if (smaller := with_other_page_size(parent, rejection)) is None:
            raise
        await keys.discard()
        await _read(client, smaller, select, meter, keys)


class KeyCollector:
    """A part that keeps only the keys of the rows that can have children."""

    def __init__(self, parent: Entity, child: Entity) -> None:
        sources = {column.name: column.source for column in parent.all_columns}
        fields: list[Any] = [
            (f"f{n}", Any, msgspec.field(name=sources.get(name, name), default=None))
            for n, name in enumerate(child.parent_sources)
        ]
        self._decode = msgspec.json.Decoder(msgspec.defstruct("Keys", fields)).decode
        self._parent = parent
        self._child = child
        self.found: list[Key] = []

    async def add(self, rows: Rows) -> None:
        try:
            values = self._child.parent_keys([_typed(msgspec.structs.astuple(self._decode(row))) for row in rows])
        except ValueError:  # also invalid UTF-8
            values = [()]
        if not all(key and all(isinstance(value, str) and value for value in key) for key in values):
            raise InvalidResponse(f"{self._parent.table}: Graph returned a row without its key. Reload later.")
        self.found += values

    async def discard(self) -> None:
        self.found.clear()

    async def close(self) -> None:
        self.found = list(dict.fromkeys(self.found))


def _typed(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the values with the name of a type as tables have it."""
    return tuple(value.removeprefix(ODATA_TYPE_PREFIX) if isinstance(value, str) else value for value in values)
