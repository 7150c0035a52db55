"""Reading which directory extension properties there are. Not here: the columns they become (`catalog/extensions.py`)."""

from collections.abc import Sequence

import msgspec

from aad_assets.catalog import CATALOG
from aad_assets.catalog.extensions import ExtensionProperty
from aad_assets.errors import UntrustedAnswer
from aad_assets.graph.client import GraphClient
from aad_assets.graph.lists import list_query
from aad_assets.graph.meter import Meter
from aad_assets.graph.pages import read_chain


class _Row(msgspec.Struct):
    name: str
    data_type: str | None = msgspec.field(name="dataType", default=None)
    multi_valued: bool | None = msgspec.field(name="isMultiValued", default=None)
    targets: list[str] | None = msgspec.field(name="targetObjects", default=None)


_decode = msgspec.json.Decoder(_Row).decode


async def read_extensions(client: GraphClient, meter: Meter) -> list[ExtensionProperty]:
    """All that applications of this and of other tenants have registered here. Raises GraphError."""
    part = _Extensions()
    await read_chain(client, list_query(client, CATALOG["extension_properties"], ()), meter, part)
    return part.found


class _Extensions:
    """A `Part` that decodes each row."""

    def __init__(self) -> None:
        self.found: list[ExtensionProperty] = []

    async def add(self, rows: Sequence[bytes | msgspec.Raw]) -> None:
        try:
            decoded = [_decode(row) for row in rows]
        except msgspec.DecodeError:
            raise UntrustedAnswer("extension_properties: Graph sent a row without a name. Reload again.") from None
        self.found += [
            ExtensionProperty(row.name, row.data_type or "String", bool(row.multi_valued), frozenset(row.targets or ()))
            for row in decoded
        ]

    async def discard(self) -> None:
        self.found.clear()

    async def close(self) -> None:
        """Nothing is left to do."""
