"""A reader of CSDL, the metadata that Microsoft publishes about Graph's types."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
ROOT_NAMESPACE = "microsoft.graph"


class Csdl:
    """Microsoft's metadata (CSDL), indexed by type name without the leading `microsoft.graph.`."""

    def __init__(self, path: Path) -> None:
        self.entity_types: dict[str, ElementTree.Element] = {}
        self.complex_types: dict[str, ElementTree.Element] = {}
        self.enums: set[str] = set()
        self.base_types: set[str] = set()
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
            name = self.short_name(f"{namespace}.{element.get('Name')}")
            if element.tag == f"{EDM}EntityType":
                self.entity_types[name] = element
            elif element.tag == f"{EDM}ComplexType":
                self.complex_types[name] = element
            elif element.tag == f"{EDM}EnumType":
                self.enums.add(name)
            if base := element.get("BaseType"):
                self.base_types.add(self.short_name(base))

    def short_name(self, name: str) -> str:
        """Return a type name without its namespace: `graph.user` and `microsoft.graph.user` → `user`.

        Names in nested namespaces keep the nested part: `microsoft.graph.termStore.set` → `termStore.set`.
        """
        namespace, _, local = name.rpartition(".")
        full = f"{self._aliases.get(namespace, namespace)}.{local}"
        return full.removeprefix(f"{ROOT_NAMESPACE}.")

    def type_name(self, declared: str) -> str:
        """Return a declared type as schema.json writes it.

        `Collection(graph.assignedLicense)` → `[assignedLicense]`; `Edm.String` and every enum → `String`.
        """
        if declared.startswith("Collection("):
            return f"[{self.type_name(declared[len('Collection(') : -1])}]"
        if declared.startswith("Edm."):
            return declared.removeprefix("Edm.")
        name = self.short_name(declared)
        return "String" if name in self.enums else name

    def properties(self, element: ElementTree.Element, siblings: dict[str, ElementTree.Element]) -> dict[str, str]:
        """Return property → type name for `element`, inherited properties first. `siblings`: all types of its kind."""
        base = element.get("BaseType")
        inherited = self.properties(siblings[self.short_name(base)], siblings) if base else {}
        own = {p.attrib["Name"]: self.type_name(p.attrib["Type"]) for p in element.findall(f"{EDM}Property")}
        return inherited | own

    def lineage(self, entity_type: str) -> list[str]:
        """Return an entity type and its base types, the root last. Raises KeyError if the type is unknown."""
        base = self.entity_types[entity_type].get("BaseType")
        return [entity_type, *(self.lineage(self.short_name(base)) if base else ())]

    def is_open(self, element: ElementTree.Element) -> bool:
        """Return whether a complex type, or one of its base types, allows undeclared properties."""
        base = element.get("BaseType")
        return element.get("OpenType") == "true" or (
            base is not None and self.is_open(self.complex_types[self.short_name(base)])
        )
