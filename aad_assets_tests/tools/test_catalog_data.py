"""schema.json and meanings.json from Microsoft's metadata and typings."""

import json
import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aad_assets.catalog import ENTITIES
from aad_assets.catalog.conform.csdl import Csdl
from tools.catalog_data import files
from tools.catalog_data.__main__ import VERSIONS, main
from tools.catalog_data.files import (
    MEANINGS_FILE,
    SCHEMA_FILE,
    build_meanings,
    build_schema,
    render_meanings,
    render_schema,
)
from tools.catalog_data.needs import Needs, find_needs
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
        <NavigationProperty Name="badges" Type="Collection(graph.badge)" ContainsTarget="true"/>
      </EntityType>
      <EntityType Name="employee" BaseType="graph.person" OpenType="true">
        <Property Name="desk" Type="graph.desk"/>
      </EntityType>
      <EntityType Name="badge" BaseType="graph.entity">
        <Property Name="number" Type="Edm.Int32"/>
        <NavigationProperty Name="doors" Type="Collection(graph.door)" ContainsTarget="true"/>
        <NavigationProperty Name="holder" Type="graph.person"/>
      </EntityType>
      <EntityType Name="door" BaseType="graph.entity" Abstract="true"/>
      <EntityType Name="rule" BaseType="graph.entity"><Property Name="controls" Type="graph.controls"/></EntityType>
      <ComplexType Name="controls">
        <Property Name="operator" Type="Edm.String"/>
        <NavigationProperty Name="badge" Type="graph.badge"/>
      </ComplexType>
      <ComplexType Name="desk"><Property Name="floor" Type="Edm.Int32"/></ComplexType>
      <EntityType Name="unnamed" BaseType="graph.entity"><Property Name="thing" Type="graph.unused"/></EntityType>
      <ComplexType Name="address">
        <Property Name="street" Type="Edm.String"/><Property Name="place" Type="graph.place"/>
      </ComplexType>
      <ComplexType Name="place">
        <Property Name="height" Type="Edm.Double"/><Property Name="width" Type="Edm.Single"/>
      </ComplexType>
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
    // To whom the person reports.
    manager?: NullableOption<DirectoryObject>;
}
export interface Employee extends Person {
    // Where the employee sits.
    desk?: NullableOption<Desk>;
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


def declaration(type_: str, version: str = "v1.0", **parts: Any) -> SimpleNamespace:
    nothing = dict.fromkeys(("subtypes", "links", "inline", "embedded", "undeclared"), ())
    return SimpleNamespace(**nothing | {"type": type_, "version": version} | parts)


@pytest.fixture
def person(file: Path) -> dict[str, Any]:
    return build_schema(Csdl(file), Needs({"person"}))


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


def test_structs_are_those_in_use_with_what_they_use(person: dict[str, Any]) -> None:
    assert person["structs"] == {
        "address": {"street": "String", "place": "place"},
        "circle": {"area": "Int32", "radius": "Int64"},
        "empty": None,
        "governance.plan": {"home": "address", "place": "self.place"},
        "open": None,
        "opener": None,
        "place": {"height": "Double", "width": "Double"},
        "self.place": {"room": "Int32"},
        "shape": None,
        "tree": {"branches": "[tree]"},
    }
    assert list(person["structs"]) == sorted(person["structs"])


def test_types_of_other_namespaces_keep_the_rest_of_theirs(file: Path) -> None:
    schema = build_schema(Csdl(file), Needs({"governance.task"}))
    assert schema["entities"] == {"governance.task": {"id": "String", "plan": "governance.plan"}}
    assert "self.place" in schema["structs"]


def test_a_derived_type_has_what_it_adds_to_the_type_of_the_list(file: Path) -> None:
    schema = build_schema(Csdl(file), Needs(subtypes={"employee": "directoryObject"}))
    assert list(schema["subtypes"]["employee"])[:2] == ["name", "photo"]
    assert list(schema["subtypes"]["employee"])[-1] == "desk"
    assert schema["structs"]["desk"] == {"floor": "Int32"}


def test_a_related_object_of_a_row_is_a_struct_of_its_properties(file: Path) -> None:
    schema = build_schema(Csdl(file), Needs(parts={("person", "badges")}))
    assert schema["navigation"] == {"person": {"badges": "[badge]"}}
    assert schema["structs"]["badge"] == {"id": "String", "number": "Int32"}


def test_a_related_object_of_several_types_has_no_fixed_fields(file: Path) -> None:
    schema = build_schema(Csdl(file), Needs(parts={("person", "manager"), ("badge", "doors")}))
    assert schema["navigation"] == {"badge": {"doors": "[door]"}, "person": {"manager": "directoryObject"}}
    assert schema["structs"] == {"directoryObject": None, "door": None}


def test_a_link_has_the_chosen_properties_alone(file: Path) -> None:
    schema = build_schema(Csdl(file), Needs(links={("badge", "holder"): ("id", "homes")}))
    assert schema["navigation"] == {"badge": {"holder": {"id": "String", "homes": "[address]"}}}
    assert "address" in schema["structs"]


def test_a_related_object_within_a_value_comes_with_its_own_parts(file: Path) -> None:
    schema = build_schema(Csdl(file), Needs({"rule"}))
    assert schema["structs"] == {
        "badge": {"id": "String", "number": "Int32", "doors": "[door]"},
        "controls": {"operator": "String", "badge": "badge"},
        "door": None,
    }


@pytest.mark.parametrize(
    "needs",
    [
        Needs({"nobody"}),
        Needs(subtypes={"nobody": "person"}),
        Needs(parts={("person", "nothing")}),
        Needs(links={("person", "nothing"): ("id",)}),
        Needs(links={("badge", "holder"): ("nothing",)}),
    ],
)
def test_what_the_metadata_lacks_is_a_key_error(file: Path, needs: Needs) -> None:
    with pytest.raises(KeyError, match=r"nobody|nothing"):
        build_schema(Csdl(file), needs)


def test_needs_are_those_of_the_version() -> None:
    link = SimpleNamespace(name="manager", properties=("id",))
    again = SimpleNamespace(name="manager", properties=("id", "name"))
    entities = [
        declaration("person", links=[link], inline=("badges($select=id)",), undeclared=(("home", "address"),)),
        declaration("person", links=[again], subtypes=("employee",), embedded=("plan.home", "phones")),
        declaration("badge", version="beta"),
    ]
    assert find_needs(entities, "beta") == Needs({"badge"})
    assert find_needs(entities, "v1.0") == Needs(
        {"person"},
        {"employee": "person"},
        {("person", "badges"), ("person", "phones")},
        {("person", "manager"): ("id", "name")},
        {"address"},
    )


def test_a_derived_type_of_two_lists_needs_two_sets_of_properties() -> None:
    entities = [declaration("person", subtypes=("employee",)), declaration("entity", subtypes=("employee",))]
    with pytest.raises(ValueError, match="employee"):
        find_needs(entities, "v1.0")


def test_the_file_has_one_type_a_line_and_says_the_same(person: dict[str, Any]) -> None:
    text = render_schema({"v1.0": person, "beta": person})
    assert json.loads(text) == {"v1.0": person, "beta": person}
    lines = text.splitlines()
    assert lines.count('"empty": null,') == 2
    assert sum(line.startswith('"person": {"id"') for line in lines) == 2


def test_meanings_are_those_of_declared_properties_with_the_inherited_ones(file: Path, typings: Path) -> None:
    needs = Needs({"person", "governance.task"}, {"employee": "person"}, links={("person", "manager"): ("id",)})
    assert build_meanings(Csdl(file), read_typings(typings), needs) == {
        "employee": {"desk": "Where the employee sits."},
        "governance.task": {"id": "The unique identifier for an entity.", "plan": "What is planned."},
        "person": {
            "id": "The unique identifier for an entity.",
            "deletedDateTime": "When it was deleted.",
            "name": "What the person is called.",
            "manager": "To whom the person reports.",
        },
    }


def test_the_command_writes_the_types_that_the_catalogue_names(
    file: Path, typings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, explained = tmp_path / "schema.json", tmp_path / "meanings.json"
    monkeypatch.setattr(files, "SCHEMA_FILE", written)
    monkeypatch.setattr(files, "MEANINGS_FILE", explained)
    declared = [declaration("governance.task"), declaration("person", version="beta")]
    monkeypatch.setattr("tools.catalog_data.__main__.ENTITIES", declared)
    assert main([str(file), str(file), str(typings), str(typings)]) == 0
    schema, meanings = json.loads(written.read_text("utf-8")), json.loads(explained.read_text("utf-8"))
    assert [list(schema[version]["entities"]) for version in VERSIONS] == [["governance.task"], ["person"]]
    assert meanings["v1.0"]["governance.task"]["plan"] == "What is planned."
    assert meanings["beta"]["person"]["name"] == "What the person is called."


@pytest.mark.parametrize("arguments", [[], ["one", "two"], ["one", "two", "three", "four", "five"]])
def test_the_command_says_how_it_is_used(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments) == 2
    assert "V1.CSDL BETA.CSDL V1.D.TS BETA.D.TS" in capsys.readouterr().err


def test_the_schema_in_the_package_is_written_as_the_generator_writes_it() -> None:
    text = SCHEMA_FILE.read_text("utf-8")
    assert render_schema(json.loads(text)) == text


@pytest.mark.parametrize("version", VERSIONS)
def test_the_schema_in_the_package_has_what_the_catalogue_uses_and_nothing_else(version: str) -> None:
    schema, needs = json.loads(SCHEMA_FILE.read_text("utf-8"))[version], find_needs(ENTITIES, version)
    assert list(schema) == ["entities", "subtypes", "navigation", "structs"]
    assert list(schema["entities"]) == sorted(needs.types)
    assert list(schema["subtypes"]) == sorted(needs.subtypes)
    parts = {(type_, name) for type_, names in schema["navigation"].items() for name in names}
    assert parts == needs.parts | needs.links.keys()


@pytest.mark.parametrize("version", VERSIONS)
def test_the_schema_in_the_package_holds_every_struct_that_it_uses_and_no_other(version: str) -> None:
    schema = json.loads(SCHEMA_FILE.read_text("utf-8"))[version]
    pending = [*find_needs(ENTITIES, version).values]
    for section in ("entities", "subtypes", "navigation"):
        for members in schema[section].values():
            for member in members.values():
                pending += [member] if isinstance(member, str) else member.values()
    used: set[str] = set()
    while pending:
        name = pending.pop().strip("[]")
        if name not in used and not name[0].isupper():
            used.add(name)
            pending += (schema["structs"][name] or {}).values()
    assert used == set(schema["structs"])


@pytest.mark.parametrize("version", VERSIONS)
def test_the_meanings_in_the_package_are_of_members_in_the_schema(version: str) -> None:
    text = MEANINGS_FILE.read_text("utf-8")
    content, schema = json.loads(text), json.loads(SCHEMA_FILE.read_text("utf-8"))[version]
    assert render_meanings(content) == text
    assert set(content[version]) == {*schema["entities"], *schema["subtypes"]}
    for name, texts in content[version].items():
        known = [schema[section].get(name, {}) for section in ("entities", "subtypes", "navigation")]
        assert set(texts) <= set().union(*known), name
        assert all(texts.values()), name


METADATA = {"v1.0": "AAD_METADATA_FILE", "beta": "AAD_BETA_METADATA_FILE"}
TYPINGS_OF = {"v1.0": "AAD_TYPINGS_FILE", "beta": "AAD_BETA_TYPINGS_FILE"}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_data_in_the_package_are_what_microsofts_files_say(version: str) -> None:
    if not {METADATA[version], TYPINGS_OF[version]} <= set(os.environ):
        pytest.skip(f"{METADATA[version]} and {TYPINGS_OF[version]} do not name Microsoft's files.")
    metadata, needs = Csdl(Path(os.environ[METADATA[version]])), find_needs(ENTITIES, version)
    described = read_typings(Path(os.environ[TYPINGS_OF[version]]))
    assert json.loads(SCHEMA_FILE.read_text("utf-8"))[version] == build_schema(metadata, needs)
    assert json.loads(MEANINGS_FILE.read_text("utf-8"))[version] == build_meanings(metadata, described, needs)
