"""The folder in which Dagster keeps runs, events and the state of schedules, and `aad-assets home`, which prints it."""

import argparse
from collections.abc import Mapping
from contextlib import suppress
from importlib.resources import files
from pathlib import Path

from aad_assets.commands import Subparsers
from aad_assets.commands.environment import read_environment

HOME = Path(".dagster")
"""Relative to the working directory."""

VARIABLE = "DAGSTER_HOME"
_CONFIGURATION = "dagster.yaml"


def add(subparsers: Subparsers) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "home",
        help="print the folder in which Dagster keeps its runs",
        description="Print DAGSTER_HOME if it is set, otherwise the folder .dagster here, which is created if it is missing. "
        "`export DAGSTER_HOME=$(aad-assets home)` shares it with Dagster's own commands.",
    )
    parser.set_defaults(function=run)


def run(_: argparse.Namespace) -> int:
    """Print the folder."""
    print(dagster_home(read_environment()))
    return 0


def dagster_home(environment: Mapping[str, str]) -> str:
    """Return DAGSTER_HOME, or the absolute path of `.dagster` in the working directory, which is created if missing."""
    return environment.get(VARIABLE, "").strip() or create_home(HOME)


def create_home(folder: Path) -> str:
    """Create a Dagster home that only this user can read, unless it exists. Return its absolute path.

    Files that exist stay as they are.
    """
    folder = folder.absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ours = files("aad_assets.commands").joinpath(_CONFIGURATION).read_text("utf-8")
    for name, text in ((_CONFIGURATION, ours), (".gitignore", "*\n")):
        with suppress(FileExistsError), (folder / name).open("x", encoding="utf-8") as file:
            file.write(text)
    return str(folder)
