"""Tables and views as files for spreadsheets and BI tools: CSV, Parquet or Excel, from the schema `<connection>_flat`.

A file holds one flat view, so that each list of a table is a file of its own. Files are complete or not there, and only their
owner can read them. Excel has limits that the other formats do not have; what does not fit is an error, and never lost.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import xlsxwriter

from aad_assets.catalog.types import quoted
from aad_assets.errors import WarehouseError
from aad_assets.warehouse.database.private_files import create_file
from aad_assets.warehouse.database.sql import ALIAS, sql_string

FORMATS = ("xlsx", "csv", "parquet")

# support.microsoft.com: "Excel specifications and limits".
_MOST_ROWS = 1_048_575
"""Without the header."""
_LONGEST_TEXT = 32_767
_LONGEST_SHEET_NAME = 31
_EXACT = 2**53
"""Integers from here on are texts, because Excel's numbers are doubles."""
_FIRST_YEAR = 1900
"""Earlier dates are texts."""
_BATCH = 1_000


@dataclass(frozen=True)
class Exported:
    """A file that was written, and the number of its rows."""

    path: Path
    rows: int


def stored_tables(connection: duckdb.DuckDBPyConnection, connection_name: str) -> dict[str, list[str]]:
    """Return the flat views of each table and view in the database, its own first.

    Raises WarehouseError if no load of this release has written any.
    """
    schema = f"{connection_name}_flat"
    try:
        found = connection.execute(
            f"SELECT owner, views FROM {ALIAS}.{quoted(f'{connection_name}_meta')}.definitions ORDER BY owner"
        ).fetchall()
    except duckdb.CatalogException:
        found = []
    flat = {owner: [view.partition(".")[2] for view in views if view.startswith(f"{schema}.")] for owner, views in found}
    if not any(flat.values()):
        raise WarehouseError(
            f"There are no flat tables of {connection_name!r} (AAD_CONNECTION_NAME) in this database. Reload."
        )
    return {owner: views for owner, views in flat.items() if views}


def export_view(
    connection: duckdb.DuckDBPyConnection, connection_name: str, view: str, folder: Path, format_: str
) -> Exported:
    """Write a flat view to `folder/view.format`, which is replaced.

    Raises WarehouseError if the file cannot be written or a value does not fit Excel, and duckdb.InvalidInputException if
    the moment that the session has set is not recorded.
    """
    relation = f"{ALIAS}.{quoted(f'{connection_name}_flat')}.{quoted(view)}"
    path = folder / f"{view}.{format_}"
    partial = folder / f".{view}.{format_}.partial"
    try:
        partial.unlink(missing_ok=True)
        create_file(partial)
        if format_ == "xlsx":
            rows = _write_excel(connection, relation, view, partial)
        else:
            options = "FORMAT csv, HEADER" if format_ == "csv" else "FORMAT parquet"
            copied = connection.execute(
                f"COPY (FROM {relation} ORDER BY ALL) TO {sql_string(str(partial))} ({options}, USE_TMP_FILE false)"
            ).fetchone()
            rows = int(copied[0]) if copied else 0
        partial.replace(path)
    except OSError as error:
        raise WarehouseError(f"Cannot write {path}: {error.strerror}. Check the folder and free disk space.") from None
    finally:
        partial.unlink(missing_ok=True)
    return Exported(path, rows)


def _write_excel(connection: duckdb.DuckDBPyConnection, relation: str, view: str, path: Path) -> int:
    _check_excel(connection, relation, view)
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options | {"tmpdir": str(path.parent)}) as book:
        sheet = book.add_worksheet(view[:_LONGEST_SHEET_NAME])
        formats: dict[type, Any] = {
            datetime: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss.000"}),
            date: book.add_format({"num_format": "yyyy-mm-dd"}),
        }
        sheet.freeze_panes(1, 0)
        found = connection.execute(f"FROM {relation} ORDER BY ALL")
        names = [name for name, *_ in found.description or ()]
        for place, name in enumerate(names):
            sheet.write_string(0, place, name)
        number = 0
        for number, row in enumerate(_rows(found), 1):
            for place, value in enumerate(row):
                _write_cell(sheet, number, place, value, formats)
        sheet.autofilter(0, 0, number, max(len(names) - 1, 0))
    return number


def _rows(found: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while batch := found.fetchmany(_BATCH):
        yield from batch


def _write_cell(sheet: Any, row: int, place: int, value: Any, formats: dict[type, Any]) -> None:
    match value:
        case None:
            return
        case bool():
            sheet.write_boolean(row, place, value)
        case int() if abs(value) < _EXACT:
            sheet.write_number(row, place, value)
        case float() if abs(value) < float("inf"):
            sheet.write_number(row, place, value)
        case date() if value.year >= _FIRST_YEAR:  # a datetime is a date
            sheet.write_datetime(row, place, value, formats[type(value)])
        case _:
            sheet.write_string(row, place, str(value))


def _check_excel(connection: duckdb.DuckDBPyConnection, relation: str, view: str) -> None:
    """Raise WarehouseError for more rows, or a longer text, than Excel takes."""
    described = connection.execute(f"FROM {relation} LIMIT 0").description or ()
    texts = [name for name, type_, *_ in described if str(type_) == "VARCHAR"]
    longest = ", ".join(f"coalesce(max(len({quoted(name)})), 0)" for name in texts)
    rows, *lengths = connection.execute(f"SELECT count(*){f', {longest}' if texts else ''} FROM {relation}").fetchall()[0]
    advice = "Export it as csv or parquet."
    if rows > _MOST_ROWS:
        raise WarehouseError(f"{view} has {rows:,} rows, and an Excel sheet takes {_MOST_ROWS:,}. {advice}")
    for name, length in zip(texts, lengths, strict=True):
        if length > _LONGEST_TEXT:
            raise WarehouseError(
                f"{view}.{name} has a text of {length:,} characters, and an Excel cell takes {_LONGEST_TEXT:,}. {advice}"
            )
