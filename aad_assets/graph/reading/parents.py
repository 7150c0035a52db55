"""Keys of a parent that is not part of the run, for reading its children or filtering the rows that belong to it.

A parent that is part of the run is not read twice: `aad_assets.reload` takes its keys from the stage.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from aad_assets.catalog import CATALOG, Entity, Shape
from aad_assets.errors import InvalidResponse, RequestRejected
from aad_assets.graph.reading.children import read_children
from aad_assets.graph.reading.collections import with_other_page_size
from aad_assets.graph.reading.pagination import Rows, read_chain
from aad_assets.graph.reading.queries import collection_query
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter

Key = tuple[str, ...]


async def read_parent_keys(client: GraphClient, child: Entity, meter: Meter) -> list[Key]:
    """Read the values of `child.parent_key` of all parents that can have children. The requests count as the child's.

    Raises GraphError or InvalidResponse.
    """
    parent = CATALOG[child.parent or ""]
    names = [*child.parent_key, *([child.parent_where[0]] if child.parent_where else [])]
    keys = _KeyCollector(parent, names, child.parent_where[1] if child.parent_where else None)
    if parent.shape is Shape.CHILDREN:
        await read_children(client, parent, await read_parent_keys(client, parent, meter), meter, keys)
    else:
        select = tuple(dict.fromkeys(["id", *names])) if parent.needs_select else ()
        await _read(client, parent, select, meter, keys)
    meter.rows = 0
    return keys.found


async def _read(client: GraphClient, parent: Entity, select: Sequence[str], meter: Meter, keys: "_KeyCollector") -> None:
    try:
        await read_chain(client, collection_query(client, parent, select), meter, keys)
    except RequestRejected as rejection:
        if (smaller := with_other_page_size(parent, rejection)) is None:
            raise
        await keys.discard()
        await _read(client, smaller, select, meter, keys)


class _KeyCollector:
    """A part that keeps only the keys of the rows that qualify as parents."""

    def __init__(self, parent: Entity, names: Sequence[str], wanted: str | bool | None) -> None:
        """Create it for the properties `names`; if `wanted` is given, the last of them must have that value."""
        fields: list[Any] = [
            (f"f{n}", str | bool | None, msgspec.field(name=name, default=None)) for n, name in enumerate(names)
        ]
        self._decode = msgspec.json.Decoder(msgspec.defstruct("Keys", fields)).decode
        self._parent = parent
        self._wanted = wanted
        self.found: list[Key] = []

    async def add(self, rows: Rows) -> None:
        try:
            values = [msgspec.structs.astuple(self._decode(row)) for row in rows]
        except msgspec.DecodeError:
            values = [()]
        if self._wanted is not None:
            values = [key[:-1] for key in values if key and key[-1] == self._wanted]
        if not all(key and all(isinstance(value, str) and value for value in key) for key in values):
            raise InvalidResponse(f"{self._parent.table}: Graph returned a row without its key. Reload later.")
        self.found += values

    async def discard(self) -> None:
        self.found.clear()

    async def close(self) -> None:
        self.found = list(dict.fromkeys(self.found))
