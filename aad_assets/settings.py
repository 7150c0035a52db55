"""The environment, parsed and checked once: names, defaults and what they imply.

Reading never fails on missing credentials, so that the UI opens without any; `Connection.check` does that when a run
starts. Not here: what is done with the settings (sign-in: `graph/`, database: `warehouse/`).
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from urllib.parse import urlsplit

from aad_assets.errors import ConfigurationError

CLOUDS = {
    "global": ("https://login.microsoftonline.com", "https://graph.microsoft.com/v1.0"),
    "usgov": ("https://login.microsoftonline.us", "https://graph.microsoft.us/v1.0"),
    "usgov_dod": ("https://login.microsoftonline.us", "https://dod-graph.microsoft.us/v1.0"),
    "china": ("https://login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn/v1.0"),
}
"""Sign-in host and Graph base URL of each cloud (learn.microsoft.com/graph/deployments)."""

AUTH_METHODS = ("client_secret", "certificate")

# Contract names whose features are not in this release: refused by name rather than ignored in silence.
_NOT_YET = ("AAD_FEDERATED_TOKEN_FILE", "AAD_MANAGED_IDENTITY")

_DUCKDB_OWN = frozenset({"information_schema", "memory", "pg_catalog", "system", "target", "temp"})


def variable(name: str) -> str:
    """The environment variable that sets the field `name`."""
    return f"AAD_{name.upper()}"


def _secret() -> str:
    return field(default="", repr=False)


def _values(environment: Mapping[str, str], names: set[str]) -> dict[str, str]:
    """What the environment sets of `names`; an empty variable counts as not set."""
    found = {name: environment.get(variable(name), "").strip() for name in names}
    return {name: value for name, value in found.items() if value}


@dataclass(frozen=True)
class Connection:
    """How to reach one tenant. Values as people gave them; call `check` before use."""

    tenant_id: str = ""
    client_id: str = ""
    client_secret: str = _secret()
    client_certificate_path: str = ""
    client_certificate_password: str = _secret()
    auth: str = ""
    cloud: str = "global"
    authority_url: str = ""
    graph_base_url: str = ""
    gateway_url: str = _secret()
    ca_bundle: str = ""
    quota_share: float = 1.0
    log_days: int = 7
    """How many days before today the first load of a log begins."""

    @property
    def authority(self) -> str:
        """Sign-in authority with the tenant: `https://login.microsoftonline.com/<tenant>`."""
        base = (self.authority_url or CLOUDS[self.cloud][0]).rstrip("/")
        return base if urlsplit(base).path else f"{base}/{self.tenant_id}"

    @property
    def base_url(self) -> str:
        """Graph's base URL with its version and without a slash at the end."""
        return (self.graph_base_url or CLOUDS[self.cloud][1]).rstrip("/")

    @property
    def scope(self) -> str:
        """What an app-only token is asked for: all application permissions that were consented to."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}/.default"

    @property
    def credential(self) -> str:
        """`client_secret` or `certificate`, as set or as inferred from what is set."""
        return self.auth or ("certificate" if self.client_certificate_path else "client_secret")

    def check(self) -> None:
        """Raise ConfigurationError, naming every setting that is missing or wrong, in one message."""
        problems = [*self._missing(), *self._wrong()]
        if problems:
            raise ConfigurationError("The settings are not complete: " + "; ".join(problems) + ".")

    def _missing(self) -> list[str]:
        problems = []
        if not self.tenant_id:
            problems.append("set AAD_TENANT_ID to the tenant's GUID or domain")
        if not self.client_id:
            problems.append("set AAD_CLIENT_ID to the application (client) ID of the app registration")
        if not self.client_secret and not self.client_certificate_path:
            problems.append("set AAD_CLIENT_SECRET to the client secret's value, or AAD_CLIENT_CERTIFICATE_PATH")
        return problems

    def _wrong(self) -> list[str]:
        return [*self._wrong_credential(), *self._wrong_place()]

    def _wrong_credential(self) -> list[str]:
        problems = []
        if self.auth and self.auth not in AUTH_METHODS:
            problems.append(f"AAD_AUTH is {self.auth!r}; this release signs in by {' or '.join(AUTH_METHODS)}")
        if not self.auth and self.client_secret and self.client_certificate_path:
            problems.append("AAD_CLIENT_SECRET and AAD_CLIENT_CERTIFICATE_PATH are both set: say which by AAD_AUTH")
        if self.auth == "client_secret" and not self.client_secret:
            problems.append("AAD_AUTH is client_secret, and AAD_CLIENT_SECRET is not set")
        if self.auth == "certificate" and not self.client_certificate_path:
            problems.append("AAD_AUTH is certificate, and AAD_CLIENT_CERTIFICATE_PATH is not set")
        return problems

    def _wrong_place(self) -> list[str]:
        problems = []
        if self.tenant_id and not re.fullmatch(r"[A-Za-z0-9.-]+", self.tenant_id):
            problems.append("AAD_TENANT_ID is neither a GUID nor a domain")
        if self.cloud not in CLOUDS:
            problems.append(f"AAD_CLOUD is {self.cloud!r}, not one of {', '.join(CLOUDS)}")
        for name in ("client_certificate_path", "ca_bundle"):
            path = getattr(self, name)
            if path and not Path(path).is_file():
                problems.append(f"{variable(name)} names {path}, which is not a file")
        for name in ("authority_url", "graph_base_url"):
            url = getattr(self, name)
            if url and not is_url(url, "https"):
                problems.append(f"{variable(name)} is {url!r}: an https:// URL is needed")
        if self.gateway_url and not is_url(self.gateway_url, "http", "https", "socks5", "socks5h"):
            # Without the value: it may hold a password.
            problems.append(
                "AAD_GATEWAY_URL needs to be http://host:port, https://… or socks5://…, with special characters of a "
                "password percent-encoded"
            )
        if not self.quota_share > 0:
            problems.append("AAD_QUOTA_SHARE needs to be greater than 0")
        if not 0 <= self.log_days <= 30:
            problems.append("AAD_LOG_DAYS needs to be between 0 and 30, the days that Graph keeps its logs")
        return problems


@dataclass(frozen=True)
class Settings:
    """All settings of one connection: where to read, where to land, when."""

    connection: Connection = field(default_factory=Connection)
    connection_name: str = "aad"
    connection_metadata: str = ""
    """File that selects entities and columns (`aad_assets.metadata`); empty: everything that is on by default."""
    database: str = ""
    serving_copy: str = ""
    """A second file that BI tools may keep open: replaced whole after each run. Empty: none."""
    schedule_cron: str = "0 2 * * *"
    schedule_timezone: str = "UTC"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the `AAD_*` variables. A value that cannot be read at all raises ConfigurationError."""
        for name in _NOT_YET:
            if environment.get(name):
                raise ConfigurationError(f"{name} is set, and this release does not support it yet: unset it.")
        reach: dict[str, str | float] = dict(_values(environment, {f.name for f in fields(Connection)}))
        for name, number, example in (("quota_share", float, "a number such as 0.5"), ("log_days", int, "a whole number")):
            if text := reach.get(name):
                try:
                    reach[name] = number(text)
                except ValueError:
                    raise ConfigurationError(f"{variable(name)} is {text!r}: {example} is needed.") from None
        own = _values(environment, {f.name for f in fields(cls)} - {"connection"})
        settings = cls(connection=Connection(**reach), **own)  # type: ignore[arg-type]
        return settings.resolved()

    def resolved(self) -> "Settings":
        """With paths made absolute, and names checked that Dagster and DuckDB both have to take."""
        name = self.connection_name
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise ConfigurationError(
                f"AAD_CONNECTION_NAME is {name!r}: small letters, digits and _ are needed, a letter first."
            )
        if name in _DUCKDB_OWN:
            raise ConfigurationError(f"AAD_CONNECTION_NAME is {name!r}, a name that DuckDB has for itself: choose another.")
        database = resolve_database(self.database or "entra.duckdb")
        check_database_name(database, name)
        serving_copy = absolute(self.serving_copy) if self.serving_copy else ""
        if serving_copy:
            check_database_name(serving_copy, name, "serving_copy")
        metadata = absolute(self.connection_metadata) if self.connection_metadata else ""
        return replace(self, database=database, serving_copy=serving_copy, connection_metadata=metadata)


