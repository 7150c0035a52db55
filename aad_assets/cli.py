"""The command `aad-assets`: what people run besides Dagster. Each command is a module of `aad_assets.commands`."""

import argparse
import os
import sys
from collections.abc import Sequence

from aad_assets.commands import changes, check, demo, login, logout, metadata, prune
from aad_assets.demo import DemoServerError
from aad_assets.errors import AadAssetsError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.function(options)
        sys.stdout.flush()
    except (AadAssetsError, DemoServerError) as error:
        print(f"aad-assets: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `aad-assets changes … | head`: who reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nor does Python complain when it ends
        return 141
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="aad-assets", description="A Microsoft Entra ID tenant in DuckDB.")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (demo, login, logout, check, metadata, changes, prune):
        command.add(subparsers)
    return parser


if __name__ == "__main__":
    sys.exit(main())
