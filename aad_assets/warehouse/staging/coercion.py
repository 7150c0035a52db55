"""Coercion of values to their declared types without loss. See also `validation.py`, which finds the rows that need it."""

import json
import math
import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec

from aad_assets.catalog.types import Json, List, Scalar, Struct, Type
from aad_assets.warehouse.database.cleaning import cleaned, is_annotation, is_no_date, may_need_cleaning
from aad_assets.warehouse.database.exact_values import ExactNumber, decimal

INTEGER_BITS = {"Int32": 31, "Int64": 63}
NOTHING: Any = object()
"""The rest of a value that matches its type in full."""

AGAIN = "#"
"""The suffix of the name of a member that occurs a second time."""

LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_NOT_A_NUMBER = {"INF": "inf", "-INF": "-inf", "NaN": "nan"}
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
            free += AGAIN
        members[free] = value
    return members


loads = json.JSONDecoder(object_pairs_hook=_members, parse_float=decimal, parse_int=_integer, strict=False).decode
"""Decodes JSON and keeps what Python or DuckDB would lose: numbers that a double does not hold as text, repeated names with
a suffix."""


class Coercion:
    """Coerces the values of one row to their types, and collects its rejects."""

    def __init__(self, key: str) -> None:
        self._key = key
        self.rejects: list[Reject] = []

    def fit(self, value: Any, type_: Type, where: str) -> tuple[Any, Any]:
        """Return the part of `value` that matches the type, and its undeclared part, `NOTHING` if there is none."""
        if value is None:
            return None, NOTHING
        match type_:
            case Struct(fields) if isinstance(value, dict):
                return self._fit_struct(value, dict(fields), where)
            case List(item) if isinstance(value, list):
                pairs = [self.fit(element, item, f"{where}[{n}]") for n, element in enumerate(value)]
                left = [None if extra is NOTHING else extra for _, extra in pairs]
                found = any(extra is not NOTHING for _, extra in pairs)
                return [fitted for fitted, _ in pairs], left if found else NOTHING
            case Json():
                return self._open(value, where), NOTHING
            case Scalar(name):
                fitted = _fit_scalar(value, name)
                if fitted is not NOTHING:
                    return fitted, NOTHING
        return None, self.misfit(value, where)

    def misfit(self, value: Any, where: str) -> Any:
        """Record a value that does not match its type. Return the part of it that stays in `_extra`."""
        self.rejects.append(Reject(self._key, where, json.dumps(value)))
        return NOTHING

    def add_undeclared(self, extra: dict[str, Any], name: str, value: Any, where: str = "") -> None:
        """Keep an undeclared member in `extra`, unless it is an annotation; `where` is the path of the object that has it."""
        if is_annotation(name):
            return
        if LONE_SURROGATE.search(name):
            self.misfit({name: value}, where or "_extra")
        else:
            extra[name] = self._open(value, f"{where}.{name}" if where else name, name)

    def _open(self, value: Any, where: str, name: str = "") -> Any:
        """Return an open value, cleaned; reject all of it if it has a lone surrogate, which stops DuckDB's reader."""
        kept, text = value, json.dumps(value, ensure_ascii=False)
        if may_need_cleaning(text):
            kept = cleaned(value, name)
            text = json.dumps(kept, ensure_ascii=False)
        if not LONE_SURROGATE.search(text):
            return kept
        self.misfit(value, where)
        return None

    def _fit_struct(self, value: dict[str, Any], fields: dict[str, Type], where: str) -> tuple[Any, Any]:
        kept: dict[str, Any] = {}
        extra: dict[str, Any] = {}
        for name, member in value.items():
            if name in fields:
                kept[name], left = self.fit(member, fields[name], f"{where}.{name}")
                if left is not NOTHING:
                    extra[name] = left
            else:
                self.add_undeclared(extra, name, member, where)
        return kept, extra or NOTHING


def _fit_scalar(value: Any, name: str) -> Any:
    """Return the value in the form that DuckDB's reader takes for the type without loss, or `NOTHING`."""
    if isinstance(value, dict | list):
        return NOTHING
    if name == "Boolean":
        return {"true": True, "false": False}.get(str(value).lower(), NOTHING)
    if name in INTEGER_BITS:
        return _fit_integer(value, 2 ** INTEGER_BITS[name])
    if name == "Double":
        return _fit_double(value)
    if name in ("DateTimeOffset", "Date"):
        return _fit_date(value, name)
    text = value if isinstance(value, str) else json.dumps(value)
    return NOTHING if LONE_SURROGATE.search(text) else text


def _fit_integer(value: Any, bound: int) -> Any:
    if isinstance(value, bool):
        return NOTHING
    if isinstance(value, float) and not (value.is_integer() and abs(value) <= _EXACT):
        return NOTHING
    try:
        number = int(value)
    except ValueError:
        return NOTHING
    same = not isinstance(value, str) or value == str(number)
    return number if same and -bound <= number < bound else NOTHING


def _fit_double(value: Any) -> Any:
    if isinstance(value, bool):
        return NOTHING
    if isinstance(value, str) and not isinstance(value, ExactNumber):
        return _NOT_A_NUMBER.get(value, NOTHING)
    try:
        number = float(value)
    except OverflowError:
        return NOTHING
    return number if math.isfinite(number) else NOTHING


def _fit_date(value: Any, name: str) -> Any:
    """Return an RFC 3339 date or time that exists in the calendar, without digits after the microsecond; None for no date."""
    if not isinstance(value, str):
        return NOTHING
    if is_no_date(value):
        return None
    try:
        if name == "Date":
            return value if date.fromisoformat(value).isoformat() == value else NOTHING
        if not (found := _DATE_TIME.fullmatch(value)):
            return NOTHING
        text = f"{found[1]}T{found[2]}{(found[3] or '')[:7]}{(found[4] or 'Z').upper()}"
        msgspec.convert(text, datetime)
    except (ValueError, msgspec.ValidationError):
        return NOTHING
    return text
