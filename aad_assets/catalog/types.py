"""Graph's types, and the DuckDB type of each.

A type is a `Scalar`, a `Struct`, a `List` or `Json`. They are built from `schema.json`, which `python -m tools.catalog_data`
generates from Microsoft's metadata. Functions take the version of Graph (`v1.0` or `beta`), because the types of both can
differ under the same name.
"""

import json
from collections.abc import Mapping, Sequence
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
    """A complex type, or a related object, with a fixed set of fields."""

    fields: tuple[tuple[str, "Type"], ...]


@dataclass(frozen=True)
class List:
    """A collection. Graph does not guarantee its order."""

    item: "Type"


@dataclass(frozen=True)
class Json:
    """A value without a fixed set of fields: its type is open, recursive, polymorphic or empty."""


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


def holds_text(type_: Type, path: Sequence[str] = ()) -> bool:
    """Return whether the part of a value at `path`, its names in any case, is text or has open content."""
    match type_:
        case List(item):
            return holds_text(item, path)
        case Struct(fields) if path:
            members = [field for name, field in fields if name.lower() == path[0].lower()]
            return any(holds_text(field, path[1:]) for field in members)
        case Json():
            return True
        case _:
            return not path and duckdb_type(type_) == "VARCHAR"


def has_dates(type_: Type) -> bool:
    """Return whether values of the type can contain dates or times."""
    match type_:
        case List(item):
            return has_dates(item)
        case Struct(fields):
            return any(has_dates(field) for _, field in fields)
        case _:
            return type_ in (Json(), Scalar("Date"), Scalar("DateTimeOffset"))


@cache
def read_schema() -> dict[str, Any]:
    """Return the content of schema.json: version → section → type → member → type name."""
    data: dict[str, Any] = json.loads(resources.files(__package__).joinpath("schema.json").read_text("utf-8"))
    return data


def resolve(name: str, version: str = "v1.0", within: tuple[str, ...] = ()) -> Type:
    """Return the type called `name` in schema.json. Where a type contains itself, the inner one is `Json`.

    `within`: the types that are being resolved.
    """
    if name.startswith("["):
        return List(resolve(name[1:-1], version, within))
    structs = read_schema()[version]["structs"]
    if name not in structs:
        return Scalar(name)
    if structs[name] is None or name in within:
        return Json()
    return _struct(structs[name], version, (*within, name))


def _struct(fields: Mapping[str, str], version: str, within: tuple[str, ...] = ()) -> Struct:
    return Struct(tuple((field, resolve(type_, version, within)) for field, type_ in fields.items()))


def properties(entity_type: str, version: str = "v1.0") -> dict[str, Type]:
    """Return the declared properties of an entity type, inherited ones first. Raises KeyError if the type is unknown."""
    return {name: resolve(type_, version) for name, type_ in read_schema()[version]["entities"][entity_type].items()}


def own_properties(subtype: str, version: str = "v1.0") -> dict[str, Type]:
    """Return the properties that a derived type adds to the type of the list in which its objects arrive.

    Raises KeyError if the type is unknown.
    """
    return {name: resolve(type_, version) for name, type_ in read_schema()[version]["subtypes"][subtype].items()}


def navigation_type(entity_type: str, name: str, version: str = "v1.0") -> Type:
    """Return the type of a navigation property that the catalogue names. For a link, a struct of the chosen properties.

    Raises KeyError if the property is unknown.
    """
    declared = read_schema()[version]["navigation"][entity_type][name]
    return resolve(declared, version) if isinstance(declared, str) else _struct(declared, version)


@cache
def date_names() -> frozenset[str]:
    """Return the names of properties that the metadata declares as dates or times. No other property has such a name."""
    sections = (version[section] for version in read_schema().values() for section in ("structs", "entities", "subtypes"))
    declared = (member for section in sections for fields in section.values() for member in (fields or {}).items())
    return frozenset(name for name, type_ in declared if type_.strip("[]") in ("Date", "DateTimeOffset"))
