"""A reader of CSDL, the metadata that Microsoft publishes about Graph's types and paths.

Source: docs.oasis-open.org/odata/odata-csdl-xml/v4.01.
"""

import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
ROOT_NAMESPACE = "microsoft.graph"


@dataclass(frozen=True)
class Operation:
    """A function or action that is bound to a type. Types are written as in schema.json; `returns` is empty if nothing is."""

    name: str
    bound_to: str
    returns: str
    is_action: bool


class Csdl:
    """Microsoft's metadata (CSDL), indexed by type name without the leading `microsoft.graph.`."""

    def __init__(self, path: Path) -> None:
        """Read the file. Raises OSError if it cannot be read, ParseError if it is not XML, ValueError if it is not CSDL."""
        self.types: dict[str, ElementTree.Element] = {}
        """The entity types and complex types."""
        self.entity_types: set[str] = set()
        self.enums: set[str] = set()
        self.roots: dict[str, str] = {}
        """Entity set or singleton → its type: `[user]` or `organization`."""
        self.operations: dict[str, list[Operation]] = {}
        self._base: dict[str, str] = {}
        self._aliases: dict[str, str] = {}
        schemas = list(ElementTree.parse(path).getroot().iter(f"{EDM}Schema"))
        if not schemas:
            raise ValueError("it has no OData schema")
        for schema in schemas:
            if alias := schema.get("Alias"):
                self._aliases[alias] = schema.attrib["Namespace"]
        for schema in schemas:
            self._index_types(schema)
        if unknown := sorted(set(self._base.values()) - self.types.keys()):
            raise ValueError(f"it does not have `{unknown[0]}`, which is the base of another type")
        for schema in schemas:  # after the types, because the names of enums are needed
            self._index_container(schema)

    def _index_types(self, schema: ElementTree.Element) -> None:
        namespace = schema.attrib["Namespace"]
        for element in schema:
            name = self.short_name(f"{namespace}.{element.get('Name')}")
            if element.tag == f"{EDM}EnumType":
                self.enums.add(name)
            elif element.tag in (f"{EDM}EntityType", f"{EDM}ComplexType"):
                self.types[name] = element
                if element.tag == f"{EDM}EntityType":
                    self.entity_types.add(name)
                if base := element.get("BaseType"):
                    self._base[name] = self.short_name(base)

    def _index_container(self, schema: ElementTree.Element) -> None:
        for element in schema.iter(f"{EDM}EntitySet"):
            self.roots[element.attrib["Name"]] = f"[{self.short_name(element.attrib['EntityType'])}]"
        for element in schema.iter(f"{EDM}Singleton"):
            self.roots[element.attrib["Name"]] = self.short_name(element.attrib["Type"])
        for element in schema:
            parameters, returned = element.findall(f"{EDM}Parameter"), element.find(f"{EDM}ReturnType")
            if element.get("IsBound") == "true" and parameters:
                operation = Operation(
                    element.attrib["Name"],
                    self.type_name(parameters[0].attrib["Type"]),
                    "" if returned is None else self.type_name(returned.attrib["Type"]),
                    element.tag == f"{EDM}Action",
                )
                self.operations.setdefault(operation.name, []).append(operation)

    def short_name(self, name: str) -> str:
        """Return a type name without its namespace: `graph.user` and `microsoft.graph.user` → `user`.

        Names in nested namespaces keep the nested part: `microsoft.graph.termStore.set` → `termStore.set`.
        """
        namespace, _, local = name.rpartition(".")
        full = f"{self._aliases.get(namespace, namespace)}.{local}"
        return full.removeprefix(f"{ROOT_NAMESPACE}.")

    def type_name(self, declared: str) -> str:
        """Return a declared type as schema.json writes it.

        `Collection(graph.assignedLicense)` → `[assignedLicense]`; `Edm.String` and every enum → `String`; `Edm.Single` →
        `Double`, because JSON does not tell them apart.
        """
        if declared.startswith("Collection("):
            return f"[{self.type_name(declared[len('Collection(') : -1])}]"
        if declared == "Edm.Single":
            return "Double"
        if declared.startswith("Edm."):
            return declared.removeprefix("Edm.")
        name = self.short_name(declared)
        return "String" if name in self.enums else name

    def lineage(self, name: str) -> list[str]:
        """Return a type and its base types, the root last. Raises KeyError if a type is unknown."""
        if name not in self.types:
            raise KeyError(name)
        return [name, *(self.lineage(self._base[name]) if name in self._base else ())]

    def properties(self, name: str) -> dict[str, str]:
        """Return property → type name for a type, inherited properties first. Raises KeyError if the type is unknown."""
        return self._members(name, "Property")

    def navigation(self, name: str) -> dict[str, str]:
        """Return navigation property → type name for a type, inherited ones first. Raises KeyError if it is unknown."""
        return self._members(name, "NavigationProperty")

    def _members(self, name: str, tag: str) -> dict[str, str]:
        return {
            member.attrib["Name"]: self.type_name(member.attrib["Type"])
            for type_ in reversed(self.lineage(name))
            for member in self.types[type_].findall(f"{EDM}{tag}")
        }

    def contained(self, name: str) -> dict[str, str]:
        """Return the navigation properties whose objects belong to those of the type `name`, each with its type name."""
        return {
            member.attrib["Name"]: self.type_name(member.attrib["Type"])
            for type_ in reversed(self.lineage(name))
            for member in self.types[type_].findall(f"{EDM}NavigationProperty")
            if member.get("ContainsTarget") == "true"
        }

    def key(self, name: str) -> tuple[str, ...]:
        """Return the properties that identify an object of a type; empty for complex types."""
        for type_ in self.lineage(name):
            if (key := self.types[type_].find(f"{EDM}Key")) is not None:
                return tuple(part.attrib["Name"] for part in key.findall(f"{EDM}PropertyRef"))
        return ()

    def is_open(self, name: str) -> bool:
        """Return whether a type, or one of its base types, allows undeclared properties."""
        return any(self.types[type_].get("OpenType") == "true" for type_ in self.lineage(name))

    def is_abstract(self, name: str) -> bool:
        """Return whether no object is of exactly this type."""
        return self.types[name].get("Abstract") == "true"

    def subtypes(self, name: str) -> list[str]:
        """Return the types derived from a type, directly or not."""
        return [type_ for type_ in self._base if name in self.lineage(type_)[1:]]

    def has_fixed_fields(self, name: str) -> bool:
        """Return whether every value of a type has the same fields: it is not open, abstract, empty or the base of others."""
        variable = self.is_open(name) or self.is_abstract(name) or name in self._base.values()
        return not variable and bool(self.properties(name))
