"""Two versions of a row compare equal if, and only if, they mean the same."""

import json
from typing import Any

import pytest

from aad_assets.catalog.types import List, Scalar, Struct, Type
from aad_assets.warehouse.publishing.compare import Comparison, comparable
from aad_assets_tests.warehouse.support import COLUMNS, THINGS, Lab, MemoryTarget, Row, counts

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
    ("open", {"at": "2024-01-01T00:00:00Z"}, {"at": "2024-01-01T00:00:00.000Z"}),
    ("open", ["2024-01-01T00:00:00.1234567Z"], ["2024-01-01T00:00:00.123456700+00:00"]),
    ("opens", ["2024-01-01T01:30:00+01:30"], ["2023-12-31t19:00:00-05:00"]),
    ("undeclared", "2024-02-29T23:59:59.5Z", "2024-02-29T23:59:59.50z"),
    ("undeclared", {"a": [{"b": "0001-01-01T00:00:00Z"}]}, {"a": [{"b": "0001-01-01T01:00:00+01:00"}]}),
    ("undeclared", "9999-12-31T23:59:59Z", "9999-12-31T22:59:59-01:00"),
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
    ("open", {"at": "2024-01-01T00:00:00.1234567Z"}, {"at": "2024-01-01T00:00:00.1234568Z"}),
    ("open", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00+00:01"),
    ("open", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00"),
    ("open", "2024-01-01", "2024-01-01T00:00:00Z"),
    ("open", "2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z"),
    ("open", "2016-12-31T23:59:60Z", "2016-12-31T23:59:60.0Z"),
    ("open", "2023-02-29T00:00:00Z", "2023-02-29T00:00:00.0Z"),
    ("open", "2024-01-01T24:00:00Z", "2024-01-01T24:00:00.0Z"),
    ("open", "2024-01-01T00:00:00Z ", "2024-01-01T00:00:00.0Z "),
    ("open", "2024-01-01 00:00:00Z", "2024-01-01 00:00:00.0Z"),
    ("open", "2024-01-01T00:00:00+0000", "2024-01-01T00:00:00Z"),
    ("open", "２024-01-01T00:00:00Z", "２024-01-01T00:00:00.0Z"),
    ("open", {"2024-01-01T00:00:00Z": 1}, {"2024-01-01T00:00:00.0Z": 1}),
    ("open", "1.0", "1"),
    ("name", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00.0Z"),
]

NUMBERS: list[tuple[str, str, bool]] = [
    ("1", "1.0", True),
    ("1", "1e0", True),
    ("10e-1", "1.00", True),
    ("-0.0", "0", True),
    ("1E+2", "100", True),
    ("12345678901234567890.123", "12345678901234567890.1230", True),
    ("12345678901234567890.123", "12345678901234567890.124", False),
    ("0.1", "0.1000000000000000055511151231257827", False),
    ("1e400", "10E399", True),
    ("1e400", "1e401", False),
    ("1e-400", "0", False),
    ("9007199254740993.0", "9007199254740992.0", False),
    ("123456789012345678901234567890", "123456789012345678901234567891", False),
    ("123456789012345678901234567890", "1.2345678901234567890123456789e29", True),
    ("1", '"1"', False),
    ('"12345678901234567890.123"', '"12345678901234567890.1230"', False),
    ("1", "true", False),
]
"""JSON numbers as Graph could write them, and whether they are equal."""


def changes(lab: Lab, before: Row | bytes, now: Row | bytes) -> list[tuple[Any, ...]]:
    """Return the difference that `Comparison` finds between a stored and a staged row."""
    staged = lab.land([_with_id(before)])
    with lab.stage.cursor() as cursor:
        cursor.execute(f"CREATE OR REPLACE TABLE stored AS SELECT *, 't' AS _tenant_id FROM {staged.relation}")
        staged = lab.land([_with_id(now)])
        comparison = Comparison("stored", staged.relation, THINGS.key, THINGS.columns)
        for statement in [comparison.difference(), *comparison.take(), *comparison.reordered()]:
            cursor.execute(statement, {"tenant": "t"} if "$tenant" in statement else {})
        return cursor.execute("SELECT id, change FROM difference").fetchall()


def _with_id(row: Row | bytes) -> Row | bytes:
    return row if isinstance(row, bytes) else {"id": "1"} | row


@pytest.mark.parametrize(("column", "before", "now"), SAME, ids=json.dumps)
def test_what_means_the_same_is_no_change(shared_lab: Lab, column: str, before: Any, now: Any) -> None:
    assert changes(shared_lab, {column: before}, {column: now}) == []


@pytest.mark.parametrize(("column", "before", "now"), DIFFERENT, ids=json.dumps)
def test_what_means_another_thing_is_an_update(shared_lab: Lab, column: str, before: Any, now: Any) -> None:
    assert changes(shared_lab, {column: before}, {column: now}) == [("1", "update")]


@pytest.mark.parametrize("column", ["open", "undeclared"])
@pytest.mark.parametrize(("before", "now", "equal"), NUMBERS)
def test_numbers_in_json_compare_by_value(shared_lab: Lab, column: str, before: str, now: str, equal: bool) -> None:
    rows = [f'{{"id": "1", "{column}": [{{"n": {number}}}]}}'.encode() for number in (before, now)]
    assert changes(shared_lab, *rows) == ([] if equal else [("1", "update")])


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


def test_a_load_that_only_spells_values_otherwise_writes_nothing(lab: Lab) -> None:
    target = MemoryTarget(lab)
    spellings = [
        b'{"id": "1", "open": {"at": "2024-01-01T00:00:00Z", "n": 1.50}, "new": [12345678901234567890.123, 1e2]}',
        b'{"id": "1", "open": {"n": 15e-1, "at": "2024-01-01T00:00:00.000+00:00"}, "new": [100, 12345678901234567890.1230]}',
        b'{"id": "1", "open": {"n": 15e-1, "at": "2024-01-01T00:00:00.0000001Z"}, "new": [100, 12345678901234567890.1231]}',
    ]
    loads = [lab.publish(target, [row], number=number) for number, row in enumerate(spellings)]

    assert [counts(load) for load in loads] == [(1, 0, 0, 0), (0, 0, 0, 1), (0, 1, 0, 0)]
    assert lab.stored(target, "SELECT count(*) FROM {history}.things") == [(2,)]
    assert lab.stored(target, "SELECT load_id, column_name FROM {meta}.changes ORDER BY 2") == [
        ("load-2", "_extra"),
        ("load-2", "open"),
    ]
