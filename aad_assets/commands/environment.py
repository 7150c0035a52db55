"""The settings as the commands see them: those that a reload in this folder would have."""

import os
from pathlib import Path

from dotenv import dotenv_values

from aad_assets.catalog import Entity
from aad_assets.metadata import apply, read
from aad_assets.settings import Settings


def environment() -> dict[str, str]:
    """The environment and, as Dagster has it, what a `.env` file in the working directory says instead."""
    file = {name: value for name, value in dotenv_values(Path(".env")).items() if value is not None}
    return {**os.environ, **file}


def settings() -> Settings:
    """Raises ConfigurationError when a setting cannot be read; `connection.check()` tells what else is missing."""
    return Settings.from_environment(environment())


def configured(chosen: Settings) -> tuple[Entity, ...]:
    """Every entity as AAD_CONNECTION_METADATA has it. Raises ConfigurationError when that file cannot be used."""
    return apply(read(chosen.connection_metadata) if chosen.connection_metadata else {})
