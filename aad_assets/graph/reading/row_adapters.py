"""Reading single objects, and transforms that turn rows of special shapes into rows of the table."""

from collections.abc import Collection

import msgspec

from aad_assets.catalog import Entity
from aad_assets.catalog.entity import ODATA_TYPE
from aad_assets.errors import InvalidResponse
from aad_assets.graph.reading.pagination import Part, Rows, Transform
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.surrogates import encode_surrogates, restore_surrogates


async def read_singleton(client: GraphClient, entity: Entity, meter: Meter, part: Part) -> None:
    """Read an entity that is a single object into `part`, and close it. Raises GraphError or InvalidResponse."""
    row = await client.get(client.url(entity.path), _decode_object, meter, families=(entity.family,))
    row = _unwrap_list(row)
    if not _decode_members(row).keys() & {column.source for column in entity.all_columns}:
        raise InvalidResponse("Graph's response has none of the entity's properties. Nothing was published. Reload later.")
    await part.add([_add_key(entity, row)])
    await part.close()
    meter.rows = 1


def _decode_object(body: bytes) -> bytes:
    """Return the body unchanged. Raises msgspec.DecodeError if it is not a complete object."""
    try:
        _decode_members(body)
    except msgspec.DecodeError:
        if (encoded := encode_surrogates(body)) is None:
            raise
        _decode_members(encoded)
        return bytes(restore_surrogates(msgspec.Raw(encoded)))
    return body


def _unwrap_list(body: bytes) -> bytes:
    """Return the only row of a list of one: some versions of Graph return a policy in this form."""
    members = _decode_members(body)
    try:
        rows = msgspec.json.decode(members.get("value", b"null"), type=list[msgspec.Raw])
    except msgspec.DecodeError:
        return body
    return bytes(rows[0]) if len(rows) == 1 else body


def _add_key(entity: Entity, row: bytes) -> bytes:
    """Return the row with an id. Graph omits it for some single policies; they get the last segment of their path."""
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


def to_edges(entity: Entity) -> Transform:
    """Return a transform from rows with one expanded object to edges. A row without that object is dropped."""
    source, target = entity.parent_columns[0], entity.edge or ""

    def edge(row: bytes | msgspec.Raw) -> bytes | None:
        members = _decode_members(row)
        related = _decode_related(members.get(target, b"null"))
        identity = msgspec.json.decode(members["id"], type=str)
        return related and msgspec.json.encode({source: identity, "id": related.id, ODATA_TYPE: related.type})

    def transform(rows: Rows) -> list[bytes]:
        try:
            return [found for row in rows if (found := edge(row))]
        except (msgspec.DecodeError, KeyError):
            raise InvalidResponse(f"{entity.table}: Graph returned a row without an id. Reload later.") from None

    return transform


def wrap_strings(rows: Rows) -> list[bytes]:
    """Turn strings into objects with a `value`."""
    return [b'{"value":' + bytes(row) + b"}" for row in rows]


def keep_owned(entity: Entity, owners: Collection[str]) -> Transform:
    """Return a transform that keeps the rows of `owners`, for a collection that tenants share."""
    name = entity.owner_column or ""

    def is_owned(row: bytes | msgspec.Raw) -> bool:
        try:
            return msgspec.json.decode(_decode_members(row)[name], type=str) in owners
        except (msgspec.DecodeError, KeyError):
            return True  # Validation reports what is wrong with the row.

    return lambda rows: [row for row in rows if is_owned(row)]
