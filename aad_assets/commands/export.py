"""`aad-assets export`: write tables and views to files for spreadsheets and BI tools."""

import argparse
import sys
from pathlib import Path

import duckdb

from aad_assets.commands import Subparsers
from aad_assets.commands.environment import add_database, database_override, read_settings
from aad_assets.commands.selection import similar_names
from aad_assets.errors import AadAssetsError, ConfigurationError, WarehouseError
from aad_assets.warehouse.reading.export import FORMATS, export_view, stored_tables
from aad_assets.warehouse.reading.moments import outside_history, set_as_of
from aad_assets.warehouse.reading.reader import moment, reading


def add(subparsers: Subparsers) -> None:
    """Add this command to the command line."""
    parser = subparsers.add_parser(
        "export",
        help="write tables to Excel, CSV or Parquet files",
        description="Write tables and views to files for spreadsheets and BI tools, without nested values: the fields of "
        "structs are columns, lists of values are joined by `; `, and each list of structs is a file of its own. Times are "
        "UTC. The files contain personal data, and only you can read them.",
    )
    parser.add_argument("tables", nargs="*", metavar="TABLE", help="a table or view, such as users")
    parser.add_argument("--all", action="store_true", help="export every table and view in the database")
    parser.add_argument("--format", choices=FORMATS, required=True, help="format of the files")
    parser.add_argument("--out", metavar="FOLDER", required=True, type=Path, help="where to write them")
    parser.add_argument("--at", metavar="WHEN", help="as of a moment: 2026-11-01, 2026-11-01T12:00, yesterday or 7d, in UTC")
    add_database(parser)
    parser.set_defaults(function=run, parser=parser)


def run(options: argparse.Namespace) -> int:
    """Write the files, each whether or not others can be written; 1 if one cannot. Raises AadAssetsError."""
    if bool(options.tables) == options.all:
        options.parser.error("name tables, or --all for every one")
    settings, at = read_settings(**database_override(options)), moment(options.at) if options.at else None
    database = settings.database if options.database else settings.serving_copy or settings.database
    name = settings.connection_name
    failed = 0
    with reading(database, bookkeeping_of=name, lock_wait=settings.lock_wait) as connection:
        stored = stored_tables(connection, name)
        for table in options.tables:
            if table not in stored:
                hint = similar_names(table, stored) or "Reload it first; `aad-assets status` lists the tables."
                raise ConfigurationError(f"There is no table or view {table!r} in this database. {hint}")
        _make_folder(options.out)
        set_as_of(connection, at)
        for table in options.tables or stored:
            failed += not _export(connection, name, table, stored[table], options)
    if failed:
        print(f"{failed} of {len(options.tables or stored)} tables were not exported.", file=sys.stderr)
    return 1 if failed else 0


def _export(
    connection: duckdb.DuckDBPyConnection, name: str, table: str, views: list[str], options: argparse.Namespace
) -> bool:
    """Write the files of a table, and print a line for each; return whether all could be written."""
    error: AadAssetsError
    try:
        for view in views:
            exported = export_view(connection, name, view, options.out, options.format)
            print(f"{exported.path}: {exported.rows:,} rows", flush=True)
        return True
    except WarehouseError as caught:
        error = caught
    except duckdb.InvalidInputException as caught:
        error = outside_history(caught)
    except duckdb.Error as caught:  # its text may quote values
        error = WarehouseError(f"{table} could not be read ({type(caught).__name__}). Reload it, and try again.")
    print(f"aad-assets: {error}", file=sys.stderr)
    return False


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"Cannot create the folder {folder} (--out): {error.strerror}.") from None
