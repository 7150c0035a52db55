"""Each gate: what it holds back, what it lets pass, its message, its override; and what is left of a blocked load."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from aad_assets.catalog import Shape
from aad_assets.catalog.types import List, Scalar, Struct
from aad_assets.errors import LoadBlocked
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.gates import OPENABLE, Disagreement, Gate, Gates
from aad_assets.warehouse.publishing.loads import LogDay
from aad_assets.warehouse.publishing.options import Mode, Options
from aad_assets.warehouse.publishing.publish import publish
from aad_assets.warehouse.publishing.quarantine import quarantine_folder
from aad_assets_tests.warehouse.support import OPEN, STRING, Lab, Row, counts, entity, new_load

PEOPLE = entity({"id": STRING, "name": STRING, "tags": List(STRING), "age": Scalar("Int32")}, table="people")
CLOSED = Options()


def people(number: int) -> list[Row]:
    return [{"id": f"p{n}", "name": f"name {n}", "tags": ["t"], "age": n} for n in range(number)]


def check(call: Callable[[Gates], None], gate: Gate) -> str:
    """The gate blocks, and does not when it is opened; returns its message."""
    call(Gates(open=frozenset({gate})))
    with pytest.raises(LoadBlocked) as caught:
        call(Gates())
    assert caught.value.gate == gate
    assert caught.value.override == {"allow": {"people": [gate.value]}}
    assert f"gate {gate}" in str(caught.value)
    assert f"{{allow: {{people: [{gate}]}}}} in the run's config" in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("rows", "counted"), [(1000, 1011), (1000, 989), (0, 11), (0, 1), (100_000, 102_000), (2, 12), (44, 49), (1, 3)]
)
def test_a_count_that_does_not_match_blocks(rows: int, counted: int) -> None:
    assert f"{counted:,}" in check(lambda gates: gates.check_count("people", rows, counted), Gate.COUNT)


@pytest.mark.parametrize(
    ("rows", "counted"), [(1000, 1010), (1000, 990), (40, 50), (45, 49), (1, 2), (99_500, 100_000), (0, None)]
)
def test_a_count_may_lag_a_little(rows: int, counted: int | None) -> None:
    Gates().check_count("people", rows, counted)


@pytest.mark.parametrize(("before", "rows"), [(250, 199), (1000, 799), (51, 1), (12, 2), (49, 24), (3, 1)])
def test_a_table_that_shrinks_too_much_blocks(before: int, rows: int) -> None:
    assert "gone" in check(lambda gates: gates.check_shrink("people", before, rows), Gate.SHRINK)


@pytest.mark.parametrize(
    ("before", "rows"), [(0, 0), (0, 5), (1000, 800), (100, 51), (50, 1), (100, 200), (12, 6), (49, 25), (2, 1)]
)
def test_a_table_may_shrink_a_little(before: int, rows: int) -> None:
    Gates().check_shrink("people", before, rows)


@pytest.mark.parametrize("before", [1, 1000])
def test_a_table_with_rows_never_becomes_empty(before: int) -> None:
    check(lambda gates: gates.check_shrink("people", before, 0), Gate.EMPTY)


def test_too_many_rejects_block() -> None:
    check(lambda gates: gates.check_rejects("people", 11, 1000), Gate.REJECTS)
    Gates().check_rejects("people", 10, 1000)


def test_a_filled_column_that_turns_null_blocks() -> None:
    message = check(lambda gates: gates.check_columns("people", 10, {"a": 6, "b": 9}, {"a": 0, "b": 1}), Gate.NULL_COLUMN)
    assert "a: most of the 10 stored rows have a value" in message
    Gates().check_columns("people", 10, {"a": 5}, {"a": 0})
    Gates().check_columns("people", 1, {"a": 1}, {"a": 0})


def test_thresholds_can_be_set() -> None:
    lenient = Gates(count_share=0.5, count_rows=0, shrink_share=0.9, rejects_share=0.5, filled_share=1.0)
    lenient.check_count("people", 50, 100)
    lenient.check_shrink("people", 1000, 100)
    lenient.check_rejects("people", 50, 100)
    lenient.check_columns("people", 10, {"a": 10}, {"a": 0})


def test_a_threshold_that_is_set_holds_for_tables_of_every_size() -> None:
    lenient = Gates(count_share=0.5, count_rows=3, shrink_share=0.9, shrink_rows=4)
    lenient.check_count("people", 1, 4)
    lenient.check_count("people", 20, 40)
    lenient.check_shrink("people", 12, 2)
    lenient.check_shrink("people", 4, 1)
    for size in (10, 1000):
        strict = Gates(count_share=0.0, count_rows=0, shrink_share=0.0, shrink_rows=0)
        with pytest.raises(LoadBlocked, match="gate count"):
            strict.check_count("people", size, size + 1)
        with pytest.raises(LoadBlocked, match="gate shrink"):
            strict.check_shrink("people", size, size - 1)


@pytest.mark.parametrize("gate", [Gate.SHRINK, Gate.COUNT])
def test_two_reads_that_disagree_block(gate: Gate) -> None:
    message = check(lambda gates: gates.check_reads("people", Disagreement(gate, 2, 1)), gate)
    assert "two reads disagreed: 2 rows and then 1 row were read" in message


def blocked(lab: Lab, target: Target, rows: list[Row], options: Options = CLOSED, counted: int | None = None) -> LoadBlocked:
    """The rows are quarantined and the table is unchanged."""
    before = lab.table(target, PEOPLE)
    load = new_load(5, PEOPLE)
    staged = lab.land(rows, PEOPLE)
    with lab.stage.cursor() as cursor, pytest.raises(LoadBlocked) as caught:
        publish(cursor, target, PEOPLE, staged, load, (), options, counted)
    assert lab.table(target, PEOPLE) == before
    assert lab.stored(target, "SELECT count(*) FROM {meta}.loads") == [(1,)]
    assert lab.stored(target, "SELECT count(*) FROM {meta}.changes") == [(0,)]
    assert lab.stored(target, "SELECT count(*) FROM {meta}.rejects") == [(0,)]
    assert (load.rows, load.inserted) == (len(rows), 0)
    return caught.value


@pytest.mark.parametrize("mode", [Mode.COMPARE, Mode.COMPARE_KEEP_DELETED, Mode.TRUNCATE, Mode.RECREATE])
def test_gates_guard_a_publish_in_every_mode(lab: Lab, target: Target, mode: Mode) -> None:
    lab.publish(target, people(300), PEOPLE)
    options = replace(CLOSED, mode=mode)
    assert blocked(lab, target, people(200), options).gate == Gate.SHRINK
    assert blocked(lab, target, [], options).gate == Gate.EMPTY
    assert blocked(lab, target, people(300), options, counted=400).gate == Gate.COUNT
    assert blocked(lab, target, [row | {"age": "x"} for row in people(300)], options).gate == Gate.REJECTS
    for column in ("name", "tags"):
        without = [row | {column: [] if column == "tags" else None} for row in people(300)]
        assert blocked(lab, target, without, options).gate == Gate.NULL_COLUMN
    load = lab.publish(target, people(200), PEOPLE, number=6, options=replace(OPEN, mode=mode))
    assert (load.status, load.rows) == ("published", 200)


@pytest.mark.parametrize("mode", [Mode.COMPARE, Mode.COMPARE_KEEP_DELETED, Mode.TRUNCATE, Mode.RECREATE])
def test_the_gate_for_empty_tables_is_opened_by_its_own_name_alone(lab: Lab, target: Target, mode: Mode) -> None:
    lab.publish(target, people(300), PEOPLE)
    options = Options(mode, volatile=frozenset({"age"}), gates=Gates(open=frozenset({Gate.EMPTY})))
    assert lab.publish(target, [], PEOPLE, number=1, options=options).deleted == 300


def test_a_column_that_turns_null_blocks_also_when_other_rows_are_deleted(lab: Lab, target: Target) -> None:
    """Of 80 rows, 45 are deleted and 35 changed: the changed ones alone are less than half."""
    lab.publish(target, people(80), PEOPLE)
    some = [row | {"name": None} for row in people(35)]
    assert blocked(lab, target, some).gate == Gate.NULL_COLUMN


def test_a_volatile_column_that_turns_null_blocks_as_well(lab: Lab, target: Target) -> None:
    options = replace(CLOSED, volatile=frozenset({"age"}))
    lab.publish(target, people(10), PEOPLE)
    assert blocked(lab, target, [row | {"age": None} for row in people(10)], options).gate == Gate.NULL_COLUMN


@pytest.mark.parametrize("empty", [None, {}, {"inner": {}, "list": []}, {"name": None}])
def test_a_struct_with_nothing_in_it_is_as_good_as_null(lab: Lab, target: Target, empty: Any) -> None:
    inner = Struct((("name", STRING),))
    of = entity({"id": STRING, "info": Struct((("name", STRING), ("inner", inner), ("list", List(STRING))))})
    rows: list[Row] = [{"id": str(number), "info": {"inner": {"name": "x"}}} for number in range(10)]
    lab.publish(target, rows, of)
    with pytest.raises(LoadBlocked, match="gate null_column blocked it: info"):
        lab.publish(target, [row | {"info": empty} for row in rows], of, number=1, options=CLOSED)


def test_a_column_may_be_emptied_little_by_little(lab: Lab, target: Target) -> None:
    lab.publish(target, people(10), PEOPLE)
    some = [row | {"name": None} if number < 9 else row for number, row in enumerate(people(10))]
    assert lab.publish(target, some, PEOPLE, number=1, options=CLOSED).updated == 9


def test_the_first_load_may_be_anything_but_full_of_rejects(lab: Lab, target: Target) -> None:
    assert lab.publish(target, [], PEOPLE, options=CLOSED).status == "published"
    staged = lab.land([{"id": "a", "age": "x"}], PEOPLE)
    with lab.stage.cursor() as cursor, pytest.raises(LoadBlocked, match="gate rejects"):
        publish(cursor, target, PEOPLE, staged, new_load(1, PEOPLE))


def test_a_merge_may_bring_nothing(lab: Lab, target: Target) -> None:
    lab.publish(target, people(300), PEOPLE)
    load = lab.publish(target, [], PEOPLE, number=1, options=replace(CLOSED, mode=Mode.MERGE))
    assert (load.deleted, len(lab.table(target, PEOPLE))) == (0, 300)


def test_the_read_that_began_earlier_never_overwrites_the_later_one(lab: Lab, target: Target) -> None:
    lab.publish(target, people(3), PEOPLE, number=2)
    earlier = new_load(1, PEOPLE)
    earlier.published_at = new_load(3).published_at
    staged = lab.land(people(4), PEOPLE)
    with lab.stage.cursor() as cursor, pytest.raises(LoadBlocked, match=r"read that started later, at 2026-01-03") as caught:
        publish(cursor, target, PEOPLE, staged, earlier, (), OPEN)
    assert (caught.value.gate, caught.value.override) == (Gate.LATER_READ, None)
    assert not quarantine_folder(target.database).exists(), "newer rows than these are published"
    assert len(lab.table(target, PEOPLE)) == 3


def test_a_clock_that_was_set_back_ends_no_version_before_it_began(lab: Lab, target: Target) -> None:
    lab.publish(target, people(1), PEOPLE, number=2)
    later = new_load(3, PEOPLE)
    later.published_at = new_load(1).published_at
    staged = lab.land([{"id": "p0", "name": "another"}], PEOPLE)
    with lab.stage.cursor() as cursor:
        publish(cursor, target, PEOPLE, staged, later, (), OPEN)
    assert later.published_at == new_load(2).published_at + timedelta(microseconds=1)  # type: ignore[operator]
    intervals = lab.stored(target, "SELECT count(*) FROM {history}.people WHERE _valid_to IS NULL OR _valid_from < _valid_to")
    assert intervals == [(2,)]


def test_every_gate_that_can_be_opened_is_one_of_the_gates() -> None:
    assert set(OPENABLE) == set(Gate) - {Gate.TYPE, Gate.LATER_READ}


@pytest.mark.parametrize("source", ["status", "accessPackageId"])
def test_a_column_that_was_not_read_blocks_nothing_and_keeps_its_values_also_in_a_log(
    lab: Lab, target: Target, source: str
) -> None:
    log = replace(
        entity({"id": STRING, "name": STRING, "at": Scalar("DateTimeOffset"), source: STRING}, table="events"),
        shape=Shape.LOG,
        time_property="at",
    )
    rows: list[Row] = [{"id": key, "name": key, "at": "2026-01-01T10:00:00Z", source: f"s-{key}"} for key in "abc"]
    empty: list[Row] = [row | {source: None} for row in rows]
    empty[0]["name"] = "changed"
    day = LogDay(date(2026, 1, 1), True)
    for number, read in enumerate((rows, [*empty, empty[0] | {"id": "d"}])):
        load = new_load(number, log)
        staged = lab.land(read, log)
        with lab.stage.cursor() as cursor:
            publish(cursor, target, log, staged, load, [source] if number else [], day=day)

    assert counts(load) == (1, 1, 0, 2)
    stored = lab.stored(target, f'SELECT id, name, "{source}" FROM {{schema}}.events ORDER BY id')
    assert stored == [("a", "changed", "s-a"), ("b", "b", "s-b"), ("c", "c", "s-c"), ("d", "changed", None)]


@pytest.mark.parametrize("mode", [Mode.COMPARE, Mode.TRUNCATE])
def test_the_column_of_a_link_that_was_not_read_blocks_nothing_and_keeps_its_values(
    lab: Lab, target: Target, mode: Mode
) -> None:
    linked = entity({"id": STRING, "accessPackageId": STRING})
    lab.publish(target, [{"id": key, "accessPackageId": "p"} for key in "abc"], linked)
    load = lab.publish(
        target, [{"id": key} for key in "abc"], linked, number=1, rejected=["accessPackageId"], options=Options(mode)
    )

    assert load.rows == 3
    assert {row["accessPackageId"] for row in lab.table(target, linked).values()} == {"p"}
