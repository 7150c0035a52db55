"""The two Dagster resources of a connection: how to reach the tenant, and the database in which it is landed.

Their fields are the settings of the same name (`aad_assets.settings.declaration`) and all have defaults, so that definitions
load when nothing is set.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

import dagster as dg

from aad_assets.errors import ConfigurationError
from aad_assets.settings import (
    Connection,
    ConnectionFields,
    DatabaseFields,
    Settings,
    absolute,
    check_database_name,
    check_serving_copy,
    is_file,
    resolve_database,
    variable,
)

BOUND_BY_VALUE = frozenset({"quota_share", "request_timeout", "entity_deadline", "log_days", "token_cache"})
"""Fields that are never bound to their variable: an EnvVar is text, and the path of the token cache was made absolute."""


class _SecretsInCode(dg.ConfigurableResource[Any]):
    """A resource whose secrets, if they are given in code, never become part of its config.

    Dagster stores the config of resources with every run, in a file that others can read. A secret that code gives is kept in
    the object alone: a run's process imports the code again, and has it from there. Bind an `EnvVar` to have Dagster resolve
    it, and to see its name in the UI.
    """

    _declaration: ClassVar[type[ConnectionFields | DatabaseFields]]
    """The class that declares the fields, without Dagster."""

    def __init__(self, **values: Any) -> None:
        kept = {name: value for name, value in values.items() if self._is_secret(name, value)}
        super().__init__(**{name: value for name, value in values.items() if name not in kept})
        if kept:
            declared_fields = self._declaration.model_validate(kept)  # checks and strips them as the resource would
            vars(self).update({name: getattr(declared_fields, name) for name in kept})

    @classmethod
    def configure_at_launch(cls, **values: Any) -> Any:
        """Return a resource that is configured at launch. Raise ConfigurationError for secrets, which would be its config."""
        if secrets := [name for name, value in values.items() if cls._is_secret(name, value)]:
            raise ConfigurationError(
                f"{cls.__name__}.configure_at_launch would store {', '.join(secrets)} with every run. Bind an EnvVar, or "
                f"give the value to {cls.__name__} itself."
            )
        return super().configure_at_launch(**values)

    @classmethod
    def _is_secret(cls, name: str, value: Any) -> bool:
        """Return whether a value must not become part of the config. Dagster gives an `EnvVar` as such, or as its name."""
        if not value or isinstance(value, dg.EnvVar | Mapping):
            return False
        extra = cls.model_fields[name].json_schema_extra if name in cls.model_fields else None
        return isinstance(extra, dict) and bool(extra.get("dagster__is_secret"))

    def _with_updated_values(self, values: Mapping[str, Any] | None) -> Any:
        """Return a copy for a run, as Dagster makes it from the run's config, with the secrets that the config lacks."""
        values, fields = values or {}, type(self).model_fields
        secrets = {name: value for name, value in self if self._is_secret(name, value)}
        lacking = {
            name: value for name, value in secrets.items() if values.get(name, fields[name].default) == fields[name].default
        }
        return super()._with_updated_values({**values, **lacking})


class EntraResource(_SecretsInCode, ConnectionFields):
    """OAuth credentials of an app registration in a Microsoft Entra ID tenant, and how to reach the tenant."""

    _declaration = ConnectionFields

    def connection(self) -> Connection:
        """Return the connection that the fields describe. It is not checked yet."""
        return Connection(**{name: getattr(self, name) for name in Connection.model_fields})


class WarehouseResource(_SecretsInCode, DatabaseFields):
    """The DuckDB database in which the tenant is landed."""

    _declaration = DatabaseFields

    @classmethod
    def _is_secret(cls, name: str, value: Any) -> bool:
        """Return whether a value must not become part of the config: a target that is no file may hold a password."""
        return name == "database" and isinstance(value, str) and not isinstance(value, dg.EnvVar) and not is_file(value)

    def problems(self, connection_name: str) -> list[str]:
        """Return a sentence for each value that cannot be used."""
        values = {name: getattr(self, name) for name in DatabaseFields.model_fields}
        return Settings(connection_name=connection_name, **values).with_absolute_paths().problems()

    def checked_database(self, connection_name: str) -> str:
        """Return the database with an absolute path. Raise ConfigurationError if it is named like a schema."""
        database = resolve_database(self.database)
        check_database_name(database, connection_name)
        return database

    def checked_serving_copy(self, connection_name: str) -> str:
        """Return the absolute path of the serving copy, or an empty string if there is none.

        Raise ConfigurationError if it is named like a schema, or is the database.
        """
        if not self.serving_copy:
            return ""
        path = absolute(self.serving_copy)
        check_serving_copy(path, resolve_database(self.database), connection_name)
        return path


def entra_resource(settings: Settings, environment: Mapping[str, str]) -> EntraResource:
    """Return the resource of the connection. Values that the environment sets are bound by variable, so none is stored.

    Values set in code, and those of AZURE_* variables, are stored as they are, except secrets. If code sets anything at all
    of the connection, the environment adds nothing to it: two tenants must not be mixed.
    """
    connection = settings.connection
    bound: dict[str, Any] = {}
    for name, field in Connection.model_fields.items():
        value = getattr(connection, name)
        from_environment = "" if name in BOUND_BY_VALUE else environment.get(variable(name), "").strip()
        if from_environment and (value == from_environment or connection == Connection()):
            bound[name] = dg.EnvVar(variable(name))
        elif value != field.default:
            bound[name] = value
    return EntraResource(**bound)


def warehouse_resource(settings: Settings, environment: Mapping[str, str]) -> WarehouseResource:
    """Return the resource of the database: a file with its absolute path, another target by its variable if that sets it.

    The name of another target may hold a password.
    """
    name = variable("database")
    by_variable = not is_file(settings.database) and environment.get(name, "").strip() == settings.database
    return WarehouseResource(
        kql_views=settings.kql_views,
        memory_limit=settings.memory_limit,
        lock_wait=settings.lock_wait,
        keep_history=settings.keep_history,
        keep_changes=settings.keep_changes,
        database=dg.EnvVar(name) if by_variable else resolve_database(settings.database),
        serving_copy=absolute(settings.serving_copy) if settings.serving_copy else "",
    )
