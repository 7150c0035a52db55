"""The two resources: credentials to one tenant, and the database it is landed in.

Every field stands for the setting of the same name (`tenant_id`: AAD_TENANT_ID) and has a default, so that definitions load
with nothing set. Not here: what is done with them, and how the environment is read (`aad_assets.settings`).
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg
from pydantic import ConfigDict, Field

from aad_assets.settings import Connection, Settings, absolute, check_database_name, is_file, resolve_database, variable

# Dagster shows such fields as ****** in the UI and the API.
_SECRET: dict[str, Any] = {"dagster__is_secret": True}

# pydantic's errors would quote a value of the wrong type, also a secret.
_UNQUOTED = ConfigDict(hide_input_in_errors=True)

_AS_READ = ("quota_share", "log_days", "token_cache")
"""Fields that no variable fills: an EnvVar is text, and the path was made absolute."""


class EntraResource(dg.ConfigurableResource[Connection]):
    """OAuth credentials of an app registration in a Microsoft Entra ID tenant, and how to reach the tenant."""

    model_config = _UNQUOTED

    tenant_id: str = Field(default="", description="Tenant GUID or domain (AAD_TENANT_ID).")
    client_id: str = Field(default="", description="Application (client) ID of the app registration (AAD_CLIENT_ID).")
    client_secret: str = Field(
        default="",
        repr=False,
        json_schema_extra=_SECRET,
        description="Client secret: its value, not its ID (AAD_CLIENT_SECRET). Give it as an EnvVar.",
    )
    client_certificate_path: str = Field(
        default="", description="PEM or PFX file with certificate and private key (AAD_CLIENT_CERTIFICATE_PATH)."
    )
    client_certificate_password: str = Field(
        default="",
        repr=False,
        json_schema_extra=_SECRET,
        description="Password of that file (AAD_CLIENT_CERTIFICATE_PASSWORD). Give it as an EnvVar.",
    )
    federated_token_file: str = Field(
        default="",
        description="Workload identity federation: file with the external token, read again before each use "
        "(AAD_FEDERATED_TOKEN_FILE, AZURE_FEDERATED_TOKEN_FILE).",
    )
    managed_identity: str = Field(
        default="", description="system, or the client ID of a user-assigned managed identity (AAD_MANAGED_IDENTITY)."
    )
    auth: str = Field(
        default="",
        description="client_secret, certificate, workload_identity, managed_identity or delegated; when empty, what is set "
        "says it, and delegated is never inferred (AAD_AUTH).",
    )
    redirect_url: str = Field(
        default="http://localhost", description="Delegated: the redirect URL registered for the app (AAD_REDIRECT_URL)."
    )
    token_cache: str = Field(
        default="",
        description="Delegated: file of the sign-in, when not in the user's data folder (AAD_TOKEN_CACHE).",
    )
    cloud: str = Field(default="global", description="global, usgov, usgov_dod or china (AAD_CLOUD).")
    authority_url: str = Field(default="", description="Sign-in authority, when not the cloud's (AAD_AUTHORITY_URL).")
    graph_base_url: str = Field(
        default="", description="Graph's base URL with /v1.0, when not the cloud's (AAD_GRAPH_BASE_URL)."
    )
    gateway_url: str = Field(
        default="",
        repr=False,
        json_schema_extra=_SECRET,
        description="HTTP(S) or SOCKS5 proxy for sign-in and Graph alike (AAD_GATEWAY_URL).",
    )
    ca_bundle: str = Field(default="", description="PEM file of extra trusted CAs (AAD_CA_BUNDLE).")
    quota_share: float = Field(
        default=1.0, description="Share of Graph's documented quotas that this app may use (AAD_QUOTA_SHARE)."
    )

    log_days: int = Field(default=7, description="How many days before today the first load of a log begins (AAD_LOG_DAYS).")

    def connection(self) -> Connection:
        """The settings in the form that reading takes; not yet checked."""
        values: dict[str, Any] = {name: getattr(self, name) for name in type(self).model_fields}
        # Mounted secrets often end in a line break.
        stripped: dict[str, Any] = {name: v.strip() if isinstance(v, str) else v for name, v in values.items()}
        return Connection(**stripped)


class WarehouseResource(dg.ConfigurableResource["WarehouseResource"]):
    """The DuckDB database that the tenant is landed in."""

    model_config = _UNQUOTED

    database: str = Field(default="entra.duckdb", description="DuckDB file, or another attach target (AAD_DATABASE).")
    lock_wait_seconds: float = Field(
        default=30.0, description="How long to wait for a database that another process has open."
    )
    memory_limit: str = Field(default="200MB", description="Memory that DuckDB may use for typing and comparing.")

    serving_copy: str = Field(
        default="", description="A second file for BI tools to keep open, replaced whole after each run (AAD_SERVING_COPY)."
    )

    def checked_database(self, connection_name: str) -> str:
        """The database with its path made absolute. ConfigurationError when it is named like a schema."""
        database = resolve_database(self.database)
        check_database_name(database, connection_name)
        return database

    def checked_serving_copy(self, connection_name: str) -> str:
        """The serving copy with its path made absolute, empty when there is none. ConfigurationError as above."""
        if not self.serving_copy:
            return ""
        path = absolute(self.serving_copy)
        check_database_name(path, connection_name, "serving_copy")
        return path


def entra_resource(settings: Settings, environment: Mapping[str, str]) -> EntraResource:
    """What the environment sets is referred to by its variable, so that no value is stored.

    What code says itself stands here as it is, as does what AZURE_* variables say. The environment fills in a connection of
    which code says nothing at all, and no other: two tenants must not be mixed.
    """
    connection = settings.connection
    bound: dict[str, Any] = {}
    for name in EntraResource.model_fields:
        value = getattr(connection, name)
        told = "" if name in _AS_READ else environment.get(variable(name), "").strip()
        if told and (value == told or connection == Connection()):
            bound[name] = dg.EnvVar(variable(name))
        elif value != getattr(Connection, name):
            bound[name] = value
    return EntraResource(**bound)


def warehouse_resource(settings: Settings, environment: Mapping[str, str]) -> WarehouseResource:
    """The file as an absolute path; any other attach target by its variable, where that names it: it may hold a password."""
    name = variable("database")
    named = not is_file(settings.database) and environment.get(name, "").strip() == settings.database
    return WarehouseResource(
        database=dg.EnvVar(name) if named else resolve_database(settings.database),
        serving_copy=absolute(settings.serving_copy) if settings.serving_copy else "",
    )
