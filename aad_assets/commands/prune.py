"""`aad-assets prune`: delete old history and changes, and shrink the database (`aad_assets.warehouse.prune`)."""

import argparse
from datetime import UTC, datetime, timedelta

from aad_assets.commands import Subparsers
from aad_assets.commands.environment import read_settings
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.prune import age, prune_and_shrink


def add(subparsers: Subparsers) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "prune",
        help="delete old history and changes, and shrink the database",
        description="Delete versions that ended, and changes that were recorded, before the given ages. Rewrite the database "
        "file without the space that they took. Current rows are never deleted.",
    )
    parser.add_argument("--history-older-than", metavar="AGE", type=_age, help="such as 400d (default: keep all versions)")
    parser.add_argument("--changes-older-than", metavar="AGE", type=_age, help="such as 400d (default: keep all changes)")
    parser.set_defaults(function=run)


def _age(text: str) -> timedelta:
    try:
        return age(text)
    except ValueError as error:  # argparse would drop the text of a ValueError
        raise argparse.ArgumentTypeError(str(error)) from None


def run(options: argparse.Namespace) -> int:
    """Prune, and print what was deleted. Raises WarehouseError."""
    settings, now = read_settings(), datetime.now(UTC)
    ages = (options.history_older_than, options.changes_older_than)
    history, changes = (None if age is None else now - age for age in ages)
    target = Target(settings.database, settings.connection_name)
    pruned = prune_and_shrink(target, history_before=history, changes_before=changes)
    print(pruned)
    return 0
