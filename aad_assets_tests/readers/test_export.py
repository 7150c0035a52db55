"""`aad-assets export`: all tables open in openpyxl, pandas and polars, with the right types and no lost value."""

import datetime as dt
import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pandas as pd
import polars as pl
import pytest

from aad_assets.cli import main
from aad_assets.errors import WarehouseError
from aad_assets.warehouse.reading import export
from aad_assets_tests.readers.days import Days


@pytest.fixture(scope="module", params=["xlsx", "csv", "parquet"])
def exported(request: pytest.FixtureRequest, days: Days, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp("exported") / "out"
    command = ["export", "--all", "--format", request.param, "--out", str(folder)]
    assert main([*command, "--database", str(days.folder / "now.duckdb")]) == 0
    return request.param, folder


@pytest.fixture(scope="module")
def reader(days: Days) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(days.folder / "now.duckdb"), read_only=True) as connection:
        yield connection


def views(reader: duckdb.DuckDBPyConnection) -> list[str]:
    found = reader.execute("SELECT view_name FROM duckdb_views() WHERE schema_name = 'aad_flat' ORDER BY 1").fetchall()
    return [name for (name,) in found]


def rows(reader: duckdb.DuckDBPyConnection, view: str) -> list[tuple[Any, ...]]:
    return reader.execute(f'FROM aad_flat."{view}" ORDER BY ALL').fetchall()


def test_there_is_a_private_file_for_each_flat_view(reader: duckdb.DuckDBPyConnection, exported: tuple[str, Path]) -> None:
    format_, folder = exported
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{view}.{format_}" for view in views(reader))
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_every_value_is_read_again(reader: duckdb.DuckDBPyConnection, exported: tuple[str, Path]) -> None:
    format_, folder = exported
    compared = 0
    for view in views(reader):
        expected = rows(reader, view)
        path = folder / f"{view}.{format_}"
        read = READERS[format_](path, reader, view)
        assert len(read) == len(expected), view
        for found, wanted in zip(read, expected, strict=True):
            assert list(map(plain, found)) == list(map(plain, wanted)), view
            compared += len(wanted)
    assert compared > 20_000


def plain(value: Any) -> Any:
    """Return what Excel can tell apart: it has no empty text, and times in milliseconds."""
    if isinstance(value, dt.datetime):
        return round(value.replace(tzinfo=dt.UTC).timestamp(), 3)
    if isinstance(value, dt.date):
        return dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC).timestamp()
    return None if value == "" else value


def by_openpyxl(path: Path, *_: object) -> list[tuple[Any, ...]]:
    book = openpyxl.load_workbook(path, read_only=True)
    (sheet,) = book.worksheets
    names, *values = sheet.iter_rows(values_only=True)
    book.close()
    return [(*row, *[None] * (len(names) - len(row))) for row in values]


def by_duckdb_csv(path: Path, reader: duckdb.DuckDBPyConnection, view: str) -> list[tuple[Any, ...]]:
    """CSV has no types: pandas reads texts, and DuckDB casts them to those of the view."""
    frame = pd.read_csv(path, dtype=str, keep_default_na=False)
    types = reader.execute(f'DESCRIBE aad_flat."{view}"').fetchall()
    assert list(frame.columns) == [row[0] for row in types]
    casts = ", ".join(f'nullif("{name}", \'\')::{type_} AS "{name}"' for name, type_, *_ in types)
    return duckdb.sql(f"SELECT {casts} FROM frame").fetchall()


def by_polars(path: Path, *_: object) -> list[tuple[Any, ...]]:
    return pl.read_parquet(path).rows()


Rows = list[tuple[Any, ...]]
READERS: dict[str, Callable[[Path, duckdb.DuckDBPyConnection, str], Rows]] = {
    "xlsx": by_openpyxl,
    "csv": by_duckdb_csv,
    "parquet": by_polars,
}


