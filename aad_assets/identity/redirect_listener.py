"""A listener for the browser's return from the sign-in page, for redirect URLs on this machine (RFC 8252)."""

import http.server
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from aad_assets.errors import ConfigurationError

_PAGE = """<!doctype html><html lang="en"><head><title>{title}</title></head>
<body><h1>{title}</h1><p>{text}</p></body></html>"""

_MAX_CONNECTIONS = 16
_CONNECTION_SECONDS = 10.0
"""Seconds for one connection in all: browsers open connections and send nothing."""

OnRedirect = Callable[[dict[str, str]], None]


class RedirectListener:
    """Listens for as long as its context is open. `redirect_url` is the URL to send, with the port that was free."""

    def __init__(self, redirect_url: str) -> None:
        parts = urlsplit(redirect_url)
        host = parts.hostname or "localhost"
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listener = socket.create_server(("127.0.0.1" if host == "localhost" else host, parts.port or 0), family=family)
        except OSError as error:
            raise ConfigurationError(
                f"Cannot listen on AAD_REDIRECT_URL ({redirect_url}): {error.strerror}. Free the port, or register "
                "http://localhost, which works with any port."
            ) from None
        host_in_url = f"[{host}]" if ":" in host else host
        self.redirect_url = f"http://{host_in_url}:{listener.getsockname()[1]}{parts.path}"
        self._path = parts.path or "/"
        self._server = _Server(listener.getsockname()[:2], _Handler, bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = listener
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def serve(self, state: str, on_redirect: OnRedirect) -> None:
        """Start serving. Call `on_redirect` with the parameters of the request that carries `state`; reject all others."""
        _Handler.accept(self._server, self._path, state, on_redirect)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    """Serves several connections at once: browsers open spare ones that send nothing, and ask for icons.

    A new connection beyond the limit ends the oldest, so that the one with the code is always served.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._open: dict[socket.socket, threading.Timer] = {}
        self._lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        timer = threading.Timer(_CONNECTION_SECONDS, _end, [request])
        timer.daemon = True
        with self._lock:
            if len(self._open) >= _MAX_CONNECTIONS:
                oldest = next(iter(self._open))
                self._open.pop(oldest).cancel()
                _end(oldest)
            self._open[request] = timer
        timer.start()
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            if timer := self._open.pop(request, None):
                timer.cancel()
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log nothing: a browser may end a connection at any time."""

    def server_close(self) -> None:
        super().server_close()
        with self._lock:
            for request, timer in self._open.items():
                timer.cancel()
                _end(request)


def _end(connection: socket.socket) -> None:
    """Wake the thread that serves the connection; it then closes it."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Handler(http.server.BaseHTTPRequestHandler):
    @staticmethod
    def accept(server: http.server.HTTPServer, path: str, state: str, on_redirect: OnRedirect) -> None:
        server.expected = (path, state, on_redirect)  # type: ignore[attr-defined]

    def do_HEAD(self) -> None:
        """Respond to a probe, without taking its code: the browser sends the request itself afterwards."""
        found = urlsplit(self.path).path == self.server.expected[0]  # type: ignore[attr-defined]
        self._show(200 if found else 404, "", "")

    def do_GET(self) -> None:
        path, state, on_redirect = self.server.expected  # type: ignore[attr-defined]
        requested = urlsplit(self.path)
        parameters = dict(parse_qsl(requested.query))
        if requested.path != path:
            self._show(404, "Not found", "There is nothing at this address.")
        elif parameters.get("state") != state or not {"code", "error"} & set(parameters):
            self._show(400, "Another sign-in", "This address does not belong to the sign-in in progress.")
        elif "error" in parameters:
            self._show(200, "Not signed in", "The terminal shows the reason. You can close this window.")
            on_redirect(parameters)
        else:
            self._show(200, "Signed in", "The terminal shows what happens next. You can close this window.")
            on_redirect(parameters)

    def _show(self, status: int, title: str, text: str) -> None:
        body = _PAGE.format(title=title, text=text).encode()
        self.send_response(status)
        for name, value in (
            ("Content-Type", "text/html; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
            ("Connection", "close"),
        ):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Log nothing: the request line contains the code."""
