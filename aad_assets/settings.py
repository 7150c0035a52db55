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

_CREDENTIALS = {
    "client_secret": "client_secret",
    "certificate": "client_certificate_path",
    "workload_identity": "federated_token_file",
    "managed_identity": "managed_identity",
}
"""The field that each app-only way to sign in needs, and that implies it."""

AUTH_METHODS = (*_CREDENTIALS, "delegated")

# Workload identity federation, as Kubernetes and Microsoft's own tools set it.
_AZURE = {
    "tenant_id": "AZURE_TENANT_ID",
    "client_id": "AZURE_CLIENT_ID",
    "federated_token_file": "AZURE_FEDERATED_TOKEN_FILE",
    "authority_url": "AZURE_AUTHORITY_HOST",
}

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

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


def _federation(environment: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """What the AZURE_* variables add to our `own`, unless those choose another way to sign in.

    A host of a known cloud stands for that cloud, so that Graph's address follows.
    """
    way = own.get("auth") or next((way for way, name in _CREDENTIALS.items() if name in own), "workload_identity")
    told = {name: environment.get(azure, "").strip() for name, azure in _AZURE.items()}
    if way != "workload_identity" or not (told["federated_token_file"] or own.get("federated_token_file")):
        return {}
    host = told.pop("authority_url").rstrip("/")
    if host and "cloud" not in own and "authority_url" not in own:
        cloud = next((cloud for cloud, (login, _) in CLOUDS.items() if login == host), "")
        told |= {"cloud": cloud} if cloud else {"authority_url": host}
    return {name: value for name, value in told.items() if value and name not in own}


@dataclass(frozen=True)
class Connection:
    """How to reach one tenant. Values as people gave them; call `check` before use."""

    tenant_id: str = ""
    client_id: str = ""
    client_secret: str = _secret()
    client_certificate_path: str = ""
    client_certificate_password: str = _secret()
    federated_token_file: str = ""
    managed_identity: str = ""
    auth: str = ""
    redirect_url: str = "http://localhost"
    token_cache: str = ""
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
    def gateway(self) -> str:
        """The gateway as it may be told: without user and password."""
        parts = urlsplit(self.gateway_url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}" if self.gateway_url else ""

    @property
    def is_loopback(self) -> bool:
        """Whether the redirect URL leads to this machine, so that the code can be caught."""
        return is_url(self.redirect_url, "http") and urlsplit(self.redirect_url).hostname in _LOOPBACK

    @property
    def credential(self) -> str:
        """One of AUTH_METHODS, as set or as inferred from what is set; `delegated` is never inferred."""
        return self.auth or next(iter(self._ways()), "client_secret")

    def _ways(self) -> list[str]:
        """The app-only ways that something is set for."""
        return [way for way, name in _CREDENTIALS.items() if getattr(self, name)]

    def check(self) -> None:
        """Raise ConfigurationError, naming every setting that is missing or wrong, in one message."""
        problems = [*self._missing(), *self._wrong()]
        if problems:
            raise ConfigurationError("The settings are not complete: " + "; ".join(problems) + ".")

    def _missing(self) -> list[str]:
        problems = []
        if not self.tenant_id:
            problems.append("set AAD_TENANT_ID to the tenant's GUID or domain")
        if not self.client_id and self.credential != "managed_identity":
            problems.append("set AAD_CLIENT_ID to the application (client) ID of the app registration")
        if not self.auth and not self._ways():
            problems.append(
                "set AAD_CLIENT_SECRET to the client secret's value, or another credential: AAD_CLIENT_CERTIFICATE_PATH, "
                "AAD_FEDERATED_TOKEN_FILE, AAD_MANAGED_IDENTITY, or AAD_AUTH=delegated"
            )
        return problems

    def _wrong(self) -> list[str]:
        return [*self._wrong_credential(), *self._wrong_place()]

    def _wrong_credential(self) -> list[str]:
        problems = []
        ways = self._ways()
        named = " and ".join(variable(_CREDENTIALS[way]) for way in ways)
        if self.auth and self.auth not in AUTH_METHODS:
            problems.append(f"AAD_AUTH is {self.auth!r}, not one of {', '.join(AUTH_METHODS)}")
        if not self.auth and len(ways) > 1:
            problems.append(f"{named} are set: say which by AAD_AUTH")
        if self.auth in _CREDENTIALS and self.auth not in ways:
            problems.append(f"AAD_AUTH is {self.auth}, and {variable(_CREDENTIALS[self.auth])} is not set")
        if self.auth == "delegated" and {"client_secret", "certificate"} <= set(ways):
            problems.append("AAD_CLIENT_SECRET and AAD_CLIENT_CERTIFICATE_PATH both prove the app: unset one of them")
        if self.managed_identity and not re.fullmatch(r"system|[0-9a-fA-F-]{36}", self.managed_identity):
            problems.append("AAD_MANAGED_IDENTITY is neither system nor the client ID of a user-assigned identity")
        return problems

    def _wrong_urls(self) -> list[str]:
        problems = []
        for name in ("authority_url", "graph_base_url"):
            url = getattr(self, name)
            if "@" in url:
                problems.append(f"{variable(name)} needs to be without user and password")  # and is not shown
            elif url and not is_url(url, "https"):
                problems.append(f"{variable(name)} is {url!r}: an https:// URL is needed")
        if not is_url(self.redirect_url, "https") and not self.is_loopback:
            problems.append("AAD_REDIRECT_URL needs to be an https:// URL, or http://localhost")
        if self.gateway_url and not _is_proxy(self.gateway_url):
            # Without the value: it may hold a password.
            problems.append(
                "AAD_GATEWAY_URL needs to be http://host:port, https://… or socks5://…, with special characters of a "
                "password percent-encoded"
            )
        return problems

    def _wrong_place(self) -> list[str]:
        problems = self._wrong_urls()
        if self.tenant_id and not re.fullmatch(r"[A-Za-z0-9.-]+", self.tenant_id):
            problems.append("AAD_TENANT_ID is neither a GUID nor a domain")
        if self.cloud not in CLOUDS:
            problems.append(f"AAD_CLOUD is {self.cloud!r}, not one of {', '.join(CLOUDS)}")
        for name in ("client_certificate_path", "ca_bundle"):
            path = getattr(self, name)
            if path and not Path(path).is_file():
                problems.append(f"{variable(name)} names {path}, which is not a file")
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
    database: str = "entra.duckdb"
    serving_copy: str = ""
    """A second file that BI tools may keep open: replaced whole after each run. Empty: none."""
    schedule_cron: str = "0 2 * * *"
    schedule_timezone: str = "UTC"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the `AAD_*` variables. A value that cannot be read at all raises ConfigurationError."""
        named = _values(environment, {f.name for f in fields(Connection)})
        reach: dict[str, str | float] = {**named, **_federation(environment, named)}
        if cache := named.get("token_cache"):
            reach["token_cache"] = str(Path(cache).expanduser().absolute())
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
        check_connection_name(name)
        database = resolve_database(self.database)
        check_database_name(database, name)
        serving_copy = absolute(self.serving_copy) if self.serving_copy else ""
        if serving_copy:
            check_database_name(serving_copy, name, "serving_copy")
        metadata = absolute(self.connection_metadata) if self.connection_metadata else ""
        return replace(self, database=database, serving_copy=serving_copy, connection_metadata=metadata)


def is_url(text: str, *schemes: str) -> bool:
    """Whether `text` is a URL of one of the schemes, with a host that DNS can have and a port that is a number if any."""
    if not text.isprintable() or " " in text:
        return False
    try:
        parts = urlsplit(text)
        host = (parts.hostname or "").encode("idna")  # UnicodeError for labels that are empty or too long
        return parts.scheme in schemes and bool(host) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _is_proxy(text: str) -> bool:
    """With nothing after the port: there stands the rest of a password that is not percent-encoded."""
    if not is_url(text, "http", "https", "socks5", "socks5h"):
        return False
    parts = urlsplit(text)
    return parts.path in ("", "/") and not parts.query and not parts.fragment


def is_file(database: str) -> bool:
    """Whether the attach target is a plain file, not `ducklake:…`, `md:…` and the like."""
    return not re.match(r"[A-Za-z][A-Za-z0-9_+.-]+:", database) or Path(database).is_absolute()


def absolute(path: str) -> str:
    """Relative to the working directory; `~` is the home folder."""
    return str(Path(path).expanduser().absolute())


def shown(database: str) -> str:
    """The database for people: of `ducklake:postgres:password=…` and the like only what kind it is."""
    kind = re.match(r"([A-Za-z][\w+.-]*:)+", database)
    return database if kind is None or is_file(database) else f"{kind[0]}…"


def resolve_database(database: str) -> str:
    """A relative file path made absolute, since runs may start in another folder; other targets as they are."""
    return absolute(database) if is_file(database) else database


def check_connection_name(name: str) -> None:
    """Raise ConfigurationError for a name that Dagster or DuckDB do not take."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise ConfigurationError(f"AAD_CONNECTION_NAME is {name!r}: small letters, digits and _ are needed, a letter first.")
    if name in _DUCKDB_OWN:
        raise ConfigurationError(f"AAD_CONNECTION_NAME is {name!r}, a name that DuckDB has for itself: choose another.")


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
