"""A local receiver of alerts: an HTTP server that records what is posted to it."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

PATH = "/services/T0CONTOSO/B0ENTRA/s3cr3t-of-the-w3bh00k"
"""As secret as the address of a webhook is."""


class Receiver:
    """Runs in a thread for as long as its context is open. `answers` are the status codes to answer with; then 200."""

    def __init__(self, *answers: int, headers: dict[str, str] | None = None) -> None:
        self.received: list[dict[str, Any]] = []
        self._answers, headers_sent = list(answers), headers or {}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.headers["Content-Type"] == "application/json"
                receiver.received.append(json.loads(body))
                self.send_response(receiver._answers.pop(0) if receiver._answers else 200)
                for name, value in headers_sent.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the server's own name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}{PATH}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
