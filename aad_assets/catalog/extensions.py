"""Directory extension properties: columns that the tenant's own applications have registered.

Source: learn.microsoft.com/graph/api/directoryobject-getavailableextensionproperties
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from aad_assets.catalog.entity import Entity

_TYPES = {"Boolean": "Boolean", "DateTime": "DateTimeOffset", "Integer": "Int32", "LargeInteger": "Int64"}
"""Data type of an extension property → type in the metadata. All others (String, Binary, …) are stored as text."""

_NAME = re.compile(r"extension_[0-9a-f]{32}_\w{1,1000}", re.ASCII | re.IGNORECASE)
"""A name of thousands of characters would fit into no URL."""


@dataclass(frozen=True)
class ExtensionProperty:
    """A registered property: its full name (`extension_<app>_<name>`), data type, and the entity types that it applies to."""

    name: str
    data_type: str = "String"
    multi_valued: bool = False
    targets: frozenset[str] = frozenset()

    @property
    def type_name(self) -> str:
        """The name of the type, for `aad_assets.catalog.types.resolve`."""
        name = _TYPES.get(self.data_type, "String")
        return f"[{name}]" if self.multi_valued else name


def is_extension(name: str) -> bool:
    """Return whether a property is a directory extension property, by its name."""
    return name.lower().startswith("extension_")


def is_valid_name(name: str) -> bool:
    """Return whether a name can be that of a directory extension property: `extension_<app ID without hyphens>_<name>`."""
    return _NAME.fullmatch(name) is not None


def with_extensions(entity: Entity, extensions: Iterable[ExtensionProperty]) -> Entity:
    """Return `entity` with a column for each property that applies to its type, in the order of their names.

    Properties with the name of an existing column, in any case, are left out.
    """
    taken = {column.name.lower() for column in entity.all_columns}
    found: dict[str, tuple[str, str]] = {}
    for extension in _of(entity, extensions):
        if (name := extension.name.lower()) not in taken:
            found.setdefault(name, (extension.name, extension.type_name))
    return replace(entity, undeclared=(*entity.undeclared, *found.values())) if found else entity


def without_column(entity: Entity, extensions: Iterable[ExtensionProperty]) -> list[str]:
    """Return the names of properties that `with_extensions` leaves out because another differs from them only in case."""
    first: dict[str, str] = {}
    names = dict.fromkeys(extension.name for extension in _of(entity, extensions))
    return [name for name in names if first.setdefault(name.lower(), name) != name]


def _of(entity: Entity, extensions: Iterable[ExtensionProperty]) -> Iterator[ExtensionProperty]:
    for extension in sorted(extensions, key=lambda each: each.name):
        if entity.type.lower() in {target.lower() for target in extension.targets}:
            yield extension
