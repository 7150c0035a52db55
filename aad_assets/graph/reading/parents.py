"""Keys of a parent that is not part of the run, for reading its children or what belongs to it.

Not here: the children (`children.py`); a parent that is part of the run is asked of the stage (`aad_assets.reload`).
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from aad_assets.catalog import CATALOG, Entity, Shape
from aad_assets.errors import InvalidResponse, RequestRejected
from aad_assets.graph.reading.children import read_children
from aad_assets.graph.reading.collections import collection_query, with_other_page_size
from aad_assets.graph.reading.pagination import read_chain
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter

Key = tuple[str, ...]


async def read_parent_keys(client: GraphClient, child: Entity, meter: Meter) -> list[Key]:
    """Values of `child.parent_key` of all its parents that can have any; the requests count as the child's."""
    parent = CATALOG[child.parent or ""]
    names = [*child.parent_key, *([child.parent_where[0]] if child.parent_where else [])]
    keys = _Keys(parent, names, child.parent_where[1] if child.parent_where else None)
    if parent.shape is Shape.CHILDREN:
        await read_children(client, parent, await read_parent_keys(client, parent, meter), meter, keys)
    else:
        select = tuple(dict.fromkeys(["id", *names])) if parent.selected else ()
        await _read(client, parent, select, meter, keys)
    meter.rows = 0
    return keys.found


async def _read(client: GraphClient, parent: Entity, select: tuple[str, ...], meter: Meter, keys: "_Keys") -> None:
    try:
        await read_chain(client, collection_query(client, parent, select), meter, keys)
    except RequestRejected as refusal:
        if (again := with_other_page_size(parent, refusal)) is None:
            raise
        await keys.discard()
        await _read(client, again, select, meter, keys)


class _Keys:
    """A `Part` that keeps nothing but keys."""

    def __init__(self, parent: Entity, names: Sequence[str], wanted: str | bool | None) -> None:
        fields: list[Any] = [
            (f"f{n}", str | bool | None, msgspec.field(name=name, default=None)) for n, name in enumerate(names)
        ]
        self._decode = msgspec.json.Decoder(msgspec.defstruct("Keys", fields)).decode
        self._parent = parent
        self._wanted = wanted
        self.found: list[Key] = []

    async def add(self, rows: Sequence[bytes | msgspec.Raw]) -> None:
        try:
            values = [msgspec.structs.astuple(self._decode(row)) for row in rows]
        except msgspec.DecodeError:
            values = [()]
        if self._wanted is not None:
            values = [key[:-1] for key in values if key and key[-1] == self._wanted]
        if not all(key and all(isinstance(value, str) and value for value in key) for key in values):
            raise InvalidResponse(f"{self._parent.table}: Graph sent a row without its key. Reload again.")
        self.found += values

    async def discard(self) -> None:
        self.found.clear()

    async def close(self) -> None:
        self.found = list(dict.fromkeys(self.found))
