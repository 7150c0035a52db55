"""The settings of a connection: declared once, read from the environment, and checked before a run."""

from aad_assets.settings.connection import AUTH_METHODS, CLOUDS, Connection
from aad_assets.settings.database import (
    absolute,
    check_connection_name,
    check_database_name,
    is_file,
    redact_database,
    resolve_database,
)
from aad_assets.settings.declaration import ConnectionFields, DatabaseFields, variable
from aad_assets.settings.environment import Settings

__all__ = [
    "AUTH_METHODS",
    "CLOUDS",
    "Connection",
    "ConnectionFields",
    "DatabaseFields",
    "Settings",
    "absolute",
    "check_connection_name",
    "check_database_name",
    "is_file",
    "redact_database",
    "resolve_database",
    "variable",
]
