"""Single objects, and what the shapes of the catalogue make of the rows that Graph sends.

Not here: collections (`lists.py`) and children (`children.py`).
"""

from collections.abc import Collection, Sequence

import msgspec

from aad_assets.catalog import Entity
from aad_assets.catalog.entity import ODATA_TYPE
from aad_assets.errors import InvalidResponse
from aad_assets.graph.reading.pagination import Change, Part
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.surrogates import hidden, shown

Rows = Sequence[bytes | msgspec.Raw]


async def read_singleton(client: GraphClient, entity: Entity, meter: Meter, part: Part) -> None:
    """Read the one object there is. Raises GraphError."""
    families = (entity.family,)
    row = await client.get(client.url(entity.path), _decode_object, meter, families=families)
    row = _unwrapped(row)
    if not _decode_members(row).keys() & {column.source for column in entity.every_column}:
        raise InvalidResponse("Graph's answer has none of its properties; nothing is published. Reload again.")
    await part.add([_with_key(entity, row)])
    await part.close()
    meter.rows = 1


def _decode_object(body: bytes) -> bytes:
    """The body as it is; raises msgspec.DecodeError when it is no whole object."""
    try:
        _decode_members(body)
    except msgspec.DecodeError:
        if (readable := hidden(body)) is None:
            raise
        _decode_members(readable)
        return bytes(shown(msgspec.Raw(readable)))
    return body


def _unwrapped(body: bytes) -> bytes:
    """The row of a list of one: some versions of Graph serve a policy so."""
    members = _decode_members(body)
    try:
        rows = msgspec.json.decode(members.get("value", b"null"), type=list[msgspec.Raw])
    except msgspec.DecodeError:
        return body
    return bytes(rows[0]) if len(rows) == 1 else body


def _with_key(entity: Entity, row: bytes) -> bytes:
    """Policies of which there is one are answered without an id now and then: the path's end names them as well."""
    try:
        if msgspec.json.decode(row, type=_Identified).id:
            return row
    except msgspec.DecodeError:
        return row
    name = msgspec.Raw(msgspec.json.encode(entity.path.rpartition("/")[2]))
    return msgspec.json.encode(_decode_members(row) | {"id": name})


class _Identified(msgspec.Struct):
    id: str | None = None


class _Related(msgspec.Struct):
    id: str
    type: str | None = msgspec.field(name=ODATA_TYPE, default=None)


_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_related = msgspec.json.Decoder(_Related | None).decode


def edges(entity: Entity) -> Change:
    """Of rows with one object expanded: an edge for each row that has one."""
    source, target = entity.parent_columns[0], entity.edge or ""

    def edge(row: bytes | msgspec.Raw) -> bytes | None:
        members = _decode_members(row)
        related = _decode_related(members.get(target, b"null"))
        identity = msgspec.json.decode(members["id"], type=str)
        return related and msgspec.json.encode({source: identity, "id": related.id, ODATA_TYPE: related.type})

    def change(rows: Rows) -> list[bytes]:
        try:
            return [found for row in rows if (found := edge(row))]
        except (msgspec.DecodeError, KeyError):
            raise InvalidResponse(f"{entity.table}: Graph sent a row without an id. Reload again.") from None

    return change


def strings(rows: Rows) -> list[bytes]:
    """Of strings: objects with a `value`."""
    return [b'{"value":' + bytes(row) + b"}" for row in rows]


def belonging(entity: Entity, owners: Collection[str]) -> Change:
    """Of a list that tenants share: the rows of this one."""
    name = entity.belongs_by or ""

    def owned(row: bytes | msgspec.Raw) -> bool:
        try:
            return msgspec.json.decode(_decode_members(row)[name], type=str) in owners
        except (msgspec.DecodeError, KeyError):
            return True  # the proof tells what is the matter with it

    return lambda rows: [row for row in rows if owned(row)]
