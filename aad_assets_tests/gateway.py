"""A proxy with a password that records its tunnels: HTTP CONNECT, with or without TLS, and SOCKS5."""

import asyncio
import base64
import ssl
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

THREAD = "gateway"
USER, PASSWORD = "gateway-user", "g8teway~p4ssw0rd"


class Gateway:
    """Runs in a thread for as long as its context is open.

    `kind` is http, https (`tls` holds its certificate) or socks5. `tunnels` lists the requested host:port pairs, `rejected`
    counts callers without the password.
    """

    def __init__(self, kind: str = "http", tls: ssl.SSLContext | None = None) -> None:
        self._kind, self._tls = kind, tls
        self.tunnels: list[str] = []
        self.rejected = 0
        self.port = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name=THREAD)

    @property
    def url(self) -> str:
        return f"{self._kind}://{USER}:{PASSWORD}@localhost:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self._tls)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A caller may disconnect at any time.
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            destination = await (self._socks(reader, writer) if self._kind == "socks5" else self._connect(reader, writer))
            if destination:
                self.tunnels.append("{}:{}".format(*destination))
                await self._tunnel(reader, writer, *destination)
        writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, int] | None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}" not in head:
            self.rejected += 1
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return None
        method, target, _ = head.split(" ", 2)
        assert method == "CONNECT", "everything is tunnelled"
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        host, _, port = target.rpartition(":")
        return host, int(port)

    async def _socks(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, int] | None:
        _, methods = await reader.readexactly(2)
        assert 2 in await reader.readexactly(methods), "user and password are offered"
        writer.write(b"\x05\x02")
        await reader.readexactly(1)
        user = await reader.readexactly((await reader.readexactly(1))[0])
        password = await reader.readexactly((await reader.readexactly(1))[0])
        if (user.decode(), password.decode()) != (USER, PASSWORD):
            self.rejected += 1
            writer.write(b"\x01\x01")
            return None
        writer.write(b"\x01\x00")
        _, _, _, kind = await reader.readexactly(4)
        assert kind == 3, "names are resolved behind the gateway"
        host = await reader.readexactly((await reader.readexactly(1))[0])
        port = int.from_bytes(await reader.readexactly(2), "big")
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        return host.decode(), port

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1" if host == "localhost" else host, port)
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pipe(reader, far_writer))
                both.create_task(self._pipe(far_reader, writer))
        finally:
            far_writer.close()

    async def _pipe(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()
        writer.close()
