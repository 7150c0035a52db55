"""Reading the tenant's directory extension properties. See also `catalog/extensions.py` for the columns that they become.

Graph returns an empty list in tenants with more than 1,000 service principals, a known issue on
learn.microsoft.com/graph/api/directoryobject-getavailableextensionproperties. There, the properties of every application are
read. They do not include those of other tenants' applications.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from aad_assets.catalog import CATALOG
from aad_assets.catalog.extensions import ExtensionProperty
from aad_assets.errors import (
    AadAssetsError,
    InvalidResponse,
    LicenceMissing,
    NotFound,
    PermissionMissing,
    RequestRejected,
)
from aad_assets.graph.reading.children import read_children
from aad_assets.graph.reading.collections import fetch_count
from aad_assets.graph.reading.pagination import Rows, read_chain
from aad_assets.graph.reading.parents import read_parent_keys
from aad_assets.graph.reading.queries import collection_query
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter

_LISTED_UP_TO = 1_000
"""Service principals up to which an empty list means that there are no extension properties."""

_REFUSED = (LicenceMissing, NotFound, PermissionMissing, RequestRejected)


@dataclass(frozen=True)
class Extensions:
    """The extension properties that could be read."""

    found: tuple[ExtensionProperty, ...]
    problem: str = ""
    """Why some may be missing, as a sentence; empty if the list is complete."""

    @property
    def is_proof(self) -> bool:
        """Return whether a property that is missing no longer exists. An empty list proves nothing."""
        return bool(self.found) and not self.problem


async def read_extensions(client: GraphClient, meter: Meter) -> Extensions:
    """Read the extension properties that are registered in this tenant.

    Raises GraphUnavailable or InvalidResponse.
    """
    part = _ExtensionCollector()
    try:
        await read_chain(client, collection_query(client, CATALOG["extension_properties"], ()), meter, part)
    except _REFUSED as error:
        return await _of_applications(client, meter, f"Graph did not list the directory extension properties: {error}")
    if part.found:
        return Extensions(tuple(part.found))
    principals = await fetch_count(client, CATALOG["service_principals"].path, meter)
    if principals is not None and principals <= _LISTED_UP_TO:
        return Extensions(())
    why = f"Graph lists no directory extension properties in tenants with more than {_LISTED_UP_TO:,} service principals"
    return await _of_applications(client, meter, why)


async def _of_applications(client: GraphClient, meter: Meter, why: str) -> Extensions:
    """Read the extension properties of every application, because of `why`."""
    entity, part = CATALOG["application_extension_properties"], _ExtensionCollector()
    try:
        await read_children(client, entity, await read_parent_keys(client, entity, meter), meter, part)
    except _REFUSED as error:
        return Extensions((), f"{_sentence(why)} Those of the applications could not be read either: {_sentence(error)}")
    return Extensions(tuple(part.found), f"{_sentence(why)} Only those of this tenant's own applications were read.")


def _sentence(text: AadAssetsError | str) -> str:
    return f"{str(text).rstrip('.')}."


class _Row(msgspec.Struct):
    name: str
    data_type: Any = msgspec.field(name="dataType", default=None)
    multi_valued: Any = msgspec.field(name="isMultiValued", default=None)
    targets: list[Any] | None = msgspec.field(name="targetObjects", default=None)


_decode = msgspec.json.Decoder(_Row).decode


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
