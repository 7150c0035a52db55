"""Rows as a live Graph sends them: undeclared properties, nulls where the metadata forbids them, annotations everywhere.

The tests are in `test_published_shapes.py`.
"""

import itertools
import random
from typing import Any

from aad_assets.catalog import Entity, Shape
from aad_assets.catalog.columns import ODATA_TYPE
from aad_assets.catalog.types import Json, List, Scalar, Struct, Type

_NO_DATE = "0001-01-01T00:00:00Z"
"""A date that stands for no value."""

_VALUES: dict[str, list[Any]] = {
    "Boolean": [True, False],
    "Int32": [0, -7, 2**31 - 1],
    "Int64": [0, 2**62],
    "Double": [0.5, -3.25],
    "DateTimeOffset": ["2026-11-01T10:00:00Z", "2026-11-01T10:00:00.1234567Z", _NO_DATE],
    "Date": ["2026-11-01"],
    "TimeOfDay": ["08:30:00.0000000"],
    "Duration": ["PT8H", "P30D"],
    "Guid": ["58a83fbd-886f-4598-8853-d7dd044c03b3"],
    "Binary": ["AAECAwQ="],
}
_TEXTS = ["", "plain", 'Zoë "the" Ångström\'s \\ 東京 \U0001f600', "unknownFutureValue", "anUndeclaredMember"]


class Shapes:
    """Makes rows of one entity; a seed makes the same rows each time."""

    def __init__(self, entity: Entity, seed: int = 7) -> None:
        self._entity = entity
        self._dice = random.Random(f"{entity.table} {seed}")
        self._numbers = itertools.count()

    def row(self) -> dict[str, Any]:
        """Return one object as Graph would send it for the entity's request."""
        entity, number = self._entity, next(self._numbers)
        if entity.shape is Shape.EXPAND:
            related = {ODATA_TYPE: "#microsoft.graph.user", "id": f"related-{number}", "@odata.id": "https://x/y"}
            return {"@odata.etag": 'W/"1"', "id": f"key-{number}", entity.edge or "": related}
        if entity.shape is Shape.STRINGS:
            return {"value": f"key-{number}"}
        row: dict[str, Any] = {"@odata.etag": 'W/"1"', "@odata.id": f"https://graph/objects/{number}"}
        for column in entity.columns:
            if column.name in entity.parent_columns:
                continue
            if column.source == ODATA_TYPE:
                row[ODATA_TYPE] = f"#microsoft.graph.kind{number % 3}"
            elif column.name in entity.key or column.source == "id":
                row[column.source] = f"key-{number}"
            elif self._dice.random() < 0.9:  # live rows omit properties
                row[column.source] = self.value(column.type)
        if not entity.edge:
            row["aPropertyOfNextYear"] = {"with": ["parts", None, 1.5], "and": {"depth": True}}
            row["manager@odata.navigationLink"] = "https://graph/manager"
        return row

    def value(self, type_: Type) -> Any:
        dice = self._dice
        if dice.random() < 0.15:
            return None
        match type_:
            case List(item):
                return [self.value(item) for _ in range(dice.randrange(3))] + [None] * dice.randrange(2)
            case Struct(fields):
                value = {name: self.value(field) for name, field in fields if dice.random() < 0.9}
                return {"@odata.type": "#microsoft.graph.someDerivedType", **value, "fieldOfNextYear": dice.choice(_TEXTS)}
            case Json():
                return {"@odata.type": "#microsoft.graph.open", "any": [1, None, {"deep": dice.choice(_TEXTS)}], "n": 2.5}
            case Scalar(name):
                return dice.choice(_VALUES.get(name, _TEXTS))


def lost(value: Any, type_: Type, stored: Any, extra: Any, where: str) -> list[str]:
    """Return the places where a part of `value` is neither in the stored value nor in `_extra` beside it."""
    if value is None or (type_ == Scalar("DateTimeOffset") and value == _NO_DATE):
        return [] if stored is None else [f"{where}: {value!r} became {stored!r}"]
    match type_:
        case Struct(fields):
            return _lost_members(value, dict(fields), stored or {}, extra or {}, where)
        case List(item):
            if len(value) != len(stored):
                return [f"{where}: {len(value)} elements became {len(stored)}"]
            extras = extra or [None] * len(value)
            found = zip(value, stored, extras, strict=True)
            return [problem for n, each in enumerate(found) for problem in lost(each[0], item, *each[1:], f"{where}[{n}]")]
        case Json():
            return [] if stored == value else [f"{where}: {value!r} became {stored!r}"]
        case Scalar("DateTimeOffset"):
            return [] if _moment(stored) == _moment(value) else [f"{where}: {value!r} became {stored!r}"]
        case _:
            return [] if stored == value else [f"{where}: {value!r} became {stored!r}"]


def _lost_members(
    value: dict[str, Any], fields: dict[str, Type], stored: dict[str, Any], extra: dict[str, Any], where: str
) -> list[str]:
    problems = []
    for name, member in value.items():
        if name in fields:
            problems += lost(member, fields[name], stored.get(name), extra.get(name), f"{where}.{name}")
        elif extra.get(name) != member:
            problems.append(f"{where}.{name}: lost")
    return problems


def _moment(text: str) -> str:
    """Return a time in one spelling, without the digits past the microsecond, which no database keeps."""
    date, time = text.replace(" ", "T").replace("+00:00", "").replace("+00", "").rstrip("Z").split("T")
    seconds, _, fraction = time.partition(".")
    return f"{date}T{seconds}.{fraction[:6].ljust(6, '0')}"
