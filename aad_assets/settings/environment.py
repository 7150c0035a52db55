"""The settings in the environment: `AAD_*`, and the `AZURE_*` variables of workload identity federation.

Reading does not fail when credentials are missing, so that the UI always opens. `Connection.check` reports them when a run
starts.
"""

import os
from collections.abc import Mapping

from aad_assets.errors import ConfigurationError
from aad_assets.settings.connection import Connection
from aad_assets.settings.database import absolute, check_connection_name, check_database_name, resolve_database
from aad_assets.settings.declaration import CLOUDS, CREDENTIALS, DatabaseFields, DefinitionFields, declared, variable

# Workload identity federation, as Kubernetes and Microsoft's own tools set it.
_AZURE = {
    "tenant_id": "AZURE_TENANT_ID",
    "client_id": "AZURE_CLIENT_ID",
    "federated_token_file": "AZURE_FEDERATED_TOKEN_FILE",
    "authority_url": "AZURE_AUTHORITY_HOST",
}

_NUMBERS: dict[type[float], str] = {float: "a number such as 0.5", int: "a whole number"}


class Settings(DatabaseFields, DefinitionFields):
    """All settings of one connection: what to read, where to land it, and when."""

    connection: Connection = Connection()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the `AAD_*` variables. Raise ConfigurationError for a value that cannot be read at all."""
        given = _given(environment, declared(Connection))
        values: dict[str, str | float] = {**given, **_federation(environment, given)}
        if cache := given.get("token_cache"):
            values["token_cache"] = absolute(cache)
        own: dict[str, str | float] = dict(_given(environment, declared(cls)))
        for fields, read in ((Connection.model_fields, values), (cls.model_fields, own)):
            for name in read.keys() & fields.keys():
                if isinstance(default := fields[name].default, int | float):
                    read[name] = _number(name, str(read[name]), type(default))
        settings = cls.model_validate({"connection": Connection.model_validate(values), **own})
        return settings.resolved()

    def resolved(self) -> "Settings":
        """Return the settings with absolute paths. Raise ConfigurationError for names that Dagster or DuckDB rejects."""
        name = self.connection_name
        check_connection_name(name)
        database = resolve_database(self.database)
        check_database_name(database, name)
        serving_copy = absolute(self.serving_copy) if self.serving_copy else ""
        if serving_copy:
            check_database_name(serving_copy, name, "serving_copy")
        metadata = absolute(self.connection_metadata) if self.connection_metadata else ""
        return self.model_copy(update={"database": database, "serving_copy": serving_copy, "connection_metadata": metadata})


def _given(environment: Mapping[str, str], names: Mapping[str, object]) -> dict[str, str]:
    """Return the environment's values for the fields `names`, by name. An empty variable counts as not set."""
    found = {name: environment.get(variable(name), "").strip() for name in names}
    return {name: value for name, value in found.items() if value}


def _number(name: str, text: str, type_: type[float]) -> float:
    try:
        return type_(text)
    except ValueError:
        raise ConfigurationError(f"{variable(name)} is {text!r}. Set it to {_NUMBERS[type_]}.") from None


def _federation(environment: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Return what the AZURE_* variables add to the fields in `given`, unless those choose another way to sign in.

    The host of a known cloud stands for that cloud, so that the address of Graph follows.
    """
    method = given.get("auth") or next((each for each, field in CREDENTIALS.items() if field in given), "workload_identity")
    azure = {name: environment.get(variable_, "").strip() for name, variable_ in _AZURE.items()}
    if method != "workload_identity" or not (azure["federated_token_file"] or given.get("federated_token_file")):
        return {}
    host = azure.pop("authority_url").rstrip("/")
    if host and "cloud" not in given and "authority_url" not in given:
        cloud = next((cloud for cloud, (login, _) in CLOUDS.items() if login == host), "")
        azure |= {"cloud": cloud} if cloud else {"authority_url": host}
    return {name: value for name, value in azure.items() if value and name not in given}
