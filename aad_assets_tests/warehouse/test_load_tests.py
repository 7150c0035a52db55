"""The tests of a published load, whose only state is the database."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from aad_assets.catalog import Entity
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.gates import Gate, Gates
from aad_assets.warehouse.publishing.load_tests import LoadTest, examine, stored_rows
from aad_assets.warehouse.publishing.loads import Load, SchemaChange
from aad_assets.warehouse.publishing.options import Mode, Options
from aad_assets_tests.warehouse.support import OPEN, TENANT, THINGS, Lab, Row, refusals
from aad_assets_tests.warehouse.test_log_days_published import EVENTS, FIRST, event, publish_day


def things(number: int) -> list[Row]:
    return [{"id": str(n)} for n in range(number)]


def run(lab: Lab, target: Target, load: Load, of: Entity = THINGS, gates: Gates | None = None) -> dict[str, LoadTest]:
    with lab.stage.cursor() as cursor:
        return {test.name: test for test in examine(cursor, target, of, load, gates or Gates()).tests}


def failed(tests: dict[str, LoadTest]) -> list[str]:
    return [name for name, test in tests.items() if not test.passed]


def test_a_first_load_passes_every_test(lab: Lab, target: Target) -> None:
    load = lab.publish(target, things(2))
    load.counted = 2

    tests = run(lab, target, load)

    assert failed(tests) == []
    assert list(tests) == ["key", "count", "rows", "columns", "rejects", "refused_parents"]
    assert tests["key"].result == "id is unique and not null in 2 rows."
    assert tests["rows"].result == "There is no range of rows before 3 earlier loads."


@pytest.mark.parametrize(
    ("key", "result"),
    [("'1'", "id: 1 row repeats a key in 3 rows."), ("NULL", "id: 1 row has no key in 3 rows.")],
)
def test_a_key_that_somebody_repeated_or_emptied_fails(lab: Lab, target: Target, key: str, result: str) -> None:
    load = lab.publish(target, things(2))
    lab.stored(target, f"INSERT INTO {{schema}}.things (id, _tenant_id) VALUES ({key}, '{TENANT}') RETURNING 1")

    tests = run(lab, target, load)

    assert (failed(tests), tests["key"].result) == (["key"], result)


def test_deleted_rows_that_a_table_keeps_do_not_count(lab: Lab, target: Target) -> None:
    keeping = replace(OPEN, mode=Mode.COMPARE_KEEP_DELETED)
    lab.publish(target, things(3), options=keeping)
    load = lab.publish(target, things(2), number=1, options=keeping)

    assert run(lab, target, load)["key"].result == "id is unique and not null in 2 rows."


def test_a_count_that_an_open_gate_let_through_fails(lab: Lab, target: Target) -> None:
    load = lab.publish(target, things(20))
    load.counted = 30

    assert failed(run(lab, target, load, gates=Gates(open=frozenset({Gate.COUNT})))) == ["count"]
    assert failed(run(lab, target, load, gates=Gates(count_share=0.5))) == []
    load.counted = None
    assert failed(run(lab, target, load)) == []


@pytest.mark.parametrize(
    ("past", "present", "is_inside"),
    [((20, 30, 25), 35, True), ((20, 30, 25), 41, False), ((40, 50, 45), 29, False), ((20, 30), 90, True)],
)
def test_the_rows_must_lie_within_the_range_of_earlier_loads(
    lab: Lab, target: Target, past: Sequence[int], present: int, is_inside: bool
) -> None:
    for number, rows in enumerate(past):
        lab.publish(target, things(rows), number=number, options=OPEN)
    load = lab.publish(target, things(present), number=len(past), options=OPEN)

    assert run(lab, target, load)["rows"].passed == is_inside


def test_the_range_of_another_table_is_not_taken(lab: Lab, target: Target) -> None:
    for number in range(3):
        lab.publish(target, things(2), number=number, of=replace(THINGS, table="others"))

    assert run(lab, target, lab.publish(target, things(90), number=3))["rows"].passed


def test_the_days_of_a_log_must_lie_within_the_range_of_earlier_days(lab: Lab, target: Target) -> None:
    for number, rows in enumerate((30, 40, 35, 2)):
        day = FIRST + timedelta(days=number)
        load = publish_day(lab, target, day, [event(f"{number}-{n}", day) for n in range(rows)], number)

    tests = run(lab, target, load, EVENTS)

    assert failed(tests) == ["rows"]
    assert tests["rows"].result == "2 rows; 30 to 40 in 3 earlier complete days (the limit is 20% outside)."
    assert load.published_at is not None
    later = run(lab, target, replace(load, started_at=load.published_at), EVENTS)
    assert later["key"].result.endswith("in 2 rows."), "only the rows of this load, because logs only grow"


def test_changed_columns_rejects_and_refused_parents_fail(lab: Lab, target: Target) -> None:
    load = lab.publish(target, [{"id": "1", "flag": "maybe"}], options=OPEN)
    load.schema_changes = [SchemaChange("color", "undeclared"), SchemaChange("mail", "added")]
    load.refusals = [refusals("things", "g1")]

    tests = run(lab, target, load)

    assert failed(tests) == ["columns", "rejects", "refused_parents"]
    assert tests["columns"].result == "Columns changed: mail added."
    assert tests["rejects"].result == "1 value did not fit the declared type and became NULL."
    assert tests["refused_parents"].result == "Graph refused the rows of 1 parent."


def test_stored_rows_are_those_of_the_tenant(lab: Lab, target: Target) -> None:
    with lab.stage.cursor() as cursor:
        assert stored_rows(cursor, target, THINGS, TENANT) == 0
    lab.publish(target, things(3), options=Options())
    with lab.stage.cursor() as cursor:
        assert stored_rows(cursor, target, THINGS, TENANT) == 3
