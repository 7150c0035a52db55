"""Validation of rows against their declared types, and coercion of those that do not match.

DuckDB's JSON reader does not report a fraction in an integer, a field that a STRUCT does not declare, or `Id` for `id`, and
one lone surrogate stops a whole file. So a strict decoder, built from the declared types, first decodes every row, at some
600 MB/s. DuckDB can type a row that passes without loss. The few others are coerced one by one: undeclared members move to
`_extra`; values that do not match their type become NULL and are reported as rejects.
"""

import json
import math
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Literal

import msgspec

from aad_assets.catalog import Entity
from aad_assets.catalog.columns import ODATA_TYPE, ODATA_TYPE_PREFIX
from aad_assets.catalog.types import Json, List, Scalar, Struct, Type
from aad_assets.errors import InvalidResponse

_INTEGER_BITS = {"Int32": 31, "Int64": 63}
_NOT_A_NUMBER = {"INF": "inf", "-INF": "-inf", "NaN": "nan"}
_NOTHING: Any = object()

_AGAIN = "#"
"""The suffix of the name of a member that occurs a second time."""

# Control information of OData JSON that says nothing about the entity (docs.oasis-open.org/odata/odata-json-format/v4.01).
_CONTROL = ("@odata.context", "@odata.editLink", "@odata.etag", "@odata.id", "@odata.readLink")
_PROPERTY_CONTROL = re.compile(r".+@odata\.(type|context|count|navigationLink|associationLink)")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_DATE_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(\.\d+)?([Zz]|[+-]\d\d:?\d\d)?")

# Larger numbers are kept as text: Python limits the digits, and a double does not tell larger integers apart.
_DIGITS = 4300
_EXACT = 2**53


@dataclass(frozen=True, slots=True)
class Reject:
    """A value that does not match its type: key values joined by `|`, the path of its column, and the value as JSON."""

    key: str
    column: str
    value: str


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
        self._off_in_any_case = {name.lower() for name in self._off}
        # Edges hold ids and types only: other attributes of a member depend on read rights.
        self._closed = entity.edge is None
        self._own_type = f"{ODATA_TYPE_PREFIX}{entity.type}"
        self._decode = msgspec.json.Decoder(self._strict()).decode

    def is_valid(self, row: bytes | msgspec.Raw) -> bool:
        """Return whether DuckDB can type the row without loss."""
        try:
            self._decode(row)
            if not self._closed:
                str(row, "utf-8")  # DuckDB reads members that the decoder skips
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return False
        return True

    def coerce(self, row: bytes | msgspec.Raw) -> CoercedRow:
        """Return the row with every value that matches its type; move the rest to `_extra` or report it as a reject.

        Raises InvalidResponse when the row has no key.
        """
        try:
            # Bytes that are not UTF-8 become lone surrogates, and so rejects.
            members = _LOADS(bytes(row).decode("utf-8", "surrogateescape"))
        except (ValueError, RecursionError):
            members = None
        if not isinstance(members, dict):
            raise InvalidResponse("a row is not a JSON object. Reload again.")
        key = self._key_of(members)
        kept: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        coercion = _Coercion(key)
        for name, value in members.items():
            if column := self._columns.get(name):
                kept[name], left = coercion.fit(value, column.type, name)
                if left is not _NOTHING:
                    extra[name] = left
            elif self._closed and not self._is_off(name) and not self._is_control(name, value):
                coercion.add_undeclared(extra, name, value)
        if extra:
            kept["_extra"] = extra
        return CoercedRow(json.dumps(kept, sort_keys=True).encode(), coercion.rejects, list(extra))

    def _key_of(self, members: dict[str, Any]) -> str:
        values = [members.get(column.source) for column in self._key]
        for column, value in zip(self._key, values, strict=True):
            if not isinstance(value, str) or not value or _LONE_SURROGATE.search(value):
                raise InvalidResponse(
                    f"a row has no value for its key {column.name}, so nothing was published. Reload again. If the error "
                    "remains, report it with the request-id."
                )
        return "|".join(map(str, values))

    def _is_off(self, name: str) -> bool:
        """Return whether the member, or the one that it annotates (`photo@odata.mediaEtag`), is turned off."""
        lowered = name.lower().rstrip(_AGAIN)
        return lowered in self._off_in_any_case or lowered.partition("@")[0] in self._off_in_any_case

    def _is_control(self, name: str, value: Any) -> bool:
        if name == ODATA_TYPE:
            return bool(value == self._own_type)
        return name in _CONTROL or _PROPERTY_CONTROL.fullmatch(name) is not None

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
            bound = 2 ** _INTEGER_BITS[name]
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


def _float(text: str) -> float | str:
    """Parse a number; keep one outside the range of a double as text."""
    number = float(text)
    return number if math.isfinite(number) else text


