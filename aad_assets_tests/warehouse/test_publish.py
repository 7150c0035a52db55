"""One load: the table, its record, and no trace when it fails."""

import contextlib
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from aad_assets.catalog import CATALOG, Column, Entity
from aad_assets.catalog.types import List, Scalar
from aad_assets.errors import LoadBlocked, WarehouseError
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing import publish as publish_module
from aad_assets.warehouse.publishing.compare import Comparison
from aad_assets.warehouse.publishing.loads import LogDay, SchemaChange, record_load
from aad_assets.warehouse.publishing.options import Mode, Options
from aad_assets.warehouse.publishing.publication import Publication
from aad_assets.warehouse.publishing.publish import publish
from aad_assets_tests.warehouse.support import (
    FIRST_LOAD,
    OPEN,
    STRING,
    TENANT,
    THINGS,
    Lab,
    MemoryTarget,
    Row,
    counts,
    entity,
    new_load,
    read_alone,
)

PEOPLE = entity({"id": STRING, "name": STRING, "age": Scalar("Int32"), "tags": List(STRING)}, table="people")


def test_a_load_inserts_updates_deletes_and_leaves_alone(lab: Lab, target: Target) -> None:
    first = lab.publish(target, [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}, {"id": "c"}], PEOPLE)
    assert counts(first) == (3, 0, 0, 0)
    second = lab.publish(target, [{"id": "a", "name": "A"}, {"id": "b", "name": "B2"}, {"id": "d"}], PEOPLE, number=1)
    assert counts(second) == (1, 1, 1, 1)
    rows = lab.table(target, PEOPLE)
    assert {key: (row["name"], row["_loaded_at"]) for key, row in rows.items()} == {
        "a": ("A", 0),
        "b": ("B2", 1),
        "d": (None, 1),
    }


def test_an_empty_read_deletes_every_row_of_the_tenant(lab: Lab, target: Target) -> None:
    lab.publish(target, [{"id": "a"}, {"id": "b"}], PEOPLE)
    assert counts(lab.publish(target, [], PEOPLE, number=1)) == (0, 0, 2, 0)
    assert lab.table(target, PEOPLE) == {}


def test_a_load_changes_the_rows_of_its_tenant_alone(lab: Lab, target: Target) -> None:
    lab.publish(target, [{"id": "a", "name": "A"}, {"id": "b"}], PEOPLE)
    lab.stored(target, f"UPDATE {{schema}}.people SET _tenant_id = 'other' WHERE _tenant_id = '{TENANT}'")
    before = lab.table(target, PEOPLE, "other")
    assert counts(lab.publish(target, [{"id": "a", "name": "mine"}], PEOPLE, number=1)) == (1, 0, 0, 0)
    assert counts(lab.publish(target, [{"id": "a", "name": "changed"}], PEOPLE, number=2)) == (0, 1, 0, 0)
    assert counts(lab.publish(target, [], PEOPLE, number=3)) == (0, 0, 1, 0)
    assert lab.table(target, PEOPLE, "other") == before
    assert len(before) == 2


def test_rejected_columns_keep_their_stored_values(lab: Lab, target: Target) -> None:
    rows: list[Row] = [{"id": key, "name": key, "age": 1, "tags": [key]} for key in "abc"]
    lab.publish(target, rows, PEOPLE)
    read: list[Row] = [{"id": "a", "name": "a"}, {"id": "b", "name": "B"}, {"id": "d", "name": "d"}]
    load = lab.publish(target, read, PEOPLE, number=1, rejected=["age", "tags"])
    assert counts(load) == (1, 1, 1, 1)
    assert load.schema_changes == [SchemaChange("age", "refused"), SchemaChange("tags", "refused")]
    stored = {key: (row["name"], row["age"], row["tags"]) for key, row in lab.table(target, PEOPLE).items()}
    assert stored == {"a": ("a", 1, ["a"]), "b": ("B", 1, ["b"]), "d": ("d", None, None)}
    again = lab.publish(target, [{"id": "a", "name": "a", "age": 2, "tags": ["a"]}], PEOPLE, number=2)
    assert counts(again) == (0, 1, 2, 0)


def test_columns_that_were_rejected_from_the_first_load_are_null(lab: Lab, target: Target) -> None:
    lab.publish(target, [{"id": "a", "name": "a"}], PEOPLE, rejected=["age"])
    assert lab.table(target, PEOPLE)["a"]["age"] is None


