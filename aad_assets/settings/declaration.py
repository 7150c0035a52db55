"""The one declaration of the settings: variable, type, default, description, secrecy, and the check of a value.

`Connection`, `Settings` and the resources in Dagster inherit these fields, and the tables of docs/settings.md are written
from them. The field `tenant_id` is set by the variable `AAD_TENANT_ID`, and so on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field

from aad_assets.masking import remember, remember_userinfo
from aad_assets.settings import checks
from aad_assets.settings.checks import Check
from aad_assets.settings.targets import passwords_in, redact_database

T = TypeVar("T")

CLOUDS = {
    "global": ("https://login.microsoftonline.com", "https://graph.microsoft.com/v1.0"),
    "usgov": ("https://login.microsoftonline.us", "https://graph.microsoft.us/v1.0"),
    "usgov_dod": ("https://login.microsoftonline.us", "https://dod-graph.microsoft.us/v1.0"),
    "china": ("https://login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn/v1.0"),
}
"""Sign-in host and Graph base URL of each cloud (learn.microsoft.com/graph/deployments)."""

CREDENTIALS = {
    "client_secret": "client_secret",
    "certificate": "client_certificate_path",
    "workload_identity": "federated_token_file",
    "managed_identity": "managed_identity",
}
"""The field that each app-only method needs. If it is set, it implies the method."""

AUTH_METHODS = (*CREDENTIALS, "delegated")

ALERT_FORMATS = ("auto", "slack", "teams", "plain")

_LEAST_ADDRESS = 20
"""Characters of a path or query that identifies a webhook. `/alerts` is an ordinary word."""

# Dagster shows fields with this mark as ****** in the UI and the API.
_SECRET: dict[str, Any] = {"dagster__is_secret": True}


class Group(Enum):
    """A group of settings: a section of docs/settings.md, and its heading."""

    SIGN_IN = "Sign-in"
    NETWORK = "Cloud and network"
    CONTENT = "What is read"
    DATABASE = "Database"
    SCHEDULE = "Schedule"
    ASSETS = "Assets"
    ALERTS = "Alerts"


@dataclass(frozen=True)
class Declared:
    """The part of a field's declaration that pydantic and Dagster do not use."""

    variable: str
    description: str
    """Markdown, without a full stop."""
    group: Group
    default_shown: str
    """Markdown: how the documentation describes the default."""
    check: Check | None
    """Applied to values other than the default."""


def setting(
    name: str,
    default: T,
    description: str,
    group: Group,
    *,
    default_shown: str | None = None,
    secret: bool = False,
    check: Check | None = None,
) -> T:
    """Declare the field that the variable `name` sets. To the type checker, the result is its default value.

    A secret is hidden in reprs and in Dagster.
    """
    if default_shown is None:
        default_shown = f"`{default}`" if default else "`false`" if default is False else "none"
    field: Any = Field(
        default=default,
        description=f"{description} ({name}).",
        repr=not secret,
        json_schema_extra=_SECRET if secret else None,
    )
    field.metadata.append(Declared(name, description, group, default_shown, check))
    declared: T = field
    return declared


class _Fields(BaseModel):
    # Mounted secrets often end in a line break. pydantic's errors would quote a value of the wrong type, even a secret.
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, str_strip_whitespace=True)

    def invalid(self) -> list[str]:
        """Return a sentence for each value that its declaration rejects."""
        fields = type(self).model_fields
        values = {name: (each, getattr(self, name)) for name, each in declared(type(self)).items()}
        return [
            f"{each.variable} {requirement}."
            for name, (each, value) in values.items()
            if each.check and value != fields[name].default and (requirement := each.check(value))
        ]


