"""The comparison of the catalogue with Microsoft's files."""

import os
import re
from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aad_assets.catalog import Entity, types
from aad_assets.catalog.columns import Link
from aad_assets.catalog.conform import __main__ as command
from aad_assets.catalog.conform.differences import Check, Difference
from aad_assets.catalog.conform.exemptions import EXEMPTIONS, Exemption, apply_exemptions
from aad_assets_tests.catalog.conform_files import BETA, ENTITIES, PERMISSIONS, SCHEMA, V1, write_files

Compare = Callable[..., list[str]]


@pytest.fixture
def compare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Compare:
    """Return a function that runs the command and returns the differences that it prints."""

    def run(
        entities: Iterable[Entity] = ENTITIES, schema: Any = SCHEMA, exemptions: Iterable[Exemption] = (), **contents: Any
    ) -> list[str]:
        monkeypatch.setattr(types, "read_schema", lambda: schema)
        monkeypatch.setattr(command, "read_schema", lambda: schema)
        monkeypatch.setattr(command, "ENTITIES", tuple(entities))
        monkeypatch.setattr(command, "EXEMPTIONS", tuple(exemptions))
        code = command.main(write_files(tmp_path, **contents))
        printed = capsys.readouterr()
        lines = printed.out.splitlines()
        assert code == (1 if lines else 0)
        assert f"{len(lines)} difference" in printed.err
        return lines

    return run


def changed(table: str, **changes: Any) -> list[Entity]:
    """Return the catalogue with another declaration of one table."""
    return [replace(entity, **changes) if entity.table == table else replace(entity) for entity in ENTITIES]


def edited(text: str, old: str, new: str) -> str:
    """Return a file after an edit. Fails if there is nothing to edit, because the test would show nothing."""
    assert old in text
    return text.replace(old, new)


def test_a_catalogue_that_agrees_has_no_difference(compare: Compare) -> None:
    assert compare() == []


# What the catalogue gets wrong, and the one line that says so.
WRONG_DECLARATIONS: list[tuple[str, dict[str, Any], str]] = [
    (
        "badges",
        {"path": "/budges"},
        "badges: path: `/budges` does not resolve: there is no entity set or singleton `budges`.",
    ),
    ("doors", {"path": "/office/windows"}, "doors: path: `/office/windows` does not resolve: office has no `windows`."),
    (
        "found_badges",
        {"path": "/badges/seek"},
        "found_badges: path: `/badges/seek` does not resolve: a collection of badge has no `seek`.",
    ),
    (
        "people",
        {"casts": ("badge",)},
        "people: path: `/people/microsoft.graph.badge` does not resolve: `microsoft.graph.badge` is not derived from person.",
    ),
    (
        "person_badges",
        {"path": "/people/{id}/{id}/badges"},
        "person_badges: path: `/people/{id}/{id}/badges` does not resolve: `{id}` follows a single object.",
    ),
    (
        "photos",
        {"one_per_parent": False, "key": ("personId", "id")},
        "photos: path: `/people/{id}/photo` is a single object, which is not what its shape says.",
    ),
    (
        "person_badges",
        {"one_per_parent": True},
        "person_badges: path: `/people/{id}/badges` is a collection, which is not what its shape says.",
    ),
    ("photos", {"type": "badge"}, "photos: type: `/people/{id}/photo` leads to `photo`, not to `badge`."),
    ("purposes", {"type": "photo", "value_property": "width"}, "purposes: type: `/people/{id}/settings/purpose` leads to"),
    ("badges", {"key": ("number",)}, "badges: key: `badge` is identified by `id`."),
    ("badges", {"key": ("id", "number")}, "badges: key: `badge` is identified by `id`."),
    ("badges", {"key": ("id", "serial")}, "badges: key: the table has no column `serial`."),
    ("doors", {"key": ()}, "doors: key: `door` is identified by `number`."),
    ("friends", {"key": ("personId",)}, "friends: key: `entity` is identified by `id`."),
    ("badges", {"omit": frozenset({"length"})}, "badges: property: `badge` has no property `length`."),
    ("badges", {"shard_property": "length"}, "badges: property: `badge` has no property `length`."),
    ("badges", {"undeclared": (("number", "Int32"),)}, "badges: property: `badge` declares `number` now."),
    ("people", {"links": (Link("manager", ("age",)),)}, "people: link: `person` (`manager`) has no property `age`."),
    ("people", {"embedded": ("home.street",)}, "people: inline: `person` has no related object `home.street`."),
    ("people", {"subtypes": ()}, "people: subtype: `employee` is a new type derived from `person`."),
    ("badges", {"subtypes": ("employee",)}, "badges: subtype: no type `employee` is derived from `badge`."),
    ("doors", {"app_only": True}, "doors: permission: GET /office/doors does not accept Office.Read (Application)."),
    (
        "found_badges",
        {"permissions": ("Badges.Read",)},
        "found_badges: permission: POST /badges/find does not accept Badges.Read (Application).",
    ),
    (
        "people",
        {"also_needs": (("home", ("Homes.Read",)),)},
        "people: permission: `home` needs Homes.Read, which does not exist.",
    ),
    (
        "people",
        {"permissions": ("People.Read", "Badges.Read")},
        "people: permission: GET /people does not accept Badges.Read (Application).",
    ),
]


