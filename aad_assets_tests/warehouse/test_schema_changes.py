"""A declaration that differs from the table: columns and fields that appear, disappear, widen or change their type."""

import json
from dataclasses import replace
from typing import Any

import pytest

from aad_assets.catalog import CATALOG, Column
from aad_assets.catalog.types import Json, List, Scalar, Struct
from aad_assets.errors import LoadBlocked
from aad_assets.warehouse.database import json_order
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.loads import SchemaChange
from aad_assets.warehouse.publishing.options import Mode
from aad_assets.warehouse.publishing.publish import publish
from aad_assets_tests.warehouse.conftest import MakeLab
from aad_assets_tests.warehouse.support import (
    FIRST_LOAD,
    OPEN,
    STRING,
    Lab,
    Row,
    counts,
    entity,
    new_load,
)

PEOPLE = entity({"id": STRING, "name": STRING, "age": Scalar("Int32"), "tags": List(STRING)}, table="people")


def test_a_new_column_is_added_and_noted(lab: Lab, target: Target) -> None:
    lab.publish(target, [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}], PEOPLE)
    wider = replace(PEOPLE, given=(*PEOPLE.given, Column("new", "new", List(Struct((("x", STRING),))))))
    load = lab.publish(target, [{"id": "a", "name": "A", "new": [{"x": "1"}]}, {"id": "b", "name": "B"}], wider, number=1)
    assert counts(load) == (0, 0, 0, 2)
    assert load.schema_changes == [SchemaChange("new", "added")]
    rows = lab.table(target, wider)
    assert (rows["a"]["new"], rows["b"]["new"], rows["b"]["_loaded_at"]) == ([{"x": "1"}], None, 0)
    assert lab.publish(target, [{"id": "a"}], wider, number=2).schema_changes == []


def test_what_was_undeclared_moves_into_its_column_without_a_version_and_what_else_changed_has_one(
    lab: Lab, target: Target
) -> None:
    wider = replace(PEOPLE, given=(*PEOPLE.given, Column("new", "new", STRING)))
    first: list[Row] = [
        {"id": "a", "new": "x", "other": [1, 2]},
        {"id": "b", "new": "y", "other": 1},
        {"id": "c", "other": 1},
    ]
    second: list[Row] = [
        {"id": "a", "new": "x", "other": [2, 1]},
        {"id": "b", "new": "y", "other": 2},
        {"id": "c", "other": 1},
    ]
    lab.publish(target, first, PEOPLE)
    load = lab.publish(target, second, wider, number=1)
    assert counts(load) == (0, 1, 0, 2)
    assert {key: row["_extra"] for key, row in lab.table(target, wider).items()} == {
        "a": {"other": [2, 1]},
        "b": {"other": 2},
        "c": {"other": 1},
    }
    versions = lab.stored(target, "SELECT id, new, _extra->>'other' FROM {history}.people ORDER BY id, _valid_from")
    assert versions == [("a", "x", "[2,1]"), ("b", "y", "1"), ("b", "y", "2"), ("c", None, "1")]
    assert counts(lab.publish(target, first, PEOPLE, number=2)) == (0, 1, 0, 2)


def test_a_version_keeps_what_was_undeclared_also_where_its_history_has_a_column_of_old_for_it(
    lab: Lab, target: Target
) -> None:
    narrower = replace(PEOPLE, given=PEOPLE.given[:2])
    wider = replace(narrower, given=(*narrower.given, Column("new", "new", STRING)))
    lab.publish(target, [{"id": "a", "name": "A", "age": 1}], PEOPLE)
    lab.publish(target, [{"id": "a", "name": "A2", "age": 2}], narrower, number=1)
    load = lab.publish(target, [{"id": "a", "name": "A2", "age": 3, "new": "x"}], wider, number=2)
    assert counts(load) == (0, 1, 0, 0)
    versions = lab.stored(target, "SELECT age, _extra->>'age' FROM {history}.people ORDER BY _valid_from")
    assert versions == [(1, None), (None, "2"), (None, "3")]


