"""`aad-assets changes` as people run it, on tables that record no changes or only from some moment on."""

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from aad_assets.cli import main
from aad_assets.warehouse.database.target import Target
from aad_assets_tests.warehouse.support import FIRST_LOAD, OPEN, STRING, THINGS, Lab, entity


def test_without_history_in_any_table_it_fails(lab: Lab, target: Target, capsys: pytest.CaptureFixture[str]) -> None:
    lab.publish(target, [{"id": "a"}], options=replace(OPEN, history=False))
    assert main(["changes", "--since", "today"]) == 1
    assert "No changes are recorded in this database because no table" in capsys.readouterr().err


def test_tables_that_are_recorded_from_a_later_moment_on_are_named(
    lab: Lab, target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    first, later = (FIRST_LOAD + timedelta(days=number) for number in (1, 2))
    lab.publish(target, [{"id": "b"}], number=1)
    lab.publish(target, [{"id": "c"}], replace(THINGS, table="others"), number=2)
    assert main(["changes", "--since", f"{first:%Y-%m-%d}"]) == 0
    assert capsys.readouterr().err == f"Changes of others are recorded from {later} on.\n"

    for name in ("more", "and_more"):
        lab.publish(target, [{"id": "c"}], replace(THINGS, table=name), number=2)
    assert main(["changes", "--since", f"{first:%Y-%m-%d}"]) == 0
    assert capsys.readouterr().err == (
        f"Changes of 3 tables are recorded from a later moment on, at the latest from {later}: and_more, more, others.\n"
    )


def test_another_database_can_be_named(
    lab: Lab, target: Target, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.publish(target, [{"id": "b"}], number=1)
    lab.publish(target, [{"id": "c"}], number=2)
    monkeypatch.setenv("AAD_DATABASE", "missing.duckdb")
    since = f"{FIRST_LOAD + timedelta(days=1):%Y-%m-%d}"

    assert main(["changes", "--since", since]) == 1
    assert main(["changes", "--since", since, "--database", target.database]) == 0
    assert "2 changes" in capsys.readouterr().out


USERS = entity({"id": STRING, "displayName": STRING, "department": STRING}, table="users")
MANAGERS = entity({"userId": STRING, "managerId": STRING}, table="user_managers", key=("userId",))


@pytest.fixture
def since(lab: Lab, target: Target) -> str:
    """Publish two loads of users and their managers. Return the moment between them."""
    people = [{"id": "u1", "displayName": "Anna", "department": "IT"}, {"id": "u2", "displayName": "Bob"}]
    lab.publish(target, people, USERS)
    lab.publish(target, [{"userId": "u2", "managerId": "u1"}], MANAGERS)
    lab.publish(target, [people[0] | {"department": "HR"}, {"id": "u3", "displayName": "Carla\x1b[2J"}], USERS, number=1)
    lab.publish(target, [{"userId": "u3", "managerId": "u1"}, {"userId": "u2", "managerId": "u3"}], MANAGERS, number=1)
    return f"{FIRST_LOAD + timedelta(hours=1):%Y-%m-%dT%H:%M}"


def test_names_are_shown_beside_ids(since: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["changes", "--since", since]) == 0

    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith(" ")]
    assert sorted(lines) == [
        "  delete  u2  Bob",
        "  insert  u3  Carla[2J",
        "  insert  u3  userId Carla[2J, managerId Anna",
        '  update  u1  Anna  department: "IT" → "HR"',
        '  update  u2  Bob  managerId: "u1" (Anna) → "u3" (Carla[2J)',
    ]


def test_json_and_csv_have_the_names_by_id(since: str, capsys: pytest.CaptureFixture[str]) -> None:
    def names(format_: str) -> list[dict[str, str]]:
        assert main(["changes", "--since", since, "--entity", "user_managers", "--format", format_]) == 0
        printed = capsys.readouterr().out
        assert "\x1b" not in printed
        if format_ == "json":
            return [json.loads(line)["names"] for line in printed.splitlines()]
        return [json.loads(row["names"]) for row in csv.DictReader(io.StringIO(printed))]

    expected = [{"u2": "Bob", "u1": "Anna", "u3": "Carla\x1b[2J"}, {"u3": "Carla\x1b[2J", "u1": "Anna"}]
    assert names("json") == names("csv") == expected


def test_the_summary_has_numbers_and_no_rows(since: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["changes", "--since", since, "--summary"]) == 0
    _, *lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines] == [
        ["user_managers", "insert", "1"],
        ["user_managers", "update", "1", "managerId"],
        ["users", "delete", "1"],
        ["users", "insert", "1"],
        ["users", "update", "1", "department"],
    ]

    assert main(["changes", "--since", since, "--summary", "--entity", "users", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0]) == {
        "entity": "users",
        "change": "delete",
        "column": None,
        "rows": 1,
    }
    assert main(["changes", "--since", since, "--summary", "--entity", "users", "--format", "csv"]) == 0
    assert capsys.readouterr().out.splitlines()[:2] == ["entity,change,column,rows", "users,delete,,1"]


def test_a_summary_of_nothing_says_so(since: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["changes", "--since", f"{FIRST_LOAD + timedelta(days=30):%Y-%m-%d}", "--summary"]) == 0
    assert capsys.readouterr().out == "No changes.\n"
