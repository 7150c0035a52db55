"""Two versions of a row compare equal if, and only if, they mean the same."""

import json
from typing import Any

import pytest

from aad_assets.catalog.types import List, Scalar, Struct, Type
from aad_assets.warehouse.publishing.compare import Comparison, comparable
from aad_assets_tests.warehouse.support import COLUMNS, THINGS, Lab, Row

SAME: list[tuple[str, Any, Any]] = [
    ("tags", ["a", "b", None], [None, "b", "a"]),
    ("numbers", [3, 1, 2], [1, 2, 3]),
    ("plans", [{"sku": "a", "off": ["x", "y"]}, {"sku": "b"}], [{"sku": "b"}, {"sku": "a", "off": ["y", "x"]}]),
    (
        "plans",
        [{"sku": "a", "off": ["x"]}, {"sku": "a", "off": ["y"]}],
        [{"sku": "a", "off": ["y"]}, {"sku": "a", "off": ["x"]}],
    ),
    ("moment", "2024-01-01T02:00:00+02:00", "2024-01-01T00:00:00Z"),
    ("info", {"label": None}, {}),
    ("ratio", "NaN", "NaN"),
    ("open", {"a": [1, {"b": ["x", "y"], "c": 2}]}, {"a": [{"c": 2, "b": ["y", "x"]}, 1]}),
    ("opens", [{"a": [1, 2]}, None], [None, {"a": [2, 1]}]),
    ("undeclared", [{"a": ["x", None]}], [{"a": [None, "x"]}]),
]

DIFFERENT: list[tuple[str, Any, Any]] = [
    ("tags", None, []),
    ("tags", [], [None]),
    ("tags", ["a"], ["a", "a"]),
    ("tags", ["a,b"], ["a", "b"]),
    ("tags", ["null"], [None]),
    ("numbers", [0], [0, 0]),
    ("numbers", [0, 1], [0, 0, 1]),
    ("plans", None, []),
    ("plans", [], [None]),
    ("plans", [None], [{}]),
    ("plans", [{"off": None}], [{"off": []}]),
    ("plans", [{"off": []}], [{"off": [None]}]),
    ("plans", [{"sku": "a", "off": ["x"]}, {"sku": "b", "off": []}], [{"sku": "a", "off": []}, {"sku": "b", "off": ["x"]}]),
    ("info", None, {}),
    ("info", {}, {"deep": {}}),
    ("info", {"deep": {}}, {"deep": {"on": False}}),
    ("info", {"size": 0}, {"size": None}),
    ("opens", [], [None]),
    ("open", None, []),
    ("open", {"a": [1, 2]}, {"a": [1, 2, 2]}),
    ("open", {"a": [1, 2], "b": [3]}, {"a": [1], "b": [2, 3]}),
    ("open", {"a": 9007199254740993}, {"a": 9007199254740992}),
    ("open", "1", 1),
    ("opens", [[1], [2]], [[1, 2]]),
    ("name", None, ""),
    ("name", "a", "A"),
    ("name", "a", "a "),
    ("name", "a\x00", "a"),
    ("flag", None, False),
    ("small", None, 0),
    ("ratio", 0.1, 0.1000000000000001),
    ("moment", "2024-01-01T00:00:00.000001Z", "2024-01-01T00:00:00Z"),
    ("undeclared", None, 1),
    ("undeclared", ["a", "b"], ["a", "c"]),
]


def changes(lab: Lab, before: Row, now: Row) -> list[tuple[Any, ...]]:
    """Return the difference that `Comparison` finds between a stored and a staged row."""
    staged = lab.land([{"id": "1"} | before])
    with lab.stage.cursor() as cursor:
        cursor.execute(f"CREATE OR REPLACE TABLE stored AS SELECT *, 't' AS _tenant_id FROM {staged.relation}")
        staged = lab.land([{"id": "1"} | now])
        comparison = Comparison("stored", staged.relation, THINGS.key, THINGS.columns)
        for statement in [comparison.difference(), *comparison.take(), *comparison.reordered()]:
            cursor.execute(statement, {"tenant": "t"} if "$tenant" in statement else {})
        return cursor.execute("SELECT id, change FROM difference").fetchall()


@pytest.mark.parametrize(("column", "before", "now"), SAME, ids=json.dumps)
def test_what_means_the_same_is_no_change(shared_lab: Lab, column: str, before: Any, now: Any) -> None:
    assert changes(shared_lab, {column: before}, {column: now}) == []


@pytest.mark.parametrize(("column", "before", "now"), DIFFERENT, ids=json.dumps)
def test_what_means_another_thing_is_an_update(shared_lab: Lab, column: str, before: Any, now: Any) -> None:
    assert changes(shared_lab, {column: before}, {column: now}) == [("1", "update")]


def test_values_that_change_places_between_columns_are_an_update(shared_lab: Lab) -> None:
    assert changes(shared_lab, {"name": "a"}, {"guid": "a"}) == [("1", "update")]
    assert changes(shared_lab, {"tags": ["1"]}, {"numbers": [1]}) == [("1", "update")]
    assert changes(shared_lab, {"small": 1, "large": 2}, {"small": 2, "large": 1}) == [("1", "update")]


@pytest.mark.parametrize("column", [name for name in COLUMNS if name != "id"])
def test_null_differs_from_every_value_of_a_column(shared_lab: Lab, column: str) -> None:
    values = {"flag": True, "day": "2024-01-01", "moment": "2024-01-01T00:00:00Z", "open": {}, "info": {}}
    value = values.get(column, [] if isinstance(COLUMNS[column], List) else 1)
    assert changes(shared_lab, {column: value}, {}) == [("1", "update")]
    assert changes(shared_lab, {}, {column: value}) == [("1", "update")]


def test_a_type_without_a_list_is_compared_as_it_is() -> None:
    assert comparable('"x"', Scalar("String")) == '"x"'
    assert comparable('"x"', Struct((("a", Scalar("Int32")),))) == '"x"'


def test_lists_at_every_depth_are_sorted(shared_lab: Lab) -> None:
    deepest: Type = List(List(Struct((('odd " name', List(Scalar("Int32"))),))))
    one = """[[{'odd " name': [2, 1]}, NULL], [], NULL]"""
    two = """[NULL, [], [NULL, {'odd " name': [1, 2]}]]"""
    shown = comparable("v", deepest)
    (first,), (second,) = shared_lab.query(f"""SELECT to_json({shown})::VARCHAR FROM (VALUES ({one}), ({two})) t(v)""")
    assert first == second
