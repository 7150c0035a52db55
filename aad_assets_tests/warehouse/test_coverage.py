"""A moment without history raises an error that names the first recorded moment, wherever the past can be queried."""

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

import aad_assets
from aad_assets.errors import ConfigurationError, LoadBlocked
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.prune import prune
from aad_assets.warehouse.publishing.options import Options
from aad_assets_tests.warehouse.support import FIRST_LOAD, OPEN, Lab, read_alone

OFF = replace(OPEN, history=False)
HOUR = timedelta(hours=1)
LEGACY = """CREATE OR REPLACE MACRO aad_history.things_at(ts) AS TABLE SELECT * FROM aad_history.things
            WHERE _valid_from <= ts::TIMESTAMPTZ AND (_valid_to IS NULL OR _valid_to > ts::TIMESTAMPTZ)"""


def day(number: int) -> datetime:
    return FIRST_LOAD + timedelta(days=number)


def ids(database: Path, moment: datetime) -> list[str]:
    return [row[0] for row in read_alone(database, f"SELECT id FROM aad_history.things_at('{moment}') ORDER BY 1")]


def assert_outside(database: Path, moment: datetime, covered: str) -> None:
    with pytest.raises(duckdb.InvalidInputException, match=rf"things has history only {covered}\. Choose a moment"):
        ids(database, moment)


def when(number: int) -> str:
    return str(day(number)).replace("+", r"\+")


def test_a_moment_before_the_first_load_is_an_error(lab: Lab, target: Target, database: Path) -> None:
    lab.publish(target, [{"id": "a"}])
    for moment in (f"'{day(0) - HOUR}'", "DATE '2025-12-31'", "NULL", "now() - INTERVAL 100 YEAR"):
        with pytest.raises(duckdb.InvalidInputException, match=f"things has history only from {when(0)} on"):
            read_alone(database, f"SELECT count(*) FROM aad_history.things_at({moment})")
    assert read_alone(database, f"SELECT id FROM aad_history.things_at('{day(0)}')") == [("a",)]
    with pytest.raises(ConfigurationError, match=f"things has history only from {when(0)} on"):
        aad_assets.read("things", at=day(0) - HOUR, database=str(database), connection_name="aad")
    assert len(aad_assets.read("things", at=day(0), database=str(database), connection_name="aad")) == 1


def test_no_query_shows_everything_as_new(lab: Lab, target: Target, database: Path) -> None:
    lab.publish(target, [{"id": "a"}])
    before = f"aad_history.things_at(TIMESTAMPTZ '{day(-7)}')"
    for query in (
        f"SELECT id FROM aad.things EXCEPT SELECT id FROM {before}",
        f"SELECT id FROM aad.things ANTI JOIN {before} USING (id)",
        f"SELECT id FROM aad.things t LEFT JOIN {before} b USING (id) WHERE b.id IS NULL",
        f"SELECT id FROM aad.things WHERE id NOT IN (SELECT id FROM {before})",
        f"SELECT id FROM aad.things t WHERE NOT EXISTS (FROM {before} b WHERE b.id = t.id)",
        f"SELECT d, (SELECT count(*) FROM aad_history.things_at(d)) FROM (SELECT unnest([now(), '{day(-7)}']) AS d)",
    ):
        with pytest.raises(duckdb.InvalidInputException, match="things has history only from"):
            read_alone(database, query)


def test_a_table_that_was_empty_at_first_is_known_from_its_first_load(lab: Lab, target: Target, database: Path) -> None:
    lab.publish(target, [])
    lab.publish(target, [{"id": "a"}], number=2)
    assert ids(database, day(1)) == []
    assert ids(database, day(2)) == ["a"]
    assert_outside(database, day(0) - HOUR, f"from {when(0)} on")


def test_history_that_is_turned_on_and_off_is_known_while_it_is_on(lab: Lab, target: Target, database: Path) -> None:
    for number, options in enumerate([OFF, OPEN, OPEN, OFF, OFF, OPEN]):
        lab.publish(target, [{"id": "a"}, {"id": f"b{number}"}], number=number, options=options)
    covered = f"from {when(1)} to {when(3)} and from {when(5)} on"
    for moment in (day(0), day(1) - HOUR, day(3), day(4), day(5) - HOUR):
        assert_outside(database, moment, covered)
    assert [ids(database, day(number)) for number in (1, 2, 5)] == [["a", "b1"], ["a", "b2"], ["a", "b5"]]
    assert ids(database, day(3) - HOUR) == ["a", "b2"]


def test_changes_of_a_table_without_history_are_an_error(lab: Lab, target: Target, database: Path) -> None:
    given = {"database": str(database), "connection_name": "aad"}
    lab.publish(target, [{"id": "a"}], options=OFF)
    with pytest.raises(ConfigurationError, match=r"No changes of things are recorded because its history is off\. Set"):
        aad_assets.read("things", changes_since=day(1), **given)

    lab.publish(target, [{"id": "b"}], number=1)
    assert len(aad_assets.read("things", changes_since=day(1), **given)) == 2
    with pytest.raises(ConfigurationError, match=f"Changes of things are recorded from {when(1)} on"):
        aad_assets.read("things", changes_since=day(1) - HOUR, **given)

    lab.publish(target, [{"id": "d"}], number=3, options=OFF)
    with pytest.raises(ConfigurationError, match=rf"history is off. It had history only from {when(1)} to {when(3)}\."):
        aad_assets.read("things", changes_since=day(2), **given)


def test_pruned_versions_are_no_longer_known(lab: Lab, target: Target, database: Path) -> None:
    for number in range(4):
        lab.publish(target, [{"id": "a"}, {"id": f"b{number}"}], number=number)
    with lab.stage.cursor() as cursor:
        prune(cursor, target, history_before=day(2) + HOUR)
    assert_outside(database, day(2) - HOUR, f"from {when(2)} on")
    assert ids(database, day(2)) == ["a", "b2"]
    with lab.stage.cursor() as cursor:
        prune(cursor, target, history_before=day(2) + 2 * HOUR)
    assert ids(database, day(2)) == ["a", "b2"]


@pytest.mark.parametrize(("first", "known"), [([{"id": "a"}], 0), ([], 0)])
def test_the_macro_of_an_earlier_release_is_replaced(
    lab: Lab, database: Path, first: list[dict[str, str]], known: int
) -> None:
    lab.publish(Target(str(database), "aad"), first)
    with duckdb.connect(str(database)) as connection:
        connection.execute(LEGACY)
    with pytest.raises(ConfigurationError, match=f"things has history only from {when(0)} on"):
        aad_assets.read("things", at=day(-1), database=str(database), connection_name="aad")
    target = Target(str(database), "aad")
    lab.publish(target, [{"id": "b"}], number=1)
    macros = "SELECT macro_definition FROM duckdb_functions() WHERE function_name = 'things_at'"
    written = read_alone(database, macros)
    lab.publish(target, [{"id": "c"}], number=2)
    assert read_alone(database, macros) == written
    assert ids(database, day(known)) == [row["id"] for row in first]
    assert_outside(database, day(-1), f"from {when(known)} on")


def test_a_macro_that_was_rolled_back_is_written_again(lab: Lab, target: Target, database: Path) -> None:
    named = [{"id": str(number), "name": "x"} for number in range(9)]
    lab.publish(target, named, options=OFF)
    with pytest.raises(LoadBlocked, match="gate null_column"):
        lab.publish(target, [{"id": row["id"]} for row in named], number=1, options=Options())
    lab.publish(target, named[:1], number=2)
    assert_outside(database, day(1), f"from {when(2)} on")
    assert ids(database, day(2)) == ["0"]