@pytest.mark.parametrize("of", [THINGS, *CATALOG.values()], ids=lambda of: of.table)
def test_every_table_of_the_catalogue_takes_a_row_twice(shared_lab: Lab, of: Entity) -> None:
    lab, target = shared_lab, MemoryTarget(shared_lab)
    row: Row = {column.source: "k" for column in of.columns if column.name in of.key}
    assert counts(lab.publish(target, [row], of)) == (1, 0, 0, 0)
    second = lab.publish(target, [row], of, number=1)
    assert (counts(second), second.schema_changes) == ((0, 0, 0, 1), [])


def test_a_load_is_recorded_with_all_that_is_known_of_it(lab: Lab, target: Target) -> None:
    load = new_load(3, PEOPLE)
    load.requests, load.retries, load.throttled_seconds, load.bytes = 12, 2, 1.5, 2**40
    staged = lab.land([{"id": "a", "age": "old", "new": 1}, {"id": "b"}, {"id": "b"}], PEOPLE)
    with lab.stage.cursor() as cursor:
        publish(cursor, target, PEOPLE, staged, load, ["tags"], OPEN)
    (text,) = lab.stored(target, "SELECT to_json(l)::VARCHAR FROM {meta}.loads l")[0]
    assert json.loads(text) == {
        "load_id": "load-3",
        "entity": "people",
        "_tenant_id": TENANT,
        "run_id": "run-3",
        "started_at": "2026-01-04 00:00:00+00",
        "published_at": "2026-01-04 00:00:00+00",
        "status": "published",
        "reason": None,
        "mode": "compare",
        "rows": 2,
        "inserted": 2,
        "updated": 0,
        "deleted": 0,
        "unchanged": 0,
        "duplicates": 1,
        "rejected": 1,
        "requests": 12,
        "retries": 2,
        "throttled_seconds": 1.5,
        "bytes": 2**40,
        "schema_changes": [{"column": "tags", "change": "refused"}, {"column": "new", "change": "undeclared"}],
        "counted": None,
        "refused_parents": 0,
    }


def test_a_load_that_was_not_published_is_recorded_without_a_time_of_publishing(lab: Lab, target: Target) -> None:
    load = new_load(0, PEOPLE)
    load.status, load.reason = "failed", "people: it's broken"
    with lab.stage.cursor() as cursor:
        record_load(cursor, target, load)
    found = lab.stored(target, "SELECT status, reason, published_at IS NULL, rows, schema_changes FROM {meta}.loads")
    assert found == [("failed", "people: it's broken", True, 0, None)]


def test_rejects_are_written_with_their_rows_key(lab: Lab, target: Target) -> None:
    rows: list[Row] = [{"id": f"k{number}", "age": "x" * number, "tags": ["ok", {}]} for number in range(50)]
    load = lab.publish(target, rows, PEOPLE)
    assert load.rejected == 100
    found = lab.stored(target, "SELECT * EXCLUDE (ended_load_id) FROM {meta}.rejects WHERE key = 'k3' ORDER BY column_name")
    assert found == [("load-0", TENANT, "people", "k3", "age", '"xxx"'), ("load-0", TENANT, "people", "k3", "tags[1]", "{}")]
    assert lab.table(target, PEOPLE)["k3"]["tags"] == ["ok", None]


def test_two_tables_stand_side_by_side(lab: Lab, target: Target) -> None:
    lab.publish(target, [{"id": "a"}], PEOPLE)
    lab.publish(target, [{"id": "b"}], THINGS)
    lab.publish(target, [], PEOPLE, number=1)
    assert (list(lab.table(target, PEOPLE)), list(lab.table(target))) == ([], ["b"])


def test_two_connections_share_a_file(lab: Lab, database: Path) -> None:
    one, two = Target(str(database), "aad"), Target(str(database), "emea")
    lab.publish(one, [{"id": "a"}], PEOPLE)
    with lab.stage.cursor() as cursor:
        publish(cursor, two, PEOPLE, lab.land([{"id": "b"}], PEOPLE), new_load(0, PEOPLE, "another"))
    assert read_alone(database, "SELECT id FROM aad.people UNION ALL SELECT id FROM emea.people") == [("a",), ("b",)]


