"""The command line `aad-assets`. Each command is a module of `aad_assets.commands`."""

import argparse
import os
import sys
import traceback
from collections.abc import Sequence
from importlib.metadata import version

from aad_assets.commands import (
    changes,
    check,
    completion,
    demo,
    dev,
    export,
    forget,
    home,
    login,
    logout,
    metadata,
    prune,
    query,
    reload,
    status,
)
from aad_assets.commands.output import printable_output
from aad_assets.demo import DemoServerError
from aad_assets.errors import AadAssetsError
from aad_assets.masking import masked


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return the exit code: 0, 1 for an error, 130 after Ctrl-C, 141 for a closed pipe."""
    with printable_output():
        return _main(arguments)


def _main(arguments: Sequence[str] | None) -> int:
    options = parser().parse_args(arguments)
    try:
        code: int = options.function(options)
        sys.stdout.flush()
    except (AadAssetsError, DemoServerError) as error:
        print(masked(f"aad-assets: {error}"), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `aad-assets changes … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes stdout once more when it exits.
        return 141
    except Exception:  # Python would print the text of the error as it is.
        print(masked(traceback.format_exc()), file=sys.stderr)
        return 1
    return code


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    commands = argparse.ArgumentParser(prog="aad-assets", description="A Microsoft Entra ID tenant in DuckDB.")
    commands.add_argument("--version", action="version", version=f"%(prog)s {version('aad_assets')}")
    subparsers = commands.add_subparsers(required=True, metavar="COMMAND")
    for command in (demo, dev, home, login, logout, check, reload, status, query, changes, export, metadata, prune, forget):
        command.add(subparsers)
    completion.add(subparsers, commands)
    return commands


if __name__ == "__main__":
    sys.exit(main())
