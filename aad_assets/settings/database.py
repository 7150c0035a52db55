"""The names of a connection and of its database: what DuckDB and Dagster accept."""

import re
from pathlib import Path

from aad_assets.errors import ConfigurationError
from aad_assets.settings.declaration import variable

_RESERVED = frozenset({"information_schema", "memory", "pg_catalog", "system", "target", "temp"})
"""Names that DuckDB uses for itself, and the alias under which a load attaches the database."""


def is_file(database: str) -> bool:
    """Return whether the attach target is a plain file, not `ducklake:…`, `md:…` and the like."""
    return not re.match(r"[A-Za-z][A-Za-z0-9_+.-]+:", database) or Path(database).is_absolute()


def absolute(path: str) -> str:
    """Make `path` absolute: relative to the working directory, with `~` as the home folder."""
    return str(Path(path).expanduser().absolute())


def redact_database(database: str) -> str:
    """Return the database for messages: of `ducklake:postgres:password=…` and the like, only the kind."""
    kind = re.match(r"([A-Za-z][\w+.-]*:)+", database)
    return database if kind is None or is_file(database) else f"{kind[0]}…"


def resolve_database(database: str) -> str:
    """Make the path of a file absolute, because runs may start in another folder. Return other targets unchanged."""
    return absolute(database) if is_file(database) else database


def check_connection_name(name: str) -> None:
    """Raise ConfigurationError for a name that Dagster or DuckDB rejects."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ConfigurationError(
            f"AAD_CONNECTION_NAME is {name!r}. It must start with a lower-case letter and contain only lower-case letters, "
            "digits and _."
        )
    if name in _RESERVED:
        raise ConfigurationError(f"AAD_CONNECTION_NAME is {name!r}, a name that DuckDB reserves. Choose another name.")


def check_database_name(database: str, connection_name: str, setting: str = "database") -> None:
    """Raise ConfigurationError if DuckDB would confuse the file with one of the connection's schemas.

    DuckDB names an attached file after the part of its name before the first dot, and ignores case.
    """
    schemas = {connection_name, f"{connection_name}_history", f"{connection_name}_meta"}
    if is_file(database) and Path(database).name.split(".")[0].lower() in schemas:
        raise ConfigurationError(
            f"{variable(setting)} ({database}) is named like a schema of AAD_CONNECTION_NAME ({connection_name}), and DuckDB "
            "cannot tell the two apart. Rename the file, for example to entra.duckdb, or the connection."
        )