def _integer(text: str) -> int | str:
    return int(text) if len(text) <= _DIGITS else text


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object in which repeated names are undeclared members, because DuckDB keeps only one of them."""
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    members = {}
    for name, value in pairs:
        free = name
        while free in members:
            free += _AGAIN
        members[free] = value
    return members


_LOADS = json.JSONDecoder(object_pairs_hook=_members, parse_float=_float, parse_int=_integer, strict=False).decode


class _Coercion:
    """Coerces the values of one row to their types, and collects its rejects."""

    def __init__(self, key: str) -> None:
        self._key = key
        self.rejects: list[Reject] = []

    def fit(self, value: Any, type_: Type, where: str) -> tuple[Any, Any]:
        """Return the part of `value` that matches the type, and its undeclared part, `_NOTHING` if there is none."""
        if value is None:
            return None, _NOTHING
        match type_:
            case Struct(fields) if isinstance(value, dict):
                return self._fit_struct(value, dict(fields), where)
            case List(item) if isinstance(value, list):
                pairs = [self.fit(element, item, f"{where}[{n}]") for n, element in enumerate(value)]
                left = [None if extra is _NOTHING else extra for _, extra in pairs]
                found = any(extra is not _NOTHING for _, extra in pairs)
                return [fitted for fitted, _ in pairs], left if found else _NOTHING
            case Json():
                return self.clean(value, where), _NOTHING
            case Scalar(name):
                fitted = _fit_scalar(value, name)
                if fitted is not _NOTHING:
                    return fitted, _NOTHING
        self._reject(value, where)
        return None, _NOTHING

    def clean(self, value: Any, where: str) -> Any:
        """Return an open value unchanged; reject all of it if it has a lone surrogate, which stops DuckDB's reader."""
        text = json.dumps(value, ensure_ascii=False)
        if not _LONE_SURROGATE.search(text):
            return value
        self._reject(value, where)
        return None

    def add_undeclared(self, extra: dict[str, Any], name: str, value: Any, where: str = "") -> None:
        """Keep an undeclared member in `extra`; `where` is the path of the object that has it."""
        if _LONE_SURROGATE.search(name):
            self._reject({name: value}, where or "_extra")
        else:
            extra[name] = self.clean(value, f"{where}.{name}" if where else name)

    def _fit_struct(self, value: dict[str, Any], fields: dict[str, Type], where: str) -> tuple[Any, Any]:
        kept: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for name, member in value.items():
            if name in fields:
                kept[name], left = self.fit(member, fields[name], f"{where}.{name}")
                if left is not _NOTHING:
                    extra[name] = left
            elif name not in _CONTROL and not _PROPERTY_CONTROL.fullmatch(name):
                self.add_undeclared(extra, name, member, where)
        return kept, extra or _NOTHING

    def _reject(self, value: Any, where: str) -> None:
        self.rejects.append(Reject(self._key, where, json.dumps(value)))


def _fit_scalar(value: Any, name: str) -> Any:
    """Return the value in the form that DuckDB's reader takes for the type without loss, or `_NOTHING`."""
    if isinstance(value, dict | list):
        return _NOTHING
    if name == "Boolean":
        return {"true": True, "false": False}.get(str(value).lower(), _NOTHING)
    if name in _INTEGER_BITS:
        return _fit_integer(value, 2 ** _INTEGER_BITS[name])
    if name == "Double":
        return _fit_double(value)
    if name in ("DateTimeOffset", "Date"):
        return _fit_date(value, name)
    text = value if isinstance(value, str) else json.dumps(value)
    return _NOTHING if _LONE_SURROGATE.search(text) else text


def _fit_integer(value: Any, bound: int) -> Any:
    if isinstance(value, bool):
        return _NOTHING
    if isinstance(value, float) and not (value.is_integer() and abs(value) <= _EXACT):
        return _NOTHING
    try:
        number = int(value)
    except ValueError:
        return _NOTHING
    same = not isinstance(value, str) or value == str(number)
    return number if same and -bound <= number < bound else _NOTHING


def _fit_double(value: Any) -> Any:
    if isinstance(value, bool):
        return _NOTHING
    if isinstance(value, str):
        return _NOT_A_NUMBER.get(value, _NOTHING)
    try:
        return float(value)
    except OverflowError:
        return _NOTHING


def _fit_date(value: Any, name: str) -> Any:
    """Return an RFC 3339 date or time that exists in the calendar, without digits after the microsecond, as in DuckDB."""
    if not isinstance(value, str):
        return _NOTHING
    try:
        if name == "Date":
            return value if date.fromisoformat(value).isoformat() == value else _NOTHING
        if not (found := _DATE_TIME.fullmatch(value)):
            return _NOTHING
        text = f"{found[1]}T{found[2]}{(found[3] or '')[:7]}{(found[4] or 'Z').upper()}"
        msgspec.convert(text, datetime)
    except (ValueError, msgspec.ValidationError):
        return _NOTHING
    return text
