"""The HTTP clients for sign-in and Graph: proxy, trusted CAs, timeouts."""

import logging
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from typing import Any, cast
from urllib.parse import urlsplit
from urllib.request import getproxies

import httpx
import socksio

from aad_assets.errors import ConfigurationError
from aad_assets.masking import mask_logs, remember_userinfo
from aad_assets.settings import Connection
from aad_assets.transport.bodies import ACCEPTED, Inflater
from aad_assets.transport.proxies import Proxies, create_proxy, describe_proxy, environment_proxies

TIMEOUT = httpx.Timeout(60.0, connect=10.0, pool=None)
"""Seconds. Graph can take most of a minute over a page, but a connection is made within seconds or not at all."""

SIGN_IN_TIMEOUT = httpx.Timeout(15.0, connect=5.0)
"""Seconds. Sign-in responds quickly, and a thread that waits for it cannot be cancelled."""

TRANSPORT_ERRORS = (httpx.TransportError, httpx.DecodingError, socksio.SOCKSError)
"""Errors that a client raises if no response arrives, or one that cannot be decompressed."""

USER_AGENT = "aad_assets (Dagster)"

_HEADERS = {"User-Agent": USER_AGENT, **ACCEPTED}


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


def _has_no_password(record: logging.LogRecord) -> bool:
    """Filter out httpcore's debug log of a SOCKS handshake, which shows user and password."""
    return "auth=" not in record.getMessage()


def _is_no_event(record: logging.LogRecord) -> bool:
    """Filter out msal's debug log of events, which shows codes and assertions."""
    return not record.getMessage().startswith("event=")


logging.getLogger("httpcore.socks").addFilter(_has_no_password)
logging.getLogger("msal.token_cache").addFilter(_is_no_event)


class _SignInClient(httpx.Client):
    """A client whose requests end after `seconds`, however slowly a response arrives, and whose bodies are bounded.

    httpx bounds each read of a socket, not all of them together.
    """

    def __init__(self, seconds: float, **options: Any) -> None:
        super().__init__(timeout=SIGN_IN_TIMEOUT, headers=_HEADERS, **options)
        self._seconds = seconds
        self._sockets: list[socket.socket] = []

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send the request and read its body. Raises httpx.ReadTimeout, or UnsuitableBody for one that is too large."""
        request.extensions = {**request.extensions, "trace": self._remember_socket}
        expired = threading.Event()
        timer = threading.Timer(self._seconds, self._shut_down, [expired])
        timer.daemon = True
        timer.start()
        try:
            response = super().send(request, **{**options, "stream": True})
            with closing(response):
                response.stream = _InflatedStream(response)
                response.read()
        except httpx.TransportError:
            if expired.is_set():
                why = f"no complete response within {self._seconds:g} s (AAD_REQUEST_TIMEOUT)"
                raise httpx.ReadTimeout(why, request=request) from None
            raise
        finally:
            timer.cancel()
        return response

    def _remember_socket(self, event: str, info: Mapping[str, Any]) -> None:
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            self._sockets.append(info["return_value"].get_extra_info("socket"))

    def _shut_down(self, expired: threading.Event) -> None:
        """Wake the thread that reads. A socket is not closed here, because its number could be used again at once."""
        expired.set()
        for each in self._sockets:
            with suppress(OSError):
                socket.socket.shutdown(each, socket.SHUT_RDWR)  # not SSLSocket's own, which takes the TLS state away


class _InflatedStream(httpx.SyncByteStream):
    """The decompressed body of a response, in place of httpx's own decompression, which has no bound."""

    def __init__(self, response: httpx.Response) -> None:
        self._stream = cast(httpx.SyncByteStream, response.stream)
        self._inflater = Inflater(response.headers)

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            yield self._inflater.inflate(chunk)

    def close(self) -> None:
        self._stream.close()


class Transport:
    """Creates clients with one connection's proxy and CAs. They never follow redirects, which could leave the host."""

    request_timeout: float = Connection.model_fields["request_timeout"].default
    """Seconds that one request may take, its response included."""
    _hosts: tuple[str, ...] = ()
    """The hosts of sign-in and Graph."""

    def __init__(self, connection: Connection) -> None:
        mask_logs("httpcore", "httpx", "msal", "msal_extensions")
        for proxy in getproxies().values():
            remember_userinfo(proxy)
        self._tls = tls_context(connection)
        self._gateway = create_proxy(connection.gateway_url, self._tls) if connection.gateway_url else None
        self.request_timeout = connection.request_timeout
        self._hosts = tuple(urlsplit(url).hostname or "" for url in (connection.base_url, connection.authority))

    def sync_client(self) -> httpx.Client:
        """Create a client for sign-in, which msal performs in a thread. Raises ConfigurationError for a wrong proxy."""
        mounts: dict[str, httpx.BaseTransport | None] = {
            pattern: httpx.HTTPTransport(verify=self._tls, proxy=proxy, trust_env=False) if proxy else None
            for pattern, proxy in self._proxies().items()
        }
        return _SignInClient(self.request_timeout, verify=self._tls, mounts=mounts, trust_env=False)

    def unproxied_client(self) -> httpx.Client:
        """Create a client for the link-local endpoint of managed identities, which no proxy can reach."""
        return _SignInClient(self.request_timeout, verify=self._tls, trust_env=False)

    def async_client(self) -> httpx.AsyncClient:
        """Create a client for Graph. The caller limits the number of concurrent requests, and decompresses the responses.

        Raises ConfigurationError for a wrong proxy.
        """
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=32)
        mounts: dict[str, httpx.AsyncBaseTransport | None] = {
            pattern: httpx.AsyncHTTPTransport(verify=self._tls, proxy=proxy, limits=limits, trust_env=False)
            if proxy
            else None
            for pattern, proxy in self._proxies().items()
        }
        return httpx.AsyncClient(
            verify=self._tls,
            mounts=mounts,
            trust_env=False,
            timeout=TIMEOUT,
            headers=_HEADERS | {"Accept": "application/json"},
            limits=limits,
        )

    def describe_proxy(self, url: str) -> str:
        """Return the setting by which `url` is reached, `HTTPS_PROXY (http://proxy:8080)`; empty if that is no proxy."""
        return f"AAD_GATEWAY_URL ({self._gateway.url})" if self._gateway else describe_proxy(url)

    def _proxies(self) -> Proxies:
        """Return the gateway for everything, or the proxies of the environment."""
        return {"all://": self._gateway} if self._gateway else environment_proxies(self._tls, self._hosts)