def is_url(text: str, *schemes: str) -> bool:
    """Whether `text` is a URL of one of the schemes, with a host and a port that is a number if any."""
    try:
        parts = urlsplit(text)
        return parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def is_file(database: str) -> bool:
    """Whether the attach target is a plain file, not `ducklake:…`, `md:…` and the like."""
    return not re.match(r"[A-Za-z][A-Za-z0-9_+.-]+:", database) or Path(database).is_absolute()


def absolute(path: str) -> str:
    """Relative to the working directory; `~` is the home folder."""
    return str(Path(path).expanduser().absolute())


def resolve_database(database: str) -> str:
    """A relative file path made absolute, since runs may start in another folder; other targets as they are."""
    return absolute(database) if is_file(database) else database


def check_database_name(database: str, connection_name: str, setting: str = "database") -> None:
    """Refuse a file that DuckDB cannot tell from one of the connection's schemas: it knows a file by its name up to the
    first dot, in any case."""
    if is_file(database) and Path(database).name.split(".")[0].lower() in {
        connection_name,
        f"{connection_name}_history",
        f"{connection_name}_meta",
    }:
        raise ConfigurationError(
            f"{variable(setting)} ({database}) is named like a schema of AAD_CONNECTION_NAME ({connection_name}), and DuckDB "
            "cannot tell the two apart: rename the file, for example to entra.duckdb, or the connection."
        )
