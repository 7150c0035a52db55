"""`aad-assets query`: names, SQL, formats, and what it refuses."""

import csv
import io
import json
from pathlib import Path

import pytest

from aad_assets.catalog import ENTITIES
from aad_assets.catalog.views import VIEWS
from aad_assets.cli import main
from aad_assets.commands.query import documented_queries
from aad_assets.warehouse.database.target import Target
from aad_assets_tests.warehouse.support import Lab


@pytest.fixture
def contoso(lab: Lab, target: Target, monkeypatch: pytest.MonkeyPatch) -> Target:
    """Return a database of the connection contoso with the table things."""
    monkeypatch.setenv("AAD_CONNECTION_NAME", "contoso")
    contoso = Target(target.database, "contoso")
    lab.publish(contoso, [{"id": "a", "name": "An\x1b[2Jna", "tags": ["x", "y"]}, {"id": "b", "small": 2}])
    return contoso


def test_the_queries_are_those_of_the_documentation(capsys: pytest.CaptureFixture[str]) -> None:
    queries = documented_queries()
    assert set(queries) == {entity.table for entity in ENTITIES} | {view.name for view in VIEWS}
    assert all(purpose.endswith(("?", ".")) for purpose, _ in queries.values())

    assert main(["query"]) == 0

    printed = capsys.readouterr().out.splitlines()
    assert len(printed) == len(queries)
    assert f"users{' ' * 40}Which disabled accounts still hold licences?" in printed


def test_sql_finds_the_tables_of_the_connection(contoso: Target, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", "SELECT id, small FROM things ORDER BY id"]) == 0

    printed = capsys.readouterr().out
    assert "│ a       │  NULL │" in printed
    assert "│ b       │     2 │" in printed


def test_the_schemas_of_the_connection_can_be_named(contoso: Target, capsys: pytest.CaptureFixture[str]) -> None:
    statement = "SELECT l.rows FROM contoso_meta.loads l JOIN contoso.things t ON t.id = 'a'"

    assert main(["query", statement, "--format", "csv"]) == 0
    assert capsys.readouterr().out == "rows\n2\n"


def test_json_has_one_object_for_each_row_and_csv_a_header(contoso: Target, capsys: pytest.CaptureFixture[str]) -> None:
    statement = "SELECT id, name, tags FROM things ORDER BY id;"
    assert main(["query", statement, "--format", "json"]) == 0
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert main(["query", statement, "--format", "csv"]) == 0
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))

    assert objects == [
        {"id": "a", "name": "An\x1b[2Jna", "tags": ["x", "y"]},
        {"id": "b", "name": None, "tags": None},
    ]
    assert rows == [["id", "name", "tags"], ["a", "An[2Jna", "[x, y]"], ["b", "", ""]]


@pytest.mark.parametrize("format_", ["table", "json", "csv"])
def test_text_of_the_directory_reaches_no_terminal_as_it_is(
    contoso: Target, format_: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["query", "SELECT name FROM things", "--format", format_]) == 0
    assert "\x1b" not in capsys.readouterr().out


def test_a_table_has_a_bounded_number_of_rows(contoso: Target, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["query", "SELECT * FROM range(500)", "--rows", "6"]) == 0
    printed = capsys.readouterr().out
    assert "500 rows" in printed
    assert len(printed.splitlines()) < 20


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("DROP TABLE things", "read-only"),
        ("INSERT INTO things (id) VALUES ('c')", "read-only"),
        ("SELECT nothing FROM things", "nothing"),
        ("SELEC 1", "syntax error"),
    ],
)
def test_a_query_that_fails_is_one_line(
    contoso: Target, statement: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["query", statement]) == 1

    printed = capsys.readouterr()
    assert printed.err.startswith("aad-assets: The query failed: ")
    assert message in printed.err
    assert len(printed.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("name", "hint"), [("usrs", "Did you mean users"), ("qqqqqqq", "`aad-assets query` lists the names")]
)
def test_a_name_that_does_not_exist_is_refused(name: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["query", name])

    assert caught.value.code == 2
    assert hint in capsys.readouterr().err


@pytest.mark.parametrize("demo", [False, True])
@pytest.mark.parametrize("command", [["query", "SELECT 1"], ["status"], ["changes", "--since", "7d"]])
def test_without_a_database_the_demo_s_is_named(
    command: list[str], demo: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    if demo:
        (tmp_path / "demo").mkdir()
        (tmp_path / "demo" / "entra.duckdb").touch()

    assert main(command) == 1
    assert ("add --database demo/entra.duckdb" in capsys.readouterr().err) is demo


def test_the_serving_copy_comes_first_unless_a_database_is_named(
    contoso: Target, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is what readers may keep open, and no reload locks it."""
    monkeypatch.setenv("AAD_SERVING_COPY", "copy.duckdb")

    assert main(["query", "FROM things"]) == 1
    assert "copy.duckdb does not exist" in capsys.readouterr().err
    assert main(["query", "FROM things", "--database", contoso.database]) == 0


def test_a_connection_without_tables_is_named(
    contoso: Target, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AAD_CONNECTION_NAME", "fabrikam")

    assert main(["query", "FROM things"]) == 1
    assert "There are no tables of 'fabrikam' (AAD_CONNECTION_NAME)" in capsys.readouterr().err
