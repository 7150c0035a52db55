"""`aad-assets prune`: forget old history and changes, and shrink the database. Not here: how (`warehouse/prune.py`)."""

import argparse
from datetime import UTC, datetime, timedelta

from aad_assets.commands import Subparsers
from aad_assets.commands.environment import settings
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.prune import age, prune_and_shrink


def add(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "prune",
        help="forget old history and changes, and shrink the database",
        description="Delete versions that ended, and changes that happened, longer ago than said, and write the database "
        "file anew without the room that they took. Current rows are never touched.",
    )
    parser.add_argument("--history-older-than", metavar="AGE", type=_age, help="such as 400d; default: history stays")
    parser.add_argument("--changes-older-than", metavar="AGE", type=_age, help="such as 400d; default: changes stay")
    parser.set_defaults(function=run)


def _age(text: str) -> timedelta:
    try:
        return age(text)
    except ValueError as error:  # argparse would leave out what it says
        raise argparse.ArgumentTypeError(str(error)) from None


def run(options: argparse.Namespace) -> int:
    """Prune, and say what was deleted. Raises WarehouseError."""
    chosen, now = settings(), datetime.now(UTC)
    ages = (options.history_older_than, options.changes_older_than)
    history, changes = (None if age is None else now - age for age in ages)
    target = Target(chosen.database, chosen.connection_name)
    pruned = prune_and_shrink(target, history_before=history, changes_before=changes)
    print(pruned)
    return 0
