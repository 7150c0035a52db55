"""The settings of a connection: declared once, read from the environment, and checked before a run."""

from aad_assets.settings.connection import AUTH_METHODS, CLOUDS, Connection, wrong_settings
from aad_assets.settings.database import check_connection_name, check_database_name, check_serving_copy
from aad_assets.settings.declaration import AlertFields, ConnectionFields, DatabaseFields, variable
from aad_assets.settings.environment import Settings
from aad_assets.settings.targets import absolute, is_file, redact_database, resolve_database
from aad_assets.settings.unknown import unknown_variables

__all__ = [
    "AUTH_METHODS",
    "CLOUDS",
    "AlertFields",
    "Connection",
    "ConnectionFields",
    "DatabaseFields",
    "Settings",
    "absolute",
    "check_connection_name",
    "check_database_name",
    "check_serving_copy",
    "is_file",
    "redact_database",
    "resolve_database",
    "unknown_variables",
    "variable",
    "wrong_settings",
]
