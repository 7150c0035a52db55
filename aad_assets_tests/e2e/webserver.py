"""`dagster dev` with workspace.yaml as a process, and its GraphQL API."""

import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, Request, build_opener

from aad_assets_tests.e2e.conftest import BIN, Place

ROOT = Path(__file__).parents[2]
_SERVING = re.compile(r"Serving dagster-webserver on (http://127\.0\.0\.1:\d+)")
_open = build_opener(ProxyHandler({})).open


class DagsterDev:
    """A running `dagster dev`, as a context manager. `url` is the address of the UI."""

    def __init__(self, place: Place, **changes: str) -> None:
        self._process = subprocess.Popen(
            [str(BIN / "dagster"), "dev", "-w", str(ROOT / "workspace.yaml"), "-h", "127.0.0.1", "-p", "0"],
            cwd=ROOT,
            env=place.changed(PYTHONUNBUFFERED="1", **changes),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.output: list[str] = []
        self._served = threading.Event()
        self.url = ""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self.output.append(line)
            if found := _SERVING.search(line):
                self.url = found[1]
                self._served.set()
        self._served.set()

    def __enter__(self) -> "DagsterDev":
        if not self._served.wait(60) or not self.url or not self._is_listening():
            self.__exit__()
            raise AssertionError("dagster dev did not come up:\n" + "".join(self.output[-40:]))
        return self

    def _is_listening(self) -> bool:
        """Wait up to a minute until it listens, because it logs the address before it does. Return whether it does."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.poll() is None:
            with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", urlsplit(self.url).port)):
                return True
            time.sleep(0.05)
        return False

    def __exit__(self, *_: object) -> None:
        os.killpg(self._process.pid, signal.SIGINT)
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._reader.join()
        assert self._process.stdout
        self._process.stdout.close()

    def ask(self, query: str, **variables: Any) -> Any:
        """Return the `data` of a GraphQL response."""
        request_body = json.dumps({"query": query, "variables": variables}).encode()
        request = Request(f"{self.url}/graphql", request_body, {"Content-Type": "application/json"})
        with _open(request, timeout=60) as response:
            body = json.load(response)
        assert "errors" not in body, body
        return body["data"]

    def can_terminate(self, run_id: str) -> bool:
        """Return whether Dagster can stop the process of a run."""
        query = "query($id: ID!) { runOrError(runId: $id) { ... on Run { canTerminate } } }"
        return bool(self.ask(query, id=run_id)["runOrError"]["canTerminate"])

    def runs(self) -> list[dict[str, Any]]:
        """Return the runs with id, status and tags, newest first."""
        query = "{ runsOrError { ... on Runs { results { id status tags { key value } } } } }"
        found: list[dict[str, Any]] = self.ask(query)["runsOrError"]["results"]
        return found
