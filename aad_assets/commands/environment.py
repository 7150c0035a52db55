"""The settings as the commands see them: those that a reload in the working directory would use."""

import argparse
import os
import sys
from pathlib import Path

from dotenv import dotenv_values

from aad_assets.catalog import Entity
from aad_assets.metadata import apply, read
from aad_assets.settings import Settings, unknown_variables, variable


def read_environment() -> dict[str, str]:
    """Return the environment. As in Dagster, a `.env` file in the working directory overrides it."""
    file = {name: value for name, value in dotenv_values(Path(".env")).items() if value is not None}
    return {**os.environ, **file}


def read_settings(**overrides: str) -> Settings:
    """Return the settings with `overrides` of variables, and print a warning for each unknown `AAD_*` variable.

    Raises ConfigurationError if one cannot be used; `Connection.check` finds missing ones.
    """
    environment = {**read_environment(), **overrides}
    settings = Settings.from_environment(environment)
    for warning in unknown_variables(environment):
        print(f"aad-assets: {warning}", file=sys.stderr)
    return settings


def add_database(parser: argparse.ArgumentParser) -> None:
    """Add the option `--database`, which `database_override` passes on."""
    parser.add_argument("--database", metavar="FILE", help="the database to read (default: AAD_DATABASE)")


def add_format(parser: argparse.ArgumentParser) -> None:
    """Add the option `--format` of a command that prints rows."""
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table", help="output format (default: table)")


def database_override(options: argparse.Namespace) -> dict[str, str]:
    """Return the override of `read_settings` for the option `--database`."""
    return {variable("database"): options.database} if options.database else {}


def configured_entities(settings: Settings) -> tuple[Entity, ...]:
    """Return every entity as AAD_CONNECTION_METADATA configures it. Raises ConfigurationError for an unusable file."""
    return apply(read(settings.connection_metadata) if settings.connection_metadata else {})
