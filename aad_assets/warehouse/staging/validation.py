"""Validation of rows against their declared types, and coercion of those that do not match.

DuckDB's JSON reader does not report a fraction in an integer, digits that a double does not hold, a field that a STRUCT does
not declare, or `Id` for `id`, and one lone surrogate stops a whole file. So a strict decoder, built from the declared types,
first decodes every row, at some 600 MB/s. DuckDB can type a row that passes without loss. The few others are coerced one by
one: undeclared members move to `_extra`; values that do not match their type become NULL and are reported as rejects.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec

from aad_assets.catalog import Entity
from aad_assets.catalog.columns import ODATA_TYPE, ODATA_TYPE_PREFIX
from aad_assets.catalog.extensions import is_extension
from aad_assets.catalog.types import Json, List, Scalar, Struct, Type, has_dates
from aad_assets.errors import InvalidResponse
from aad_assets.warehouse.database.cleaning import NO_DATE
from aad_assets.warehouse.database.exact_values import decimal
from aad_assets.warehouse.staging.coercion import AGAIN, INTEGER_BITS, LONE_SURROGATE, NOTHING, Coercion, Reject, loads

# Control information of OData JSON that says nothing about the entity (docs.oasis-open.org/odata/odata-json-format/v4.01).
_CONTROL = ("@odata.context", "@odata.editLink", "@odata.etag", "@odata.id", "@odata.readLink")


@dataclass
class CoercedRow:
    """A row that was made to match the declared types."""

    row: bytes
    rejects: list[Reject]
    undeclared: list[str]
    """Top-level properties with an undeclared part that `_extra` keeps."""


class RowValidator:
    """Checks the rows of one entity, and coerces those that do not match the declared types."""

    def __init__(self, entity: Entity) -> None:
        self._entity = entity
        self._columns = {column.source: column for column in entity.columns}
        self._key = [column for column in entity.columns if column.name in entity.key]
        sources = {column.name: column.source for column in entity.all_columns}
        # Properties that were turned off: Graph may still send them, in any case, and they are not kept.
        self._off = {sources.get(name, name) for name in entity.disabled_columns}
        if entity.properties is not None:
            self._off.add(ODATA_TYPE)  # The table with the other properties has the type, too.
        self._dropped = {name.lower() for name in {*self._off, *entity.never_stored}}
        self._extensions = {name.lower(): name for name in self._columns if is_extension(name)}
        self._has_dates = any(has_dates(column.type) for column in entity.columns)
        # Edges hold ids and types only: other attributes of a member depend on read rights.
        self._closed = entity.edge is None
        self._own_type = f"{ODATA_TYPE_PREFIX}{entity.type}"
        self._decode = msgspec.json.Decoder(self._strict(), float_hook=_held).decode

    def is_valid(self, row: bytes | msgspec.Raw) -> bool:
        """Return whether DuckDB can type the row without loss."""
        try:
            self._decode(row)
            if not self._closed:
                str(row, "utf-8")  # DuckDB reads members that the decoder skips
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        return True

    def may_have_no_dates(self, rows: bytes) -> bool:
        """Return whether valid rows may have dates that mean "no value", which coercion removes."""
        return self._has_dates and NO_DATE.encode() in rows

    def coerce(self, row: bytes | msgspec.Raw) -> CoercedRow:
        """Return the row with every value that matches its type; move the rest to `_extra` or report it as a reject.

        Raises InvalidResponse when the row has no key.
        """
        try:
            # Bytes that are not UTF-8 become lone surrogates, and so rejects.
            members = loads(bytes(row).decode("utf-8", "surrogateescape"))
        except (ValueError, RecursionError):
            members = None
        if not isinstance(members, dict):
            raise InvalidResponse("a row is not a JSON object. Reload again.")
        key = self._key_of(members)
        kept: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        coercion = Coercion(key)
        for name, value in members.items():
            source = self._source(name, members)
            if source in self._columns and source not in kept:
                kept[source], left = coercion.fit(value, self._columns[source].type, source)
                if left is not NOTHING:
                    extra[source] = left
            elif self._closed and not self._is_dropped(name, value):
                coercion.add_undeclared(extra, name, value)
        if extra:
            kept["_extra"] = extra
        return CoercedRow(json.dumps(kept, sort_keys=True).encode(), coercion.rejects, list(extra))

    def _key_of(self, members: dict[str, Any]) -> str:
        values = [members.get(column.source) for column in self._key]
        for column, value in zip(self._key, values, strict=True):
            if not isinstance(value, str) or not value or LONE_SURROGATE.search(value):
                raise InvalidResponse(
                    f"a row has no value for its key {column.name}, so nothing was published. Reload again. If the error "
                    "remains, report it with the request-id."
                )
        return "|".join(map(str, values))

    def _source(self, name: str, members: dict[str, Any]) -> str:
        """Return the declared name of a member. Values of an extension property may come under its name in another case."""
        declared = self._extensions.get(name.lower(), name)
        return name if declared in members else declared

    def _is_dropped(self, name: str, value: Any) -> bool:
        """Return whether a member is turned off, must never be stored, or is the type that all rows have."""
        return name.lower().rstrip(AGAIN) in self._dropped or (name == ODATA_TYPE and value == self._own_type)

    def _strict(self) -> type[msgspec.Struct]:
        fields: list[tuple[str, Any, bool]] = [
            (c.source, Annotated[str, msgspec.Meta(min_length=1)], True) for c in self._key
        ]
        fields += [(c.source, _strict_type(c.type), False) for c in self._columns.values() if c not in self._key]
        if self._closed:
            fields += [(name, Any, False) for name in (*_CONTROL, *self._off)]
            if ODATA_TYPE not in self._columns and ODATA_TYPE not in self._off:
                fields.append((ODATA_TYPE, Literal[self._own_type], False))
        return _struct(fields, closed=self._closed)


def _held(text: str) -> float:
    """Return a number of a JSON column. Raises ValueError if a double does not hold it."""
    number = decimal(text)
    if not isinstance(number, float):
        raise ValueError("DuckDB would round a number")
    return number


def _struct(fields: list[tuple[str, Any, bool]], *, closed: bool = True) -> type[msgspec.Struct]:
    """Return a decoder type with (name, type, required) fields, which rejects other fields if `closed`."""
    return msgspec.defstruct(
        "Row",
        [
            (f"f{number}", type_, msgspec.field(name=name) if required else msgspec.field(name=name, default=None))
            for number, (name, type_, required) in enumerate(fields)
        ],
        forbid_unknown_fields=closed,
        gc=False,
        kw_only=True,
    )


def _strict_type(type_: Type) -> Any:
    """Return the msgspec type of a declared type. Null is always allowed: Graph sends it even where metadata forbids it."""
    match type_:
        case Scalar("Boolean"):
            return bool | None
        case Scalar("Int32" | "Int64" as name):
            bound = 2 ** INTEGER_BITS[name]
            return Annotated[int, msgspec.Meta(ge=-bound, le=bound - 1)] | None
        case Scalar("Double"):
            return float | None
        case Scalar("DateTimeOffset"):
            return datetime | None
        case Scalar("Date"):
            return date | None
        case Scalar():
            return str | None
        case List(item):
            return list[_strict_type(item)] | None  # type: ignore[misc]
        case Struct(fields):
            return _struct([(name, _strict_type(field), False) for name, field in fields]) | None
        case Json():
            return Any
