"""The queries of docs/history.md, and the commands that read history, on tables of the catalogue with a little history."""

import csv
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

import aad_assets
from aad_assets.catalog import CATALOG
from aad_assets.cli import main
from aad_assets.errors import ConfigurationError
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.loads import Load
from aad_assets.warehouse.publishing.publish import publish
from aad_assets_tests.warehouse.support import OPEN, TENANT, Lab, Row

DOCS = (Path(__file__).parents[1] / "docs" / "history.md").read_text("utf-8")
NOW = datetime.now(UTC)

LICENCES = [{"skuId": "e5", "disabledPlans": []}, {"skuId": "teams", "disabledPlans": []}]
ADELE: Row = {"id": "u1", "displayName": "Adele", "userPrincipalName": "adele.vance@contoso.com", "department": "Sales"}
BEFORE: dict[str, list[Row]] = {
    "users": [
        ADELE | {"assignedLicenses": LICENCES, "accountEnabled": True},
        {"id": "u2", "displayName": "Ben"},
        {"id": "u3"},
    ],
    "groups": [{"id": "g1", "displayName": "Finance"}],
    "group_members": [{"groupId": "g1", "id": "u1"}, {"groupId": "g1", "id": "u2"}],
    "deleted_users": [],
}
AFTER: dict[str, list[Row]] = {
    "users": [
        ADELE | {"assignedLicenses": LICENCES[:1], "accountEnabled": False, "deviceEnrollmentLimit": 2**30},
        {"id": "u4"},
    ],
    "groups": BEFORE["groups"],
    "group_members": [{"groupId": "g1", "id": "u1"}, {"groupId": "g1", "id": "u4"}],
    "deleted_users": [{"id": "u2", "displayName": "Ben"}],
}


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make two loads: one thirty days ago, without a column of groups, and one today."""
    folder = tmp_path_factory.mktemp("documented")
    path = folder / "entra.duckdb"
    lab, target = Lab(folder), Target(str(path), "aad")
    for number, (tables, at) in enumerate([(BEFORE, NOW - timedelta(days=30)), (AFTER, NOW)]):
        for table, rows in tables.items():
            load = Load(
                load_id=f"{table} {number}", entity=table, tenant_id=TENANT, run_id="", started_at=at, published_at=at
            )
            off = {"mailNickname"} if (table, number) == ("groups", 0) else ()
            entity = replace(CATALOG[table], disabled_columns=frozenset(off))
            staged = lab.land(rows, entity)
            with lab.stage.cursor() as cursor:
                publish(cursor, target, entity, staged, load, (), OPEN)
    lab.close()
    return path


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch, database: Path, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AAD_DATABASE", str(database))


def documented(words: str) -> str:
    """The query after the paragraph that says `words`, at a date between the two loads."""
    (query,) = re.findall(r"```sql\n((?:(?!```).)*)```", DOCS[DOCS.index(words) :], re.DOTALL)[:1]
    return str(query).replace("2026-11-01", f"{NOW - timedelta(days=10):%Y-%m-%d}")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("What a user looked like on a date", [("Adele", "Sales", None, True)]),
        ("Who joined or left a group", [("Finance", "u2", "left"), ("Finance", "u4", "joined")]),
        ("Which users lost a licence", [("u1", "Adele", "teams")]),
    ],
)
def test_documented_queries_answer_what_they_say(database: Path, words: str, expected: list[tuple[Any, ...]]) -> None:
    with duckdb.connect(str(database), read_only=True) as connection:
        assert connection.execute(documented(words)).fetchall() == expected


def test_soft_deleted_and_purged_users_are_told_apart(database: Path) -> None:
    with duckdb.connect(str(database), read_only=True) as connection:
        found = connection.execute(documented("Soft deletion, purge and restore")).fetchall()
    assert {row[1:] for row in found} == {("u2", "Ben", "soft deleted"), ("u3", None, "purged")}


def test_the_comment_of_a_column_that_was_added_later_says_since_when_it_is_known(database: Path) -> None:
    with duckdb.connect(str(database), read_only=True) as connection:
        ((table, column, comment),) = connection.execute(documented("NULL in an old version")).fetchall()
        (added,) = connection.execute("SELECT entity, column_name, known_since FROM aad_meta.added_columns").fetchall()
    assert (table, column, NOW) == added == ("groups", "mailNickname", NOW)
    assert comment.startswith(f"Known since {NOW:%Y-%m-%d}; ")


def test_frames_of_now_of_a_moment_and_of_changes(settings: None) -> None:
    now = aad_assets.read("users").set_index("id").sort_index()
    assert list(now.index) == ["u1", "u4"]
    assert str(now.accountEnabled.dtype) == "boolean"
    assert now.accountEnabled.tolist() == [False, pd.NA]
    assert str(now.deviceEnrollmentLimit.dtype) == "Int32"
    assert now.deviceEnrollmentLimit.tolist() == [2**30, pd.NA]
    assert str(now._loaded_at.dtype) == "datetime64[us, UTC]"
    assert now.assignedLicenses["u1"] == LICENCES[:1]
    assert now.assignedLicenses["u4"] is None
    then = aad_assets.read("users", at=NOW - timedelta(days=10))
    assert sorted(then.id) == ["u1", "u2", "u3"]
    with pytest.raises(ConfigurationError, match=re.escape(f"users has history only from {NOW - timedelta(days=30)} on.")):
        aad_assets.read("users", at=NOW - timedelta(days=31))
    changes = aad_assets.read("users", changes_since="1d")
    assert changes.change.value_counts().to_dict() == {"update": 3, "delete": 2, "insert": 1}
    with pytest.raises(ConfigurationError, match="There is no table 'people'"):
        aad_assets.read("people")
    with pytest.raises(ConfigurationError, match="There is no table 'people' as of a moment"):
        aad_assets.read("people", at="today")
    with pytest.raises(ConfigurationError, match="no loads of 'other'"):
        aad_assets.read("users", changes_since="today", connection_name="other")
    with pytest.raises(ConfigurationError, match="cannot be combined"):
        aad_assets.read("users", at="today", changes_since="today")


def test_importing_the_package_and_its_commands_does_not_import_pandas() -> None:
    script = "import sys, aad_assets.cli, aad_assets.commands.changes; print({'numpy', 'pandas'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "set()\n"
    with pytest.raises(AttributeError, match="no attribute 'write'"):
        _ = aad_assets.write


def test_changes_are_printed_as_table_json_and_csv(settings: None, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["changes", "--since", "7d", "--entity", "users"]
    assert main(arguments) == 0
    table = capsys.readouterr().out
    assert "users, " in table
    assert "  update  u1  Adele  accountEnabled: true → false" in table
    assert "  delete  u2  Ben" in table
    assert table.endswith("6 changes\n")
    assert main([*arguments, "--format", "json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert next(row["new_value"] for row in rows if row["column_name"] == "deviceEnrollmentLimit") == 2**30
    assert main([*arguments, "--format", "csv"]) == 0
    assert len(list(csv.DictReader(io.StringIO(capsys.readouterr().out)))) == len(rows) == 6
    assert main(["changes", "--since", "2d", "--entity", "groups"]) == 0
    assert capsys.readouterr().out == "No changes.\n"
    assert main(["changes", "--since", "whenever"]) == 1
    assert "is not a date or time" in capsys.readouterr().err
    assert main(["changes", "--since", "today", "--entity", "user"]) == 1
    assert "There is no table 'user' (--entity)" in capsys.readouterr().err


def test_changes_that_were_not_recorded_are_an_error(settings: None, capsys: pytest.CaptureFixture[str]) -> None:
    first = NOW - timedelta(days=30)
    for arguments in (["--entity", "users"], []):
        assert main(["changes", "--since", "31d", *arguments]) == 1
        assert f"are recorded from {first} on. Choose that moment or a later one." in capsys.readouterr().err
    with pytest.raises(ConfigurationError, match=re.escape(f"Changes of users are recorded from {first} on.")):
        aad_assets.read("users", changes_since="31d")
    assert main(["changes", "--since", "today", "--entity", "domains"]) == 1
    assert "domains was never loaded into this database, so it has no changes. Reload it first." in capsys.readouterr().err


def test_prune_says_what_it_deleted(
    settings: None, database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "entra.duckdb"
    copy.write_bytes(database.read_bytes())
    monkeypatch.setenv("AAD_DATABASE", str(copy))
    assert main(["prune", "--history-older-than", "400d"]) == 0
    assert capsys.readouterr().out.startswith("deleted 0 versions, 0 changes and 0 rejects; the file shrank from ")
    with pytest.raises(SystemExit):
        main(["prune", "--history-older-than", "long"])
    assert "'long' is not an age. Write it in days or weeks, such as 400d or 52w." in capsys.readouterr().err
    monkeypatch.setenv("AAD_DATABASE", str(tmp_path / "entar.duckdb"))
    assert main(["prune", "--history-older-than", "400d"]) == 1
    assert "There is no database" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [copy.name]


def test_changes_end_quietly_when_nobody_reads_on(settings: None, monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", encoding="utf-8") as stdout:
        monkeypatch.setattr("sys.stdout", stdout)
        assert main(["changes", "--since", "2d"]) == 141