def test_a_new_column_costs_no_call_of_python_where_nothing_undeclared_differs(
    make_lab: MakeLab, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []

    def counted(text: str) -> str:
        called.append(text)
        return text

    monkeypatch.setattr(json_order, "sorted_json", counted)
    lab = make_lab()
    wider = replace(PEOPLE, given=(*PEOPLE.given, Column("new", "new", STRING)))
    rows: list[Row] = [{"id": "a"}, {"id": "b", "other": 1}]
    lab.publish(target, rows, PEOPLE)
    lab.publish(target, rows, wider, number=1)
    assert called == []
    assert counts(lab.publish(target, [{"id": "a"}, {"id": "b", "other": 2}], wider, number=2)) == (0, 1, 0, 1)
    assert called, "the function is the one that DuckDB calls"


def test_of_a_field_that_moves_into_its_column_what_is_beside_it_has_its_version(lab: Lab, target: Target) -> None:
    fields = (("label", STRING), ("size", STRING))
    before, after = (entity({"id": STRING, "info": Struct(fields[:number])}, table="people") for number in (1, 2))
    alone = {"id": "c", "info": {"label": "x", "size": "1"}}
    lab.publish(target, [alone, *({"id": key, "info": {"label": "x", "size": "1", "other": 1}} for key in "ab")], before)
    rows: list[Row] = [{"id": key, "info": {"label": "x", "size": "1", "other": n}} for n, key in enumerate("ab", 1)]
    load = lab.publish(target, [alone, *rows], after, number=1)
    assert counts(load) == (0, 1, 0, 2)
    versions = lab.stored(target, "SELECT id, info.size, _extra->>'$.info.other' FROM {history}.people ORDER BY ALL")
    assert versions == [("a", "1", "1"), ("b", "1", "1"), ("b", "1", "2"), ("c", "1", None)]


def test_a_column_that_is_no_longer_declared_leaves_the_table_and_stays_in_its_history(lab: Lab, target: Target) -> None:
    lab.publish(target, [{"id": "a", "name": "A", "age": 5}, {"id": "b"}], PEOPLE)
    narrower = replace(PEOPLE, given=PEOPLE.given[:2])
    load = lab.publish(target, [{"id": "a", "name": "A2"}, {"id": "b"}], narrower, number=1)
    assert counts(load) == (0, 1, 0, 1)
    assert load.schema_changes == [SchemaChange("age", "lost"), SchemaChange("tags", "lost")]
    assert "age" not in lab.table(target, narrower)["a"]
    versions = lab.stored(target, "SELECT name, age FROM {history}.people WHERE id = 'a' ORDER BY _valid_from")
    assert versions == [("A", 5), ("A2", None)]


def test_a_table_without_history_is_taken_over_with_the_versions_that_it_has(lab: Lab, target: Target) -> None:
    lab.publish(target, [{"id": "a", "name": "A"}, {"id": "b"}], PEOPLE, options=replace(OPEN, history=False))
    lab.publish(target, [{"id": "a", "name": "A2"}, {"id": "b"}], PEOPLE, number=1, options=replace(OPEN, history=False))
    lab.stored(target, "DROP SCHEMA {history} CASCADE")
    lab.stored(target, "DROP TABLE {meta}.changes")
    lab.stored(target, "DROP TABLE {meta}.version")
    taking_over = Target(target.database, "aad")
    lab.publish(taking_over, [{"id": "a", "name": "A3"}, {"id": "b"}], PEOPLE, number=2)
    days = ", ".join(f"epoch({name} - TIMESTAMPTZ '{FIRST_LOAD}') // 86400" for name in ("_valid_from", "_valid_to"))
    versions = lab.stored(taking_over, f"SELECT id, name, {days} FROM {{history}}.people ORDER BY ALL")
    assert versions == [("a", "A2", 1, 2), ("a", "A3", 2, None), ("b", None, 0, None)]
    assert lab.stored(taking_over, "SELECT old_value::VARCHAR, new_value::VARCHAR FROM {meta}.changes") == [('"A2"', '"A3"')]


def test_extension_columns_that_a_run_could_not_learn_of_stay_as_they_were(lab: Lab, target: Target) -> None:
    extended = entity({"id": STRING, "name": STRING, "extension_1_badge": STRING, "extension_1_off": STRING, "old": STRING})
    badges: list[Row] = [{"id": key, "name": key, "extension_1_badge": f"B-{key}", "extension_1_off": "x"} for key in "ab"]
    lab.publish(target, badges, extended)
    plain = replace(extended, given=extended.given[:2], disabled_columns=frozenset({"Extension_1_Off"}))
    options = replace(OPEN, keeps_columns="Kept.")
    load = lab.publish(target, [{"id": "a", "name": "A2"}, {"id": "b", "name": "b"}], plain, number=1, options=options)
    assert (counts(load), load.reason) == ((0, 1, 0, 1), "Kept.")
    assert load.schema_changes == [SchemaChange("extension_1_off", "lost"), SchemaChange("old", "lost")]
    assert lab.stored(target, "SELECT id, name, extension_1_badge FROM {schema}.things ORDER BY ALL") == [
        ("a", "A2", "B-a"),
        ("b", "b", "B-b"),
    ]
    assert lab.stored(target, "SELECT name, extension_1_badge FROM {history}.things ORDER BY ALL") == [
        ("A2", "B-a"),
        ("a", "B-a"),
        ("b", "B-b"),
    ]
    assert lab.stored(target, "SELECT column_name FROM {meta}.changes WHERE change = 'update'") == [("name",)]


def test_a_column_whose_name_changes_case_is_the_same_column(lab: Lab, target: Target) -> None:
    before = entity({"id": STRING, "fullName": STRING, "AGE": Scalar("Int32"), "extension_1_note": STRING}, table="people")
    lab.publish(target, [{"id": "a", "fullName": "A", "AGE": 6, "extension_1_note": "kept"}], before)
    kept = replace(OPEN, keeps_columns="Kept.")
    now = entity({"id": STRING, "fullname": STRING, "age": Scalar("Int32")}, table="people")
    load = lab.publish(target, [{"id": "a", "fullname": "A", "age": 7}], now, number=1, options=kept)
    assert (counts(load), load.schema_changes) == ((0, 1, 0, 0), [])
    stored = lab.stored(target, "SELECT id, fullName, AGE, extension_1_note FROM {schema}.people")
    assert stored == [("a", "A", 7, "kept")]


def test_a_column_s_comment_says_what_it_means_and_since_when_it_is_known(lab: Lab, target: Target) -> None:
    info = Struct((("label", STRING),))
    before = entity({"id": STRING, "info": info})
    lab.publish(target, [{"id": "a"}], before)
    wider = Struct((*info.fields, ("size", STRING)))
    after = replace(before, given=(before.given[0], Column("info", "info", wider), Column("new", "new", STRING, "It's new.")))
    for number in (1, 2):
        lab.publish(target, [{"id": "a"}], after, number=number)
    found = lab.stored(
        target,
        "SELECT DISTINCT column_name, comment FROM duckdb_columns() "
        "WHERE table_name = 'things' AND comment <> '' AND schema_name <> 'aad_flat' "
        "AND column_name NOT LIKE '\\_%' ESCAPE '\\' ORDER BY 1",
    )
    assert found == [("info", "size known since 2026-01-02"), ("new", "Known since 2026-01-02; It's new.")]
    comments = "SELECT count(comment) FROM duckdb_columns() WHERE table_name = 'things' AND column_name = 'new'"
    assert lab.stored(target, comments) == [(4,)]


@pytest.mark.parametrize(
    ("stored", "declared", "value"),
    [
        (STRING, Scalar("Int32"), "x"),
        (STRING, Scalar("Int32"), "007"),
        (STRING, List(STRING), "x"),
        (Scalar("Int64"), List(STRING), 7),
        (Scalar("Boolean"), List(STRING), True),
        (Json(), STRING, {}),
        (Scalar("Double"), Scalar("Int64"), 1.5),
        (Struct((("a", STRING),)), Struct((("a", Scalar("Boolean")),)), {"a": "x"}),
    ],
    ids=str,
)
def test_a_column_of_another_type_blocks_until_it_is_recreated(
    lab: Lab, target: Target, stored: Any, declared: Any, value: Any
) -> None:
    lab.publish(target, [{"id": "a", "value": value}], entity({"id": STRING, "value": stored}))
    changed = entity({"id": STRING, "first": STRING, "value": declared})
    staged = lab.land([{"id": "b"}], changed)
    load = new_load(1, changed)
    with lab.stage.cursor() as cursor, pytest.raises(LoadBlocked, match=r"things\.value is stored as .* recreate"):
        publish(cursor, target, changed, staged, load)
    assert (counts(load), load.schema_changes) == ((0, 0, 0, 0), [])
    assert lab.stored(target, "SELECT column_name FROM (DESCRIBE {schema}.things) WHERE column_name = 'first'") == []
    lab.publish(target, [{"id": "b"}], changed, number=2, options=replace(OPEN, mode=Mode.RECREATE))
    assert lab.table(target, changed).keys() == {"b"}
    versions = lab.stored(target, "SELECT id, value, _was_value IS NULL FROM {history}.things ORDER BY id")
    assert versions == [("a", None, False), ("b", None, True)]


@pytest.mark.parametrize(
    ("other", "columns", "ended"),
    [
        ("8", "value", [("a", 8), ("b", 7)]),
        ("x", "value, _was_value", [("a", None, "x"), ("b", None, "7")]),
    ],
)
def test_a_column_that_only_history_has_is_cast_as_a_whole_or_set_aside_when_it_is_declared_again(
    lab: Lab, target: Target, other: str, columns: str, ended: list[tuple[Any, ...]]
) -> None:
    first: list[Row] = [{"id": "a", "value": other}, {"id": "b", "value": "7"}]
    rows: list[Row] = [{"id": "a"}, {"id": "b"}]
    again = entity({"id": STRING, "value": Scalar("Int64")})
    lab.publish(target, first, entity({"id": STRING, "value": STRING}))
    lab.publish(target, rows, entity({"id": STRING}), number=1)
    lab.publish(target, [{"id": "a", "value": 1}], again, number=2, options=replace(OPEN, mode=Mode.RECREATE))
    history = f"SELECT id, {columns} FROM {{history}}.things WHERE _valid_to IS NOT NULL ORDER BY id"
    assert lab.stored(target, history) == ended
    assert lab.stored(target, "SELECT value FROM {history}.things WHERE _valid_to IS NULL") == [(1,)]


@pytest.mark.parametrize(
    ("stored", "declared", "change"),
    [
        (Scalar("Int32"), Scalar("Int64"), SchemaChange("value", "widened")),
        (STRING, Scalar("Int32"), SchemaChange("value", "retyped")),
        (Struct((("a", STRING),)), Struct((("a", STRING), ("b", STRING))), SchemaChange("value.b", "added")),
        (List(Struct((("a", STRING),))), List(Struct(())), SchemaChange("value.a", "lost")),
        (Struct((("a", Scalar("Int32")),)), Struct((("a", Scalar("Int64")),)), SchemaChange("value.a", "widened")),
        (Struct((("a", STRING),)), Json(), SchemaChange("value", "widened")),
    ],
    ids=str,
)
def test_a_column_that_widens_is_no_update(
    lab: Lab, target: Target, stored: Any, declared: Any, change: SchemaChange
) -> None:
    if declared == List(Struct(())):
        declared = List(Struct((("other", STRING),)))
    lab.publish(target, [{"id": "a", "value": sample(stored)}, {"id": "b"}], entity({"id": STRING, "value": stored}))
    changed = entity({"id": STRING, "value": declared})
    load = lab.publish(target, [{"id": "a", "value": sample(declared)}, {"id": "b"}], changed, number=1)
    assert (counts(load), load.preview) == ((0, 0, 0, 2), [])
    assert change in load.schema_changes
    now = lab.table(target, changed)["a"]["value"]
    assert now == sample(declared)
    (shown,) = lab.stored(target, "SELECT to_json(value)::VARCHAR FROM {history}.things WHERE id = 'a'")[0]
    assert contains(json.loads(shown), now)


def sample(type_: Any) -> Any:
    """Return a value of the type. Types that have fields in common get the same values in them."""
    match type_:
        case List(item):
            return [sample(item)]
        case Struct(fields):
            return {name: sample(field) for name, field in fields}
        case Json():
            return {"a": "7"}
        case Scalar("String"):
            return "7"
        case _:
            return 7


def contains(whole: Any, part: Any) -> bool:
    """Return whether `part` equals `whole`, or lacks some of its fields."""
    if isinstance(part, dict):
        return all(contains(whole[name], value) for name, value in part.items())
    if isinstance(part, list):
        return all(contains(here, there) for here, there in zip(whole, part, strict=True))
    return bool(whole == part)


def test_what_only_some_types_of_rows_have_is_a_column_and_what_none_declares_is_a_find(lab: Lab, target: Target) -> None:
    locations = CATALOG["named_locations"]
    rows: list[Row] = [{"id": "a", "ipRanges": [], "isTrusted": True}, {"id": "b", "countriesAndRegions": ["NO"], "new": 1}]
    load = lab.publish(target, rows, locations)
    assert load.schema_changes == [SchemaChange("new", "undeclared")]
    table = lab.table(target, locations)
    assert (table["a"]["isTrusted"], table["b"]["isTrusted"]) == (True, None)
    assert table["b"]["countriesAndRegions"] == ["NO"]
    assert (table["a"]["_extra"], table["b"]["_extra"]) == (None, {"new": 1})
