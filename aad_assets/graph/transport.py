"""The HTTP clients that sign-in and Graph share: proxy, trusted CAs, timeouts.

Not here: retries, throttling and what answers mean (`client.py`), sign-in (`sign_in.py`).
"""

import ssl

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


class Transport:
    """Makes clients with one connection's proxy and CAs; redirects are never followed, since they may leave the host."""

    def __init__(self, connection: Connection) -> None:
        self._tls = trusted(connection)
        self._gateway = connection.gateway_url or None

    def blocking(self) -> httpx.Client:
        """For sign-in, which msal does in a thread of its own."""
        return httpx.Client(
            verify=self._tls, proxy=self._gateway, timeout=SIGN_IN_TIMEOUT, headers={"User-Agent": USER_AGENT}
        )

    def concurrent(self) -> httpx.AsyncClient:
        """For Graph. How many requests are under way is the caller's to bound."""
        return httpx.AsyncClient(
            verify=self._tls,
            proxy=self._gateway,
            timeout=TIMEOUT,
            headers={"User-Agent": USER_AGENT, "Accept": "application/json"},
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=32),
        )
