"""A Python that has already imported Dagster and runs one command line after another, each in a fork.

Two thirds of the processor time of a short `dagster asset materialize` are imports, and the tests run dozens of them. A fork
is still a separate process with its own environment, working directory, output and exit code, and it imports this project's
modules itself. Tests of signals and of the installed commands start new processes.
"""

import importlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

_SLOW_TO_IMPORT = (
    "anyio",
    "dagster._cli",
    "dagster._core.definitions.antlr_asset_selection.antlr_asset_selection",
    "dagster._core.storage.base_storage",
    "fsspec",
    "httpcore",
    "httpx",
    "msal",
    "pandas",
)
"""Without DuckDB and what imports it: it starts a thread, and threads do not survive a fork."""

_RUN = b"!"


class WarmPython:
    """A context manager that runs one command at a time."""

    def __enter__(self) -> "WarmPython":
        self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._kill()

    def _start(self) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno())], pass_fds=[theirs.fileno()], start_new_session=True
            )

    def _kill(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def dagster(
        self, arguments: list[str], env: dict[str, str], cwd: Path, timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """Do what `subprocess.run(["dagster", *arguments], …)` does. Raises TimeoutError after `timeout` seconds."""
        with tempfile.TemporaryFile() as request, tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
            request.write(json.dumps([arguments, env, str(cwd)]).encode())
            request.flush()
            response = b""
            try:
                self._socket.settimeout(timeout)
                socket.send_fds(self._socket, [_RUN], [request.fileno(), stdout.fileno(), stderr.fileno()])
                response = self._socket.recv(16)
            finally:
                if not response:  # Also if pytest-timeout ends the test: a late response would count for the next test.
                    self._socket.close()
                    self._kill()
                    self._start()
            assert response, "the warm Python ended"
            for file in (stdout, stderr):
                file.seek(0)
            return subprocess.CompletedProcess(
                ["dagster", *arguments], int(response), stdout.read().decode(), stderr.read().decode()
            )


def serve(connection: socket.socket) -> None:
    """Run each request and send its exit code, until the other side closes the connection."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(connection, len(_RUN), 3)
        if not message:
            return
        child = os.fork()
        if child == 0:
            connection.close()
            sys.exit(run(*descriptors))
        for descriptor in descriptors:
            os.close(descriptor)
        _, status = os.waitpid(child, 0)
        connection.send(str(os.waitstatus_to_exitcode(status)).encode())


def run(request: int, stdout: int, stderr: int) -> int | None:
    """Turn this process into the requested `dagster` command, run it, and return its exit code."""
    with open(request, "rb") as file:
        file.seek(0)
        arguments, environment, folder = json.load(file)
    for given, wanted in ((stdout, 1), (stderr, 2)):
        os.dup2(given, wanted)
        os.close(given)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["dagster", *arguments]
    code: int | None = importlib.import_module("dagster._cli").main()
    return code


if __name__ == "__main__":
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # Otherwise NumPy starts threads.
    for module in _SLOW_TO_IMPORT:
        importlib.import_module(module)
    with socket.socket(fileno=int(sys.argv[1])) as requests:
        serve(requests)
