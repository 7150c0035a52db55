"""Templates of the demo: expressions, tags, rows, and what the shipped ones hold."""

from importlib.resources import files
from typing import Any

import pytest
import yaml

from aad_assets.demo.directory import templates
from aad_assets.demo.directory.expressions import expression
from aad_assets.demo.directory.rendering import NAVIGATION, SCHEMA

from .tenants import UNDECLARED

FILES = sorted(path.name.removesuffix(".yaml") for path in files(templates.__package__).joinpath("data").iterdir())


def rows(text: str, **names: Any) -> list[Any]:
    """The rows of one section."""
    return templates.Section(yaml.load(text, templates._Loader)).rows(names)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("1 + n * 3 - 5 // 2", 14),
        ("n >> 1 & 1 == 0", True),
        ("-(n % 3)", -2),
        ("'even' if n % 2 == 0 else 'odd'", "odd"),
        ("n in (1, 5)", True),
        ("not n or n == 5 and n < 9", True),
        ("n != 5 and nobody or n == 4 or double(n)", 10),
        ("double(n) % 4", 2),
        ("('a', 'b')[n % 2]", "b"),
    ],
)
def test_an_expression_has_the_value_it_has_in_python(source: str, value: object) -> None:
    names = {"n": 5, "double": lambda number: number * 2}
    assert expression(source)(names) == value


@pytest.mark.parametrize(
    "source",
    ["n.real", "[x for x in n]", "(lambda: 1)()", "f(x=1)", "f'{n}'", "n ** n", "~n", "0 < n < 9", "f(*n)", "names['f']()"],
)
def test_an_expression_cannot_do_more(source: str) -> None:
    with pytest.raises(ValueError, match="is not allowed in a template"):
        expression(source)


def test_a_placeholder_alone_keeps_its_type_and_one_in_text_becomes_text() -> None:
    assert rows("row: {alone: '${n}', within: 'no. ${n} of ${most}'}", most=3) == [{"alone": 0, "within": "no. 0 of 3"}]


def test_only_the_values_of_json_are_not_text() -> None:
    (row,) = rows("row: [NO, on, 08:00:00, 2024-01-01, 012, 1_000, null, true, -7, 1.5]")
    assert row == ["NO", "on", "08:00:00", "2024-01-01", "012", "1_000", None, True, -7, 1.5]


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("{of: 2, row: '${n}'}", [0, 1]),
        ("{of: '${most + 1}', row: '${n}'}", [0, 1, 2]),
        ("{of: '${most == 2}', row: only}", ["only"]),
        ("{of: [a, b], as: x, row: '${x}${n}'}", ["a0", "b1"]),
        ("{of: [[a, 1], [b, 2]], as: [x, y], row: '${x}${y}'}", ["a1", "b2"]),
        ("{of: [{x: '${most}'}, {x: 7}], row: '${x}'}", [2, 7]),
        ("{of: '${pairs}', as: [x, y], row: '${x}${y}'}", ["p1", "q2"]),
        ("{of: 4, when: '${n % 2 == 1}', row: '${n}'}", [1, 3]),
        ("{of: 2, let: {twice: '${once * 2}', once: '${n + 1}'}, row: '${twice}'}", [2, 4]),
        ("{of: 3, row: !nth [a, b]}", ["a", "b", "a"]),
        ("{of: 2, row: !if ['${n == 0}', a]}", ["a", None]),
        ("{of: 3, row: !case ['${n}', {0: a, 1: b}, c]}", ["a", "b", "c"]),
        ("{row: !merge [{a: 1, b: 2}, {b: 3}]}", [{"a": 1, "b": 3}]),
        ("{of: 2, row: !each {of: '${n + 1}', row: '${most}'}}", [[2], [2, 2]]),
    ],
)
def test_the_keys_and_tags_of_a_section(section: str, expected: list[Any]) -> None:
    assert rows(section, most=2, pairs=[("p", 1), ("q", 2)]) == expected


def test_a_section_with_a_key_that_means_nothing_is_rejected() -> None:
    with pytest.raises(ValueError, match="cannot have wehn"):
        rows("{wehn: '${n == 0}', row: a}")


def test_what_is_edited_takes_turns() -> None:
    names = {"times_edited": lambda name, every: len(name) + every, "last_edited": lambda name, every: f"{name} {every}"}
    section = "{edited: ['x${n}', 3], of: 2, row: [!turn [a, b], '${edits}', '${edited}']}"
    assert rows(section, **names) == [["b", 5, "x0 3"], ["b", 5, "x1 3"]]


def test_a_name_that_is_missing_is_reported() -> None:
    with pytest.raises(KeyError, match="times_edited") as caught:
        templates.Area("policies", {}).rows("authorization")
    assert caught.value.__notes__ == ["See authorization in data/policies.yaml."]


def test_an_area_has_what_its_file_has() -> None:
    area = templates.Area("policies", {})
    assert area.security_defaults.rows[0]["displayName"] == "Security Defaults"
    assert area.security_defaults is area.security_defaults
    with pytest.raises(AttributeError, match=r"nothing is not in data/policies\.yaml"):
        _ = area.nothing


def test_a_section_under_a_parent_is_a_function_of_its_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "{under: [shelf, book], of: '${book}', row: {id: '${shelf}.${book}.${n}'}}"
    pages = templates.Section(yaml.load(text, templates._Loader))
    monkeypatch.setattr(templates, "load", lambda name: {"pages": pages})
    area = templates.Area("library", {})
    assert [row["id"] for row in area.pages(4, 2).rows] == ["4.2.0", "4.2.1"]
    assert area.pages(4, 2) is area.pages(4, 2)
    assert area.pages(4, 0).rows == []


@pytest.mark.parametrize("name", FILES)
def test_templates_hold_properties_that_graph_has(name: str) -> None:
    sections = templates.load(name)
    assert sections
    for key, section in sections.items():
        known = {*SCHEMA.get(section.type, ()), *UNDECLARED.get(section.type, ()), *NAVIGATION.get(section.type, ())}
        if "@odata.type" in section.properties:  # Rows of several types, whose own properties test_documented.py knows.
            continue
        assert not section.type or not set(section.properties) - known, key
