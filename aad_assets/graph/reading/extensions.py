"""Reading which directory extension properties there are. Not here: the columns they become (`catalog/extensions.py`)."""

from collections.abc import Sequence
from typing import Any

import msgspec

from aad_assets.catalog import CATALOG
from aad_assets.catalog.extensions import ExtensionProperty
from aad_assets.errors import InvalidResponse
from aad_assets.graph.reading.collections import collection_query
from aad_assets.graph.reading.pagination import read_chain
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter


class _Row(msgspec.Struct):
    name: str
    data_type: Any = msgspec.field(name="dataType", default=None)
    multi_valued: Any = msgspec.field(name="isMultiValued", default=None)
    targets: list[Any] | None = msgspec.field(name="targetObjects", default=None)


_decode = msgspec.json.Decoder(_Row).decode


async def read_extensions(client: GraphClient, meter: Meter) -> list[ExtensionProperty]:
    """All that applications of this and of other tenants have registered here. Raises GraphError."""
    part = _Extensions()
    await read_chain(client, collection_query(client, CATALOG["extension_properties"], ()), meter, part)
    return part.found


class _Extensions:
    """A `Part` that decodes each row."""

    def __init__(self) -> None:
        self.found: list[ExtensionProperty] = []

    async def add(self, rows: Sequence[bytes | msgspec.Raw]) -> None:
        try:
            decoded = [_decode(row) for row in rows]
        except msgspec.DecodeError:
            raise InvalidResponse("extension_properties: Graph sent a row without a name. Reload again.") from None
        self.found += [
            ExtensionProperty(
                row.name,
                row.data_type if isinstance(row.data_type, str) else "String",
                row.multi_valued is True,
                frozenset(target for target in row.targets or () if isinstance(target, str)),
            )
            for row in decoded
        ]

    async def discard(self) -> None:
        self.found.clear()

    async def close(self) -> None:
        """Nothing is left to do."""