class ConnectionFields(_Fields):
    """The way to reach one tenant."""

    tenant_id: str = setting(
        "AAD_TENANT_ID", "", "Tenant GUID or domain", Group.SIGN_IN, default_shown="required", check=checks.tenant
    )
    client_id: str = setting(
        "AAD_CLIENT_ID",
        "",
        "Application (client) ID of the app registration",
        Group.SIGN_IN,
        default_shown="required, except for managed identities",
    )
    client_secret: str = setting(
        "AAD_CLIENT_SECRET",
        "",
        "Client secret: its value, not its ID",
        Group.SIGN_IN,
        default_shown="one credential is required",
        secret=True,
    )
    client_certificate_path: str = setting(
        "AAD_CLIENT_CERTIFICATE_PATH",
        "",
        "PEM or PFX file with certificate and private key",
        Group.SIGN_IN,
        check=checks.file,
    )
    client_certificate_password: str = setting(
        "AAD_CLIENT_CERTIFICATE_PASSWORD", "", "Password of the certificate file", Group.SIGN_IN, secret=True
    )
    federated_token_file: str = setting(
        "AAD_FEDERATED_TOKEN_FILE",
        "",
        "Workload identity federation: file with the external token, read again before each use; "
        "`AZURE_FEDERATED_TOKEN_FILE` and the other `AZURE_*` names work as well",
        Group.SIGN_IN,
    )
    managed_identity: str = setting(
        "AAD_MANAGED_IDENTITY",
        "",
        "`system`, or the client ID of a user-assigned managed identity",
        Group.SIGN_IN,
        check=checks.managed_identity,
    )
    auth: str = setting(
        "AAD_AUTH",
        "",
        "`client_secret`, `certificate`, `workload_identity`, `managed_identity` or `delegated`",
        Group.SIGN_IN,
        default_shown="inferred from the credential that is set; never `delegated`",
        check=checks.one_of(AUTH_METHODS),
    )
    redirect_url: str = setting(
        "AAD_REDIRECT_URL",
        "http://localhost",
        "Delegated sign-in: the redirect URL registered for the app",
        Group.SIGN_IN,
        default_shown="`http://localhost` with any free port",
        check=checks.redirect_url,
    )
    token_cache: str = setting(
        "AAD_TOKEN_CACHE",
        "",
        "Delegated sign-in: file that keeps it, mode 0600",
        Group.SIGN_IN,
        default_shown="the system's keyring, or a file in the user's data folder",
    )
    cloud: str = setting(
        "AAD_CLOUD", "global", "`global`, `usgov`, `usgov_dod` or `china`", Group.NETWORK, check=checks.one_of(CLOUDS)
    )
    authority_url: str = setting(
        "AAD_AUTHORITY_URL",
        "",
        "Sign-in authority, such as `https://login.example`",
        Group.NETWORK,
        default_shown="from the cloud",
        check=checks.https_url,
    )
    graph_base_url: str = setting(
        "AAD_GRAPH_BASE_URL",
        "",
        "Base URL of Graph, including `/v1.0`",
        Group.NETWORK,
        default_shown="from the cloud",
        check=checks.https_url,
    )
    gateway_url: str = setting(
        "AAD_GATEWAY_URL",
        "",
        "HTTP(S) or SOCKS5 proxy for both sign-in and Graph",
        Group.NETWORK,
        default_shown="none; `HTTPS_PROXY` is honoured",
        secret=True,
        check=checks.proxy_url,
    )
    ca_bundle: str = setting("AAD_CA_BUNDLE", "", "PEM file of additional trusted CAs", Group.NETWORK, check=checks.file)
    quota_share: float = setting(
        "AAD_QUOTA_SHARE",
        1.0,
        "Share of Graph's documented quotas that this app may use; other apps share the tenant's",
        Group.NETWORK,
        check=checks.positive,
    )
    request_timeout: float = setting(
        "AAD_REQUEST_TIMEOUT",
        300.0,
        "Seconds that one request may take, its response included",
        Group.NETWORK,
        check=checks.duration,
    )
    entity_deadline: float = setting(
        "AAD_ENTITY_DEADLINE",
        21_600.0,
        "Seconds that reading one entity, or one day of a log, may take, retries and pauses included",
        Group.NETWORK,
        default_shown="`21600` (6 hours)",
        check=checks.duration,
    )
    log_days: int = setting(
        "AAD_LOG_DAYS",
        30,
        "Days before today at which the first load of a log starts, at most 30",
        Group.CONTENT,
        check=checks.log_days,
    )
    pseudonym_key: str = setting(
        "AAD_PSEUDONYM_KEY",
        "",
        "Secret of at least 16 characters for the pseudonyms of columns that the connection metadata pseudonymises",
        Group.CONTENT,
        secret=True,
        check=checks.long_secret,
    )


