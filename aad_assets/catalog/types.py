"""Graph's types, and the DuckDB type of each.

A type is a `Scalar`, a `Struct`, a `List` or `Json`. They are built from `schema.json`, which `python -m tools.catalog_data`
generates from Microsoft's metadata.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class Scalar:
    """A primitive type, named as in the metadata without `Edm.`: `String`, `Int32`, `DateTimeOffset`, …"""

    name: str


@dataclass(frozen=True)
class Struct:
    """A complex type with a fixed set of fields."""

    fields: tuple[tuple[str, "Type"], ...]


@dataclass(frozen=True)
class List:
    """A collection. Graph does not guarantee its order."""

    item: "Type"


@dataclass(frozen=True)
class Json:
    """A complex type without a fixed set of fields: open, recursive, polymorphic or empty."""


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
    """Return `identifier` quoted for DuckDB."""
    return '"' + identifier.replace('"', '""') + '"'


def duckdb_type(type_: Type) -> str:
    """Return the DuckDB type that stores `type_`, as written in a column definition."""
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
    """Return the type called `name` in schema.json. Where a complex type contains itself, the inner one is `Json`.

    `within`: the complex types that are being resolved.
    """
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
    """Return the declared properties of an entity type, inherited ones first. Raises KeyError if the type is unknown."""
    return {name: resolve(type_) for name, type_ in _schema()["entities"][entity_type].items()}
