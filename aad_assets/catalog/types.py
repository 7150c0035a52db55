"""Graph's types and what each becomes in DuckDB.

A type is one of four frozen shapes: `Scalar`, `Struct`, `List`, `Json`. They are built from `schema.json`, which
`generate.py` writes from Microsoft's published metadata. Not here: which entity has which columns (`entity.py`).
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Scalar:
    """A primitive by its name in the metadata without `Edm.`: `String`, `Int32`, `DateTimeOffset`, …"""

    name: str


@dataclass(frozen=True)
class Struct:
    """A complex type with a fixed set of fields."""

    fields: tuple[tuple[str, "Type"], ...]


@dataclass(frozen=True)
class List:
    """A collection. Graph does not promise an order."""

    item: "Type"


@dataclass(frozen=True)
class Json:
    """A complex type that no fixed set of fields describes: open, recursive, polymorphic or empty."""


Type = Scalar | Struct | List | Json

STRING = Scalar("String")

_DUCKDB_SCALARS = {
    "Boolean": "BOOLEAN",
    "Date": "DATE",
    "DateTimeOffset": "TIMESTAMPTZ",
    "Double": "DOUBLE",
    "Int32": "INTEGER",
    "Int64": "BIGINT",
}


def quoted(identifier: str) -> str:
    """A DuckDB identifier, quoted."""
    return '"' + identifier.replace('"', '""') + '"'


def duckdb_type(type_: Type) -> str:
    """The DuckDB type that holds `type_`, as written in a column definition."""
    match type_:
        case Scalar(name):
            return _DUCKDB_SCALARS.get(name, "VARCHAR")
        case List(item):
            return f"{duckdb_type(item)}[]"
        case Struct(fields):
            return f"STRUCT({', '.join(f'{quoted(name)} {duckdb_type(field)}' for name, field in fields)})"
        case Json():
            return "JSON"


@cache
def _schema() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(resources.files(__package__).joinpath("schema.json").read_text("utf-8"))
    return data


def resolve(name: str, within: tuple[str, ...] = ()) -> Type:
    """The type that schema.json calls `name`; a complex type that contains itself ends in `Json`."""
    if name.startswith("["):
        return List(resolve(name[1:-1], within))
    complex_types = _schema()["complex"]
    if name not in complex_types:
        return Scalar(name)
    fields = complex_types[name]
    if fields is None or name in within:
        return Json()
    return Struct(tuple((field, resolve(type_, (*within, name))) for field, type_ in fields.items()))


def properties(entity_type: str) -> dict[str, Type]:
    """Declared properties of an entity type, inherited ones first. Unknown type: KeyError."""
    return {name: resolve(type_) for name, type_ in _schema()["entities"][entity_type].items()}
