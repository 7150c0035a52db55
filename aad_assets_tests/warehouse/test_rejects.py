"""The record of rejects: each once, from the load that had it first to the load that no longer has it."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from aad_assets.catalog import Shape
from aad_assets.catalog.types import List, Scalar
from aad_assets.warehouse.database.migrations import MIGRATIONS
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.prune import Pruned, prune
from aad_assets.warehouse.publishing.loads import LogDay
from aad_assets.warehouse.publishing.options import Mode
from aad_assets.warehouse.publishing.publish import publish
from aad_assets_tests.warehouse.support import FIRST_LOAD, OPEN, STRING, Lab, Row, entity, new_load

INT = Scalar("Int32")
PEOPLE = entity({"id": STRING, "age": INT, "sizes": List(INT)}, table="people")
EDGES = entity({"groupId": STRING, "memberId": STRING, "rank": INT}, table="edges", key=("groupId", "memberId"))
EVENTS = replace(
    entity({"id": STRING, "at": Scalar("DateTimeOffset"), "age": INT}, table="events"), shape=Shape.LOG, time_property="at"
)
"""A log."""


def rejects(lab: Lab, target: Target) -> list[tuple[Any, ...]]:
    """Return key, column and value of each reject, with the loads in which it began and ended."""
    return lab.stored(
        target,
        "SELECT key, column_name, value, load_id, ended_load_id FROM {meta}.rejects ORDER BY key, load_id, column_name",
    )


def test_a_reject_that_has_not_changed_is_recorded_once_and_counted_each_time(lab: Lab, target: Target) -> None:
    rows: list[Row] = [{"id": "a", "age": "old"}, {"id": "b", "age": "?", "sizes": [1, "x"]}, {"id": "c", "age": 3}]
    counts = [lab.publish(target, rows, PEOPLE, number=number).rejected for number in range(3)]
    assert counts == [3, 3, 3]
    assert rejects(lab, target) == [
        ("a", "age", '"old"', "load-0", None),
        ("b", "age", '"?"', "load-0", None),
        ("b", "sizes[1]", '"x"', "load-0", None),
    ]
    assert lab.stored(target, "SELECT load_id, rejected FROM {meta}.loads ORDER BY 1") == [
        (f"load-{number}", 3) for number in range(3)
    ]


@pytest.mark.parametrize("mode", [Mode.COMPARE, Mode.COMPARE_KEEP_DELETED, Mode.TRUNCATE, Mode.RECREATE])
def test_a_reject_ends_when_its_value_fits_changes_or_is_gone(lab: Lab, target: Target, mode: Mode) -> None:
    options = replace(OPEN, mode=mode)
    loads: list[list[Any]] = [["x", "x", "x", "x"], ["x", 5, "y", None], ["x", "x", "y", None]]
    for number, ages in enumerate(loads):
        rows: list[Row] = [{"id": key, "age": age} for key, age in zip("abcd", ages, strict=True) if key != "d" or not number]
        lab.publish(target, rows, PEOPLE, number=number, options=options)
    assert rejects(lab, target) == [
        ("a", "age", '"x"', "load-0", None),
        ("b", "age", '"x"', "load-0", "load-1"),
        ("b", "age", '"x"', "load-2", None),
        ("c", "age", '"x"', "load-0", "load-1"),
        ("c", "age", '"y"', "load-1", None),
        ("d", "age", '"x"', "load-0", "load-1"),
    ]


def test_a_reject_of_a_column_that_was_not_read_does_not_end(lab: Lab, target: Target) -> None:
    lab.publish(target, [{"id": "a", "age": "x", "sizes": ["y"]}], PEOPLE)
    lab.publish(target, [{"id": "a"}], PEOPLE, number=1, rejected=["sizes"])
    assert rejects(lab, target) == [("a", "age", '"x"', "load-0", "load-1"), ("a", "sizes[0]", '"y"', "load-0", None)]


def test_keys_of_several_columns_and_other_tables_are_told_apart(lab: Lab, target: Target) -> None:
    edge = {"groupId": "g", "memberId": "m", "rank": "x"}
    lab.publish(target, [edge], EDGES)
    lab.publish(target, [{"id": "g|m", "age": "x"}], PEOPLE, number=1)
    lab.publish(target, [edge], EDGES, number=2)
    lab.publish(target, [edge | {"rank": 1}], EDGES, number=3)
    assert rejects(lab, target) == [("g|m", "rank", '"x"', "load-0", "load-3"), ("g|m", "age", '"x"', "load-1", None)]


def test_a_day_of_a_log_ends_the_rejects_of_its_own_rows_only(lab: Lab, target: Target) -> None:
    first = date(2026, 1, 1)
    ages: list[tuple[int, str, Any]] = [(0, "a", "x"), (1, "b", "x"), (1, "b", "x"), (1, "b", 1), (0, "a", "x")]
    for number, (day, key, age) in enumerate(ages):
        at = first + timedelta(days=day)
        load = new_load(number, EVENTS)
        staged = lab.land([{"id": key, "at": f"{at}T10:00:00Z", "age": age}], EVENTS)
        with lab.stage.cursor() as cursor:
            publish(cursor, target, EVENTS, staged, load, (), OPEN, day=LogDay(at, True))
    assert rejects(lab, target) == [("a", "age", '"x"', "load-0", None), ("b", "age", '"x"', "load-1", "load-3")]


def test_pruning_deletes_rejects_and_refused_parents_by_the_age_of_their_load(lab: Lab, target: Target) -> None:
    lab.publish(target, [{"id": "a", "age": "x"}, {"id": "b", "age": "x"}], PEOPLE)
    lab.publish(target, [{"id": "a", "age": "x"}, {"id": "c", "age": "x"}], PEOPLE, number=10)
    for number in (0, 10):
        lab.stored(target, f"INSERT INTO {{meta}}.refused_parents (load_id, entity) VALUES ('load-{number}', 'people')")
    with lab.stage.cursor() as cursor:
        assert prune(cursor, target, history_before=FIRST_LOAD + timedelta(days=5)).rejects == 0
        pruned = prune(cursor, target, changes_before=FIRST_LOAD + timedelta(days=5))
    assert pruned == Pruned(0, 0, rejects=2, refused_parents=1)
    assert str(pruned) == "deleted 0 versions, 0 changes, 2 rejects and 1 refused parent"
    assert rejects(lab, target) == [("c", "age", '"x"', "load-10", None)]
    assert lab.stored(target, "SELECT load_id FROM {meta}.refused_parents") == [("load-10",)]

    lab.publish(target, [{"id": "a", "age": "x"}], PEOPLE, number=11)
    assert rejects(lab, target) == [("a", "age", '"x"', "load-11", None), ("c", "age", '"x"', "load-10", "load-11")]


def test_rejects_that_earlier_releases_repeated_become_one_each(lab: Lab, target: Target) -> None:
    rows: list[list[Row]] = [
        [{"id": "a", "age": "x"}, {"id": "b", "age": "x"}],
        [{"id": "a", "age": "x"}],
        [{"id": "a", "age": "x"}],
    ]
    for number, each in enumerate(rows):
        lab.publish(target, each, PEOPLE, number=number)
    expected = rejects(lab, target)
    lab.stored(target, "DELETE FROM {meta}.version WHERE version > 3")
    lab.stored(target, "ALTER TABLE {meta}.rejects DROP COLUMN ended_load_id")
    for number in (1, 2):
        repeated = f"SELECT 'load-{number}', _tenant_id, entity, key, column_name, value FROM {{meta}}.rejects"
        lab.stored(target, f"INSERT INTO {{meta}}.rejects {repeated} WHERE load_id = 'load-0' AND key = 'a'")
    assert len(lab.stored(target, "FROM {meta}.rejects")) == 4

    again = Target(target.database, "aad", lock_wait=0.0)

    assert rejects(lab, again) == expected
    assert expected == [("a", "age", '"x"', "load-0", None), ("b", "age", '"x"', "load-0", "load-1")]
    assert lab.stored(again, "SELECT max(version) FROM {meta}.version") == [(MIGRATIONS[-1].version,)]
