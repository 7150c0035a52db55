"""`aad-assets reload`: reload the tables that are named, and nothing else."""

import argparse
import json
import os
import sys
from datetime import UTC, datetime

from aad_assets.catalog.views import VIEWS
from aad_assets.commands import Subparsers
from aad_assets.commands.children import materialize_command, run_child
from aad_assets.commands.environment import read_environment, read_settings
from aad_assets.commands.home import VARIABLE, dagster_home
from aad_assets.commands.loads import last_loads, print_loads
from aad_assets.commands.selection import UnknownName, add_selection, selected
from aad_assets.errors import WarehouseError


def add(subparsers: Subparsers) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "reload",
        help="reload the tables that are named",
        description="Reload tables, views or groups through Dagster, and print how each load ended. A name that does not "
        "exist is an error, and nothing is reloaded. Exit with 0 if every table was published, or skipped because the "
        "tenant or the app cannot have it, with 1 if any failed or was blocked, and with 2 for a wrong name or option.",
    )
    add_selection(parser, "everything that is turned on")
    parser.add_argument(
        "--allow", action="append", default=[], metavar="TABLE=GATE", help="open a gate for this run, such as groups=empty"
    )
    parser.add_argument(
        "--log-days",
        action="append",
        default=[],
        metavar="DAYS",
        help="days of the logs: 2026-11-01, or 2026-11-01..2026-11-05",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object per table, and Dagster's log to stderr")
    parser.set_defaults(function=run, parser=parser)


def run(options: argparse.Namespace) -> int:
    """Reload, and return the exit code of the run. Raises ConfigurationError or WarehouseError."""
    settings = read_settings()
    try:
        names = selected(settings, options.tables, options.group, everything=options.all)
        allow = _gates(options.allow)
    except UnknownName as error:
        options.parser.error(str(error))
    connection = settings.connection_name
    prefix = "" if connection == "aad" else f"{connection}_"
    config = {key: value for key, value in (("allow", allow), ("log_days", options.log_days)) if value}
    command = materialize_command(" or ".join(f'key:"{connection}/{name}"' for name in names))
    if config:
        command += ["--config-json", json.dumps({"ops": {f"{prefix}reload": {"config": config}}})]
    started = datetime.now(UTC)
    environment = {**os.environ, VARIABLE: dagster_home(read_environment())}
    code = run_child(command, env=environment, stdout=sys.stderr.fileno() if options.json else None)
    try:
        views = {view.name for view in VIEWS}
        loads = last_loads(settings, [name for name in names if name not in views], started)
    except WarehouseError:
        loads = []  # The run has said why there is no database.
    sys.stdout.flush()
    print_loads(loads, datetime.now(UTC), as_json=options.json)
    return 1 if code else 0


def _gates(given: list[str]) -> dict[str, list[str]]:
    """Return the gates to open, by table. Dagster's run checks their names."""
    gates: dict[str, list[str]] = {}
    for text in given:
        table, separator, gate = text.partition("=")
        if not (table and separator and gate):
            raise UnknownName(f"--allow {text!r} is not TABLE=GATE, such as groups=empty.")
        gates.setdefault(table, []).append(gate)
    return gates
