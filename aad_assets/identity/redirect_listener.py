"""Catches the browser on its way back from the sign-in page, when the redirect URL leads to this machine (RFC 8252).

Not here: what is done with the code.
"""

import http.server
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl, urlsplit

from aad_assets.errors import ConfigurationError

_PAGE = """<!doctype html><html lang="en"><head><title>{title}</title></head>
<body><h1>{title}</h1><p>{text}</p></body></html>"""


class RedirectListener:
    """Listens while it is used as a context manager. `redirect_url` is the one to send, with the port that was free."""

    def __init__(self, redirect_url: str) -> None:
        parts = urlsplit(redirect_url)
        host = parts.hostname or "localhost"
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listener = socket.create_server(("127.0.0.1" if host == "localhost" else host, parts.port or 0), family=family)
        except OSError as error:
            raise ConfigurationError(
                f"AAD_REDIRECT_URL ({redirect_url}) cannot be listened on: {error.strerror}. Free the port, or register "
                "http://localhost, which takes any."
            ) from None
        shown = f"[{host}]" if ":" in host else host
        self.redirect_url = f"http://{shown}:{listener.getsockname()[1]}{parts.path}"
        self._path = parts.path or "/"
        self._server = http.server.HTTPServer(listener.getsockname()[:2], _Handler, bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = listener
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def serve(self, state: str, caught: Callable[[dict[str, str]], None]) -> None:
        """Begin to answer; `caught` gets the parameters of the request that bears `state`. Others are refused."""
        _Handler.accept(self._server, self._path, state, caught)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    timeout = 10
    """Seconds for a browser that opens a connection and says nothing."""

    @staticmethod
    def accept(server: http.server.HTTPServer, path: str, state: str, caught: Callable[[dict[str, str]], None]) -> None:
        server.expected = (path, state, caught)  # type: ignore[attr-defined]

    def do_GET(self) -> None:
        path, state, caught = self.server.expected  # type: ignore[attr-defined]
        asked = urlsplit(self.path)
        answer = dict(parse_qsl(asked.query))
        if asked.path != path:
            self._show(404, "Not here", "There is nothing at this address.")
        elif answer.get("state") != state or not {"code", "error"} & set(answer):
            self._show(400, "Another sign-in", "This address does not belong to the sign-in that is under way.")
        elif "error" in answer:
            self._show(200, "Not signed in", "The terminal says why. You may close this window.")
            caught(answer)
        else:
            self._show(200, "Signed in", "The terminal says how it went on. You may close this window.")
            caught(answer)

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
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Nothing: the request line holds the code."""
