"""Reading the tenant's directory extension properties. See also `catalog/extensions.py` for the columns that they become.

Graph returns an empty list in tenants with more than 1,000 service principals, a known issue on
learn.microsoft.com/graph/api/directoryobject-getavailableextensionproperties. There, the properties of every application are
read. They do not include those of other tenants' applications.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from aad_assets.catalog import CATALOG
from aad_assets.catalog.extensions import ExtensionProperty, is_valid_name
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
from aad_assets.wording import counted

_LISTED_UP_TO = 1_000
"""Service principals up to which an empty list means that there are no extension properties."""

_MAX_NAMES = 10
_MAX_CHARACTERS = 120
"""Limits of a message that shows names which were left out."""

_UNREADABLE = (InvalidResponse, LicenceMissing, NotFound, PermissionMissing, RequestRejected)


@dataclass(frozen=True)
class Extensions:
    """The extension properties that could be read."""

    found: tuple[ExtensionProperty, ...]
    missing: str = ""
    """Why some may be missing, as sentences; empty if the list is complete."""
    left_out: tuple[str, ...] = ()
    """Names in the list that no directory extension property can have. They could not be requested."""

    @property
    def problem(self) -> str:
        """Return what is wrong with the list, as sentences; empty if nothing is."""
        if not self.left_out:
            return self.missing
        number = counted(len(self.left_out), "directory extension property")
        was, names = ("was", "its name is") if len(self.left_out) == 1 else ("were", "their names are")
        shown = ", ".join(name[:_MAX_CHARACTERS] for name in self.left_out[:_MAX_NAMES])
        more = f" and {len(self.left_out) - _MAX_NAMES:,} more" if len(self.left_out) > _MAX_NAMES else ""
        return (
            f"{self.missing} {number} {was} left out because {names} not of the form extension_<app ID>_<name>: "
            f"{shown}{more}."
        ).strip()

    @property
    def is_proof(self) -> bool:
        """Return whether a property that is missing no longer exists. An empty list proves nothing."""
        return bool(self.found) and not self.missing


async def read_extensions(client: GraphClient, meter: Meter) -> Extensions:
    """Read the extension properties that are registered in this tenant.

    Raises GraphUnavailable.
    """
    part = _ExtensionCollector()
    try:
        await read_chain(client, collection_query(client, CATALOG["extension_properties"], ()), meter, part)
    except _UNREADABLE as error:
        return await _of_applications(client, meter, f"Graph did not list the directory extension properties: {error}")
    if part.found or part.left_out:
        return Extensions(tuple(part.found), left_out=tuple(part.left_out))
    principals = await fetch_count(client, CATALOG["service_principals"].path, meter)
    if principals is not None and principals <= _LISTED_UP_TO:
        return Extensions(())
    why = f"Graph lists no directory extension properties in tenants with more than {_LISTED_UP_TO:,} service principals"
    return await _of_applications(client, meter, why)


async def _of_applications(client: GraphClient, meter: Meter, why: str) -> Extensions:
    """Read the extension properties of every application, because of `why`."""
    entity, part = CATALOG["application_extension_properties"], _ExtensionCollector()
    try:
        parents = await read_parent_keys(client, entity, meter)
        refused = (await read_children(client, entity, parents.found, meter, part)).refused
    except _UNREADABLE as error:
        return Extensions((), f"{_sentence(why)} Those of the applications could not be read either: {_sentence(error)}")
    missing = f"{_sentence(why)} Only those of this tenant's own applications were read."
    if refused:
        missing += f" Graph refused those of {counted(len(refused), 'application')}."
    return Extensions(tuple(part.found), missing, tuple(part.left_out))


def _sentence(text: AadAssetsError | str) -> str:
    return f"{str(text).rstrip('.')}."


class _Row(msgspec.Struct):
    name: Any = None
    data_type: Any = msgspec.field(name="dataType", default=None)
    multi_valued: Any = msgspec.field(name="isMultiValued", default=None)
    targets: Any = msgspec.field(name="targetObjects", default=None)


_decode = msgspec.json.Decoder(_Row).decode


class _ExtensionCollector:
    """A part that decodes each row."""

    def __init__(self) -> None:
        self.found: list[ExtensionProperty] = []
        self.left_out: dict[str, None] = {}

    async def add(self, rows: Rows) -> None:
        for row in rows:
            try:
                self._add(_decode(row))
            except ValueError:  # also invalid UTF-8
                self.left_out["no object"] = None

    def _add(self, row: _Row) -> None:
        if not isinstance(row.name, str) or not is_valid_name(row.name):
            self.left_out[ascii(row.name)] = None  # It may have any character, such as a comma or a line break.
            return
        data_type = row.data_type if isinstance(row.data_type, str) else "String"
        targets = row.targets if isinstance(row.targets, list) else []
        valid_targets = frozenset(target for target in targets if isinstance(target, str))
        self.found.append(ExtensionProperty(row.name, data_type, row.multi_valued is True, valid_targets))

    async def discard(self) -> None:
        self.found.clear()
        self.left_out.clear()

    async def close(self) -> None:
        """Do nothing: the rows are decoded already."""
