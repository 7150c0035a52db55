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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import trustme
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from . import licensing
from .control import Control
from .identity import Identity, register
from .logs.log import LogBook
from .protocol.app import PREFIX, build
from .protocol.faults import Faults, parse_short
from .protocol.graph import Graph
from .protocol.quota import Quota
from .tenant import Directory

DEFAULT_EPOCH = date(2026, 11, 2)
"""The date of day 0."""


@dataclass(frozen=True)
class Configuration:
    """The command line's options; `quota_scale` None switches quotas off, latency is in milliseconds."""

    host: str
    port: int
    users: int
    seed: int
    day: int
    latency_ms: float
    faults: str
    state_dir: Path
    token_lifetime: int
    quota_scale: float | None
    tenant_domain: str
    without_permission: tuple[str, ...]
    watch_stdin: bool
    epoch: date = DEFAULT_EPOCH
    licences: frozenset[str] = frozenset(licensing.ALL)
    now: datetime | None = None
    sign_ins_per_day: int | None = None
    sign_in_activity_page: int = 500


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
    """Leaves signals to us: uvicorn would raise them again after a clean end, and so turn it into a death by signal."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _private(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read, in one step."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
    temporary.replace(path)


def _watch_stdin(stop: Any) -> None:
    """Call stop when stdin ends: the parent has gone."""

    def watch() -> None:
        while os.read(0, 4096):
            pass
        stop()

    threading.Thread(target=watch, daemon=True).start()


async def _serve(configuration: Configuration) -> None:
    state = configuration.state_dir
    state.mkdir(parents=True, exist_ok=True)
    authority = trustme.CA(organization_name="aad_assets demo tenant")
    leaf = authority.issue_cert("localhost", "127.0.0.1")
    authority.cert_pem.write_to_path(str(state / "ca.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    leaf.configure_cert(tls)

    family = socket.AF_INET6 if ":" in configuration.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((configuration.host, configuration.port))
    origin = f"https://localhost:{listener.getsockname()[1]}"

    book = LogBook(configuration.now, sign_ins_per_day=configuration.sign_ins_per_day)
    book.premium = licensing.P1 in configuration.licences

    def at_day(day: int) -> Directory:
        return Directory(
            configuration.seed, configuration.users, day, configuration.tenant_domain, configuration.epoch,
            configuration.without_permission, book,
        )  # fmt: skip

    directory = at_day(configuration.day)
    faults = Faults(configuration.seed)
    faults.set(parse_short(configuration.faults), time.time())
    quota = Quota(configuration.users, configuration.quota_scale)
    graph = Graph(f"{origin}{PREFIX}", directory, quota, faults, configuration.licences, configuration.sign_in_activity_page)
    registration, registered = register(
        origin,
        directory.context.tenant_id,
        configuration.tenant_domain,
        directory.context.client_id,
        directory.context.granted,
        state,
        _private,
    )
    identity = Identity(registration, configuration.token_lifetime)
    control = Control(graph, identity, at_day, book)
    app = build(graph, identity, control, configuration.latency_ms / 1000)

    config = uvicorn.Config(
        app, http=Protocol, ws="none", lifespan="off", access_log=False, log_level="warning",
        timeout_keep_alive=75, timeout_graceful_shutdown=1, backlog=1024, server_header=False,
    )  # fmt: skip
    config.load()
    config.ssl = tls
    server = _Server(config)
    ready = {
        "pid": os.getpid(),
        "tenant_id": directory.context.tenant_id,
        "tenant_domain": configuration.tenant_domain,
        "client_id": directory.context.client_id,
        **registered,
        "graph_base_url": graph.base,
        "authority_url": origin,
        "ca_bundle": str((state / "ca.pem").resolve()),
        "day": configuration.day,
        "users": configuration.users,
        "seed": configuration.seed,
        "licences": sorted(configuration.licences),
    }

    def stop() -> None:
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    if configuration.watch_stdin:
        _watch_stdin(lambda: loop.call_soon_threadsafe(stop))

    async def announce() -> None:
        while not server.started:
            await asyncio.sleep(0.01)
        _private(state / "demo.json", json.dumps(ready, indent=1).encode())
        print(f"ready {origin}", flush=True)

    announcing = asyncio.create_task(announce())
    await server.serve(sockets=[listener])
    await announcing


def run(configuration: Configuration) -> int:
    """Serve until SIGTERM, SIGINT or the end of stdin; the exit code."""
    import uvloop

    try:
        uvloop.run(_serve(configuration))
    except (KeyboardInterrupt, asyncio.CancelledError):
        pass
    except OSError as error:
        print(f"cannot listen on {configuration.host}:{configuration.port}: {error}", file=sys.stderr)
        return 1
    return 0


__all__ = ["DEFAULT_EPOCH", "Configuration", "run"]
