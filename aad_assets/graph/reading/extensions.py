"""Reading the tenant's directory extension properties. See also `catalog/extensions.py` for the columns that they become."""

from typing import Any

import msgspec

from aad_assets.catalog import CATALOG
from aad_assets.catalog.extensions import ExtensionProperty
from aad_assets.errors import InvalidResponse
from aad_assets.graph.reading.pagination import Rows, read_chain
from aad_assets.graph.reading.queries import collection_query
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter


class _Row(msgspec.Struct):
    name: str
    data_type: Any = msgspec.field(name="dataType", default=None)
    multi_valued: Any = msgspec.field(name="isMultiValued", default=None)
    targets: list[Any] | None = msgspec.field(name="targetObjects", default=None)


_decode = msgspec.json.Decoder(_Row).decode


async def read_extensions(client: GraphClient, meter: Meter) -> list[ExtensionProperty]:
    """Read all extension properties that applications of this and other tenants have registered here.

    Raises GraphError or InvalidResponse.
    """
    part = _ExtensionCollector()
    await read_chain(client, collection_query(client, CATALOG["extension_properties"], ()), meter, part)
    return part.found


class _ExtensionCollector:
    """A part that decodes each row."""

    def __init__(self) -> None:
        self.found: list[ExtensionProperty] = []

    async def add(self, rows: Rows) -> None:
        try:
            decoded = [_decode(row) for row in rows]
        except msgspec.DecodeError:
            raise InvalidResponse("extension_properties: Graph returned a row without a name. Reload later.") from None
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
        """Do nothing: the rows are decoded already."""
