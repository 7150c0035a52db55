"""`aad-assets prune`: delete old history and changes, and shrink the database (`aad_assets.warehouse.prune`)."""

import argparse
from collections.abc import Sequence
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
        "file without the space that they took. Current rows are never deleted. Without options, AAD_KEEP_HISTORY and "
        "AAD_KEEP_CHANGES say what is deleted.",
    )
    parser.add_argument("--history-older-than", metavar="AGE", type=_age, help="such as 400d (default: AAD_KEEP_HISTORY)")
    parser.add_argument("--changes-older-than", metavar="AGE", type=_age, help="such as 400d (default: AAD_KEEP_CHANGES)")
    parser.set_defaults(function=run)


def _age(text: str) -> timedelta:
    try:
        return age(text)
    except ValueError as error:  # argparse would drop the text of a ValueError
        raise argparse.ArgumentTypeError(str(error)) from None


def run(options: argparse.Namespace) -> int:
    """Prune, and print what was deleted. Raises WarehouseError."""
    settings, now = read_settings(), datetime.now(UTC)
    given: Sequence[timedelta | None] = (options.history_older_than, options.changes_older_than)
    if not any(each is not None for each in given):
        given = [age(text) if text else None for text in (settings.keep_history, settings.keep_changes)]
    history, changes = (None if each is None else now - each for each in given)
    target = Target(settings.database, settings.connection_name, lock_wait=settings.lock_wait)
    pruned = prune_and_shrink(target, history_before=history, changes_before=changes, memory_limit=settings.memory_limit)
    print(pruned)
    return 0
