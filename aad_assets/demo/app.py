"""The HTTP side: routes, headers, compression, and the faults that break a connection.

What is answered is decided in graph.py, batch.py and identity/.
"""

import asyncio
import random
import uuid
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import batch
from .control import Control
from .errors import GraphError
from .faults import Faults, Rule, refusal
from .graph import JSON_TYPE, Answer, Graph, Request
from .identity import Identity
from .identity.tokens import challenge

PREFIX = "/v1.0"


def error_body(error: GraphError, request_id: str, client_request_id: str) -> bytes:
    """Graph's error object."""
    inner = {
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": request_id,
        "client-request-id": client_request_id,
    }
    return msgspec.json.encode({"error": {"code": error.code, "message": error.message, "innerError": inner}})


def _compressed(pieces: Iterator[str], gzip: bool) -> Iterator[bytes]:
    """The body as bytes; level 1, as speed counts for more than size on loopback."""
    if not gzip:
        for piece in pieces:
            yield piece.encode()
        return
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    for piece in pieces:
        if packed := packer.compress(piece.encode()):
            yield packed
    yield packer.flush()


class GraphEndpoint:
    """Everything under /v1.0, as an ASGI app."""

    def __init__(self, graph: Graph, identity: Identity, latency: float) -> None:
        self._graph, self._identity, self._latency = graph, identity, latency
        self._shuffle = random.Random(graph.directory.context.seed)
        self.control: Control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http = HttpRequest(scope, receive)
        control, faults = self.control, self._graph.faults
        path = scope["path"][len(PREFIX) :] or "/"
        control.running += 1
        control.most_running = max(control.most_running, control.running)
        try:
            slow = faults.take("latency", path)
            if delay := self._latency + (slow.ms / 1000 if slow else 0):
                await asyncio.sleep(delay)
            if faults.take("drop", path):
                await drop(scope, receive)
                return
            body = await http.body()
            answer = self._answer(http, path, body)
            control.requests[answer.template or f"error {answer.status}"] += 1
            control.statuses[answer.status] += 1
            await self._send(answer, http, send, faults, path)
        finally:
            control.running -= 1

    def _answer(self, http: HttpRequest, path: str, body: bytes) -> Answer:
        request_id = str(uuid.uuid4())
        client_id = http.headers.get("client-request-id", request_id)
        try:
            claims = self._identity.tokens.claims(http.headers.get("authorization"))
            challenge(claims, self._graph.faults, path)
            request = Request(
                http.method,
                path,
                http.scope["query_string"].decode("latin-1"),
                http.headers,
                frozenset(claims["scp"].split() if "scp" in claims else claims.get("roles", ())),
                claims.get("x_issued", 0.0),
            )
            if path.lower().rstrip("/") == "/$batch":
                answer = self._batch(request, body, request_id, client_id)
            else:
                answer = self._graph.answer(request)
        except GraphError as error:
            answer = Answer(error.status, error.headers, iter((error_body(error, request_id, client_id).decode(),)))
            answer.kind = "application/json"
        answer.headers = {
            "Cache-Control": "no-cache",
            "Vary": "Accept-Encoding",
            "Strict-Transport-Security": "max-age=31536000",
            "request-id": request_id,
            "client-request-id": client_id,
            "x-ms-ags-diagnostic": '{"ServerInfo":{"DataCenter":"Demo","Slice":"E","Ring":"5","ScaleUnit":"001"}}',
            **({"OData-Version": "4.0"} if answer.kind == JSON_TYPE else {}),
            **answer.headers,
        }
        return answer

    def _batch(self, request: Request, body: bytes, request_id: str, client_id: str) -> Answer:
        if request.method != "POST":
            raise GraphError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
        self._graph.faults.refuse(request.path, request.issued_at)

        def inner(item: Request) -> Answer:
            answer = self._graph.answer(item)
            self.control.requests[f"$batch {answer.template}"] += 1
            return answer

        def word(error: GraphError, item: Request) -> bytes:
            self.control.requests[f"$batch error {error.status}"] += 1
            self.control.statuses[error.status] += 1
            return error_body(error, request_id, item.headers.get("client-request-id", client_id))

        text = batch.run(request, body, inner, word, self._shuffle)
        return Answer(200, {}, iter((text,)), "application/json", "/$batch")

    async def _send(self, answer: Answer, http: HttpRequest, send: Send, faults: Faults, path: str) -> None:
        gzip = "gzip" in http.headers.get("accept-encoding", "")
        pieces = answer.body
        cut: Rule | None = None
        if answer.status == 200:
            if faults.take("garbage", path):
                pieces = iter(('{"@odata.context":"x","value":[{"id":"0', "\x01,,]"))
            cut = faults.take("cut", path)
        headers = {"Content-Type": answer.kind, **answer.headers}
        if gzip:
            headers["Content-Encoding"] = "gzip"
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        if cut:
            await self._cut(answer.status, raw, b"".join(_compressed(pieces, gzip)), cut, http, send)
            return
        await send({"type": "http.response.start", "status": answer.status, "headers": raw})
        for piece in _compressed(pieces, gzip):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(0)  # A page takes tens of milliseconds: let other requests in between.
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _cut(
        self,
        status: int,
        headers: list[tuple[bytes, bytes]],
        body: bytes,
        rule: Rule,
        http: HttpRequest,
        send: Send,
    ) -> None:
        """Half a body, then the end of the connection; by turns with content-length and chunked."""
        if rule.hits % 2:
            headers.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        transport(http.scope).close()
        await gone(http.receive)


