"""The schema `_at`: every table and view as of the session variable `as_of`, in the right database under any alias."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aad_assets.catalog import CATALOG, Entity
from aad_assets.catalog.types import Scalar
from aad_assets.catalog.views import VIEWS
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.prune import prune
from aad_assets.warehouse.publishing.loads import LogDay, insert_load
from aad_assets.warehouse.publishing.options import Mode
from aad_assets.warehouse.publishing.publish import publish
from aad_assets.warehouse.publishing.views import refresh_views
from aad_assets_tests.warehouse.support import (
    COLUMNS,
    FIRST_LOAD,
    OPEN,
    STRING,
    TENANT,
    THINGS,
    Lab,
    MemoryTarget,
    entity,
    new_load,
    read_alone,
    touch,
)

OFF = replace(OPEN, history=False)
HOUR, MICROSECOND = timedelta(hours=1), timedelta(microseconds=1)
USERS, GROUPS, SIGN_INS = CATALOG["users"], CATALOG["groups"], CATALOG["sign_ins"]
LICENSES = next(view for view in VIEWS if view.name == "user_licenses")


def day(number: float) -> datetime:
    return FIRST_LOAD + timedelta(days=number)


class Reader:
    """A database as an analyst opens it: read only, under an alias of their own, beside another database."""

    def __init__(self, *databases: Path) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        for number, path in enumerate(databases):
            self.connection.execute(f"ATTACH '{path}' AS theirs{number} (READ_ONLY)")

    def ids(self, relation: str, moment: datetime | None) -> list[str]:
        self.connection.execute("RESET VARIABLE as_of" if moment is None else f"SET VARIABLE as_of = TIMESTAMPTZ '{moment}'")
        return [row[0] for row in self.connection.execute(f"SELECT id FROM {relation} ORDER BY ALL").fetchall()]


@pytest.fixture
def open_reader() -> Iterator[Any]:
    made: list[Reader] = []

    def make(*databases: Path) -> Reader:
        made.append(Reader(*databases))
        return made[-1]

    yield make
    for reader in made:
        reader.connection.close()


def load(
    lab: Lab, target: Target, of: Entity, run: str, at: datetime, rows: list[dict[str, Any]], options: Any = OPEN
) -> None:
    """Publish rows as a load of the given run and instant."""
    made = new_load(0, of)
    made.load_id, made.run_id, made.started_at, made.published_at = f"{run}-{of.table}-{at}", run, at, at
    staged = lab.land(rows, of)
    with lab.stage.cursor() as cursor:
        publish(cursor, target, of, staged, made, (), OPEN)


def test_each_database_shows_its_own_past_under_any_alias(
    lab: Lab, target: Target, database: Path, tmp_path: Path, open_reader: Any
) -> None:
    lab.publish(target, [{"id": "a"}])
    lab.publish(target, [{"id": "a"}, {"id": "b"}], number=1)
    backup = tmp_path / "backup.duckdb"
    shutil.copy(database, backup)
    lab.publish(target, [{"id": "c"}], number=2)
    reader = open_reader(backup, database)

    for alias, last in (("theirs0", ["a", "b"]), ("theirs1", ["c"])):
        at = f"{alias}.aad_at.things"
        assert reader.ids(at, None) == reader.ids(at, day(9)) == reader.ids(at, day(2)) == last
        assert reader.ids(at, day(2) - MICROSECOND) == ["a", "b"]
        assert reader.ids(at, day(1) - MICROSECOND) == reader.ids(at, day(0)) == ["a"]
    both = "FROM theirs1.aad_at.things EXCEPT FROM theirs0.aad_at.things"
    assert reader.ids(f"({both})", None) == ["c"]


@pytest.mark.parametrize("wanted", ["id", "count(*)", "*", "1"])
@pytest.mark.parametrize("end", ["", " LIMIT 1", " WHERE id = 'no'", " WHERE false OR small = 3"])
def test_a_moment_before_the_first_record_is_an_error_whatever_is_asked(
    lab: Lab, target: Target, open_reader: Any, database: Path, wanted: str, end: str
) -> None:
    lab.publish(target, [])
    lab.publish(target, [{"id": "a"}], number=1)
    reader = open_reader(database)
    reader.connection.execute(f"SET VARIABLE as_of = TIMESTAMPTZ '{day(0) - HOUR}'")

    with pytest.raises(duckdb.InvalidInputException, match=r"things has history only from 2026-01-01 00:00:00\+00:00 on\."):
        reader.connection.execute(f"SELECT {wanted} FROM theirs0.aad_at.things{end}").fetchall()


def test_it_equals_the_macro_at_every_moment_in_every_mode(
    lab: Lab, target: Target, database: Path, open_reader: Any
) -> None:
    rows: list[list[dict[str, Any]]] = [
        [{"id": "a", "name": "x", "plans": [{"sku": "p"}]}, {"id": "b"}],
        [{"id": "a", "name": "y", "open": {"z": 1}}],
        [{"id": "b", "undeclared": 1}, {"id": "c"}],
        [{"id": "a"}, {"id": "c", "small": 7}],
    ]
    modes = [Mode.COMPARE, Mode.COMPARE_KEEP_DELETED, Mode.TRUNCATE, Mode.RECREATE]
    for number, (each, mode) in enumerate(zip(rows, modes, strict=True)):
        lab.publish(target, each, number=number, options=replace(OPEN, mode=mode))
    reader = open_reader(database)
    columns = ", ".join(["id", "name", "plans", "open", "small", "_extra", "_tenant_id", "_loaded_at"])
    reader.connection.execute("USE theirs0")
    for half in range(8):
        moment = day(half / 2)
        reader.connection.execute(f"SET VARIABLE as_of = TIMESTAMPTZ '{moment}'")
        at = reader.connection.execute(f"SELECT {columns} FROM aad_at.things ORDER BY id").fetchall()
        macro = f"SELECT {columns} FROM aad_history.things_at(TIMESTAMPTZ '{moment}') ORDER BY id"
        assert at == reader.connection.execute(macro).fetchall() != []


def test_deleted_rows_that_a_table_keeps_are_not_shown(lab: Lab, target: Target, database: Path, open_reader: Any) -> None:
    keep = replace(OPEN, mode=Mode.COMPARE_KEEP_DELETED)
    lab.publish(target, [{"id": "a"}, {"id": "b"}], options=keep)
    lab.publish(target, [{"id": "a"}], number=1, options=keep)
    reader = open_reader(database)

    assert reader.ids("theirs0.aad_at.things", None) == reader.ids("theirs0.aad_at.things", day(1)) == ["a"]
    assert reader.ids("theirs0.aad_at.things", day(0)) == ["a", "b"]
    described = reader.connection.execute("DESCRIBE theirs0.aad_at.things").fetchall()
    assert "_deleted_at" not in [row[0] for row in described]


def test_a_moment_while_a_run_publishes_is_the_one_before_it(
    lab: Lab, target: Target, database: Path, open_reader: Any
) -> None:
    others = replace(THINGS, table="others")
    for number, run in enumerate(["first", "second", "killed"]):
        load(lab, target, THINGS, run, day(number), [{"id": run}])
        if run != "killed":
            load(lab, target, others, run, day(number) + HOUR, [{"id": run}])
    reader = open_reader(database)
    things, other = "theirs0.aad_at.things", "theirs0.aad_at.others"

    for moment in (day(1) - MICROSECOND, day(1), day(1) + HOUR / 2, day(1) + HOUR - MICROSECOND):
        assert reader.ids(things, moment) == reader.ids(other, moment) == ["first"]
    assert reader.ids(things, day(1) + HOUR) == reader.ids(other, day(1) + HOUR) == ["second"]
    # A run that was killed ends with its last load.
    assert (reader.ids(things, day(2)), reader.ids(other, day(2))) == (["killed"], ["second"])
    message = r"things has history only from 2026-01-01 .* on; a run was publishing until 2026-01-01 01:00:00\+00:00\. Choose"
    with pytest.raises(duckdb.InvalidInputException, match=message):
        reader.ids(things, day(0))
    assert reader.ids(things, day(0) + HOUR) == ["first"]
    snapped = "SELECT asked, moment, published_until FROM theirs0.aad_meta.as_of"
    reader.ids(things, day(1) + HOUR / 2)
    assert reader.connection.execute(snapped).fetchall() == [(day(1) + HOUR / 2, day(1) - MICROSECOND, day(1) + HOUR)]


LOADS = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 30)), max_size=12)


@given(LOADS, st.integers(-1, 31))
def test_overlapping_runs_publish_together(shared_lab: Lab, loads: list[tuple[int, int]], asked: int) -> None:
    target = MemoryTarget(shared_lab)
    touch(shared_lab, target)
    second = timedelta(seconds=1)
    with shared_lab.stage.cursor() as cursor:
        for number, (run, at) in enumerate(loads):
            made = new_load(0)
            made.load_id, made.run_id, made.published_at = str(number), f"run-{run}", FIRST_LOAD + at * second
            insert_load(cursor, target, made)
        cursor.execute(f"SET VARIABLE as_of = TIMESTAMPTZ '{FIRST_LOAD + asked * second}'")
        found = cursor.execute(f"SELECT epoch_us(moment) FROM {target.meta}.as_of").fetchall()

    runs = [[at for run, at in loads if run == number] for number in range(6)]
    spans = [(min(run), max(run)) for run in runs if run]
    expected = FIRST_LOAD + asked * second
    while inside := [
        since for since, until in spans if FIRST_LOAD + since * second <= expected < FIRST_LOAD + until * second
    ]:
        expected = FIRST_LOAD + min(inside) * second - MICROSECOND
    assert found == [((expected - datetime(1970, 1, 1, tzinfo=UTC)) // MICROSECOND,)]


def test_a_view_over_an_old_and_a_new_table_names_the_younger_one(
    lab: Lab, target: Target, database: Path, open_reader: Any
) -> None:
    skus = CATALOG["subscribed_skus"]
    held = {"id": "u", "assignedLicenses": [{"skuId": "s"}], "licenseAssignmentStates": [{"skuId": "s", "state": "Active"}]}
    load(lab, target, USERS, "1", day(0), [held])
    load(lab, target, skus, "2", day(1), [{"id": "x", "skuId": "s", "skuPartNumber": "OLD"}])
    load(lab, target, GROUPS, "3", day(3), [])
    refresh(lab, target)
    load(lab, target, skus, "4", day(4), [{"id": "x", "skuId": "s", "skuPartNumber": "NEW"}])
    reader = open_reader(database)
    for moment in (day(-1), day(0), day(1), day(2)):
        with pytest.raises(duckdb.InvalidInputException, match="groups has history only from 2026-01-04"):
            reader.ids("(SELECT skuPartNumber AS id FROM theirs0.aad_at.user_licenses)", moment)

    names = "(SELECT skuPartNumber AS id FROM theirs0.aad_at.user_licenses)"
    assert reader.ids(names, day(3)) == ["OLD"]
    assert reader.ids(names, day(4)) == reader.ids(names, None) == ["NEW"]


def refresh(lab: Lab, target: Target) -> None:
    with lab.stage.cursor() as cursor:
        (outcome,) = refresh_views(cursor, target, [LICENSES], run_id="r", tenant_id=TENANT)
        assert outcome.status == "refreshed", outcome.reason


def test_a_view_follows_columns_that_a_table_gains(lab: Lab, target: Target, database: Path, open_reader: Any) -> None:
    narrow = replace(USERS, disabled_columns=frozenset({"licenseAssignmentStates"}))
    for number, of in enumerate([narrow, USERS]):
        load(lab, target, of, str(number), day(number), [{"id": "u", "assignedLicenses": [{"skuId": "s"}]}])
        for other in (CATALOG["subscribed_skus"], GROUPS):
            load(lab, target, other, str(number), day(number), [])
        if number == 0:
            refresh(lab, target)
    ids = "(SELECT userId AS id FROM theirs0.aad_at.user_licenses)"

    reader = open_reader(database)
    assert reader.ids(ids, None) == reader.ids(ids, day(0)) == reader.ids(ids, day(1)) == ["u"]


def test_a_log_shows_events_up_to_the_moment(lab: Lab, target: Target, database: Path, open_reader: Any) -> None:
    for number in (0, 1):
        made = new_load(number, SIGN_INS)
        created = (day(number) + HOUR).strftime("%Y-%m-%dT%H:%M:%SZ")
        staged = lab.land([{"id": str(number), "createdDateTime": created}], SIGN_INS)
        with lab.stage.cursor() as cursor:
            log_day = LogDay(day(number).date(), whole=True)
            publish(cursor, target, SIGN_INS, staged, made, (), replace(OPEN, history=False), day=log_day)
    reader = open_reader(database)

    at = "theirs0.aad_at.sign_ins"
    assert reader.ids(at, None) == reader.ids(at, day(1) + HOUR) == ["0", "1"]
    assert reader.ids(at, day(1)) == reader.ids(at, day(0) + HOUR) == ["0"]
    assert reader.ids(at, day(0)) == []
    with pytest.raises(duckdb.InvalidInputException, match="sign_ins has events only from 2026-01-01 on"):
        reader.ids(at, day(0) - MICROSECOND)


def test_a_log_whose_time_is_turned_off_is_known_only_as_it_is_now(
    lab: Lab, target: Target, database: Path, open_reader: Any
) -> None:
    timeless = replace(SIGN_INS, disabled_columns=frozenset({"createdDateTime"}))
    staged = lab.land([{"id": "0"}], timeless)
    with lab.stage.cursor() as cursor:
        publish(cursor, target, timeless, staged, new_load(0, timeless), (), replace(OPEN, history=False))
    reader = open_reader(database)

    assert reader.ids("theirs0.aad_at.sign_ins", None) == ["0"]
    with pytest.raises(duckdb.InvalidInputException, match="sign_ins has no history"):
        reader.ids("theirs0.aad_at.sign_ins", day(1))


def test_a_table_without_history_is_an_error_while_as_of_is_set(
    lab: Lab, target: Target, database: Path, open_reader: Any
) -> None:
    lab.publish(target, [], options=OFF)
    reader = open_reader(database)

    assert reader.ids("theirs0.aad_at.things", None) == []
    with pytest.raises(duckdb.InvalidInputException, match=r"things has no history .* RESET VARIABLE as_of .* `history: on`"):
        reader.ids("theirs0.aad_at.things", day(5))


def test_history_that_was_turned_off_shows_what_it_covers(lab: Lab, target: Target, database: Path, open_reader: Any) -> None:
    wider = replace(THINGS, given=(*THINGS.given, entity({"later": STRING}).given[0]))
    lab.publish(target, [{"id": "a"}])
    lab.publish(target, [{"id": "b"}], wider, number=1, options=OFF)
    lab.publish(target, [{"id": "b", "later": "x"}], wider, number=2, options=OFF)
    reader = open_reader(database)

    at = "theirs0.aad_at.things"
    assert (reader.ids(at, None), reader.ids(at, day(0))) == (["b"], ["a"])
    for moment in (day(1), day(2)):
        with pytest.raises(duckdb.InvalidInputException, match=r"things has history only from .* to 2026-01-02"):
            reader.ids(at, moment)
    assert reader.connection.execute(f"DESCRIBE {at}").fetchall()[-4][0] == "later"


def test_pruned_versions_are_an_error(lab: Lab, target: Target, database: Path, open_reader: Any) -> None:
    for number in range(3):
        lab.publish(target, [{"id": str(number)}], number=number)
    with lab.stage.cursor() as cursor:
        prune(cursor, target, history_before=day(1) + HOUR)
    reader = open_reader(database)

    with pytest.raises(duckdb.InvalidInputException, match=r"things has history only from 2026-01-02 00:00:00\+00:00 on"):
        reader.ids("theirs0.aad_at.things", day(0))
    assert reader.ids("theirs0.aad_at.things", day(1)) == ["1"]


def test_a_retyped_and_a_lost_column(lab: Lab, target: Target, database: Path, open_reader: Any) -> None:
    lab.publish(target, [{"id": "a", "small": 1, "name": "x"}])
    changed = entity({name: STRING if name == "small" else type_ for name, type_ in COLUMNS.items() if name != "name"})
    lab.publish(target, [{"id": "a", "small": "one"}], changed, number=1)
    reader = open_reader(database)

    at = "(SELECT id || small AS id FROM theirs0.aad_at.things)"
    assert (reader.ids(at, day(0)), reader.ids(at, None)) == (["a1"], ["aone"])


def test_runs_are_derived_from_the_loads_of_earlier_releases(lab: Lab, target: Target, database: Path) -> None:
    others = replace(THINGS, table="others", given=(*THINGS.given[:1], entity({"x": Scalar("Int32")}).given[0]))
    load(lab, target, THINGS, "one", day(0), [{"id": "a"}])
    load(lab, target, others, "one", day(0) + HOUR, [{"id": "a"}])
    for run, status in (("one", "blocked"), ("two", "failed"), ("", "skipped")):
        made = new_load(5, replace(THINGS, table=f"some_{status}"))
        made.run_id, made.status, made.started_at = run, status, day(0)
        with lab.stage.cursor() as cursor, target.transaction(cursor, TENANT):
            insert_load(cursor, target, made)

    wanted = (
        "SELECT run_id, epoch_us(ended_at), published, blocked, failed, skipped FROM aad_meta.runs ORDER BY published DESC, 1"
    )
    (first, *rest) = read_alone(database, wanted)
    assert first == ("one", (day(0) + HOUR - datetime(1970, 1, 1, tzinfo=UTC)) // MICROSECOND, 2, 1, 0, 0)
    assert [row[2:] for row in rest] == [(0, 0, 0, 1), (0, 0, 1, 0)]