@pytest.mark.parametrize(("table", "changes", "line"), WRONG_DECLARATIONS, ids=[line for _, _, line in WRONG_DECLARATIONS])
def test_a_wrong_declaration_is_found(compare: Compare, table: str, changes: dict[str, Any], line: str) -> None:
    (found,) = (difference for difference in compare(changed(table, **changes)) if difference.startswith(line))
    assert found.startswith(f"{table}: ")


# A change of Microsoft's files, and the lines that it makes.
CHANGES: list[tuple[str, str, str, list[str]]] = [
    (
        "v1",
        'Name="doors" Type="Collection(graph.door)"',
        'Name="doors" Type="Collection(graph.photo)"',
        ["doors: type: `/office/doors` leads to `photo`, not to `door`."],
    ),
    (
        "v1",
        '<PropertyRef Name="number"/>',
        '<PropertyRef Name="serial"/>',
        ["doors: key: `door` is identified by `serial`."],
    ),
    (
        "v1",
        '<NavigationProperty Name="manager" Type="graph.person"/>',
        "",
        ["people: link: `person` has no link `manager`.", "v1.0 person: property: `manager` has disappeared."],
    ),
    (
        "v1",
        'Name="manager" Type="graph.person"',
        'Name="manager" Type="Collection(graph.person)"',
        ["people: link: `manager` is a collection, not one object.", "v1.0 person: property: `manager.id` has disappeared."],
    ),
    (
        "v1",
        '<NavigationProperty Name="keeper" Type="graph.badge"/>',
        "",
        [
            "people: inline: `person` has no related object `home.keeper`.",
            "v1.0 address: property: `keeper` has disappeared.",
        ],
    ),
    (
        "v1",
        '<NavigationProperty Name="badges" Type="Collection(graph.badge)" ContainsTarget="true"/>',
        "",
        [
            "people: inline: `person` has no related object `badges`.",
            "person_badges: path: `/people/{id}/badges` does not resolve: person has no `badges`.",
            "v1.0 person: property: `badges` has disappeared.",
        ],
    ),
    (
        "v1",
        'Name="badges" Type="Collection(graph.badge)" ContainsTarget="true"/>',
        'Name="badges" Type="Collection(graph.photo)" ContainsTarget="true"/>',
        [
            "person_badges: type: `/people/{id}/badges` leads to `photo`, not to `badge`.",
            "v1.0 person: property: `badges` was [badge] and is [photo].",
        ],
    ),
    ("v1", '<Property Name="width" Type="Edm.Int32"/>', "", ["v1.0 photo: property: `width` has disappeared."]),
    (
        "v1",
        'Name="width" Type="Edm.Int32"',
        'Name="width" Type="Edm.Int64"',
        ["v1.0 photo: property: `width` was Int32 and is Int64."],
    ),
    (
        "v1",
        '<Property Name="width" Type="Edm.Int32"/>',
        '<Property Name="width" Type="Edm.Int32"/><Property Name="height" Type="Edm.Int32"/>',
        ["v1.0 photo: property: `height` (Int32) is new."],
    ),
    (
        "v1",
        '<Property Name="desk" Type="Edm.Int32"/>',
        '<Property Name="desk" Type="Edm.Int32"/><Property Name="floor" Type="Edm.String"/>',
        ["v1.0 employee: property: `floor` (String) is new."],
    ),
    (
        "v1",
        '<Property Name="street" Type="Edm.String"/>',
        '<Property Name="street" Type="Edm.String"/><Property Name="city" Type="Edm.String"/>',
        ["v1.0 address: property: `city` (String) is new."],
    ),
    (
        "v1",
        '<ComplexType Name="address">',
        '<ComplexType Name="address" OpenType="true">',
        ["v1.0 address: property: the type had a fixed set of fields and has none now."],
    ),
    (
        "v1",
        '<EntityType Name="photo"',
        '<EntityType Name="visitor" BaseType="graph.person"/><EntityType Name="photo"',
        ["people: subtype: `visitor` is a new type derived from `person`."],
    ),
    (
        "v1",
        '<Singleton Name="office"',
        '<EntitySet Name="agents" EntityType="graph.badge"/><Singleton Name="office"',
        ["agents: path: `/agents` is in v1.0 as well as in beta."],
    ),
    (
        "beta",
        'Name="name" Type="Edm.String"',
        'Name="title" Type="Edm.String"',
        ["beta agent: property: `name` has disappeared.", "beta agent: property: `title` (String) is new."],
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "lines"), CHANGES, ids=[" ".join(lines) for *_, lines in CHANGES])
def test_a_change_of_the_metadata_is_found(compare: Compare, file: str, old: str, new: str, lines: list[str]) -> None:
    text = edited({"v1": V1, "beta": BETA}[file], old, new)
    assert compare(**{file: text}) == lines