class DatabaseFields(_Fields):
    """The database in which a tenant is landed. The repr of a target that may hold a password shows only its kind."""

    def model_post_init(self, context: Any) -> None:
        """Remember the passwords, so that no message repeats one."""
        super().model_post_init(context)
        remember(*passwords_in(self.database))
        remember_userinfo(self.database)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        """Yield the fields that the repr shows."""
        for name, value in super().__repr_args__():
            yield name, redact_database(value) if name == "database" else value

    database: str = setting(
        "AAD_DATABASE", "entra.duckdb", "DuckDB file, or another target that DuckDB can attach", Group.DATABASE
    )
    serving_copy: str = setting(
        "AAD_SERVING_COPY", "", "Second file that BI tools may keep open; each run replaces it as a whole", Group.DATABASE
    )
    kql_views: bool = setting(
        "AAD_KQL_VIEWS", False, "`true`: the schema `<connection>_kql` has views named as in Azure Monitor", Group.DATABASE
    )
    memory_limit: str = setting(
        "AAD_MEMORY_LIMIT",
        "",
        "Memory that one reload may use, DuckDB and Python together, such as `800MB`",
        Group.DATABASE,
        default_shown="what the container or the machine allows, at most `800MB`",
        check=checks.memory,
    )
    lock_wait: float = setting(
        "AAD_LOCK_WAIT",
        30.0,
        "Seconds to wait for a database that another process has open",
        Group.DATABASE,
        check=checks.wait,
    )
    keep_history: str = setting(
        "AAD_KEEP_HISTORY",
        "",
        "Age after which the job `prune` deletes versions that ended, such as `400d` or `52w`",
        Group.DATABASE,
        default_shown="all are kept",
        check=checks.age,
    )
    keep_changes: str = setting(
        "AAD_KEEP_CHANGES",
        "",
        "Age after which the job `prune` deletes recorded changes, such as `400d` or `52w`",
        Group.DATABASE,
        default_shown="all are kept",
        check=checks.age,
    )


class DefinitionFields(_Fields):
    """The definitions of a connection: its name, its tables and its schedule."""

    connection_name: str = setting("AAD_CONNECTION_NAME", "aad", "Prefix of asset keys, and DuckDB schema", Group.DATABASE)
    connection_metadata: str = setting(
        "AAD_CONNECTION_METADATA",
        "",
        "YAML file that selects entities, columns and reload modes",
        Group.CONTENT,
        default_shown="everything that is on by default",
    )
    schedule_cron: str = setting(
        "AAD_SCHEDULE_CRON", "0 2 * * *", "Cron expression: when the directory reloads", Group.SCHEDULE
    )
    schedule_timezone: str = setting("AAD_SCHEDULE_TIMEZONE", "UTC", "Time zone of the cron expressions", Group.SCHEDULE)
    access_cron: str = setting(
        "AAD_ACCESS_CRON",
        "",
        "Cron expression: when the group `access` reloads in between, such as `20 * * * *`",
        Group.SCHEDULE,
        default_shown="only with the directory",
    )
    logs_cron: str = setting("AAD_LOGS_CRON", "30 3/4 * * *", "Cron expression: when the logs reload", Group.SCHEDULE)
    prune_cron: str = setting(
        "AAD_PRUNE_CRON",
        "0 5 * * 0",
        "Cron expression: when old history and changes are deleted, if `AAD_KEEP_HISTORY` or `AAD_KEEP_CHANGES` is set",
        Group.SCHEDULE,
    )
    owners: str = setting(
        "AAD_OWNERS",
        "",
        "Owners of the assets, separated by commas: email addresses, and teams such as `team:identity`",
        Group.ASSETS,
    )
    reference_checks: bool = setting(
        "AAD_REFERENCE_CHECKS",
        False,
        "`true`: a second check of each table counts the ids that name no row of another table",
        Group.ASSETS,
    )


class AlertFields(_Fields):
    """Where alerts are posted. The address of a webhook is a secret: who has it can post there."""

    def model_post_init(self, context: Any) -> None:
        """Remember the address, and what identifies it, so that no message repeats it."""
        super().model_post_init(context)
        parts = urlsplit(self.alert_webhook) if checks.web_url(self.alert_webhook) is None else None
        secrets = [self.alert_webhook, *((parts.path, parts.query) if parts else ())]
        remember(*(each for each in secrets if len(each) >= _LEAST_ADDRESS))
        remember_userinfo(self.alert_webhook)

    alert_webhook: str = setting(
        "AAD_ALERT_WEBHOOK",
        "",
        "URL that receives a JSON message when a run or a check fails: names and counts, and no rows",
        Group.ALERTS,
        secret=True,
        check=checks.web_url,
    )
    alert_format: str = setting(
        "AAD_ALERT_FORMAT",
        "auto",
        "Format of the message: `auto`, `slack`, `teams` or `plain`",
        Group.ALERTS,
        default_shown="by the host of the URL",
        check=checks.one_of(ALERT_FORMATS),
    )


GROUPS: tuple[type[_Fields], ...] = (DefinitionFields, ConnectionFields, DatabaseFields, AlertFields)
"""The classes that declare settings, in the order of the documentation."""


def declared(fields: type[BaseModel]) -> dict[str, Declared]:
    """Return the declarations of a class by field."""
    return {
        name: each for name, field in fields.model_fields.items() for each in field.metadata if isinstance(each, Declared)
    }


def all_settings() -> list[Declared]:
    """Return every declaration, in the order of the documentation within each group."""
    return [each for fields in GROUPS for each in declared(fields).values()]


def variable(name: str) -> str:
    """Return the environment variable that sets the field `name`."""
    return f"AAD_{name.upper()}"
