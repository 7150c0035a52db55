"""The content of `schema.json` and `meanings.json`, and how it is laid out."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aad_assets import catalog
from aad_assets.catalog.conform.csdl import Csdl
from tools.catalog_data.needs import Needs
from tools.catalog_data.typings import Descriptions, find_meaning

SCHEMA_FILE = Path(catalog.__file__).with_name("schema.json")
MEANINGS_FILE = Path(catalog.__file__).with_name("meanings.json")


def build_schema(csdl: Csdl, needs: Needs) -> dict[str, Any]:
    """Return the content of schema.json for one version of Graph. Raises KeyError for a type or property that is unknown.

    - `entities`: type → property → type name
    - `subtypes`: derived type → property that it adds to the type of the list → type name
    - `navigation`: entity type → navigation property → type name, or the properties of a link with their type names
    - `structs`: every type that is used as a value → field → type name; null if the type has no fixed set of fields
    """
    entities = {name: csdl.properties(name) for name in sorted(needs.types)}
    subtypes = {
        name: {p: type_ for p, type_ in csdl.properties(name).items() if p not in csdl.properties(base)}
        for name, base in sorted(needs.subtypes.items())
    }
    navigation: dict[str, dict[str, Any]] = {}
    for name, part in sorted(needs.parts):
        navigation.setdefault(name, {})[part] = csdl.navigation(name)[part]
    for (name, link), chosen in sorted(needs.links.items()):
        declared = csdl.properties(csdl.navigation(name)[link])
        navigation.setdefault(name, {})[link] = {property_: declared[property_] for property_ in chosen}
    parts = [part for parts in navigation.values() for part in parts.values()]
    chosen_properties = [part for part in parts if isinstance(part, dict)]
    used = [type_ for members in (*entities.values(), *subtypes.values(), *chosen_properties) for type_ in members.values()]
    used += [part for part in parts if isinstance(part, str)]
    return {
        "entities": entities,
        "subtypes": subtypes,
        "navigation": dict(sorted(navigation.items())),
        "structs": _build_structs(csdl, (*used, *needs.values)),
    }


def _build_structs(csdl: Csdl, used: Iterable[str]) -> dict[str, dict[str, str] | None]:
    """Return the fields of the types that `used` names, and of those that these use.

    Graph returns related objects within a complex value without `$expand`, together with the parts that belong to them:
    `grantControls.authenticationStrength.combinationConfigurations` (learn.microsoft.com/graph/api/policydeletableitem-list).
    """
    structs: dict[str, dict[str, str] | None] = {}
    pending = [(name, False) for name in used]
    while pending:
        name, within_value = pending.pop()
        name = name.strip("[]")
        if name not in csdl.types or (name in structs and not within_value):
            continue
        if not csdl.has_fixed_fields(name):
            structs[name] = None
            continue
        fields = csdl.properties(name)
        is_entity = name in csdl.entity_types
        parts = csdl.contained(name) if is_entity and within_value else {} if is_entity else csdl.navigation(name)
        if structs.get(name) == fields | parts:
            continue
        structs[name] = fields | parts
        pending += ((type_, False) for type_ in fields.values())
        pending += ((type_, True) for type_ in parts.values())
    return dict(sorted(structs.items()))


def build_meanings(csdl: Csdl, descriptions: Descriptions, needs: Needs) -> dict[str, dict[str, str]]:
    """Return the content of meanings.json for one version: type → property → meaning, where Microsoft describes it."""
    members = {name: list(csdl.properties(name)) for name in needs.types}
    for name, base in needs.subtypes.items():
        members[name] = [p for p in csdl.properties(name) if name in needs.types or p not in csdl.properties(base)]
    for name, part in sorted({*needs.parts, *needs.links}):
        members[name].append(part)
    found: dict[str, dict[str, str]] = {}
    for name, names in sorted(members.items()):
        lineage = csdl.lineage(name)
        meanings = {property_: find_meaning(descriptions, lineage, property_) for property_ in names}
        found[name] = {property_: meaning for property_, meaning in meanings.items() if meaning}
    return found


def render_schema(schema: dict[str, Any]) -> str:
    """Return the text of schema.json with one type per line, so that a diff shows what a new release changes."""
    versions = []
    for version, content in schema.items():
        sections = []
        for section, types in content.items():
            lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(properties)}" for name, properties in types.items())
            sections.append(f"{json.dumps(section)}: {{\n{lines}\n}}")
        versions.append(f"{json.dumps(version)}: {{\n" + ",\n".join(sections) + "\n}")
    return "{" + ",\n".join(versions) + "}\n"


def render_meanings(meanings: dict[str, dict[str, dict[str, str]]]) -> str:
    """Return the text of meanings.json with one property per line, so that a diff shows what a new release changes."""
    return json.dumps(meanings, indent=1, ensure_ascii=False) + "\n"
