"""schema.json and meanings.json from Microsoft's metadata and typings."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from aad_assets.catalog import ENTITIES, Entity
from tools.catalog_data import files
from tools.catalog_data.__main__ import main
from tools.catalog_data.csdl import Csdl
from tools.catalog_data.files import (
    MEANINGS_FILE,
    SCHEMA_FILE,
    build_meanings,
    build_schema,
    render_meanings,
    render_schema,
)
from tools.catalog_data.typings import read_typings

CSDL = """<?xml version="1.0" encoding="utf-8"?>
<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx">
  <edmx:DataServices>
    <Schema Namespace="microsoft.graph" Alias="graph" xmlns="http://docs.oasis-open.org/odata/ns/edm">
      <EnumType Name="colour"><Member Name="red" Value="0"/></EnumType>
      <EnumType Name="rights" IsFlags="true"><Member Name="read" Value="1"/></EnumType>
      <EntityType Name="entity" Abstract="true">
        <Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String"/>
      </EntityType>
      <EntityType Name="directoryObject" BaseType="graph.entity" OpenType="true">
        <Property Name="deletedDateTime" Type="Edm.DateTimeOffset"/>
      </EntityType>
      <EntityType Name="person" BaseType="microsoft.graph.directoryObject" OpenType="true">
        <Property Name="name" Type="Edm.String" Nullable="false"/>
        <Property Name="photo" Type="Edm.Stream"/>
        <Property Name="eyes" Type="graph.colour"/>
        <Property Name="rights" Type="Collection(microsoft.graph.rights)"/>
        <Property Name="phones" Type="Collection(Edm.String)"/>
        <Property Name="homes" Type="Collection(graph.address)"/>
        <Property Name="tree" Type="graph.tree"/>
        <Property Name="open" Type="graph.open"/>
        <Property Name="opener" Type="graph.opener"/>
        <Property Name="shapes" Type="Collection(graph.shape)"/>
        <Property Name="circle" Type="graph.circle"/>
        <Property Name="empty" Type="graph.empty"/>
        <Property Name="plan" Type="microsoft.graph.governance.plan"/>
        <Property Name="state" Type="governance.state"/>
        <NavigationProperty Name="manager" Type="graph.directoryObject"/>
      </EntityType>
      <EntityType Name="unnamed" BaseType="graph.entity"><Property Name="thing" Type="graph.unused"/></EntityType>
      <ComplexType Name="address">
        <Property Name="street" Type="Edm.String"/><Property Name="place" Type="graph.place"/>
      </ComplexType>
      <ComplexType Name="place"><Property Name="height" Type="Edm.Double"/></ComplexType>
      <ComplexType Name="tree"><Property Name="branches" Type="Collection(graph.tree)"/></ComplexType>
      <ComplexType Name="open" OpenType="true"><Property Name="known" Type="Edm.String"/></ComplexType>
      <ComplexType Name="opener" BaseType="graph.open"><Property Name="more" Type="Edm.String"/></ComplexType>
      <ComplexType Name="shape" Abstract="true"><Property Name="area" Type="Edm.Int32"/></ComplexType>
      <ComplexType Name="circle" BaseType="graph.shape"><Property Name="radius" Type="Edm.Int64"/></ComplexType>
      <ComplexType Name="empty"/>
      <ComplexType Name="unused"><Property Name="x" Type="Edm.String"/></ComplexType>
      <Annotations Target="microsoft.graph.person"><Annotation Term="Org.OData.Core.V1.Description" String="A"/></Annotations>
    </Schema>
    <Schema Namespace="microsoft.graph.governance" Alias="governance" xmlns="http://docs.oasis-open.org/odata/ns/edm">
      <EnumType Name="state"><Member Name="on" Value="0"/></EnumType>
      <ComplexType Name="plan">
        <Property Name="home" Type="graph.address"/><Property Name="place" Type="self.place"/>
      </ComplexType>
      <EntityType Name="task" BaseType="graph.entity"><Property Name="plan" Type="governance.plan"/></EntityType>
    </Schema>
    <Schema Namespace="microsoft.graph.self" Alias="self" xmlns="http://docs.oasis-open.org/odata/ns/edm">
      <ComplexType Name="place"><Property Name="room" Type="Edm.Int32"/></ComplexType>
    </Schema>
  </edmx:DataServices>
