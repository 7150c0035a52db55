"""The content of `schema.json` and `meanings.json`, and how it is laid out."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aad_assets import catalog
from tools.catalog_data.csdl import Csdl
from tools.catalog_data.typings import Descriptions, find_meaning

SCHEMA_FILE = Path(catalog.__file__).with_name("schema.json")
MEANINGS_FILE = Path(catalog.__file__).with_name("meanings.json")


def build_schema(csdl: Csdl, entity_types: Iterable[str]) -> dict[str, Any]:
    """Return the content of schema.json: `entities` and `complex`, each a mapping of type → property → type name.

    A complex type is null if it has no fixed set of fields: it is open, empty, or the base of other types. Only the complex
    types that the entity types use are included. Raises KeyError for an unknown entity type.
    """
    entities = {name: csdl.properties(csdl.entity_types[name], csdl.entity_types) for name in sorted(entity_types)}
    complex_types: dict[str, dict[str, str] | None] = {}
    pending = [type_name for properties in entities.values() for type_name in properties.values()]
    while pending:
        name = pending.pop().strip("[]")
        if name in complex_types or name not in csdl.complex_types:
            continue
        element = csdl.complex_types[name]
        properties = csdl.properties(element, csdl.complex_types)
        fixed = properties and not csdl.is_open(element) and name not in csdl.base_types
        complex_types[name] = properties if fixed else None
        pending += properties.values() if fixed else ()
    return {"entities": entities, "complex": dict(sorted(complex_types.items()))}


def build_meanings(csdl: Csdl, descriptions: Descriptions, entity_types: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return the content of meanings.json: entity type → property → meaning, for properties that Microsoft describes."""
    found: dict[str, dict[str, str]] = {}
    for name in sorted(entity_types):
        lineage = csdl.lineage(name)
        declared = csdl.properties(csdl.entity_types[name], csdl.entity_types)
        meanings = {property_: find_meaning(descriptions, lineage, property_) for property_ in declared}
        found[name] = {property_: meaning for property_, meaning in meanings.items() if meaning}
    return found


def render_schema(schema: dict[str, Any]) -> str:
    """Return the text of schema.json with one type per line, so that a diff shows what a new release changes."""
    sections = []
    for section, types in schema.items():
        lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(properties)}" for name, properties in types.items())
        sections.append(f"{json.dumps(section)}: {{\n{lines}\n}}")
    return "{" + ",\n".join(sections) + "}\n"


def render_meanings(meanings: dict[str, dict[str, str]]) -> str:
    """Return the text of meanings.json with one property per line, so that a diff shows what a new release changes."""
    return json.dumps(meanings, indent=1, ensure_ascii=False) + "\n"
