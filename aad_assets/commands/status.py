"""`aad-assets status`: the age, rows and last result of each table."""

import argparse
import sys
from datetime import UTC, datetime

from aad_assets.catalog.views import VIEWS
from aad_assets.commands import Subparsers
from aad_assets.commands.environment import add_database, database_override, read_settings
from aad_assets.commands.loads import LastLoad, last_loads, print_loads
from aad_assets.commands.selection import UnknownName, add_selection, selected
from aad_assets.errors import ConfigurationError
from aad_assets.warehouse.reading.reader import moment
from aad_assets.wording import counted


def add(subparsers: Subparsers) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "status",
        help="print the age, rows and last result of each table",
        description="Print when each table was last published, and how its last load ended. Exit with 1 if a load failed "
        "or was blocked, or if a table is older than asked. A table that was skipped because the tenant or the app cannot "
        "have it counts as neither.",
    )
    add_selection(parser, "all tables (default)")
    parser.add_argument("--older-than", metavar="AGE", help="fail if a table is older, such as 26h or 7d")
    add_database(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object per table")
    parser.set_defaults(function=run, parser=parser)


def run(options: argparse.Namespace) -> int:
    """Print the status, and return 1 if a table is not as asked. Raises ConfigurationError or WarehouseError."""
    settings = read_settings(**database_override(options))
    now = datetime.now(UTC)
    everything = options.all or not (options.tables or options.group)
    try:
        names = selected(settings, options.tables, options.group, everything=everything)
    except UnknownName as error:
        options.parser.error(str(error))
    views = {view.name for view in VIEWS}
    loads = last_loads(settings, [name for name in names if name not in views])
    print_loads(loads, now, as_json=options.json)
    bad = [load for load in loads if load.status in ("blocked", "failed")]
    if bad:
        print(f"The last load of {counted(len(bad), 'table')} failed or was blocked.", file=sys.stderr)
    old = [load for load in loads if load.status != "skipped" and _is_older(load, options.older_than, now)]
    if old:
        are = "is" if len(old) == 1 else "are"
        print(f"{counted(len(old), 'table')} {are} older than {options.older_than}.", file=sys.stderr)
    return 1 if bad or old else 0


def _is_older(load: LastLoad, age: str | None, now: datetime) -> bool:
    """Return whether the table was last published longer ago than `age`, or never. Raises ConfigurationError."""
    if age is None:
        return False
    if age[-1:] not in ("h", "d", "w"):
        raise ConfigurationError(f"--older-than {age!r} is not an age. Write 26h, 7d or 2w.")
    return load.published_at is None or load.published_at < moment(age, now)
