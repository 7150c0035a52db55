"""`aad-assets query`: run a documented query by its name, or SQL, and print the rows."""

import argparse
import csv
import re
import shutil
import sys
from collections.abc import Iterator

import duckdb

from aad_assets.catalog import ENTITIES
from aad_assets.catalog.types import quoted
from aad_assets.catalog.view import query_on
from aad_assets.catalog.views import VIEWS
from aad_assets.commands import Subparsers
from aad_assets.commands.environment import add_database, add_format, database_override, read_settings
from aad_assets.commands.selection import similar_names
from aad_assets.errors import WarehouseError
from aad_assets.untrusted import printable, printable_json
from aad_assets.warehouse.database.sql import ALIAS
from aad_assets.warehouse.reading.reader import reading

_ROWS = 40
"""Rows that a table for people shows by default."""
_BATCH = 1_000
_WIDTH = 160
"""Columns of the output if it is not a terminal."""
_LONGEST_ERROR = 500


def add(subparsers: Subparsers) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "query",
        help="run a documented query, or SQL",
        description="Run the query that docs/tables or docs/views.md gives for a table or view, or SQL of your own, and "
        "print the rows. Names without a schema are those of the connection. The database is opened read-only. Without "
        "an argument, list the queries. The output contains personal data.",
    )
    parser.add_argument("query", nargs="?", metavar="NAME|SQL", help="a table or view, such as users, or SQL")
    add_format(parser)
    parser.add_argument("--rows", type=int, default=_ROWS, help=f"most rows of the format table (default: {_ROWS})")
    add_database(parser)
    parser.set_defaults(function=run, parser=parser)


def documented_queries() -> dict[str, tuple[str, str]]:
    """Return what each documented query answers, and its SQL for a connection called `aad`, by the table or view."""
    queries = {entity.table: (entity.query.splitlines()[0].lstrip("- "), entity.query) for entity in ENTITIES}
    return queries | {view.name: (view.purpose, view.query) for view in VIEWS}


def run(options: argparse.Namespace) -> int:
    """Print the rows, or the queries. Raises ConfigurationError or WarehouseError."""
    queries = documented_queries()
    if options.query is None:
        width = max(map(len, queries)) + 2
        for name, (purpose, _) in queries.items():
            print(f"{name:<{width}}{purpose}")
        return 0
    settings = read_settings(**database_override(options))
    name = settings.connection_name
    if options.query in queries:
        purpose, sql = queries[options.query]
        sql = query_on(sql, name)
        print(f"-- {purpose}", file=sys.stderr)
    elif re.search(r"\s", options.query.strip()):
        sql = options.query
    else:
        hint = similar_names(options.query, queries) or "`aad-assets query` lists the names."
        options.parser.error(f"there is no query {options.query!r}. {hint}")
    # As for `aad_assets.read`, the serving copy comes first, which no reload locks.
    database = settings.database if options.database else settings.serving_copy or settings.database
    with reading(database, lock_wait=settings.lock_wait) as connection:
        try:
            connection.execute(f"USE {ALIAS}.{quoted(name)}")
        except duckdb.CatalogException:
            raise WarehouseError(
                f"There are no tables of {name!r} (AAD_CONNECTION_NAME) in this database. Reload first."
            ) from None
        try:
            found = connection.sql(sql)
            if found is not None:  # None for a statement without rows, such as SET.
                _print(found, options.format, options.rows)
        except duckdb.Error as error:
            text = printable(" ".join(str(error).split()))[:_LONGEST_ERROR]
            raise WarehouseError(f"The query failed: {text}") from None
    return 0


def _print(found: duckdb.DuckDBPyRelation, format_: str, rows: int) -> None:
    if format_ == "json":
        for (text,) in _batches(found.query("found", "SELECT to_json(found)::VARCHAR FROM found")):
            print(printable_json(text or "null"))
    elif format_ == "csv":
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(found.columns)
        for row in _batches(found.query("found", "SELECT COLUMNS(*)::VARCHAR FROM found")):
            writer.writerow(row)
    else:
        width = shutil.get_terminal_size((_WIDTH, 0)).columns
        found.show(max_rows=max(rows, 1), max_width=max(width, 40))


def _batches(found: duckdb.DuckDBPyRelation) -> Iterator[tuple[str | None, ...]]:
    while batch := found.fetchmany(_BATCH):
        yield from batch