</edmx:Edmx>
"""

TYPINGS = """
export interface Entity {
    // The unique identifier for an entity. Read-only.
    id?: string;
}
export interface DirectoryObject extends Entity {
    // When it was deleted.
    deletedDateTime?: NullableOption<string>;
}
export interface Person extends DirectoryObject {
    // What the person is called. Supports $filter (eq).
    name?: string;
    // Read-only.
    phones?: string[];
    // A relation.
    manager?: NullableOption<DirectoryObject>;
}
export namespace Governance {
    interface Task extends microsoftgraph.Entity {
        // What is planned.
        plan?: NullableOption<Plan>;
    }
}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "metadata.xml"
    path.write_text(CSDL, encoding="utf-8")
    return path


@pytest.fixture
def typings(tmp_path: Path) -> Path:
    path = tmp_path / "microsoft-graph.d.ts"
    path.write_text(TYPINGS, encoding="utf-8")
    return path


@pytest.fixture
def person(file: Path) -> dict[str, Any]:
    return build_schema(Csdl(file), ["person"])


def test_inherited_properties_come_first(person: dict[str, Any]) -> None:
    assert list(person["entities"]["person"])[:3] == ["id", "deletedDateTime", "name"]


def test_properties_have_their_types_and_relations_are_left_out(person: dict[str, Any]) -> None:
    assert person["entities"] == {
        "person": {
            "id": "String",
            "deletedDateTime": "DateTimeOffset",
            "name": "String",
            "photo": "Stream",
            "eyes": "String",
            "rights": "[String]",
            "phones": "[String]",
            "homes": "[address]",
            "tree": "tree",
            "open": "open",
            "opener": "opener",
            "shapes": "[shape]",
            "circle": "circle",
            "empty": "empty",
            "plan": "governance.plan",
            "state": "String",
        }
    }


def test_complex_types_are_those_in_use_with_what_they_use(person: dict[str, Any]) -> None:
    assert person["complex"] == {
        "address": {"street": "String", "place": "place"},
        "circle": {"area": "Int32", "radius": "Int64"},
        "empty": None,
        "governance.plan": {"home": "address", "place": "self.place"},
        "open": None,
        "opener": None,
        "place": {"height": "Double"},
        "self.place": {"room": "Int32"},
        "shape": None,
        "tree": {"branches": "[tree]"},
    }
    assert list(person["complex"]) == sorted(person["complex"])


def test_types_of_other_namespaces_keep_the_rest_of_theirs(file: Path) -> None:
    schema = build_schema(Csdl(file), ["governance.task"])
    assert schema["entities"] == {"governance.task": {"id": "String", "plan": "governance.plan"}}
    assert "self.place" in schema["complex"]


def test_an_entity_type_that_the_metadata_lacks_is_a_key_error(file: Path) -> None:
    with pytest.raises(KeyError, match="nobody"):
        build_schema(Csdl(file), ["nobody"])


def test_the_file_has_one_type_a_line_and_says_the_same(person: dict[str, Any]) -> None:
    text = render_schema(person)
    assert json.loads(text) == person
    assert len(text.splitlines()) == len(person["entities"]) + len(person["complex"]) + 4
    assert '"empty": null,' in text.splitlines()


def test_meanings_are_those_of_declared_properties_with_the_inherited_ones(file: Path, typings: Path) -> None:
    assert build_meanings(Csdl(file), read_typings(typings), ["person", "governance.task"]) == {
        "governance.task": {"id": "The unique identifier for an entity.", "plan": "What is planned."},
        "person": {
            "id": "The unique identifier for an entity.",
            "deletedDateTime": "When it was deleted.",
            "name": "What the person is called.",
        },
    }


