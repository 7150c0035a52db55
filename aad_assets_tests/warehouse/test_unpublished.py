"""Loads of earlier runs that a retry need not repeat."""

from dataclasses import replace
from datetime import timedelta

import pytest

from aad_assets.errors import WarehouseError
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.loads import record_load
from aad_assets.warehouse.reading.unpublished import UnpublishedLoad, conclusive_loads
from aad_assets_tests.warehouse.support import Lab, new_load


def record(lab: Lab, target: Target, run: str, table: str, *statuses: str) -> None:
    """Record one load of a table for each status, as the days of a log are."""
    with lab.stage.cursor() as cursor:
        for number, status in enumerate(statuses):
            load = new_load(int(run))
            load = replace(
                load,
                load_id=f"{run}-{table}-{number}",
                entity=table,
                run_id=run,
                started_at=load.started_at + timedelta(seconds=number),
                status=status,
                reason=None if status == "published" else f"{table}: {status} {number}",
            )
            record_load(cursor, target, load)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["blocked"], "blocked"),
        (["skipped"], "skipped"),
        (["published"], None),
        (["failed"], None),
        (["published", "blocked", "published"], "blocked"),
        (["published", "blocked", "failed"], None),
    ],
)
def test_a_load_is_conclusive_if_reading_again_would_not_help(
    lab: Lab, target: Target, statuses: list[str], expected: str | None
) -> None:
    record(lab, target, "1", "things", *statuses)

    found = conclusive_loads(target.database, "aad", ["1"], ["things"], lock_wait=0)

    assert {table: load.status for table, load in found.items()} == ({"things": expected} if expected else {})


def test_the_last_run_of_the_group_counts_and_other_runs_and_tables_do_not(lab: Lab, target: Target) -> None:
    record(lab, target, "1", "things", "blocked")
    record(lab, target, "2", "things", "failed")
    record(lab, target, "1", "people", "blocked")
    record(lab, target, "2", "other", "blocked")

    def of(*runs: str) -> dict[str, UnpublishedLoad]:
        return conclusive_loads(target.database, "aad", runs, ["things", "people"], lock_wait=0)

    assert of("1", "2") == {"people": UnpublishedLoad("people", "blocked", "1", "people: blocked 0")}
    assert set(of("1")) == {"things", "people"}
    assert of() == of("3") == {}


def test_a_database_that_cannot_be_read_is_an_error(target: Target) -> None:
    with pytest.raises(WarehouseError, match="does not exist"):
        conclusive_loads(target.database, "aad", ["1"], ["things"], lock_wait=0)
