"""Small files in the format of Microsoft's, a catalogue that agrees with them, and its schema.json."""

import json
from pathlib import Path
from typing import Any

from aad_assets.catalog import Entity, Group, Shape
from aad_assets.catalog.columns import Link
from aad_assets.catalog.enums import Version

V1 = """<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="microsoft.graph" Alias="graph" xmlns="http://docs.oasis-open.org/odata/ns/edm">
  <EnumType Name="colour"><Member Name="red"/></EnumType>
  <EntityType Name="entity" Abstract="true">
    <Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String"/>
  </EntityType>
  <EntityType Name="person" BaseType="graph.entity">
    <Property Name="name" Type="Edm.String"/>
    <Property Name="home" Type="graph.address"/>
    <Property Name="settings" Type="graph.settings"/>
    <NavigationProperty Name="manager" Type="graph.person"/>
    <NavigationProperty Name="badges" Type="Collection(graph.badge)" ContainsTarget="true"/>
    <NavigationProperty Name="friends" Type="Collection(graph.entity)"/>
    <NavigationProperty Name="photo" Type="graph.photo" ContainsTarget="true"/>
  </EntityType>
  <EntityType Name="employee" BaseType="graph.person"><Property Name="desk" Type="Edm.Int32"/></EntityType>
  <EntityType Name="badge" BaseType="graph.entity">
    <Property Name="number" Type="Edm.Int32"/><Property Name="colour" Type="graph.colour"/>
  </EntityType>
  <EntityType Name="photo" BaseType="graph.entity"><Property Name="width" Type="Edm.Int32"/></EntityType>
  <EntityType Name="office">
    <NavigationProperty Name="doors" Type="Collection(graph.door)" ContainsTarget="true"/>
  </EntityType>
  <EntityType Name="door">
    <Key><PropertyRef Name="number"/></Key>
    <Property Name="number" Type="Edm.String"/>
  </EntityType>
  <ComplexType Name="address">
    <Property Name="street" Type="Edm.String"/>
    <NavigationProperty Name="keeper" Type="graph.badge"/>
  </ComplexType>
  <ComplexType Name="settings"><Property Name="purpose" Type="graph.colour"/></ComplexType>
  <Function Name="kinds" IsBound="true">
    <Parameter Name="bindingParameter" Type="Collection(graph.entity)"/><ReturnType Type="Collection(Edm.String)"/>
  </Function>
  <Action Name="find" IsBound="true">
    <Parameter Name="bindingParameter" Type="Collection(graph.badge)"/><ReturnType Type="Collection(graph.badge)"/>
  </Action>
  <Action Name="find" IsBound="true"><Parameter Name="bindingParameter" Type="graph.office"/></Action>
  <EntityContainer Name="GraphService">
    <EntitySet Name="people" EntityType="microsoft.graph.person"/>
    <EntitySet Name="badges" EntityType="microsoft.graph.badge"/>
    <Singleton Name="office" Type="microsoft.graph.office"/>
  </EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>
"""

BETA = """<edmx:Edmx Version="4.0" xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx"><edmx:DataServices>
<Schema Namespace="microsoft.graph" Alias="graph" xmlns="http://docs.oasis-open.org/odata/ns/edm">
  <EntityType Name="agent">
    <Key><PropertyRef Name="id"/></Key><Property Name="id" Type="Edm.String"/><Property Name="name" Type="Edm.String"/>
  </EntityType>
  <EntityContainer Name="GraphService"><EntitySet Name="agents" EntityType="microsoft.graph.agent"/></EntityContainer>
</Schema></edmx:DataServices></edmx:Edmx>
"""


def _path_set(paths: dict[str, str], methods: tuple[str, ...] = ("GET",), scheme: str = "Application") -> dict[str, Any]:
    return {"schemeKeys": [scheme], "methods": methods, "paths": paths}


