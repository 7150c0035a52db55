"""`aad-assets status` and the names that `reload` and `status` take."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from aad_assets.catalog import CATALOG, ENTITIES
from aad_assets.catalog.views import VIEWS
from aad_assets.cli import main
from aad_assets.commands.selection import UnknownName, selected
from aad_assets.settings import Settings
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.loads import record_load
from aad_assets_tests.warehouse.support import THINGS, Lab, new_load

USERS = replace(THINGS, table="users")
GROUPS = replace(THINGS, table="groups")


def fail(lab: Lab, target: Target, status: str, number: int) -> None:
    load = new_load(number, GROUPS)
    load.status, load.reason = status, f"groups: {status} for a reason\nand details"
    with lab.stage.cursor() as cursor:
        record_load(cursor, target, load)


def test_it_prints_age_rows_and_result(lab: Lab, target: Target, capsys: pytest.CaptureFixture[str]) -> None:
    lab.publish(target, [{"id": "a"}, {"id": "b"}], USERS)
    lab.publish(target, [{"id": "a"}], USERS, number=1)

    assert main(["status", "users", "groups"]) == 0

    heading, users, groups = (line.split() for line in capsys.readouterr().out.splitlines())
    assert heading == ["table", "result", "age", "rows", "inserted", "updated", "deleted"]
    assert (users[0], users[1], users[-4:]) == ("users", "published", ["1", "0", "0", "1"])
    assert groups[:3] == ["groups", "never", "never"]


@pytest.mark.parametrize(("status", "code"), [("blocked", 1), ("failed", 1), ("skipped", 0)])
def test_a_load_that_was_not_published(
    lab: Lab, target: Target, capsys: pytest.CaptureFixture[str], status: str, code: int
) -> None:
    lab.publish(target, [{"id": "a"}], GROUPS)
    fail(lab, target, status, 1)

    assert main(["status", "groups", "--json"]) == code

    printed = capsys.readouterr()
    (record,) = map(json.loads, printed.out.splitlines())
    assert (record["table"], record["status"]) == ("groups", status)
    assert record["published_at"] is not None
    assert record["age_seconds"] > 0
    assert ("1 table failed or was blocked" in printed.err) == bool(code)


@pytest.mark.parametrize(("age", "code"), [("1h", 1), ("5000w", 0)])
def test_it_fails_if_a_table_is_older_than_asked(
    lab: Lab, target: Target, capsys: pytest.CaptureFixture[str], age: str, code: int
) -> None:
    lab.publish(target, [{"id": "a"}], USERS)  # in the past: the first load has a fixed moment
    assert new_load(0).started_at < datetime.now(UTC)

    assert main(["status", "users", "--older-than", age]) == code
    assert (f"1 table is older than {age}." in capsys.readouterr().err) == bool(code)


def test_a_table_that_was_never_loaded_is_too_old(lab: Lab, target: Target) -> None:
    lab.publish(target, [{"id": "a"}], USERS)

    assert main(["status", "groups", "--older-than", "5000w"]) == 1


def test_another_database_can_be_named(lab: Lab, target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.publish(target, [{"id": "a"}], USERS)
    monkeypatch.setenv("AAD_DATABASE", str(Path(target.database).with_name("missing.duckdb")))

    assert main(["status", "users"]) == 1
    assert main(["status", "users", "--database", target.database]) == 0


@pytest.mark.parametrize("command", ["status", "reload"])
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["user"], "there is no table or view 'user'. Did you mean users"),
        (["users", "qqqqqq"], "there is no table or view 'qqqqqq'. docs/tables lists the names."),
        (["--group", "acces"], "there is no group 'acces'. Did you mean access"),
        (["--all", "users"], "--all selects everything"),
    ],
)
def test_a_wrong_name_is_refused(
    command: str,
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SystemExit) as caught:
        main([command, *arguments])

    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_reload_without_a_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["reload"])

    assert caught.value.code == 2
    assert "nothing is selected" in capsys.readouterr().err


def test_a_table_that_is_off_is_refused() -> None:
    off = next(entity.table for entity in ENTITIES if not entity.on)

    with pytest.raises(UnknownName, match=f"{off} is turned off"):
        selected(Settings(), [off], [], everything=False)


def test_everything_are_the_tables_and_views_that_are_on() -> None:
    names = selected(Settings(), [], [], everything=True)

    assert set(names) == {entity.table for entity in ENTITIES if entity.on} | {view.name for view in VIEWS}


def test_a_group_has_its_tables_and_views() -> None:
    names = selected(Settings(), ["users"], ["access"], everything=False)

    assert {CATALOG[name].group.value for name in names if name in CATALOG and name != "users"} == {"access"}
    assert "users" in names
    assert "app_role_definitions" in names
