"""`aad-assets dev`: Dagster's UI, schedules and sensors on this machine."""

import argparse
import os
import sys
from importlib.util import find_spec
from pathlib import Path

from aad_assets.commands import Subparsers
from aad_assets.commands.children import run_child
from aad_assets.commands.environment import read_environment
from aad_assets.commands.home import VARIABLE, dagster_home

_NO_CREDENTIALS = """\
No credentials are set. The UI opens, but runs fail and list what is missing. Put them into .env:
  AAD_TENANT_ID=…
  AAD_CLIENT_ID=…
  AAD_CLIENT_SECRET=…
README.md explains how to get them. make dev DEMO=1 needs none."""


def add(subparsers: Subparsers) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "dev",
        help="start Dagster's UI and schedules",
        description="Start Dagster's UI, schedules and sensors until Ctrl-C, with the runs and the state of schedules in "
        "DAGSTER_HOME, or in .dagster here.",
    )
    parser.add_argument("-p", "--port", help="port of the UI (default: 3000)")
    parser.add_argument("--host", help="address on which the UI listens (default: 127.0.0.1, this machine alone)")
    parser.add_argument(
        "-w", "--workspace", help="file that names the code locations (default: workspace.yaml here, or this one alone)"
    )
    parser.set_defaults(function=run)


def run(options: argparse.Namespace) -> int:
    """Run until stopped, and return the exit code of Dagster."""
    environment = read_environment()
    if not environment.get("AAD_TENANT_ID", "").strip():
        print(_NO_CREDENTIALS, flush=True)
    workspace = options.workspace or ("workspace.yaml" if Path("workspace.yaml").exists() else None)
    arguments = ["-w", workspace] if workspace else ["-m", "aad_assets.definitions"]
    for name in ("port", "host"):
        if value := getattr(options, name):
            arguments += [f"--{name}", value]
    home = dagster_home(environment)
    print(f"Dagster keeps its runs in {home}", flush=True)
    return run_child([sys.executable, *_dagster(), "dev", *arguments], env={**os.environ, VARIABLE: home})


def _dagster() -> list[str]:
    """Return the arguments of Python that start Dagster's command line: `dg`, which supersedes `dagster`, if installed."""
    return ["-c", "from dagster_dg_cli.cli import main; main()"] if find_spec("dagster_dg_cli") else ["-m", "dagster"]
