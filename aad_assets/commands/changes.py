"""`aad-assets changes`: print the changes that loads have recorded since a moment."""

import argparse
import csv
import json
import sys
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from aad_assets.catalog import CATALOG
from aad_assets.commands import Subparsers
from aad_assets.commands.environment import add_database, database_override, read_settings
from aad_assets.errors import ConfigurationError
from aad_assets.untrusted import printable, printable_json
from aad_assets.warehouse.database.sql import utc_datetime
from aad_assets.warehouse.reading.reader import changes_since, moment, reading
from aad_assets.warehouse.reading.recorded import check_since
from aad_assets.wording import counted

_COLUMNS = ("changed_at", "entity", "key", "change", "column_name", "old_value", "new_value")
_WIDTH = 60


def add(subparsers: Subparsers) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "changes",
        help="print what changed since a moment",
        description="Print what loads have inserted, updated and deleted since a moment, attribute by attribute. The "
        "settings name the database. The output contains personal data.",
    )
    parser.add_argument(
        "--since", required=True, metavar="WHEN", help="2026-11-01, 2026-11-01T12:00, today, yesterday, 7d or 12h, in UTC"
    )
    parser.add_argument("--entity", metavar="TABLE", help="show only changes to this table, such as users")
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table", help="output format (default: table)")
    add_database(parser)
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Print the changes. Raises ConfigurationError or WarehouseError."""
    settings, since = read_settings(**database_override(options)), moment(options.since)
    if options.entity and options.entity not in CATALOG:
        raise ConfigurationError(f"There is no table {options.entity!r} (--entity). Use a name from docs/tables.")
    lock_wait = settings.lock_wait
    with reading(settings.database, bookkeeping_of=settings.connection_name, lock_wait=lock_wait) as connection:
        found = changes_since(connection, settings.connection_name, since, options.entity)
        if later := check_since(connection.cursor(), settings.connection_name, since, options.entity):
            print(later, file=sys.stderr)
        rows = (dict(zip(_COLUMNS, (utc_datetime(at), *rest), strict=True)) for at, *rest in iter(found.fetchone, None))
        _PRINTERS[options.format](rows)
    return 0


def _print_json(rows: Iterable[dict[str, Any]]) -> None:
    """Print one object per line."""
    for row in rows:
        values = {name: _decoded(row[name]) for name in ("old_value", "new_value")}
        print(printable_json(json.dumps(row | {"changed_at": row["changed_at"].isoformat()} | values, ensure_ascii=False)))


def _print_csv(rows: Iterable[dict[str, Any]]) -> None:
    """Print CSV with a header."""
    writer = csv.DictWriter(sys.stdout, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        values = {name: row[name] and printable_json(row[name]) for name in ("old_value", "new_value")}
        writer.writerow(row | {"changed_at": row["changed_at"].isoformat()} | values)


def _print_table(rows: Iterable[dict[str, Any]]) -> None:
    """Print a heading for each entity and load, and a line for each change."""
    heading: tuple[datetime, str] | None = None
    number = 0
    for number, row in enumerate(rows, 1):  # noqa: B007 - counted
        if heading != (row["changed_at"], row["entity"]):
            heading = (row["changed_at"], row["entity"])
            print(f"{row['entity']}, {row['changed_at']:%Y-%m-%d %H:%M:%S} UTC")
        print(printable(f"  {row['change']:<7} {row['key']}{_describe(row)}"))
    print(counted(number, "change") if number else "No changes.")


def _describe(row: dict[str, Any]) -> str:
    """Return the display name of a row that was inserted or deleted, or the attribute with its old and new value."""
    if row["column_name"] is None:
        whole = _decoded(row["new_value"] or row["old_value"])
        return f"  {whole.get('displayName') or ''}"
    return f"  {row['column_name']}: {_short(row['old_value'])} → {_short(row['new_value'])}"


def _short(value: str | None) -> str:
    text = "NULL" if value is None else value
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def _decoded(text: str | None) -> Any:
    return None if text is None else json.loads(text)


_PRINTERS = {"table": _print_table, "json": _print_json, "csv": _print_csv}
