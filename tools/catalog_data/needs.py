"""The types and parts of types that the catalogue uses."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Needs:
    """The types and parts that schema.json has to contain for one version of Graph, named as in the catalogue."""

    types: set[str] = field(default_factory=set)
    """The types of rows."""
    subtypes: dict[str, str] = field(default_factory=dict)
    """Derived type → the type of the list that its objects arrive in."""
    parts: set[tuple[str, str]] = field(default_factory=set)
    """Types, each with a navigation property that becomes a column."""
    links: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """Types, each with a navigation property, and the properties of the linked object that become columns."""
    values: set[str] = field(default_factory=set)
    """The types of properties that Microsoft's metadata does not declare."""


def find_needs(entities: Iterable[Any], version: str) -> Needs:
    """Return what the entities of a version need. Raises ValueError if a derived type arrives in lists of two types."""
    needs = Needs()
    for entity in entities:
        if entity.version != version:
            continue
        needs.types.add(entity.type)
        for subtype in entity.subtypes:
            if needs.subtypes.setdefault(subtype, entity.type) != entity.type:
                raise ValueError(f"{subtype} is a derived type in lists of {entity.type} and {needs.subtypes[subtype]}.")
        expanded = (name.partition("(")[0] for name in (*entity.inline, *entity.embedded))
        needs.parts.update((entity.type, name) for name in expanded if "." not in name)
        for link in entity.links:
            chosen = (*needs.links.get((entity.type, link.name), ()), *link.properties)
            needs.links[entity.type, link.name] = tuple(dict.fromkeys(chosen))
        needs.values.update(type_ for _, type_ in entity.undeclared if isinstance(type_, str))
    return needs
