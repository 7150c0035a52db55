"""The HTTP clients for sign-in and Graph: proxy, trusted CAs, timeouts.

See also `graph/requests/client.py` for retries and rate limits, and `identity/authority.py` for retries of sign-in.
"""

import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import getproxies

import httpx
import socksio

from aad_assets.errors import ConfigurationError
from aad_assets.masking import mask_logs, remember_userinfo
from aad_assets.settings import Connection

TIMEOUT = httpx.Timeout(60.0, connect=10.0, pool=None)
"""Seconds. Graph can take most of a minute over a page, but a connection is made within seconds or not at all."""

SIGN_IN_TIMEOUT = httpx.Timeout(15.0, connect=5.0)
"""Seconds. Sign-in responds quickly, and a thread that waits for it cannot be cancelled."""

TRANSPORT_ERRORS = (httpx.TransportError, httpx.DecodingError, socksio.SOCKSError)
"""Errors that a client raises if no response arrives, or one that cannot be decompressed."""

USER_AGENT = "aad_assets (Dagster)"


def describe(error: Exception) -> str:
    """Return the text of a transport error, or nothing for a header that cannot be sent: it may quote a credential."""
    return "" if isinstance(error, httpx.LocalProtocolError) else str(error)


def tls_context(connection: Connection) -> ssl.SSLContext:
    """Return a context that trusts the usual CAs and those of AAD_CA_BUNDLE.

    Raises ConfigurationError if that file cannot be read.
    """
    context = httpx.create_ssl_context()
    if connection.ca_bundle:
        try:
            context.load_verify_locations(cafile=connection.ca_bundle)
        except (OSError, ssl.SSLError) as error:
            problem = f"AAD_CA_BUNDLE ({connection.ca_bundle}) cannot be read as PEM certificates"
            raise ConfigurationError(f"{problem}: {error}.") from error
    return context


def _proxy(url: str, tls: ssl.SSLContext) -> httpx.Proxy | None:
    """Return the proxy at `url`. A gateway that is itself reached over TLS is verified with the same CAs."""
    if not url:
        return None
    return httpx.Proxy(url, ssl_context=tls if url.startswith("https:") else None)


@contextmanager
def _environment_proxies_checked() -> Iterator[None]:
    """Raise ConfigurationError for a wrong proxy variable: httpx reads them when a client is created."""
    try:
        yield
    except (ValueError, httpx.InvalidURL):  # The text is not shown: it may contain a password.
        raise ConfigurationError(
            "One of the environment variables HTTPS_PROXY, HTTP_PROXY and ALL_PROXY is not the URL of a supported proxy. "
            "Correct it, or set AAD_GATEWAY_URL."
        ) from None


def _has_no_password(record: logging.LogRecord) -> bool:
    """Filter out httpcore's debug log of a SOCKS handshake, which shows user and password."""
    return "auth=" not in record.getMessage()


def _is_no_event(record: logging.LogRecord) -> bool:
    """Filter out msal's debug log of events, which shows codes and assertions."""
    return not record.getMessage().startswith("event=")


logging.getLogger("httpcore.socks").addFilter(_has_no_password)
logging.getLogger("msal.token_cache").addFilter(_is_no_event)


class Transport:
    """Creates clients with one connection's proxy and CAs. They never follow redirects, which could leave the host."""

    def __init__(self, connection: Connection) -> None:
        mask_logs("httpcore", "httpx", "msal", "msal_extensions")
        for proxy in getproxies().values():
            remember_userinfo(proxy)
        self._tls = tls_context(connection)
        self._gateway = _proxy(connection.gateway_url, self._tls)

    @_environment_proxies_checked()
    def sync_client(self) -> httpx.Client:
        """Create a client for sign-in, which msal performs in a thread."""
        return httpx.Client(
            verify=self._tls, proxy=self._gateway, timeout=SIGN_IN_TIMEOUT, headers={"User-Agent": USER_AGENT}
        )

    def unproxied_client(self) -> httpx.Client:
        """Create a client for the link-local endpoint of managed identities, which no proxy can reach."""
        return httpx.Client(verify=self._tls, trust_env=False, timeout=SIGN_IN_TIMEOUT, headers={"User-Agent": USER_AGENT})

    @_environment_proxies_checked()
    def async_client(self) -> httpx.AsyncClient:
        """Create a client for Graph. The caller limits the number of concurrent requests."""
        return httpx.AsyncClient(
            verify=self._tls,
            proxy=self._gateway,
            timeout=TIMEOUT,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=32),
        )