def test_the_command_writes_the_types_that_the_catalogue_names(
    file: Path, typings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, explained = tmp_path / "schema.json", tmp_path / "meanings.json"
    monkeypatch.setattr(files, "SCHEMA_FILE", written)
    monkeypatch.setattr(files, "MEANINGS_FILE", explained)
    monkeypatch.setattr("tools.catalog_data.__main__.ENTITIES", [type("Named", (), {"type": "governance.task"})])
    assert main([str(file), str(typings)]) == 0
    assert json.loads(written.read_text("utf-8"))["entities"].keys() == {"governance.task"}
    assert json.loads(explained.read_text("utf-8"))["governance.task"]["plan"] == "What is planned."


@pytest.mark.parametrize("arguments", [[], ["one"], ["one", "two", "three"]])
def test_the_command_says_how_it_is_used(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "METADATA.XML MICROSOFT-GRAPH.D.TS" in capsys.readouterr().err


def test_the_schema_in_the_package_is_written_as_the_generator_writes_it() -> None:
    text = SCHEMA_FILE.read_text("utf-8")
    schema = json.loads(text)
    assert render_schema(schema) == text
    assert list(schema) == ["entities", "complex"]
    assert list(schema["entities"]) == sorted({entity.type for entity in ENTITIES})


def test_the_schema_in_the_package_holds_every_complex_type_that_it_uses_and_no_other() -> None:
    schema = json.loads(SCHEMA_FILE.read_text("utf-8"))
    used: set[str] = set()
    pending = [name for properties in schema["entities"].values() for name in properties.values()]
    pending += [name for entity in ENTITIES for _, name in entity.undeclared]
    while pending:
        name = pending.pop().strip("[]")
        if name in used or name[0].isupper():
            continue
        used.add(name)
        pending += (schema["complex"][name] or {}).values()
    assert used == set(schema["complex"])


def test_the_meanings_in_the_package_are_of_properties_in_the_schema() -> None:
    text = MEANINGS_FILE.read_text("utf-8")
    content, schema = json.loads(text), json.loads(SCHEMA_FILE.read_text("utf-8"))
    assert render_meanings(content) == text
    assert list(content) == list(schema["entities"])
    for name, texts in content.items():
        assert set(texts) <= set(schema["entities"][name]), name
        assert all(texts.values()), name


@pytest.mark.skipif("AAD_METADATA_FILE" not in os.environ, reason="AAD_METADATA_FILE names no metadata file")
def test_the_schema_in_the_package_is_what_the_metadata_file_says() -> None:
    metadata = Csdl(Path(os.environ["AAD_METADATA_FILE"]))
    expected = render_schema(build_schema(metadata, {entity.type for entity in ENTITIES}))
    assert SCHEMA_FILE.read_text("utf-8") == expected


@pytest.mark.skipif(not {"AAD_METADATA_FILE", "AAD_TYPINGS_FILE"} <= set(os.environ), reason="no metadata or typings named")
def test_the_meanings_in_the_package_are_what_the_typings_say() -> None:
    metadata = Csdl(Path(os.environ["AAD_METADATA_FILE"]))
    described = read_typings(Path(os.environ["AAD_TYPINGS_FILE"]))
    assert MEANINGS_FILE.read_text("utf-8") == render_meanings(
        build_meanings(metadata, described, {entity.type for entity in ENTITIES})
    )


@pytest.mark.skipif("AAD_METADATA_FILE" not in os.environ, reason="AAD_METADATA_FILE names no metadata file")
@pytest.mark.parametrize("entity", [each for each in ENTITIES if each.polymorphic], ids=lambda each: each.table)
def test_what_only_some_types_of_rows_have_is_what_the_metadata_file_says(entity: Entity) -> None:
    metadata = Csdl(Path(os.environ["AAD_METADATA_FILE"]))
    own = metadata.properties(metadata.entity_types[entity.type], metadata.entity_types)
    every: set[str] = set()
    for element in metadata.entity_types.values():
        bases, base = set(), element.get("BaseType")
        while base:
            bases.add(metadata.short_name(base))
            base = metadata.entity_types[metadata.short_name(base)].get("BaseType")
        if entity.type in bases:
            every |= metadata.properties(element, metadata.entity_types).keys()
    assert entity.derived == every - own.keys()
