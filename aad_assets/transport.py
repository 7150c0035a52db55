"""The HTTP clients that sign-in and Graph share: proxy, trusted CAs, timeouts.

Not here: retries, throttling and what answers mean (`client.py`), sign-in (`sign_in.py`).
"""

import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import socksio

from aad_assets.errors import ConfigurationError
from aad_assets.settings import Connection

TIMEOUT = httpx.Timeout(60.0, connect=10.0, pool=None)
"""Seconds. Graph may think for most of a minute over a page; a connection comes quickly or not at all."""

SIGN_IN_TIMEOUT = httpx.Timeout(15.0, connect=5.0)
"""Seconds. Sign-in answers at once, and a thread that waits for it cannot be cancelled."""

BROKEN = (httpx.TransportError, httpx.DecodingError, socksio.SOCKSError)
"""What a client raises when no answer comes, or one that cannot be unpacked."""


def reason(error: Exception) -> str:
    """What such an error says; nothing for a header that cannot be sent: the text quotes it, and it may be a credential."""
    return "" if isinstance(error, httpx.LocalProtocolError) else str(error)


USER_AGENT = "aad_assets (Dagster)"


def trusted(connection: Connection) -> ssl.SSLContext:
    """The usual CAs, and those of AAD_CA_BUNDLE. ConfigurationError when that file is none."""
    context = httpx.create_ssl_context()
    if connection.ca_bundle:
        try:
            context.load_verify_locations(cafile=connection.ca_bundle)
        except (OSError, ssl.SSLError) as error:
            reason = f"AAD_CA_BUNDLE ({connection.ca_bundle}) cannot be read as PEM certificates"
            raise ConfigurationError(f"{reason}: {error}.") from error
    return context


def _proxy(url: str, tls: ssl.SSLContext) -> httpx.Proxy | None:
    """With the same CAs for a gateway that is itself reached over TLS."""
    if not url:
        return None
    return httpx.Proxy(url, ssl_context=tls if url.startswith("https:") else None)


@contextmanager
def _proxies_of_the_environment() -> Iterator[None]:
    """httpx reads them when a client is made."""
    try:
        yield
    except (ValueError, httpx.InvalidURL):  # without the text: it may hold a password
        raise ConfigurationError(
            "HTTPS_PROXY, HTTP_PROXY or ALL_PROXY of the environment names no proxy of a kind that is supported: correct it, "
            "or set AAD_GATEWAY_URL."
        ) from None


def _without_password(record: logging.LogRecord) -> bool:
    """httpcore's debug log of a SOCKS handshake shows user and password."""
    return "auth=" not in record.getMessage()


def _without_event(record: logging.LogRecord) -> bool:
    """msal's debug log of an event shows codes and assertions."""
    return not record.getMessage().startswith("event=")


logging.getLogger("httpcore.socks").addFilter(_without_password)
logging.getLogger("msal.token_cache").addFilter(_without_event)


class Transport:
    """Makes clients with one connection's proxy and CAs; redirects are never followed, since they may leave the host."""

    def __init__(self, connection: Connection) -> None:
        self._tls = trusted(connection)
        self._gateway = _proxy(connection.gateway_url, self._tls)

    @_proxies_of_the_environment()
    def blocking(self) -> httpx.Client:
        """For sign-in, which msal does in a thread of its own."""
        return httpx.Client(
            verify=self._tls, proxy=self._gateway, timeout=SIGN_IN_TIMEOUT, headers={"User-Agent": USER_AGENT}
        )

    def direct(self) -> httpx.Client:
        """For the link-local endpoint of managed identities alone, which no proxy can reach."""
        return httpx.Client(verify=self._tls, trust_env=False, timeout=SIGN_IN_TIMEOUT, headers={"User-Agent": USER_AGENT})

    @_proxies_of_the_environment()
    def concurrent(self) -> httpx.AsyncClient:
        """For Graph. How many requests are under way is the caller's to bound."""
        return httpx.AsyncClient(
            verify=self._tls,
            proxy=self._gateway,
            timeout=TIMEOUT,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=32),
        )
