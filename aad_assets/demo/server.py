"""Runs the app: certificates, credentials, the listening socket, the ready file, a clean end."""

import asyncio
import json
import os
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import trustme
import uvicorn
from starlette.applications import Starlette
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from . import licensing
from .collections import V1
from .configuration import Configuration
from .control import Control
from .identity import Identity, Registration
from .logs.log import LogBook
from .protocol.app import build
from .protocol.faults import Faults, parse_short
from .protocol.graph import Graph
from .protocol.quota import Quota
from .tenant import Directory


class Protocol(HttpToolsProtocol):
    """Shows the app its connection, so that it can break it on purpose."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {"demo.transport": {"transport": self.transport}}

    def shutdown(self) -> None:
        # An idle TLS connection would wait for the client's farewell, and with it the server's end.
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()
        else:
            super().shutdown()


class _Server(uvicorn.Server):
    """Leaves signals to this process: uvicorn raises them again after a clean shutdown, which looks like a kill."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()


def _private(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read, in one step."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.touch(0o600)
    temporary.write_bytes(data)
    temporary.replace(path)


def _watch_stdin(stop: Callable[[], object]) -> None:
    """Call stop when stdin ends, because the parent has gone."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        stop()

    threading.Thread(target=watch, daemon=True).start()


def _tls(state: Path) -> ssl.SSLContext:
    """Return the server's TLS context; write the certificate of its authority to ca.pem."""
    authority = trustme.CA(organization_name="aad_assets demo tenant")
    authority.cert_pem.write_to_path(str(state / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    return context


def _build(options: Configuration, origin: str) -> tuple[Starlette, dict[str, object]]:
    """Return the app and the content of demo.json."""
    premium = licensing.P1 in options.licences
    book = LogBook(options.now, sign_ins_per_day=options.sign_ins_per_day, premium=premium)

    def at_day(day: int) -> Directory:
        withheld = options.without_permission
        return Directory(options.seed, options.users, day, options.tenant_domain, options.epoch, withheld, book)

    directory = at_day(options.day)
    faults = Faults(options.seed)
    faults.set(parse_short(options.faults), time.time())
    quota = Quota(options.users, options.quota_scale)
    limits = (options.licences, options.sign_in_activity_page, options.released, options.unavailable)
    graph = Graph(f"{origin}/{V1}", directory, quota, faults, *limits)
    state = options.state_dir
    registration = Registration(origin, directory.context, options.token_lifetime, state, _private)
    registration.rules.person_roles = list(options.person_role) or registration.rules.person_roles
    identity = Identity(registration)
    app = build(graph, identity, Control(graph, identity, at_day, book), options.latency_ms / 1000)
    return app, {
        "pid": os.getpid(),
        **{name: getattr(options, name) for name in ("tenant_domain", "day", "users", "seed")},
        **registration.shown,
        "graph_base_url": graph.base,
        "authority_url": origin,
        "ca_bundle": str((state / "ca.pem").resolve()),
        "licences": sorted(options.licences),
    }


async def _serve(options: Configuration) -> None:
    options.state_dir.mkdir(parents=True, exist_ok=True)
    tls = _tls(options.state_dir)
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listener = socket.create_server((options.host, options.port), family=family, backlog=1024)
    origin = f"https://localhost:{listener.getsockname()[1]}"
    app, ready = _build(options, origin)
    config = uvicorn.Config(
        app, http=Protocol, ws="none", lifespan="off", access_log=False, log_level="warning",
        timeout_keep_alive=75, timeout_graceful_shutdown=1, backlog=1024, server_header=False,
    )  # fmt: skip
    config.load()
    config.ssl = tls

    def announce() -> None:
        _private(options.state_dir / "demo.json", json.dumps(ready, indent=1).encode())
        print(f"ready {origin}", flush=True)

    server = _Server(config, announce)
    stop = partial(setattr, server, "should_exit", True)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    if options.watch_stdin:
        _watch_stdin(lambda: loop.call_soon_threadsafe(stop))
    await server.serve(sockets=[listener])


def run(options: Configuration) -> int:
    """Serve until SIGTERM, SIGINT or the end of stdin; return the exit code."""
    import uvloop

    try:
        uvloop.run(_serve(options))
    except (KeyboardInterrupt, asyncio.CancelledError):
        pass
    except OSError as error:
        print(f"cannot listen on {options.host}:{options.port}: {error}", file=sys.stderr)
        return 1
    return 0
