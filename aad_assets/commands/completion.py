"""`aad-assets completion`: a script that completes commands, options, tables, groups and queries in a shell."""

import argparse
from collections.abc import Iterator

import shtab

from aad_assets.catalog import ENTITIES, Group
from aad_assets.catalog.views import VIEWS
from aad_assets.commands import Subparsers


def add(subparsers: Subparsers, root: argparse.ArgumentParser) -> None:
    """Add the command to the parser. `root` is the parser of all commands."""
    parser = subparsers.add_parser(
        "completion",
        help="print a script for completion in a shell",
        description="Print a script that completes the commands, options, tables, groups and queries of aad-assets. In "
        'bash: eval "$(aad-assets completion bash)"',
    )
    parser.add_argument("shell", choices=shtab.SUPPORTED_SHELLS, help="the shell")
    parser.set_defaults(function=run, root=root)


def run(options: argparse.Namespace) -> int:
    """Print the script."""
    root: argparse.ArgumentParser = options.root
    names = [*(entity.table for entity in ENTITIES), *(view.name for view in VIEWS)]
    for action in _actions(root):
        if action.metavar in ("TABLE", "NAME|SQL"):
            action.choices = names
        elif action.metavar == "GROUP":
            action.choices = [group.value for group in Group]
        elif action.metavar == "FILE":
            action.complete = shtab.FILE  # type: ignore[attr-defined]
    print(shtab.complete(root, shell=options.shell))
    return 0


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield the arguments of a parser and of its subcommands."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for each in action.choices.values():
                yield from _actions(each)
        else:
            yield action
