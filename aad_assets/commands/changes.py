"""`aad-assets changes`: print the changes that loads have recorded since a moment."""

import argparse
import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from itertools import islice
from typing import Any

from aad_assets.catalog import CATALOG
from aad_assets.commands import Subparsers
from aad_assets.commands.environment import add_database, add_format, database_override, read_settings
from aad_assets.errors import ConfigurationError
from aad_assets.untrusted import printable, printable_json
from aad_assets.warehouse.database.sql import utc_datetime
from aad_assets.warehouse.reading.moments import since_run
from aad_assets.warehouse.reading.names import Names, ids_in
from aad_assets.warehouse.reading.reader import SummaryRow, changes_since, moment, reading, summary_since
from aad_assets.warehouse.reading.recorded import check_since
from aad_assets.wording import counted

_COLUMNS = ("changed_at", "entity", "key", "change", "column_name", "old_value", "new_value")
_WIDTH = 60
_BATCH = 2_000
"""Changes whose names are looked up together."""


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
    add_format(parser)
    parser.add_argument("--summary", action="store_true", help="print only how many rows changed, by table and attribute")
    add_database(parser)
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Print the changes. Raises ConfigurationError or WarehouseError."""
    settings, since = read_settings(**database_override(options)), moment(options.since)
    if options.entity and options.entity not in CATALOG:
        raise ConfigurationError(f"There is no table {options.entity!r} (--entity). Use a name from docs/tables.")
    lock_wait = settings.lock_wait
    with reading(settings.database, bookkeeping_of=settings.connection_name, lock_wait=lock_wait) as connection:
        if later := check_since(connection, settings.connection_name, since, options.entity):
            print(later, file=sys.stderr)
        since = since_run(connection, settings.connection_name, since)
        if options.summary:
            _SUMMARIES[options.format](summary_since(connection, settings.connection_name, since, options.entity))
            return 0
        found = changes_since(connection, settings.connection_name, since, options.entity)
        rows = (dict(zip(_COLUMNS, (utc_datetime(at), *rest), strict=True)) for at, *rest in iter(found.fetchone, None))
        _PRINTERS[options.format](_with_names(rows, Names(connection.cursor(), settings.connection_name)))
    return 0


def _with_names(rows: Iterable[dict[str, Any]], names: Names) -> Iterator[dict[str, Any]]:
    """Yield the rows with `names`, the names of the ids in them by id."""
    rows = iter(rows)
    while batch := list(islice(rows, _BATCH)):
        ids = [ids_in(row) for row in batch]
        known = names.of(each for of_row in ids for candidates in of_row.values() for each in candidates)
        for row, of_row in zip(batch, ids, strict=True):
            named = {id_: [known[each] for each in candidates if each in known] for id_, candidates in of_row.items()}
            yield row | {"names": {id_: found[0] for id_, found in named.items() if found}}


def _print_json(rows: Iterable[dict[str, Any]]) -> None:
    """Print one object per line."""
    for row in rows:
        values = {name: _decoded(row[name]) for name in ("old_value", "new_value")}
        print(printable_json(json.dumps(row | {"changed_at": row["changed_at"].isoformat()} | values, ensure_ascii=False)))


def _print_csv(rows: Iterable[dict[str, Any]]) -> None:
    """Print CSV with a header."""
    writer = csv.DictWriter(sys.stdout, (*_COLUMNS, "names"), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        values = {name: row[name] and printable_json(row[name]) for name in ("old_value", "new_value")}
        names = printable_json(json.dumps(row["names"], ensure_ascii=False)) if row["names"] else None
        writer.writerow(row | {"changed_at": row["changed_at"].isoformat(), "names": names} | values)


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
    """Return the names of the ids in a row, and the attribute with its old and new value."""
    names = row["names"]
    if row["column_name"] is not None:
        values = [_with_name(_short(row[name]), names) for name in ("old_value", "new_value")]
        shown = [names[part] for part in row["key"].split("|") if part in names]
        return f"  {' · '.join(shown)}{'  ' if shown else ''}{row['column_name']}: {' → '.join(values)}"
    whole = _decoded(row["new_value"] or row["old_value"])
    named = {column: names[value] for column, value in whole.items() if isinstance(value, str) and value in names}
    stored = named.pop("id", "")
    of_ids = [f"{column} {name}" for column, name in named.items()]
    return f"  {', '.join(filter(None, [whole.get('displayName') or stored, *of_ids]))}"


def _with_name(text: str, names: Mapping[str, str]) -> str:
    """Return a value, with the name if it is an id that has one."""
    name = names.get(text.strip('"'))
    return f"{text} ({name})" if name else text


def _short(value: str | None) -> str:
    text = "NULL" if value is None else value
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"


def _decoded(text: str | None) -> Any:
    return None if text is None else json.loads(text)


_PRINTERS = {"table": _print_table, "json": _print_json, "csv": _print_csv}


def _print_summary(rows: Iterable[SummaryRow]) -> None:
    """Print a line for each kind of change."""
    rows = list(rows)
    if not rows:
        print("No changes.")
        return
    width = max(len(row.entity) for row in rows) + 2
    print(f"{'table':<{width}}{'change':<8}{'rows':>10}  attribute")
    for row in rows:
        print(f"{row.entity:<{width}}{row.change:<8}{row.rows:>10,}  {row.column or ''}".rstrip())


def _print_summary_json(rows: Iterable[SummaryRow]) -> None:
    """Print one object per line."""
    for row in rows:
        print(json.dumps(row._asdict()))


def _print_summary_csv(rows: Iterable[SummaryRow]) -> None:
    """Print CSV with a header."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(SummaryRow._fields)
    writer.writerows(rows)


_SUMMARIES = {"table": _print_summary, "json": _print_summary_json, "csv": _print_summary_csv}
