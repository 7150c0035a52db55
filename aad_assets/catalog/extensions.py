"""Directory extension properties: columns that the tenant's own applications have registered.

Source: learn.microsoft.com/graph/api/directoryobject-getavailableextensionproperties
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from aad_assets.catalog.entity import Entity

_TYPES = {"Boolean": "Boolean", "DateTime": "DateTimeOffset", "Integer": "Int32", "LargeInteger": "Int64"}
"""Data type of an extension property → type in the metadata. All others (String, Binary, …) are stored as text."""


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


def with_extensions(entity: Entity, extensions: Iterable[ExtensionProperty]) -> Entity:
    """Return `entity` with a column for each property that applies to its type, in the order of their names.

    Properties with the name of an existing column, in any case, are left out.
    """
    taken = {column.name.lower() for column in entity.all_columns}
    found: dict[str, tuple[str, str]] = {}
    for extension in sorted(extensions, key=lambda each: each.name):
        name = extension.name.lower()
        if entity.type.lower() in {target.lower() for target in extension.targets} and name not in taken:
            found.setdefault(name, (extension.name, extension.type_name))
    return replace(entity, undeclared=(*entity.undeclared, *found.values())) if found else entity
