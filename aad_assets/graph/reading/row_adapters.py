"""Reading single objects, and transforms that turn rows of special shapes into rows of the table."""

from collections.abc import Collection
from contextlib import suppress
from typing import Any

import msgspec

from aad_assets.catalog import Entity
from aad_assets.catalog.columns import ODATA_TYPE, Link
from aad_assets.errors import InvalidResponse
from aad_assets.graph.reading.pagination import Part, Rows, Transform, decode_single, next_url
from aad_assets.graph.reading.queries import singleton_query, try_forms
from aad_assets.graph.reading.select import Selection
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.surrogates import encode_surrogates, restore_surrogates


async def read_singleton(client: GraphClient, entity: Entity, meter: Meter, part: Part) -> Selection:
    """Read an entity that is a single object into `part`, and close it. Raises GraphError or InvalidResponse."""
    body, selection = await fetch_singleton(client, entity, meter)
    row = _unwrap_list(body)
    if not _decode_members(row).keys() & {column.source for column in entity.all_columns}:
        raise InvalidResponse("Graph's response has none of the entity's properties. Nothing was published. Reload later.")
    rows = [] if entity.absent_without_id and not _has_id(row) else [_add_key(entity, row)]
    await part.add(rows)
    await part.close()
    meter.rows = len(rows)
    return selection


async def fetch_singleton(client: GraphClient, entity: Entity, meter: Meter) -> tuple[bytes, Selection]:
    """Fetch a single object in the fullest form that Graph accepts. Raises GraphError or InvalidResponse."""

    async def fetch(form: Entity) -> bytes:
        query = singleton_query(client, form)
        page = await client.get(query.url, decode_single, meter, families=query.families)
        next_url(client, query.url, page, is_single=True)
        return bytes(page.value[0])

    body, unrequested = await try_forms(entity, fetch)
    return body, Selection(((),), unrequested=unrequested)


def _unwrap_list(body: bytes) -> bytes:
    """Return the only row of a list of one: some versions of Graph return a policy in this form."""
    members = _decode_members(body)
    try:
        rows = msgspec.json.decode(members.get("value", b"null"), type=list[msgspec.Raw])
    except ValueError:  # also invalid UTF-8
        return body
    return bytes(rows[0]) if len(rows) == 1 else body


def _add_key(entity: Entity, row: bytes) -> bytes:
    """Return the row with an id. Graph omits it for some single policies; they get the last segment of their path."""
    if _has_id(row):
        return row
    name = msgspec.Raw(msgspec.json.encode(entity.path.rpartition("/")[2]))
    return msgspec.json.encode(_decode_members(row) | {"id": name})


def _has_id(row: bytes) -> bool:
    """Return whether the row has an id, or one of another type, which validation reports."""
    try:
        return bool(msgspec.json.decode(row, type=_Identified).id)
    except ValueError:  # also invalid UTF-8
        return True


class _Identified(msgspec.Struct):
    id: str | None = None


class _Related(msgspec.Struct):
    id: str
    type: str | None = msgspec.field(name=ODATA_TYPE, default=None)


_decode_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_link = msgspec.json.Decoder(dict[str, msgspec.Raw] | None).decode
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
        except (ValueError, KeyError):
            raise InvalidResponse(f"{entity.table}: Graph returned a row without an id. Reload later.") from None

    return transform


def flatten_links(entity: Entity) -> Transform:
    """Return a transform that replaces linked objects by flat members: `{"target": {"id": "x"}}` → `{"targetId": "x"}`.

    Other members of a linked object stay where they are, and so get into `_extra`. Validation reports what is wrong with rows
    and linked objects that are not objects.
    """
    if not entity.links:
        return lambda rows: rows

    def flatten_valid(row: bytes | msgspec.Raw) -> bytes | msgspec.Raw:
        members = _decode_members(row)
        present = [link for link in entity.links if link.name in members]
        for link in present:
            _flatten_link(members, link)
        return msgspec.json.encode(members) if present else row

    def flatten(row: bytes | msgspec.Raw) -> bytes | msgspec.Raw:
        with suppress(ValueError):
            return flatten_valid(row)
        with suppress(ValueError):
            if (encoded := encode_surrogates(bytes(row))) is not None:
                return restore_surrogates(msgspec.Raw(flatten_valid(encoded)))
        return row

    return lambda rows: [flatten(row) for row in rows]


def _flatten_link(members: dict[str, Any], link: Link) -> None:
    """Replace the linked object in a row's members. One that is not an object stays as it is."""
    try:
        linked = _decode_link(members[link.name]) or {}
    except ValueError:  # also invalid UTF-8
        return
    members.pop(link.name)
    for property_, column in link.column_names().items():
        if property_ in linked:
            members[column] = linked.pop(property_)
    if rest := {name: value for name, value in linked.items() if "@odata." not in name}:
        members[link.name] = msgspec.Raw(msgspec.json.encode(rest))


def wrap_strings(rows: Rows) -> list[bytes]:
    """Turn strings into objects with a `value`."""
    return [b'{"value":' + bytes(row) + b"}" for row in rows]


def keep_owned(entity: Entity, owners: Collection[str]) -> Transform:
    """Return a transform that keeps the rows of `owners`, for a collection that tenants share."""
    name = entity.owner_column or ""

    def is_owned(row: bytes | msgspec.Raw) -> bool:
        try:
            return msgspec.json.decode(_decode_members(row)[name], type=str) in owners
        except (ValueError, KeyError):
            return True  # Validation reports what is wrong with the row.

    return lambda rows: [row for row in rows if is_owned(row)]
