"""The columns of an entity, from its declaration and the types in schema.json.

Sources: learn.microsoft.com/graph/query-parameters (`$expand`); for derived types, docs.oasis-open.org/odata/odata/v4.01.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from aad_assets.catalog import meanings
from aad_assets.catalog.enums import Version
from aad_assets.catalog.types import (
    STRING,
    Json,
    Scalar,
    Struct,
    Type,
    duckdb_type,
    navigation_type,
    own_properties,
    properties,
)

ODATA_TYPE = "@odata.type"
ODATA_TYPE_PREFIX = "#microsoft.graph."

OUR_MEANINGS = {
    "_tenant_id": "The tenant's GUID, which is part of every key.",
    "_loaded_at": "When this version of the row was first loaded.",
    "_extra": "Properties that Graph returned but the catalogue does not declare; NULL if there were none.",
    "_deleted_at": "When the load was published that no longer found the row; NULL while it exists.",
    "_valid_from": "When the load that found this version of the row was published.",
    "_valid_to": "When the load that found it changed or deleted was published; NULL for the current version.",
    "_change": "How the version began: `insert` or `update`.",
}
"""The meanings of the columns that this project adds."""


@dataclass(frozen=True)
class Column:
    """A column of a table. `source` is the property of Graph's JSON object that fills it."""

    name: str
    source: str
    type: Type
    meaning: str = field(default="", compare=False)
    """The meaning in a sentence or two; empty if it is unknown."""

    @property
    def duckdb_type(self) -> str:
        """The type of the column in DuckDB, as written in a column definition."""
        return duckdb_type(self.type)


@dataclass(frozen=True)
class Link:
    """A related object that rows lack, and that `$expand` adds: `accessPackage($select=id)` → column `accessPackageId`."""

    name: str
    """The navigation property."""
    properties: tuple[str, ...] = ("id",)
    """The properties of the object that become columns."""

    @property
    def expand(self) -> str:
        """The link as `$expand` names it."""
        return f"{self.name}($select={','.join(self.properties)})" if self.properties else self.name

    def column_names(self) -> dict[str, str]:
        """Return property → column: `objectId` → `targetObjectId`."""
        return {name: f"{self.name}{name[0].upper()}{name[1:]}" for name in self.properties}


def navigation_name(expand: str) -> str:
    """Return the navigation property in an item of `$expand`: `appliesTo($select=id)` → `appliesTo`."""
    return expand.partition("(")[0]


def declared_columns(entity_type: str, version: Version, undeclared: Mapping[str, Type]) -> Iterator[Column]:
    """Yield a column for each property of an entity type, except files, and for each of `undeclared`."""
    for name, type_ in {**properties(entity_type, version), **undeclared}.items():
        if type_ != Scalar("Stream"):
            yield Column(name, name, type_, meanings.meaning(entity_type, name, version))


def navigation_columns(entity_type: str, version: Version, expands: Iterable[str]) -> Iterator[Column]:
    """Yield a column for each related object, or collection of them, that stands in the rows as it is."""
    for name in map(navigation_name, expands):
        yield Column(name, name, navigation_type(entity_type, name, version), meanings.meaning(entity_type, name, version))


def link_columns(entity_type: str, version: Version, links: Iterable[Link]) -> Iterator[Column]:
    """Yield the columns of linked objects. The rows have them as flat members, because the reader flattens them."""
    for link in links:
        linked = navigation_type(entity_type, link.name, version)
        fields = dict(linked.fields) if isinstance(linked, Struct) else {}
        for property_, name in link.column_names().items():
            yield Column(name, name, fields.get(property_, STRING), meanings.link(link.name, property_))


def subtype_columns(subtypes: Iterable[str], version: Version) -> Iterator[Column]:
    """Yield a column for each property that only derived types have. Properties of the same name share a column.

    The column is JSON if their types differ.
    """
    found: dict[str, tuple[Type, str, list[str]]] = {}
    for subtype in subtypes:
        for name, type_ in own_properties(subtype, version).items():
            if type_ == Scalar("Stream"):
                continue
            known, meaning, names = found.setdefault(name, (type_, meanings.meaning(subtype, name, version), []))
            names.append(subtype)
            if known != type_:
                found[name] = (Json(), meaning, names)
    for name, (type_, meaning, names) in found.items():
        yield Column(name, name, type_, meanings.of_subtypes(meaning, names))