def transport(scope: Scope) -> Any:
    """The connection behind a request (server.py puts it there)."""
    return scope["extensions"]["demo.transport"]["transport"]


async def drop(scope: Scope, receive: Receive) -> None:
    """Close the connection without an answer."""
    transport(scope).abort()
    await gone(receive)


async def gone(receive: Receive) -> None:
    """Wait until the connection is lost; only then may an app return without an answer."""
    message: Message = {"type": ""}
    while message["type"] != "http.disconnect":
        message = await receive()


class SignInFaults:
    """Wraps a sign-in endpoint: faults whose path names oauth2 strike here."""

    def __init__(self, inner: ASGIApp, faults: Faults) -> None:
        self._inner, self._faults = inner, faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        for rule in self._faults.rules:
            # Rules without a path are meant for Graph.
            if not rule.path or rule.kind not in ("429", "500", "502", "503", "504", "drop", "latency"):
                continue
            if not rule.strikes(path):
                continue
            if rule.kind == "latency":
                await asyncio.sleep(rule.ms / 1000)
                continue
            if rule.kind == "drop":
                await drop(scope, receive)
                return
            error = refusal(rule)
            answer = Response(error.message, error.status, error.headers, "text/plain")
            await answer(scope, receive, send)
            return
        await self._inner(scope, receive, send)


class _Prefix(BaseRoute):
    """Hands every path under /v1.0 to one ASGI app, as it came."""

    def __init__(self, endpoint: ASGIApp) -> None:
        self._endpoint = endpoint

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        path = scope.get("path", "")
        hit = scope["type"] == "http" and (path == PREFIX or path.startswith(f"{PREFIX}/"))
        return (Match.FULL if hit else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._endpoint(scope, receive, send)


def build(graph: Graph, identity: Identity, control: Control, latency: float) -> Starlette:
    """The whole app; `latency` in seconds."""
    endpoint = GraphEndpoint(graph, identity, latency)
    endpoint.control = control
    sign_in: list[BaseRoute] = []
    for route in identity.routes():
        guarded = Route(route.path, route.endpoint, methods=list(route.methods or ()))
        guarded.app = SignInFaults(guarded.app, graph.faults)
        sign_in.append(guarded)
    return Starlette(routes=[_Prefix(endpoint), *control.routes(), *sign_in])