@pytest.mark.parametrize("error", [duckdb.IOException("no space left"), RuntimeError("a bug"), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("step", ["take", "insert_changed", "insert_load"])
def test_a_failure_leaves_everything_as_it_was(
    lab: Lab, target: Target, monkeypatch: pytest.MonkeyPatch, step: str, error: BaseException
) -> None:
    lab.publish(target, [{"id": "a", "name": "A"}, {"id": "b", "name": "B"}], PEOPLE)
    before = lab.table(target, PEOPLE)
    wider = replace(PEOPLE, given=(*PEOPLE.given, Column("new", "new", STRING)))

    def fail(*_: Any) -> Any:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(publish_module if step == "insert_load" else Comparison, step, fail)
        load = new_load(1, wider)
        staged = lab.land([{"id": "a", "name": "changed", "age": "reject"}, {"id": "c"}], wider)
        with lab.stage.cursor() as cursor, pytest.raises((WarehouseError, RuntimeError, KeyboardInterrupt)):
            publish(cursor, target, wider, staged, load, (), OPEN)
    assert (counts(load), load.rows, load.rejected, load.schema_changes) == ((0, 0, 0, 0), 0, 0, [])
    assert lab.table(target, PEOPLE) == before
    assert lab.stored(target, "SELECT load_id FROM {meta}.loads") == [("load-0",)]
    assert lab.stored(target, "SELECT * FROM {meta}.rejects") == []
    assert "new" not in [row[0] for row in lab.stored(target, "DESCRIBE {schema}.people")]
    assert counts(lab.publish(target, [{"id": "a", "name": "A"}, {"id": "c"}], PEOPLE, number=2)) == (1, 0, 1, 1)


def test_an_error_of_duckdb_names_the_database_and_says_that_the_tables_are_as_they_were(
    lab: Lab, target: Target, database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Comparison, "insert_all", lambda _: "SELECT\n'Ada' FROM nowhere")
    with pytest.raises(WarehouseError, match=r"AAD_DATABASE.*as they were") as caught:
        lab.publish(target, [{"id": "a"}], PEOPLE)
    assert str(database) in str(caught.value)
    assert "Ada" not in str(caught.value)


def resources(cursor: duckdb.DuckDBPyConnection) -> tuple[Any, ...]:
    """Return DuckDB's threads and memory limit."""
    (found,) = cursor.execute("SELECT current_setting('threads'), current_setting('memory_limit')").fetchall()
    return found


@pytest.mark.parametrize("ending", ["published", "blocked", "failed"])
def test_a_publish_leaves_threads_and_memory_as_they_were(
    lab: Lab, target: Target, monkeypatch: pytest.MonkeyPatch, ending: str
) -> None:
    """Comparing takes more threads, and only comparing: writing wide rows with two of them is slower."""
    rows: list[Row] = [{"id": f"p{number}", "name": "x"} for number in range(10)]
    lab.publish(target, rows, PEOPLE)
    seen: list[tuple[Any, ...]] = []
    writing: list[tuple[Any, ...]] = []
    execute = Publication.execute

    def watched(publication: Publication, statement: str) -> Any:
        if "TEMP TABLE difference" in statement:
            seen.append(resources(cursor))
            statement = "FROM nowhere" if ending == "failed" else statement
        elif statement.startswith("INSERT INTO target.aad."):
            writing.append(resources(cursor))
        return execute(publication, statement)

    monkeypatch.setattr(Publication, "execute", watched)
    changed: list[Row] = [{"id": "p0"} if ending == "blocked" else row | {"name": "y"} for row in rows]
    staged = lab.land(changed, PEOPLE)
    with lab.stage.cursor() as cursor:
        before = resources(cursor)
        with contextlib.suppress(WarehouseError, LoadBlocked):
            publish(cursor, target, PEOPLE, staged, new_load(1, PEOPLE))
        assert resources(cursor) == before
    assert [found == before for found in seen] == ([] if ending == "blocked" else [False])
    assert all(found == before for found in writing)


def test_times_are_stored_in_utc(lab: Lab, target: Target) -> None:
    lab.publish(target, [{"id": "a"}], PEOPLE)
    assert lab.stored(target, f"SELECT _loaded_at = TIMESTAMPTZ '{FIRST_LOAD}' FROM {{schema}}.people") == [(True,)]


def test_a_table_is_not_recreated_without_columns_that_could_not_be_read(lab: Lab, target: Target) -> None:
    lab.publish(target, [{"id": "a", "name": "A", "age": 1}], PEOPLE)
    with pytest.raises(WarehouseError, match="could not read age"):
        lab.publish(target, [{"id": "a", "name": "B"}], PEOPLE, number=1, rejected=["age"], options=Options(Mode.RECREATE))
    assert lab.stored(target, "SELECT name, age FROM {schema}.people") == [("A", 1)]


@pytest.mark.parametrize("mode", [Mode.COMPARE, Mode.TRUNCATE])
def test_a_mode_for_one_run_does_not_take_deleted_rows_that_the_table_keeps(lab: Lab, target: Target, mode: Mode) -> None:
    keeping = replace(PEOPLE, reload_mode="compare_keep_deleted")
    lab.publish(target, [{"id": "a"}, {"id": "b"}], keeping, options=Options.of(keeping))
    lab.publish(target, [{"id": "a"}], keeping, number=1, options=Options.of(keeping))
    with pytest.raises(WarehouseError, match="keeps 1 deleted row, "):
        lab.publish(target, [{"id": "a"}], keeping, number=2, options=Options(mode))
    assert lab.stored(target, "SELECT id, _deleted_at IS NULL FROM {schema}.people ORDER BY id") == [
        ("a", True),
        ("b", False),
    ]


def test_a_changed_row_of_a_table_that_keeps_deleted_rows_stays_one_row(lab: Lab, target: Target) -> None:
    keeping = replace(OPEN, mode=Mode.COMPARE_KEEP_DELETED)
    for number, name in enumerate(["A", "A2"]):
        lab.publish(target, [{"id": "a", "name": name}], PEOPLE, number=number, options=keeping)
    assert lab.stored(target, "SELECT id, name, _deleted_at FROM {schema}.people") == [("a", "A2", None)]


def test_several_volatile_columns_are_refreshed_together(lab: Lab, target: Target) -> None:
    options = replace(OPEN, volatile=frozenset({"name", "age"}))
    lab.publish(target, [{"id": "a", "name": "A", "age": 1}], PEOPLE, options=options)
    load = lab.publish(target, [{"id": "a", "name": "A2", "age": 2}], PEOPLE, number=1, options=options)
    assert counts(load) == (0, 0, 0, 1)
    assert lab.stored(target, "SELECT name, age FROM {schema}.people") == [("A2", 2)]


def test_a_schema_that_another_tenant_has_taken_meanwhile_is_rejected(lab: Lab, database: Path) -> None:
    mine, theirs = Target(str(database), "aad", lock_wait=0.0), Target(str(database), "aad", lock_wait=0.0)
    for target, tenant in ((mine, "tenant-one"), (theirs, "tenant-two")):
        with lab.stage.cursor() as cursor, target.transaction(cursor, tenant):
            """Both find it empty."""
    lab.publish(mine, [{"id": "a"}], PEOPLE, tenant="tenant-one")
    with pytest.raises(WarehouseError, match="holds tenant tenant-one"):
        lab.publish(theirs, [{"id": "b"}], PEOPLE, number=1, tenant="tenant-two")


def test_a_load_from_the_future_does_not_hold_back_those_after_it(lab: Lab, target: Target) -> None:
    lab.publish(target, [{"id": "a"}], PEOPLE, number=20_000)
    lab.publish(target, [{"id": "b"}, {"id": "a"}], PEOPLE, number=1)
    assert lab.stored(target, "SELECT count(*) FROM {schema}.people") == [(2,)]


@pytest.mark.parametrize("history", [False, True], ids=["by default", "turned on"])
def test_a_log_keeps_history_only_where_it_is_turned_on(lab: Lab, target: Target, history: bool) -> None:
    log = replace(CATALOG["sign_ins"], history=True) if history else CATALOG["sign_ins"]
    row = {"id": "a", "createdDateTime": "2026-01-01T10:00:00Z", "riskState": "none"}
    late = {"id": "b", "createdDateTime": "2026-01-01T11:00:00Z"}
    for number, rows in enumerate([[row], [row | {"riskState": "remediated"}, late], []]):
        staged, load = lab.land(rows, log), new_load(number, log)
        with lab.stage.cursor() as cursor:
            publish(cursor, target, log, staged, load, (), Options.of(log), day=LogDay(date(2026, 1, 1), whole=True))

    assert set(lab.table(target, log)) == {"a", "b"}
    changes = "SELECT key, change, column_name, new_value FROM {meta}.changes WHERE change = 'update'"
    assert lab.stored(target, changes) == ([("a", "update", "riskState", '"remediated"')] if history else [])
    if history:
        found = lab.stored(target, "SELECT id, riskState, _valid_to IS NULL FROM {history}.sign_ins ORDER BY ALL")
        assert found == [("a", "none", False), ("a", "remediated", True), ("b", None, True)]
    else:
        tables = "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'aad_history'"
        assert lab.stored(target, tables) == [(0,)]
