"""A column or field that is declared for what `_extra` held: it moves, with no change counted and no value lost."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aad_assets.catalog import Column
from aad_assets.catalog.types import Json, List, Scalar, Struct, Type
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.options import Mode
from aad_assets_tests.warehouse.support import OPEN, STRING, GivenEntity, Lab, MemoryTarget, Row, counts, entity

INT, DATE_TIME = Scalar("Int32"), Scalar("DateTimeOffset")
ITEM = Struct((("sku", STRING),))
OLD: dict[str, Type] = {"id": STRING, "name": STRING, "grant": Struct((("operator", STRING),)), "plans": List(ITEM)}
NEW: dict[str, Type] = OLD | {
    "grant": Struct((("operator", STRING), ("strength", Json()), ("days", INT), ("deep", Struct((("on", INT),))))),
    "plans": List(Struct((("sku", STRING), ("price", INT), ("notes", List(STRING))))),
    "createdDateTime": DATE_TIME,
    "ipRanges": List(Json()),
    "count": INT,
    "info": Struct((("label", STRING), ("size", INT))),
    "extension_1_badge": STRING,
}
BEFORE, AFTER = entity(OLD), entity(NEW)


def typed(of: GivenEntity) -> GivenEntity:
    """Return the entity with the column `odataType`."""
    return replace(of, given=(*of.given, Column("odataType", "@odata.type", STRING)))


FULL: Row = {
    "@odata.type": "#microsoft.graph.agentUser",
    "grant": {"operator": "OR", "strength": {"id": "s", "@odata.type": "#t"}, "days": 3, "other": 1, "deep": {"on": 1}},
    "plans": [{"sku": "a"}, None, {"sku": "b", "price": 7, "notes": ["n", None], "other": True}],
    "createdDateTime": "2026-01-02T03:04:05.1234567Z",
    "ipRanges": [{"cidrAddress": "10.0.0.0/8"}, None],
    "count": 5,
    "info": {"label": "l", "size": 1, "more": [1]},
    "extension_1_Badge": "B-17",
    "other": {"kept": 1},
}
STORED = {
    "odataType": "agentUser",
    "grant": {"operator": "OR", "strength": {"id": "s", "@odata.type": "#t"}, "days": 3, "deep": {"on": 1}},
    "plans": [
        {"sku": "a", "price": None, "notes": None},
        None,
        {"sku": "b", "price": 7, "notes": ["n", None]},
    ],
    "createdDateTime": "2026-01-02 03:04:05.123456+00",
    "ipRanges": [{"cidrAddress": "10.0.0.0/8"}, None],
    "count": 5,
    "info": {"label": "l", "size": 1},
    "extension_1_badge": "B-17",
    "_extra": {
        "grant": {"other": 1},
        "plans": [None, None, {"other": True}],
        "info": {"more": [1]},
        "other": {"kept": 1},
    },
}


def versions(lab: Lab, target: Target) -> list[tuple[str, Row]]:
    """Return the name and the other values of each version, in order."""
    found = lab.stored(target, "SELECT name, to_json(h)::VARCHAR FROM {history}.things h ORDER BY id, _valid_from")
    hidden = {"id", "name", "_tenant_id", "_loaded_at", "_valid_from", "_valid_to", "_change"}
    return [(name, {key: v for key, v in json.loads(text).items() if key not in hidden}) for name, text in found]


def test_ended_versions_take_what_became_columns_from_their_own_extra(lab: Lab, target: Target) -> None:
    lab.publish(target, [{"id": "a", "name": "first"} | FULL, {"id": "gone", "name": "gone"} | FULL], BEFORE)
    lab.publish(target, [{"id": "a", "name": "second"} | FULL], BEFORE, number=1)

    load = lab.publish(target, [{"id": "a", "name": "second"} | FULL], typed(AFTER), number=2)

    assert counts(load) == (0, 0, 0, 1)
    assert versions(lab, target) == [("first", STORED), ("second", STORED), ("gone", STORED)]
    row = lab.table(target, typed(AFTER))["a"]
    assert {name: row[name] for name in STORED} == STORED


@pytest.mark.parametrize("mode", [Mode.COMPARE_KEEP_DELETED, Mode.MERGE])
def test_rows_that_were_not_read_take_it_from_their_own_extra(lab: Lab, target: Target, mode: Mode) -> None:
    options = replace(OPEN, mode=mode)
    lab.publish(target, [{"id": "a", "name": "a"} | FULL, {"id": "b", "name": "b"} | FULL], BEFORE, options=options)
    load = lab.publish(target, [{"id": "a", "name": "a"} | FULL], typed(AFTER), number=1, options=options)

    assert load.updated == 0
    row = lab.table(target, typed(AFTER))["b"]
    assert {name: row[name] for name in STORED} == STORED


def test_a_value_that_does_not_match_its_type_stays_in_extra(lab: Lab, target: Target) -> None:
    odd: Row = {
        "grant": {"operator": "OR", "days": "many", "deep": 1},
        "plans": [{"sku": "a", "price": 1.5}],
        "createdDateTime": "yesterday",
        "ipRanges": "none",
        "count": 2**40,
        "info": {"label": "l", "size": "large"},
    }
    lab.publish(target, [{"id": "a", "name": "first"} | odd], BEFORE)
    lab.publish(target, [{"id": "a", "name": "second"}], BEFORE, number=1)
    lab.publish(target, [{"id": "a", "name": "second"}], AFTER, number=2)

    name, first = versions(lab, target)[0]
    assert name == "first"
    assert first["_extra"] == {
        "grant": {"days": "many", "deep": 1},
        "plans": [{"price": 1.5}],
        "createdDateTime": "yesterday",
        "ipRanges": "none",
        "count": 2**40,
        "info": {"size": "large"},
    }
    assert first["info"] == {"label": "l", "size": None}
    assert first["plans"] == [{"sku": "a", "price": None, "notes": None}]
    assert (first["count"], first["createdDateTime"], first["ipRanges"]) == (None, None, None)


def test_a_value_that_changed_in_the_same_load_is_a_change_with_both_values(lab: Lab, target: Target) -> None:
    rows: list[Row] = [{"id": key, "name": key, "count": 1, "grant": {"operator": "OR", "days": 1}} for key in "abc"]
    lab.publish(target, rows, BEFORE)
    rows[0]["count"] = 2
    rows[1]["grant"]["days"] = 2

    load = lab.publish(target, rows, AFTER, number=1)

    assert counts(load) == (0, 2, 0, 1)
    assert [(name, row["count"], row["grant"]["days"]) for name, row in versions(lab, target)] == [
        ("a", 1, 1),
        ("a", 2, 1),
        ("b", 1, 1),
        ("b", 1, 2),
        ("c", 1, 1),
    ]
    changed = lab.stored(target, "SELECT key, column_name FROM {meta}.changes WHERE change = 'update' ORDER BY ALL")
    assert changed == [("a", "count"), ("b", "grant")]


def test_a_column_that_was_not_read_takes_its_values_from_extra(lab: Lab, target: Target) -> None:
    lab.publish(target, [{"id": "a", "name": "a", "count": 5}], BEFORE)
    load = lab.publish(target, [{"id": "a", "name": "a"}], AFTER, number=1, rejected=["count"])

    assert counts(load) == (0, 0, 0, 1)
    assert (lab.table(target, AFTER)["a"]["count"], lab.table(target, AFTER)["a"]["_extra"]) == (5, None)


def test_a_list_of_another_length_than_its_rests_keeps_them_in_extra(lab: Lab, target: Target) -> None:
    lab.publish(target, [{"id": "a", "plans": [{"sku": "a", "price": 1}]}, {"id": "b", "plans": [{"price": 2}]}], BEFORE)
    lab.stored(target, "UPDATE {schema}.things SET plans = [] WHERE id = 'a'")
    lab.publish(target, [], AFTER, number=1, options=replace(OPEN, mode=Mode.COMPARE_KEEP_DELETED))

    table = lab.table(target, AFTER)
    assert (table["a"]["plans"], table["a"]["_extra"]) == ([], {"plans": [{"price": 1}]})
    assert (table["b"]["plans"], table["b"]["_extra"]) == ([{"sku": None, "price": 2, "notes": None}], None)


values: dict[str, st.SearchStrategy[Any]] = {
    "count": st.sampled_from([0, 7, -1, 2**31, "7", "x", 1.5, True, None]),
    "createdDateTime": st.sampled_from(["2026-01-01T00:00:00.1234567Z", "2026-01-01", "x", 5, None]),
    "ipRanges": st.lists(st.none() | st.dictionaries(st.sampled_from("ab"), st.integers(0, 3)), max_size=2) | st.just("x"),
    "other": st.integers(0, 2),
    "extension_1_BADGE": st.sampled_from(["b", None]),
    "extension_1_badge": st.sampled_from(["exact"]),
    "@odata.type": st.sampled_from(["#microsoft.graph.one", "#microsoft.graph.two"]),
}
members = st.fixed_dictionaries(
    {},
    optional={
        **values,
        "info": st.fixed_dictionaries({}, optional={"label": st.just("l"), "size": values["count"], "more": st.just([1])}),
        "grant": st.none()
        | st.fixed_dictionaries(
            {},
            optional={
                "operator": st.just("OR"),
                "strength": st.none() | st.dictionaries(st.sampled_from("ab"), st.integers(0, 3)),
                "days": values["count"],
                "deep": st.fixed_dictionaries({}, optional={"on": values["count"], "off": st.just(1)}),
            },
        ),
        "plans": st.lists(
            st.none()
            | st.fixed_dictionaries(
                {},
                optional={
                    "sku": st.sampled_from("ab"),
                    "price": values["count"],
                    "notes": st.lists(st.sampled_from(["n", None, 5, {}]), max_size=2),
                    "other": st.just(1),
                },
            ),
            max_size=3,
        ),
    },
)


@settings(max_examples=60)
@given(first=st.lists(members, min_size=1, max_size=4), second=st.lists(members, min_size=1, max_size=4))
def test_columns_and_extra_together_say_the_same_before_and_after(
    shared_lab: Lab, first: list[Row], second: list[Row]
) -> None:
    """The rows of the first read have ended versions, and those of the second are read again unchanged."""
    target = MemoryTarget(shared_lab)
    both = [
        [{"id": f"k{n}", "name": name} | row for n, row in enumerate(rows)] for name, rows in (("f", first), ("s", second))
    ]
    before, after = entity(OLD), typed(entity(NEW))
    for number, rows in enumerate(both):
        shared_lab.publish(target, rows, before, number=number)
    known = [information(row) for _, row in versions(shared_lab, target)]

    load = shared_lab.publish(target, both[1], after, number=2)

    assert counts(load) == (0, 0, 0, len(second))
    found = versions(shared_lab, target)
    rejects = shared_lab.stored(target, "SELECT count(*) FROM {meta}.rejects")[0][0]
    for was, (name, row) in zip(known, found, strict=True):
        if name == "f" or not rejects:  # what was read again and rejected is among the rejects
            assert information(row) == was
        assert not twice(row)


def information(row: Row) -> Any:
    """Return what columns and `_extra` say together, without nulls, and with every value in one form."""
    extra = dict(row["_extra"] or {})
    columns = {name: value for name, value in row.items() if name != "_extra"}
    if columns.get("odataType"):
        extra["@odata.type"] = f"#microsoft.graph.{columns.pop('odataType')}"
    if "extension_1_badge" not in extra and not columns.get("extension_1_badge"):
        columns["extension_1_badge"] = extra.pop("extension_1_BADGE", None)
    return plain(merged(columns, extra))


def merged(value: Any, rest: Any) -> Any:
    if rest is None or value is None:
        return value if rest is None else rest
    if isinstance(value, dict):
        return {name: merged(value.get(name), rest.get(name)) for name in {*value, *rest}}
    return [merged(item, other) for item, other in zip(value, rest, strict=True)]


def plain(value: Any) -> Any:
    if isinstance(value, dict):
        members = {name: plain(member) for name, member in value.items()}
        return {name: member for name, member in members.items() if member not in (None, {})} or None
    if isinstance(value, list):
        return [plain(item) for item in value]
    text = str(value).replace("T", " ").removesuffix("Z").removesuffix("+00")
    return None if value is None else text.removesuffix("7") if "." in text and ":" in text else text.lower()


def twice(row: Row) -> bool:
    """Return whether a value stands in a column and in `_extra`."""

    def both(value: Any, rest: Any) -> bool:
        if value is None or rest is None:
            return False
        if isinstance(value, dict) and isinstance(rest, dict):
            return any(both(value.get(name), rest.get(name)) for name in rest)
        if isinstance(value, list) and isinstance(rest, list):
            return any(both(item, other) for item, other in zip(value, rest, strict=True))
        return True

    return both({name: value for name, value in row.items() if name != "_extra"}, row["_extra"])
