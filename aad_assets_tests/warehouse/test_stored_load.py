"""The last load of a table, as its check finds it later."""

from dataclasses import replace

import pytest

from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.load_tests import examine
from aad_assets.warehouse.publishing.loads import Load, SchemaChange, record_load
from aad_assets.warehouse.publishing.options import Options
from aad_assets.warehouse.reading.reader import reading
from aad_assets.warehouse.reading.stored_load import StoredLoad, can_be_queried, retest, stored_load
from aad_assets_tests.warehouse.support import THINGS, Lab, new_load
from aad_assets_tests.warehouse.test_log_days_published import EVENTS, FIRST, event, publish_day


def stored(target: Target, entity: object = THINGS) -> StoredLoad | None:
    with reading(target.database) as connection:
        return stored_load(connection, target, entity)  # type: ignore[arg-type]


def test_a_table_that_was_never_loaded_has_none(lab: Lab, target: Target) -> None:
    lab.publish(target, [{"id": "a"}], replace(THINGS, table="others"))

    assert stored(target) is None


def test_the_last_load_counts(lab: Lab, target: Target) -> None:
    lab.publish(target, [{"id": "a"}])
    lab.publish(target, [{"id": "a"}, {"id": "b"}], number=1)

    load = stored(target)
    assert load
    assert (load.load_id, load.status, load.rows, load.run_id) == ("load-1", "published", 2, "run-1")
    assert load.started_at == new_load(1).started_at


@pytest.mark.parametrize("status", ["blocked", "failed", "skipped"])
def test_a_load_that_was_not_published_is_found(lab: Lab, target: Target, status: str) -> None:
    lab.publish(target, [{"id": "a"}])
    load = new_load(1)
    load.status, load.reason = status, "because"
    with lab.stage.cursor() as cursor:
        record_load(cursor, target, load)

    found = stored(target)
    assert found
    assert (found.status, found.reason, found.published_at) == (status, "because", None)


def test_its_tests_have_the_results_of_the_reload(lab: Lab, target: Target) -> None:
    load: Load = lab.publish(target, [{"id": "a"}, {"id": "b", "small": "no number"}])
    load.counted, load.schema_changes = 9, [SchemaChange("name", "added")]
    with lab.stage.cursor() as cursor, target.transaction(cursor):
        cursor.execute(
            f"""UPDATE {target.meta}.loads SET counted = 9, schema_changes = '[{{"column": "name", "change": "added"}}]'"""
        )
    with lab.stage.cursor() as cursor:
        expected = examine(cursor, target, THINGS, load, Options.of(THINGS).gates).tests

    with reading(target.database) as connection:
        found = stored_load(connection, target, THINGS)
        assert found
        assert retest(connection, target, THINGS, found) == expected
    assert [test.name for test in expected if not test.passed] == ["count", "columns", "rejects"]


def test_a_log_is_the_sum_of_the_days_of_its_last_run(lab: Lab, target: Target) -> None:
    for number in range(3):
        publish_day(lab, target, FIRST, [event(str(number), FIRST)], number=number)

    load = stored(target, EVENTS)
    assert load
    assert load.status == "published"
    assert load.run_id == "run-2"


def test_a_view_can_be_queried_or_not(lab: Lab, target: Target) -> None:
    lab.publish(target, [{"id": "a"}])
    with lab.stage.cursor() as cursor, target.transaction(cursor):
        cursor.execute(f"CREATE VIEW {target.schema}.good AS SELECT 1 AS one")

    with reading(target.database) as connection:
        assert can_be_queried(connection, target, "good")
        assert not can_be_queried(connection, target, "missing")
