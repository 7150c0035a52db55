"""Start the demo tenant as a separate process, and control it over HTTPS."""

import json
import os
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

_READY_SECONDS = 60
_STOP_SECONDS = 5


class DemoServerError(RuntimeError):
    """The demo server did not start; the message holds what it wrote to stderr."""


class DemoServer:
    """A demo tenant for the length of a `with` block. After start, the attributes below are set from demo.json.

    `options` are those of `python -m aad_assets.demo`, with underscores: `DemoServer(users=300, no_quota=True)`. A sequence
    repeats the option. `licences` names what the tenant has bought: by default everything, `()` for nothing.
    """

    pid: int
    tenant_id: str
    tenant_domain: str
    client_id: str
    client_secret: str
    client_certificate: str
    public_client_id: str
    federated_issuer: str
    federated_subject: str
    federated_key: str
    managed_identity: str
    user_name: str
    user_password: str
    graph_base_url: str
    authority_url: str
    ca_bundle: str
    day: int
    users: int
    seed: int
    licences: list[str]

    def __init__(
        self, *, state_dir: Path | str | None = None, licences: Sequence[str] | None = None, **options: object
    ) -> None:
        self._exit = ExitStack()
        self.state_dir = Path(state_dir or self._exit.enter_context(tempfile.TemporaryDirectory(prefix="aad-demo-")))
        if licences is not None:
            options["licences"] = ",".join(licences) or "none"
        self._arguments = [*_arguments(options), "--state-dir", str(self.state_dir), "--watch-stdin"]

    def start(self) -> Self:
        """Start the server and wait for its ready line."""
        command = [sys.executable, "-m", "aad_assets.demo", *self._arguments]
        pipe, self._errors = subprocess.PIPE, self._exit.enter_context(tempfile.TemporaryFile("w+"))  # noqa: SIM115 - closed by stop()
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=self._errors, text=True)
        self._exit.enter_context(process)
        self._exit.callback(_end, process)
        assert process.stdout
        watchdog = threading.Timer(_READY_SECONDS, process.kill)
        watchdog.start()
        line = process.stdout.readline()
        watchdog.cancel()
        if not line.startswith("ready "):
            code = process.wait(_STOP_SECONDS)
            written = self.stderr()[-4000:]
            self.stop()
            raise DemoServerError(f"the demo server ended with exit code {code} before it was ready:\n{written}")
        self._read_state()
        return self

    def _read_state(self) -> None:
        vars(self).update(json.loads((self.state_dir / "demo.json").read_text("utf-8")))
        context = ssl.create_default_context(cafile=self.ca_bundle)
        self._opener = build_opener(ProxyHandler({}), HTTPSHandler(context=context))

    @classmethod
    def running(cls, state_dir: Path | str) -> "DemoServer | None":
        """Return the server that another process left running with this state folder, if any. Use it without `with`."""
        server = cls(state_dir=state_dir)
        try:
            server._read_state()
            server.stats()
        except (OSError, ValueError):
            return None
        return server

    def stderr(self) -> str:
        """Return what the server has written to stderr so far."""
        # The server shares the file position: read without moving it.
        descriptor = self._errors.fileno()
        return os.pread(descriptor, os.fstat(descriptor).st_size, 0).decode("utf-8", "replace")

    def stop(self) -> None:
        """End the server and wait for it."""
        self._exit.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def environment(self) -> dict[str, str]:
        """Return the variables that point a client at this tenant."""
        names = ("tenant_id", "client_id", "client_secret", "authority_url", "graph_base_url", "ca_bundle")
        return {f"AAD_{name.upper()}": getattr(self, name) for name in names} | {"NO_PROXY": "localhost,127.0.0.1"}

    def _ask(self, method: str, path: str, body: object = None) -> Iterator[Any]:
        """Yield the lines of a response, decoded."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.authority_url}/_demo/{path}", data, method=method)
        with self._opener.open(request, timeout=_READY_SECONDS) as lines:
            yield from map(json.loads, lines)

    def _json(self, method: str, path: str, body: object = None) -> Any:
        return next(iter(list(self._ask(method, path, body))), None)

    def faults(self, rules: Iterable[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
        """Put these fault rules in force; without an argument, return those in force, with their `hits`."""
        return list(self._json("GET" if rules is None else "PUT", "faults", rules and list(rules)))

    def clear_faults(self) -> None:
        """Remove all fault rules."""
        self._json("DELETE", "faults")

    def sign_in_rules(self, **changes: object) -> dict[str, Any]:
        """Change the rules that sign-in follows (fields of `identity.registration.Rules`); return all of them."""
        return dict(self._json("PATCH", "sign-in", changes))

    def federated_token(self, **claims: object) -> str:
        """Return a JWT of the issuer that the app trusts, as Kubernetes or CI write it; `claims` replace its own."""
        import jwt

        now = int(time.time())
        usual = {"iss": self.federated_issuer, "sub": self.federated_subject, "aud": "api://AzureADTokenExchange"}
        times = {"iat": now, "nbf": now, "exp": now + 600}
        return jwt.encode({**usual, **times, **claims}, Path(self.federated_key).read_bytes(), algorithm="RS256")

    def set_day(self, day: int) -> None:
        """Let days pass (or go back)."""
        self._json("POST", "day", {"day": day})

    def set_now(self, now: datetime | None) -> None:
        """Set the present moment of the logs (UTC without a time zone); None for the clock's."""
        self._json("POST", "now", {"now": now and now.isoformat()})

    def forget_logs_before(self, day: date) -> None:
        """Remove the logs' rows of earlier days."""
        self._json("POST", "forgotten", {"before": day.isoformat()})

    def stats(self) -> dict[str, Any]:
        """Return the requests by path template, tokens issued, 429s sent, most requests at once."""
        return dict(self._json("GET", "stats"))

    def reset_stats(self) -> None:
        """Count from zero."""
        self._json("DELETE", "stats")

    def objects(self, collection: str, parent: str | None = None) -> Iterator[dict[str, Any]]:
        """Yield the full objects of a collection, by table name or path; of members and owners parent, id and type."""
        return self._ask("GET", f"objects/{quote(collection)}{f'?parent={quote(parent)}' if parent else ''}")


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()


def _arguments(options: dict[str, object]) -> list[str]:
    arguments: list[str] = []
    for name, value in options.items():
        option = f"--{name.replace('_', '-')}"
        if value is True:
            arguments.append(option)
        elif value is not None and value is not False:
            for each in value if isinstance(value, Sequence) and not isinstance(value, str) else (value,):
                arguments += [option, str(each)]
    return arguments
