"""The names of a connection and of its database: what DuckDB and Dagster accept."""

import re
from pathlib import Path

from aad_assets.errors import ConfigurationError
from aad_assets.settings.declaration import variable
from aad_assets.settings.targets import is_file, redact_database

SCHEMA_ENDINGS = ("_history", "_meta", "_at", "_flat", "_kql")
"""Endings of a connection's further schemas, such as `aad_history`."""

_OWN = frozenset({"information_schema", "main", "memory", "pg_catalog", "pg_temp", "pg_toast", "system", "target", "temp"})
"""Schemas and databases of DuckDB itself, and the alias under which a load attaches the database."""

# Keywords of DuckDB (`duckdb_keywords()`) that name a schema only in quotes, in the order of their categories.
_KEYWORDS = """
all analyse analyze and any array as asc asymmetric at both case cast check collate column constraint create default
deferrable desc describe distinct do else end except false fetch for foreign from group having in initially intersect
into lambda lateral leading limit not null offset on only or order pivot pivot_longer pivot_wider placing primary qualify
references returning select show some summarize symmetric table then to trailing true union unique unpivot using variadic
when where window with
anti asof at authorization binary by collation concurrently cross freeze full glob ilike inner is isnull join left like
natural notnull outer overlaps positional right semi similar tablesample unpack verbose
"""


def check_connection_name(name: str) -> None:
    """Raise ConfigurationError for a name that Dagster or DuckDB rejects."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ConfigurationError(
            f"AAD_CONNECTION_NAME is {name!r}. It must start with a lower-case letter and contain only lower-case letters, "
            "digits and _."
        )
    if name in _OWN or name in _KEYWORDS.split():
        raise ConfigurationError(f"AAD_CONNECTION_NAME is {name!r}, a name that DuckDB reserves. Choose another name.")
    if ending := next((each for each in SCHEMA_ENDINGS if name.endswith(each)), ""):
        raise ConfigurationError(
            f"AAD_CONNECTION_NAME is {name!r}, but names that end in {ending} are those of other schemas, such as "
            f"aad{ending}. Choose another name."
        )


def check_database_name(database: str, connection_name: str, setting: str = "database") -> None:
    """Raise ConfigurationError if DuckDB would confuse the file with one of the connection's schemas.

    DuckDB names an attached file after the part of its name before the first dot, and ignores case.
    """
    schemas = {connection_name, *(f"{connection_name}{ending}" for ending in SCHEMA_ENDINGS)}
    if is_file(database) and Path(database).name.split(".")[0].lower() in schemas:
        raise ConfigurationError(
            f"{variable(setting)} ({database}) is named like a schema of AAD_CONNECTION_NAME ({connection_name}), and DuckDB "
            "cannot tell the two apart. Rename the file, for example to entra.duckdb, or the connection."
        )


def check_serving_copy(serving_copy: str, database: str, connection_name: str) -> None:
    """Raise ConfigurationError if the serving copy is the database itself, or is named like a schema."""
    check_database_name(serving_copy, connection_name, "serving_copy")
    if not is_file(database) or Path(serving_copy) == Path(database):
        raise ConfigurationError(
            f"AAD_SERVING_COPY ({serving_copy}) must be another path than AAD_DATABASE ({redact_database(database)}), which "
            "must be a file. Set it to a file of its own, or leave it out."
        )
