"""Directory extension properties: columns that a tenant's own applications have registered.

Source: learn.microsoft.com/graph/api/directoryobject-getavailableextensionproperties. Pure: not here how they are read.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from aad_assets.catalog.entity import Entity

_TYPES = {"Boolean": "Boolean", "DateTime": "DateTimeOffset", "Integer": "Int32", "LargeInteger": "Int64"}
"""Graph's data types as the metadata's; all others (String, Binary, …) are text."""


@dataclass(frozen=True)
class ExtensionProperty:
    """One registered property: its full name (`extension_<app>_<name>`), data type and the types it applies to."""

    name: str
    data_type: str = "String"
    multi_valued: bool = False
    targets: frozenset[str] = frozenset()

    @property
    def type_name(self) -> str:
        """As `aad_assets.catalog.types.resolve` takes it."""
        name = _TYPES.get(self.data_type, "String")
        return f"[{name}]" if self.multi_valued else name


def with_extensions(entity: Entity, extensions: Iterable[ExtensionProperty]) -> Entity:
    """`entity` with the properties that apply to its type as further columns, in the order of their names."""
    taken = {column.name.lower() for column in entity.all_columns}
    found: dict[str, tuple[str, str]] = {}
    for extension in sorted(extensions, key=lambda each: each.name):
        name = extension.name.lower()
        if entity.type.lower() in {target.lower() for target in extension.targets} and name not in taken:
            found.setdefault(name, (extension.name, extension.type_name))
    return replace(entity, undeclared=(*entity.undeclared, *found.values())) if found else entity
