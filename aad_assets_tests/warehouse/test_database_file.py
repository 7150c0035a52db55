"""The database as a file: serving copy, pruning and shrinking, reading beside a reload."""

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import duckdb
import pytest

from aad_assets.errors import ConfigurationError, WarehouseError
from aad_assets.warehouse.database.database_file import compact, copy_for_serving
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.prune import Pruned, age, prune, prune_and_shrink
from aad_assets.warehouse.reading.reader import changes_since, moment, reading
from aad_assets_tests.warehouse.support import FIRST_LOAD, HOLD_DATABASE, STRING, Lab, OtherProcess, entity, read_alone

PEOPLE = entity({"id": STRING, "name": STRING}, table="people")
NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)


def loads(lab: Lab, target: Target, number: int = 3, text: str = "") -> None:
    """In each of them p0 changes, and all from the second on have p1 no longer."""
    for load in range(number):
        rows = [{"id": "p0", "name": f"name {load}{text}"}] + ([{"id": "p1"}] if not load else [])
        lab.publish(target, rows, PEOPLE, number=load)


def test_the_serving_copy_is_the_database_and_replaced_whole(lab: Lab, target: Target, tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere" / "serving.duckdb"
    loads(lab, target, 1)
    with lab.stage.cursor() as cursor:
        copy_for_serving(cursor, target, str(copy))
        assert stat.S_IMODE(copy.stat().st_mode) == 0o600
        copy.chmod(0o640)
        with duckdb.connect(str(copy), read_only=True) as reader:
            loads(lab, target, 2)
            copy_for_serving(cursor, target, str(copy))
            assert reader.execute("SELECT name FROM aad.people WHERE id = 'p0'").fetchall() == [("name 0",)]
    assert stat.S_IMODE(copy.stat().st_mode) == 0o640
    assert read_alone(copy, "SELECT name FROM aad.people") == [("name 1",)]
    assert read_alone(copy, "SELECT count(*) FROM aad_history.people_at(TIMESTAMPTZ '2026-01-01 12:00:00+00')") == [(2,)]
    assert sorted(path.name for path in copy.parent.iterdir()) == ["serving.duckdb"]


def test_a_serving_copy_that_cannot_be_written_names_its_setting(lab: Lab, target: Target, tmp_path: Path) -> None:
    loads(lab, target, 1)
    (tmp_path / "in the way").write_text("")
    with lab.stage.cursor() as cursor:
        with pytest.raises(WarehouseError, match=r"Cannot write the serving copy .*AAD_SERVING_COPY"):
            copy_for_serving(cursor, target, str(tmp_path / "in the way" / "copy.duckdb"))
        with pytest.raises(WarehouseError, match="another path"):
            copy_for_serving(cursor, target, target.database)
    assert read_alone(Path(target.database), "SELECT count(*) FROM aad.people") == [(2,)]


def test_pruning_deletes_ended_versions_and_nothing_current(lab: Lab, target: Target, database: Path) -> None:
    loads(lab, target, 4)
    current = lab.table(target, PEOPLE)
    before = FIRST_LOAD + timedelta(days=2)
    with lab.stage.cursor() as cursor:
        assert prune(cursor, target) == Pruned(0, 0)
        assert prune(cursor, target, history_before=before) == Pruned(2, 0)
        assert prune(cursor, target, changes_before=before) == Pruned(0, 2)
    assert lab.table(target, PEOPLE) == current
    versions = read_alone(database, "SELECT name, _valid_to IS NULL FROM aad_history.people ORDER BY _valid_from")
    assert versions == [("name 1", False), ("name 2", False), ("name 3", True)]
    assert read_alone(database, "SELECT new_value::VARCHAR FROM aad_meta.changes") == [('"name 2"',), ('"name 3"',)]


def test_the_file_shrinks_and_keeps_everything_else(lab: Lab, target: Target, database: Path) -> None:
    chunk = "x".join(str(number**7) for number in range(40_000))
    loads(lab, target, 4, chunk)
    lab.publish(target, [{"id": "p0", "name": "short"}], PEOPLE, number=4)
    later = FIRST_LOAD + timedelta(days=9)
    pruned = prune_and_shrink(target, history_before=later, changes_before=later)
    assert (pruned.versions, pruned.changes) == (5, 5)
    assert pruned.bytes_after == database.stat().st_size < pruned.bytes_before / 2
    assert f"deleted 5 versions, 5 changes and 0 rejects; the file shrank from {pruned.bytes_before:,} to" in str(pruned)
    assert stat.S_IMODE(database.stat().st_mode) == 0o600
    assert read_alone(database, "SELECT id, name FROM aad_history.people_at(now())") == [("p0", "short")]
    assert lab.publish(target, [{"id": "p0", "name": "next"}], PEOPLE, number=5).updated == 1
    assert [path.name for path in database.parent.iterdir() if path.is_file()] == [database.name]


def test_a_disk_without_space_for_compaction_is_reported(lab: Lab, target: Target, database: Path) -> None:
    class Full:
        def __init__(self, cursor: duckdb.DuckDBPyConnection) -> None:
            self._cursor = cursor

        def execute(self, statement: str) -> duckdb.DuckDBPyConnection:
            if statement.startswith("COPY FROM DATABASE"):
                raise duckdb.IOException("IO Error: No space left on device\nLINE 1: of the statement")
            return self._cursor.execute(statement)

    loads(lab, target, 2)
    said = "IO Error: No space left on device. The old versions and changes are deleted, but the file has its old size"
    with lab.stage.cursor() as cursor, pytest.raises(WarehouseError, match=said):
        compact(cast(Any, Full(cursor)), target)
    assert [path.name for path in database.parent.iterdir() if path.is_file()] == [database.name]
    assert lab.publish(target, [{"id": "p0", "name": "next"}], PEOPLE, number=5).updated == 1


def test_a_link_stays_one_and_what_its_owner_allowed_as_well(lab: Lab, tmp_path: Path) -> None:
    link, file = tmp_path / "here" / "entra.duckdb", tmp_path / "there" / "entra.duckdb"
    for path in (link, file):
        path.parent.mkdir()
    link.symlink_to(file)
    target = Target(str(link), "aad")
    loads(lab, target, 2)
    file.chmod(0o640)
    prune_and_shrink(target, history_before=NOW)
    assert link.readlink() == file
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert read_alone(link, "SELECT count(*) FROM aad.people") == [(1,)]


def test_a_database_in_use_is_not_pruned(lab: Lab, target: Target, database: Path) -> None:
    loads(lab, target, 1)
    with OtherProcess(HOLD_DATABASE, str(database)) as other:
        assert other.line() == "held"
        with pytest.raises(WarehouseError, match=f"in use by process {other.process.pid}"):
            prune_and_shrink(target, history_before=NOW)
        with (
            pytest.raises(WarehouseError, match=f"in use by process {other.process.pid}"),
            reading(str(database), lock_wait=0),
        ):
            pass


def test_reading_sees_the_changes_since_a_moment_and_writes_nothing(lab: Lab, target: Target, database: Path) -> None:
    loads(lab, target)
    with reading(str(database)) as connection:
        found = changes_since(connection, "aad", FIRST_LOAD + timedelta(days=1)).fetchall()
        assert [row[1:] for row in found[:2]] == [
            ("people", "p0", "update", "name", '"name 0"', '"name 1"'),
            ("people", "p1", "delete", None, '{"id":"p1","name":null,"_extra":null}', None),
        ]
        assert len(found) == 3
        assert changes_since(connection, "aad", FIRST_LOAD + timedelta(days=2), "people").fetchall() == found[2:]
        assert changes_since(connection, "aad", FIRST_LOAD, "groups").fetchall() == []
        with pytest.raises(ConfigurationError, match="no loads of 'other'"):
            changes_since(connection, "other", FIRST_LOAD)
        with pytest.raises(duckdb.InvalidInputException, match="read-only"):
            connection.execute("DELETE FROM aad.people")


def test_a_missing_database_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="does not exist"), reading(str(tmp_path / "none.duckdb")):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=UTC)),
        ("2026-11-01T12:00", datetime(2026, 11, 1, 12, tzinfo=UTC)),
        ("2026-11-01T12:00+02:00", datetime(2026, 11, 1, 10, tzinfo=UTC)),
        ("today", datetime(2026, 11, 23, tzinfo=UTC)),
        ("yesterday", datetime(2026, 11, 22, tzinfo=UTC)),
        ("7d", NOW - timedelta(days=7)),
        ("12h", NOW - timedelta(hours=12)),
        ("2w", NOW - timedelta(weeks=2)),
        (datetime(2026, 11, 1, 5), datetime(2026, 11, 1, 5, tzinfo=UTC)),
        (datetime(2026, 11, 1).date(), datetime(2026, 11, 1, tzinfo=UTC)),
    ],
    ids=str,
)
def test_moments_are_written_as_people_do(text: str | datetime, expected: datetime) -> None:
    assert moment(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "d", "last week", "7x", "2026-13-01"])
def test_what_is_not_a_moment_is_rejected(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"is not a date or time\. Write"):
        moment(text)


def test_ages_are_days_or_weeks() -> None:
    assert (age("400d"), age("52w")) == (timedelta(days=400), timedelta(weeks=52))
    for text in ("400", "1.5d", "-1d", "1y", ""):
        with pytest.raises(ValueError, match=r"is not an age\. Write it"):
            age(text)
