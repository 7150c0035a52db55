"""`aad-assets forget` as people run it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from aad_assets.catalog import CATALOG
from aad_assets.cli import main
from aad_assets.warehouse.database.target import Target
from aad_assets_tests.warehouse.support import Lab, read_alone

PERSON = "aaaaaaaa-0000-4000-8000-00000000000a"

Forget = Callable[..., int]


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a database with one person and one group, which the settings name."""
    folder = tmp_path / "staging"
    folder.mkdir()
    path = tmp_path / "entra.duckdb"
    lab = Lab(folder)
    target = Target(str(path), "aad")
    lab.publish(target, [{"id": PERSON, "displayName": "Anna", "mobilePhone": "+49 1"}], CATALOG["users"])
    lab.publish(target, [{"groupId": "g", "id": PERSON, "@odata.type": "#microsoft.graph.user"}], CATALOG["group_members"])
    lab.close()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AAD_DATABASE", str(path))
    return path


def test_a_person_is_forgotten(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forget", "--person", PERSON]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert "aad.users: deleted 1 row" in printed
    assert "aad_history.group_members: deleted 1 row" in printed
    assert printed[-1].startswith("A reload stores again what Graph still returns of the person.")
    assert read_alone(database, "SELECT count(*) FROM aad.users") == [(0,)]
    assert main(["forget", "--person", PERSON]) == 0
    assert "Nothing was found." in capsys.readouterr().out


def test_a_column_is_forgotten(database: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["forget", "--column", "users.mobilePhone"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "aad.users: deleted 1 value",
        "aad_history.users: deleted 1 value",
        (
            "A reload stores it again unless the connection metadata turns it off or protects it, such as users: "
            "{columns: {mobilePhone: off}}."
        ),
    ]
    assert read_alone(database, "SELECT displayName, mobilePhone FROM aad.users") == [("Anna", None)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--person", "anna@contoso.com"], "--person is not an object id"),
        (["--column", "users"], "--column must name a table and a column"),
        (["--column", "nothing.name"], "The database has no table nothing"),
        (["--column", "users.mobilPhone"], "Neither users nor its history has a column mobilPhone"),
        (["--column", "users.employeeOrgData.divison"], "Neither users nor its history has a column"),
        (["--person", ""], "--person is not an object id"),
    ],
)
def test_a_mistake_is_reported(
    database: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["forget", *arguments]) == 1
    assert message in capsys.readouterr().err


def test_either_a_person_or_a_column_is_needed(database: Path) -> None:
    with pytest.raises(SystemExit):
        main(["forget"])