PERMISSIONS = {
    "Agents.Read": [_path_set({"/agents": "least=Application"})],
    "Badges.Find": [_path_set({"/badges/find": "least=Application"}, ("POST",))],
    "Badges.Read": [_path_set({"/People/{person-id}/badges": "least=Application;AlsoRequires=Nothing", "/badges": ""})],
    "Badges.ReadWrite.All": [_path_set({"/badges": "least=Application"}, ("GET", "POST"))],
    "Office.Read": [_path_set({"/office/doors": "least=DelegatedWork,Application"}, scheme="DelegatedWork")],
    "People.Read": [
        _path_set(
            {"/people": "least=Application", "/people/{id}/friends": "", "/people/kinds": "", "/people/{id}/photo": ""}
        ),
        _path_set({"/people/{id}/settings/purpose": ""}),
    ],
    "People.ReadName": [_path_set({"/people/{id}/name": "least=Application"})],
}


def _entity(table: str, path: str, type_: str, permission: str, **more: Any) -> Entity:
    declared = {"group": Group.DIRECTORY, "description": table, "permissions": (permission,)}
    return Entity(table=table, path=path, type=type_, **declared | more)


def _child(table: str, path: str, type_: str, permission: str, **more: Any) -> Entity:
    relation = {"shape": Shape.CHILDREN, "parent": "people", "parent_columns": ("personId",)}
    return _entity(table, path, type_, permission, **relation | more)


ENTITIES = (
    _entity(
        "people",
        "/people",
        "person",
        "People.Read",
        subtypes=("employee",),
        links=(Link("manager"),),
        inline=("badges",),
        embedded=("home.keeper",),
        also_needs=(("home", ("Badges.Read", "People.ReadName")),),
    ),
    _entity("badges", "/badges", "badge", "Badges.Read"),
    _entity("found_badges", "/badges/find", "badge", "Badges.Find", shape=Shape.ACTION),
    _entity("doors", "/office/doors", "door", "Office.Read", key=("number",), app_only=False),
    _entity("kinds", "/people/kinds", "person", "People.Read", shape=Shape.STRINGS, key=("value",)),
    _child("person_badges", "/people/{id}/badges", "badge", "Badges.Read", key=("personId", "id")),
    _child("friends", "/people/{id}/friends", "entity", "People.Read", edge="friend", key=("personId", "friendId")),
    _child("photos", "/people/{id}/photo", "photo", "People.Read", one_per_parent=True, key=("personId",)),
    _child(
        "purposes",
        "/people/{id}/settings/purpose",
        "settings",
        "People.Read",
        value_property="purpose",
        key=("personId",),
    ),
    _entity("agents", "/agents", "agent", "Agents.Read", version=Version.BETA),
)

_BADGE = {"id": "String", "number": "Int32", "colour": "String"}
SCHEMA = {
    "v1.0": {
        "entities": {
            "badge": _BADGE,
            "door": {"number": "String"},
            "entity": {"id": "String"},
            "person": {"id": "String", "name": "String", "home": "address", "settings": "settings"},
            "photo": {"id": "String", "width": "Int32"},
            "settings": {"purpose": "String"},
        },
        "subtypes": {"employee": {"desk": "Int32"}},
        "navigation": {"person": {"badges": "[badge]", "manager": {"id": "String"}}},
        "structs": {"address": {"street": "String", "keeper": "badge"}, "badge": _BADGE, "settings": {"purpose": "String"}},
    },
    "beta": {
        "entities": {"agent": {"id": "String", "name": "String"}},
        "subtypes": {},
        "navigation": {},
        "structs": {},
    },
}


def write_files(folder: Path, v1: str = V1, beta: str = BETA, permissions: Any = PERMISSIONS) -> list[str]:
    """Write Microsoft's files and return their paths, as arguments of the check."""
    content = {"permissions": {name: {"pathSets": path_sets} for name, path_sets in permissions.items()}}
    texts = {"v1.csdl": v1, "beta.csdl": beta, "permissions.json": json.dumps(content)}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return [str(folder / name) for name in texts]
