"""`aad-assets changes`: what the loads since a moment found changed. Not here: how changes are found (`warehouse/`)."""

import argparse
import csv
import json
import sys
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from aad_assets.catalog import CATALOG
from aad_assets.commands import Subparsers
from aad_assets.commands.environment import settings
from aad_assets.errors import ConfigurationError
from aad_assets.warehouse.database.sql import utc
from aad_assets.warehouse.reader import changes_since, moment, reading

_COLUMNS = ("changed_at", "entity", "key", "change", "column_name", "old_value", "new_value")
_WIDTH = 60


def add(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "changes",
        help="print what changed since a moment",
        description="Print what the loads since a moment inserted, updated and deleted, attribute by attribute, from the "
        "database that the settings name. The output holds personal data.",
    )
    parser.add_argument("--since", required=True, help="2026-11-01, 2026-11-01T12:00, today, yesterday, 7d, 12h (UTC)")
    parser.add_argument("--entity", metavar="TABLE", help="of one table alone, such as users")
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table", help="default: table")
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Print the changes. Raises ConfigurationError or WarehouseError."""
    chosen, since = settings(), moment(options.since)
    if options.entity and options.entity not in CATALOG:
        raise ConfigurationError(f"--entity {options.entity}: there is no such table; docs/tables has the names.")
    with reading(chosen.database) as connection:
        found = changes_since(connection, chosen.connection_name, since, options.entity)
        rows = (dict(zip(_COLUMNS, (utc(at), *rest), strict=True)) for at, *rest in iter(found.fetchone, None))
        _PRINTERS[options.format](rows)
    return 0


def _print_json(rows: Iterable[dict[str, Any]]) -> None:
    """An object a line."""
    for row in rows:
        values = {name: _decoded(row[name]) for name in ("old_value", "new_value")}
        print(json.dumps(row | {"changed_at": row["changed_at"].isoformat()} | values, ensure_ascii=False))


def _print_csv(rows: Iterable[dict[str, Any]]) -> None:
    writer = csv.DictWriter(sys.stdout, _COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(row | {"changed_at": row["changed_at"].isoformat()})


def _print_table(rows: Iterable[dict[str, Any]]) -> None:
    """A heading for each entity and load, a line for each change."""
    heading: tuple[datetime, str] | None = None
    number = 0
    for number, row in enumerate(rows, 1):  # noqa: B007 - counted
        if heading != (row["changed_at"], row["entity"]):
            heading = (row["changed_at"], row["entity"])
            print(f"{row['entity']}, {row['changed_at']:%Y-%m-%d %H:%M:%S} UTC")
        print(f"  {row['change']:<7} {row['key']}{_shown(row)}")
    print(f"{number:,} changes" if number else "No changes.")


def _shown(row: dict[str, Any]) -> str:
    if row["column_name"] is None:
        whole = _decoded(row["new_value"] or row["old_value"])
        name = whole.get("displayName") or ""
        return f"  {name}"
    return f"  {row['column_name']}: {_short(row['old_value'])} → {_short(row['new_value'])}"


def _short(value: str | None) -> str:
    text = "NULL" if value is None else value
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def _decoded(text: str | None) -> Any:
    return None if text is None else json.loads(text)


_PRINTERS = {"table": _print_table, "json": _print_json, "csv": _print_csv}