def test_a_type_that_has_disappeared_is_found_once_for_each_use(compare: Compare) -> None:
    text = edited(V1, '<EntityType Name="door">', '<EntityType Name="gate">').replace("graph.door", "graph.gate")
    assert compare(v1=text) == [
        "doors: type: the metadata has no type `door`.",
        "doors: type: `/office/doors` leads to `gate`, not to `door`.",
        "v1.0 door: property: the type has disappeared.",
    ]


def test_a_property_that_the_catalogue_has_invented_is_found(compare: Compare) -> None:
    schema: Any = deepcopy(SCHEMA)
    schema["v1.0"]["structs"]["settings"]["volume"] = "Int32"
    assert compare(schema=schema) == ["v1.0 settings: property: `volume` has disappeared."]


def test_a_type_with_fixed_fields_that_the_catalogue_takes_for_json_is_found(compare: Compare) -> None:
    schema: Any = deepcopy(SCHEMA)
    schema["v1.0"]["structs"]["settings"] = None
    line = "v1.0 settings: property: the type had no fixed set of fields and has one now."
    assert compare(schema=schema) == [line]


def test_a_permission_that_is_no_longer_accepted_is_found(compare: Compare) -> None:
    permissions = PERMISSIONS | {"Agents.Read": []}
    line = "agents: permission: GET /agents does not accept Agents.Read (Application)."
    assert compare(permissions=permissions) == [line]


def test_a_less_privileged_permission_is_found(compare: Compare) -> None:
    lesser = deepcopy(PERMISSIONS)
    lesser["People.Read"][0]["paths"]["/people"] = ""
    lesser["People.ReadName"][0]["paths"]["/people"] = "least=DelegatedWork,Application"
    line = "people: least privileged: People.ReadName is less privileged than People.Read for GET /people (Application)."
    assert compare(permissions=lesser) == [line]


