"""The two Dagster resources of a connection: how to reach the tenant, and the database in which it is landed.

Their fields are the settings of the same name (`aad_assets.settings.declaration`) and all have defaults, so that definitions
load when nothing is set.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from aad_assets.settings import (
    Connection,
    ConnectionFields,
    DatabaseFields,
    Settings,
    absolute,
    check_database_name,
    is_file,
    resolve_database,
    variable,
)

_BOUND_BY_VALUE = frozenset({"quota_share", "request_timeout", "entity_deadline", "log_days", "token_cache"})
"""Fields that are never bound to their variable: an EnvVar is text, and the path of the token cache was made absolute."""


class EntraResource(dg.ConfigurableResource[Connection], ConnectionFields):
    """OAuth credentials of an app registration in a Microsoft Entra ID tenant, and how to reach the tenant."""

    def connection(self) -> Connection:
        """Return the connection that the fields describe. It is not checked yet."""
        return Connection(**{name: getattr(self, name) for name in Connection.model_fields})


class WarehouseResource(dg.ConfigurableResource["WarehouseResource"], DatabaseFields):
    """The DuckDB database in which the tenant is landed."""

    def checked_database(self, connection_name: str) -> str:
        """Return the database with an absolute path. Raise ConfigurationError if it is named like a schema."""
        database = resolve_database(self.database)
        check_database_name(database, connection_name)
        return database

    def checked_serving_copy(self, connection_name: str) -> str:
        """Return the absolute path of the serving copy, or an empty string if there is none.

        Raise ConfigurationError if it is named like a schema.
        """
        if not self.serving_copy:
            return ""
        path = absolute(self.serving_copy)
        check_database_name(path, connection_name, "serving_copy")
        return path


def entra_resource(settings: Settings, environment: Mapping[str, str]) -> EntraResource:
    """Return the resource of the connection. Values that the environment sets are bound by variable, so none is stored.

    Values set in code, and those of AZURE_* variables, are stored as they are. If code sets anything at all of the
    connection, the environment adds nothing to it: two tenants must not be mixed.
    """
    connection = settings.connection
    bound: dict[str, Any] = {}
    for name, field in Connection.model_fields.items():
        value = getattr(connection, name)
        from_environment = "" if name in _BOUND_BY_VALUE else environment.get(variable(name), "").strip()
        if from_environment and (value == from_environment or connection == Connection()):
            bound[name] = dg.EnvVar(variable(name))
        elif value != field.default:
            bound[name] = value
    return EntraResource(**bound)


def warehouse_resource(settings: Settings, environment: Mapping[str, str]) -> WarehouseResource:
    """Return the resource of the database: a file with its absolute path, another target by its variable.

    The name of another target may hold a password.
    """
    name = variable("database")
    by_variable = not is_file(settings.database) and environment.get(name, "").strip() == settings.database
    return WarehouseResource(
        memory_limit=settings.memory_limit,
        lock_wait=settings.lock_wait,
        keep_history=settings.keep_history,
        keep_changes=settings.keep_changes,
        database=dg.EnvVar(name) if by_variable else resolve_database(settings.database),
        serving_copy=absolute(settings.serving_copy) if settings.serving_copy else "",
    )
