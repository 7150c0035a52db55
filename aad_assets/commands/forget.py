"""`aad-assets forget`: delete what the database holds of one person or one column (`aad_assets.warehouse.forgetting`)."""

import argparse
import re

from aad_assets.commands import Subparsers
from aad_assets.commands.environment import read_settings
from aad_assets.errors import ConfigurationError
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.forgetting.forget import forget
from aad_assets.wording import counted

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def add(subparsers: Subparsers) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "forget",
        help="delete everything that is stored of one person or one column",
        description="Delete a person or a column from the tables, their history, the recorded changes and rejects, the "
        "rows of blocked loads and the serving copy, and rewrite the database file without the space that they took. The "
        "settings name the database. What Graph still returns is loaded again by the next reload.",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--person", metavar="ID", help="object id of a user, also of a deleted one")
    what.add_argument(
        "--column", metavar="TABLE.COLUMN", help="such as users.mobilePhone, or a part such as sign_ins.location.city"
    )
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Forget, and print what was removed. Raises ConfigurationError or WarehouseError."""
    settings = read_settings()
    target = Target(settings.database, settings.connection_name, lock_wait=settings.lock_wait)
    column = None if options.column is None else _column(options.column)
    person = (options.person or "").strip()
    if column is None and not _ID.fullmatch(person):
        raise ConfigurationError("--person is not an object id. Look up the id of the user, such as in aad.users.")
    removed = forget(
        target,
        person=person,
        column=column,
        serving_copy=settings.serving_copy,
        memory_limit=settings.memory_limit,
    )
    for each in removed:
        verb = "rewritten" if each.place == settings.serving_copy else "deleted"
        print(f"{each.place}: {verb} {counted(each.number, each.what)}")
    if not removed:
        print("Nothing was found.")
    print(_advice(column))
    return 0


def _column(text: str) -> tuple[str, str]:
    table, _, column = text.strip().partition(".")
    if not table or not column:
        raise ConfigurationError("--column must name a table and a column, such as users.mobilePhone.")
    return table, column


def _advice(column: tuple[str, str] | None) -> str:
    if column is None:
        return "A reload stores again what Graph still returns of the person. Delete the person in Microsoft Entra ID first."
    value = "pseudonymise" if "." in column[1] else "off"
    choice = f"{column[0]}: {{columns: {{{column[1]}: {value}}}}}"
    return f"A reload stores it again unless the connection metadata turns it off or protects it, such as {choice}."