def test_a_permission_to_write_is_not_less_privileged(compare: Compare) -> None:
    renamed = {name.replace("ReadWrite.All", "ReadBasic.All"): path_sets for name, path_sets in PERMISSIONS.items()}
    line = "badges: least privileged: Badges.ReadBasic.All is less privileged than Badges.Read for GET /badges (Application)."
    assert compare(permissions=renamed) == [line]
    assert compare() == []


def test_several_differences_are_sorted(compare: Compare) -> None:
    lines = compare(changed("badges", key=("number",)), permissions=PERMISSIONS | {"Agents.Read": []})
    assert [line.split(":")[0] for line in lines] == ["agents", "badges"]


def exemption(*tables: str, check: Check = Check.KEY, name: str = "number") -> Exemption:
    return Exemption(tables, check, name, "The page says so [badge-list].")


def test_an_exempt_difference_is_not_printed(compare: Compare) -> None:
    assert compare(changed("badges", key=("number",)), exemptions=[exemption("badges")]) == []


def test_an_exemption_for_another_part_does_not_count(compare: Compare) -> None:
    lines = compare(changed("badges", key=("number",)), exemptions=[exemption("badges", name="colour")])
    assert lines == [
        "badges: key: `colour` now agrees with Microsoft's files. Delete its exemption.",
        "badges: key: `badge` is identified by `id`.",
    ]


def test_an_exemption_is_needed_for_each_of_its_tables() -> None:
    found = [Difference("badges", Check.KEY, "number", "…")]
    (left,) = apply_exemptions(found, [exemption("badges", "doors")])
    assert str(left) == "doors: key: `number` now agrees with Microsoft's files. Delete its exemption."


def test_the_exemptions_say_why_and_name_a_page() -> None:
    keys = [(table, each.check, each.name) for each in EXEMPTIONS for table in each.tables]
    assert len(keys) == len(set(keys))
    for each in EXEMPTIONS:
        assert re.search(r" \[[a-z/-]+\]", each.reason), each


def test_one_difference_is_counted_as_one(compare: Compare, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compare()
    assert command.main(write_files(tmp_path, permissions=PERMISSIONS | {"Agents.Read": []})) == 1
    assert capsys.readouterr().err == "1 difference in 10 tables.\n"


NOT_XML, NOT_CSDL = "<edmx", "<html/>"
ORPHAN = V1.replace('<EntityType Name="entity" Abstract="true">', '<EntityType Name="object" Abstract="true">')


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("v1.csdl", NOT_XML, "unclosed token"),
        ("beta.csdl", NOT_CSDL, "it has no OData schema"),
        ("v1.csdl", ORPHAN, "it does not have `entity`, which is the base of another type"),
        ("permissions.json", "{", "Expecting property name"),
        ("permissions.json", "[]", "it does not have the format of permissions.json"),
        ("permissions.json", '{"permissions": {"A": {"pathSets": [{"paths": 1}]}}}', "it does not have the format"),
        ("permissions.json", None, "No such file"),
    ],
)
def test_a_file_that_cannot_be_read_ends_the_check(
    file: str, text: str | None, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = write_files(tmp_path)
    if text is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_text(text, encoding="utf-8")
    assert command.main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(f"Cannot read {tmp_path / file}: ")
    assert reason in printed.err


MICROSOFT = ("AAD_METADATA_FILE", "AAD_BETA_METADATA_FILE", "AAD_PERMISSIONS_FILE")


@pytest.mark.skipif(not set(MICROSOFT) <= set(os.environ), reason=f"{', '.join(MICROSOFT)} do not name Microsoft's files")
def test_the_catalogue_agrees_with_microsofts_files(capsys: pytest.CaptureFixture[str]) -> None:
    code = command.main([os.environ[name] for name in MICROSOFT])
    assert (capsys.readouterr().out, code) == ("", 0)