def test_pandas_and_polars_find_the_right_types(exported: tuple[str, Path]) -> None:
    format_, folder = exported
    path = folder / f"users.{format_}"
    match format_:
        case "xlsx":
            frame = pd.read_excel(path)
        case "csv":
            frame = pd.read_csv(path, parse_dates=["createdDateTime"])
            assert pl.read_csv(path, infer_schema_length=None, try_parse_dates=True)["createdDateTime"].dtype == pl.Datetime
        case _:
            frame = pd.read_parquet(path)
            assert pl.read_parquet(path)["accountEnabled"].dtype == pl.Boolean
    assert frame.accountEnabled.dtype.kind == "b"
    assert frame.createdDateTime.dtype.kind == "M"
    assert frame.createdDateTime.dt.tz is None


def test_as_of_a_moment(days: Days, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = str(days.folder / "now.duckdb")
    moment = days.days[0]["moment"].replace(" ", "T")
    command = ["export", "users", "user_licenses", "--format", "parquet", "--out", str(tmp_path), "--database", database]

    assert main([*command, "--at", moment]) == 0
    with duckdb.connect(str(days.folder / "day0.duckdb"), read_only=True) as copy:
        (expected,) = copy.execute("SELECT array_agg(id ORDER BY id) FROM aad.users").fetchall()
    assert sorted(pl.read_parquet(tmp_path / "users.parquet")["id"]) == expected[0]

    assert main([*command, "--at", "2000-01-01"]) == 1
    errors = capsys.readouterr().err
    assert "users has history only from" in errors
    assert "2 of 2 tables were not exported." in errors
    assert len(pl.read_parquet(tmp_path / "users.parquet")) == len(expected[0]), "the old file stays"


def test_text_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    with duckdb.connect() as connection:
        lab = Sheet(
            connection, "SELECT '=1+1' AS a, 'http://x' AS b, '2' AS c, 9007199254740993 AS d, DATE '1800-01-02' AS e"
        )
        found = by_openpyxl(lab.write(tmp_path))
    assert found == [("=1+1", "http://x", "2", "9007199254740993", "1800-01-02")]
    with zipfile.ZipFile(tmp_path / "v.xlsx") as archive:
        assert "<f>" not in archive.read("xl/worksheets/sheet1.xml").decode()


class Sheet:
    """A flat view of any query, in a database as `reading` opens it."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, query: str) -> None:
        connection.execute("ATTACH ':memory:' AS target")
        connection.execute("CREATE SCHEMA target.aad_flat")
        connection.execute(f"CREATE VIEW target.aad_flat.v AS {query}")
        self.connection = connection

    def write(self, folder: Path) -> Path:
        return export.export_view(self.connection, "aad", "v", folder, "xlsx").path


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("SELECT repeat('x', 32768) AS note", r"v\.note has a text of 32,768 characters, and an Excel cell takes 32,767"),
        ("FROM range(1048576)", "v has 1,048,576 rows, and an Excel sheet takes 1,048,575"),
    ],
)
def test_what_excel_cannot_hold_is_an_error_and_leaves_no_file(tmp_path: Path, query: str, message: str) -> None:
    with (
        duckdb.connect() as connection,
        pytest.raises(WarehouseError, match=f"{message}. Export it as csv or parquet"),
    ):
        Sheet(connection, query).write(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["userz"], 1, "There is no table or view 'userz' in this database. Did you mean users"),
        ([], 2, "name tables, or --all for every one"),
        (["users", "--all"], 2, "name tables, or --all for every one"),
    ],
)
def test_mistakes_name_what_to_do(
    days: Days, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    command = ["export", *arguments, "--format", "csv", "--out", str(tmp_path / "out")]
    command += ["--database", str(days.folder / "now.duckdb")]
    if code == 2:
        with pytest.raises(SystemExit):
            main(command)
    else:
        assert main(command) == code
    assert message in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
