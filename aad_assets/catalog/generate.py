"""Generate `schema.json` and `meanings.json` from what Microsoft publishes about Graph v1.0.

    python -m aad_assets.catalog.generate metadata.xml microsoft-graph.d.ts

The metadata, for names and types, is at https://graph.microsoft.com/v1.0/$metadata and in the repository
microsoftgraph/msgraph-metadata (`schemas/v1.0-Prod.csdl`, MIT); the typings, for descriptions, in the npm package
@microsoft/microsoft-graph-types (MIT). Only the entity types that the catalogue names are kept, with the complex types
that they use. NOTICE has Microsoft's licence for both.

Not here: which entities there are (`entities/`), what a type becomes in DuckDB (`types.py`), how a description is read and
cut (`descriptions.py`).
"""

import json
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from aad_assets.catalog import descriptions

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
ROOT_NAMESPACE = "microsoft.graph"
SCHEMA_FILE = Path(__file__).with_name("schema.json")
MEANINGS_FILE = Path(__file__).with_name("meanings.json")


class Metadata:
    """The CSDL, indexed by qualified type name without the `microsoft.graph.` in front."""

    def __init__(self, path: Path) -> None:
        self.entities: dict[str, ElementTree.Element] = {}
        self.complex: dict[str, ElementTree.Element] = {}
        self.enums: set[str] = set()
        self.derived: set[str] = set()
        self._aliases: dict[str, str] = {}
        root = ElementTree.parse(path).getroot()
        schemas = list(root.iter(f"{EDM}Schema"))
        for schema in schemas:
            if alias := schema.get("Alias"):
                self._aliases[alias] = schema.attrib["Namespace"]
        for schema in schemas:
            self._index(schema)

    def _index(self, schema: ElementTree.Element) -> None:
        namespace = schema.attrib["Namespace"]
        for element in schema:
            name = self.short(f"{namespace}.{element.get('Name')}")
            if element.tag == f"{EDM}EntityType":
                self.entities[name] = element
            elif element.tag == f"{EDM}ComplexType":
                self.complex[name] = element
            elif element.tag == f"{EDM}EnumType":
                self.enums.add(name)
            if base := element.get("BaseType"):
                self.derived.add(self.short(base))

    def short(self, name: str) -> str:
        """`graph.user` and `microsoft.graph.user` → `user`; types of other namespaces keep the rest of theirs."""
        namespace, _, local = name.rpartition(".")
        full = f"{self._aliases.get(namespace, namespace)}.{local}"
        return full.removeprefix(f"{ROOT_NAMESPACE}.")

    def type_name(self, declared: str) -> str:
        """`Collection(graph.assignedLicense)` → `[assignedLicense]`; `Edm.String` and every enum → `String`."""
        if declared.startswith("Collection("):
            return f"[{self.type_name(declared[len('Collection(') : -1])}]"
        if declared.startswith("Edm."):
            return declared.removeprefix("Edm.")
        name = self.short(declared)
        return "String" if name in self.enums else name

    def properties(self, element: ElementTree.Element, siblings: dict[str, ElementTree.Element]) -> dict[str, str]:
        """Declared properties with those inherited first."""
        base = element.get("BaseType")
        inherited = self.properties(siblings[self.short(base)], siblings) if base else {}
        own = {p.attrib["Name"]: self.type_name(p.attrib["Type"]) for p in element.findall(f"{EDM}Property")}
        return inherited | own

    def lineage(self, entity_type: str) -> list[str]:
        """An entity type and those that it derives from, the root last."""
        base = self.entities[entity_type].get("BaseType")
        return [entity_type, *(self.lineage(self.short(base)) if base else ())]

    def is_open(self, element: ElementTree.Element) -> bool:
        """Whether a complex type, or one that it derives from, takes undeclared properties."""
        base = element.get("BaseType")
        return element.get("OpenType") == "true" or (base is not None and self.is_open(self.complex[self.short(base)]))


def generate(metadata: Metadata, entity_types: Iterable[str]) -> dict[str, Any]:
    """The content of schema.json: `entities` and `complex`, each name → properties → type name.

    A complex type is null where no fixed set of fields describes it: open, polymorphic (others derive from it) or empty.
    """
    entities = {name: metadata.properties(metadata.entities[name], metadata.entities) for name in sorted(entity_types)}
    complex_types: dict[str, dict[str, str] | None] = {}
    pending = [type_name for properties in entities.values() for type_name in properties.values()]
    while pending:
        name = pending.pop().strip("[]")
        if name in complex_types or name not in metadata.complex:
            continue
        element = metadata.complex[name]
        properties = metadata.properties(element, metadata.complex)
        fixed = properties and not metadata.is_open(element) and name not in metadata.derived
        complex_types[name] = properties if fixed else None
        pending += properties.values() if fixed else ()
    return {"entities": entities, "complex": dict(sorted(complex_types.items()))}


def meanings(
    metadata: Metadata, described: descriptions.Descriptions, entity_types: Iterable[str]
) -> dict[str, dict[str, str]]:
    """The content of meanings.json: entity type → property → meaning, where Microsoft gives one."""
    found: dict[str, dict[str, str]] = {}
    for name in sorted(entity_types):
        lineage = metadata.lineage(name)
        declared = metadata.properties(metadata.entities[name], metadata.entities)
        texts = {property_: descriptions.find(described, lineage, property_) for property_ in declared}
        found[name] = {property_: text for property_, text in texts.items() if text}
    return found


def render_meanings(content: dict[str, dict[str, str]]) -> str:
    """One property a line, so that a new release of the typings shows in a diff."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def render(schema: dict[str, Any]) -> str:
    """One type a line, so that a new release of the metadata shows in a diff."""
    sections = []
    for section, types in schema.items():
        lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(properties)}" for name, properties in types.items())
        sections.append(f"{json.dumps(section)}: {{\n{lines}\n}}")
    return "{" + ",\n".join(sections) + "}\n"


def main(arguments: list[str]) -> int:
    """Write schema.json and meanings.json from the metadata file and the typings named on the command line."""
    from aad_assets.catalog.entities import ENTITIES

    if len(arguments) != 2:
        print("usage: python -m aad_assets.catalog.generate METADATA.XML MICROSOFT-GRAPH.D.TS", file=sys.stderr)
        return 2
    metadata, described = Metadata(Path(arguments[0])), descriptions.read(Path(arguments[1]))
    types = {entity.type for entity in ENTITIES}
    SCHEMA_FILE.write_text(render(generate(metadata, types)), encoding="utf-8")
    MEANINGS_FILE.write_text(render_meanings(meanings(metadata, described, types)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
