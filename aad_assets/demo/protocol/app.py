"""The HTTP side: routes, headers, compression, and the faults that break a connection.

A request to /$batch contains up to 20 requests, each with a response of its own. See also graph.py and identity/, which
decide what a response is.
"""

import asyncio
import random
import re
import uuid
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Mount, Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from ..collections import BETA, V1
from ..control import Control
from ..identity import Identity
from ..identity.tokens import challenge
from .errors import GraphError, error, reject
from .faults import Faults
from .graph import JSON_TYPE, Answer, Graph, Request

_BATCH_LIMIT = 20
_PROXY_PAGE = "<!DOCTYPE html><html><head><title>Access denied</title></head><body>Blocked by the firewall.</body></html>"
_URL = re.compile(r"^/?([^?]*)(?:\?(.*))?$")


def _failure(error: GraphError, request_id: str, client_request_id: str) -> Answer:
    """Return the response with Graph's error object."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    inner = {"date": now, "request-id": request_id, "client-request-id": client_request_id}
    body: dict[str, Any] = {"error": {"code": error.code, "message": error.message, "innerError": inner}}
    if error.code is None:
        body = {"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#Edm.String", "value": error.message}
    return Answer(error.status, error.headers, iter((msgspec.json.encode(body).decode(),)), "application/json")


def _compressed(pieces: Iterator[str], gzip: bool) -> Iterator[bytes]:
    """Return the body as bytes; at level 1, because speed matters more than size on loopback."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31) if gzip else None
    for piece in pieces:
        if packed := packer.compress(piece.encode()) if packer else piece.encode():
            yield packed
    if packer:
        yield packer.flush()


class _Batch(msgspec.Struct):
    requests: list[dict[str, Any]]


def _steps(body: bytes) -> list[dict[str, Any]]:
    try:
        steps = msgspec.json.decode(body, type=_Batch).requests
    except msgspec.DecodeError:
        raise error("batch_form") from None
    reject(not steps, "batch_empty")
    reject(len(steps) > _BATCH_LIMIT, "batch_size", limit=_BATCH_LIMIT)
    reject(not all(isinstance(step.get("id"), str) and step["id"] for step in steps), "batch_ids")
    reject(len({step["id"].lower() for step in steps}) < len(steps), "batch_repeated")
    return steps


def _addressed(request: Request, url: Any) -> Request:
    """Return the request of a batch with the path and query of its URL."""
    reject(not request.method or not isinstance(url, str) or not url or "://" in url.partition("?")[0], "batch_item")
    found = _URL.match(url)
    assert found
    return replace(request, path="/" + unquote(found[1]).lstrip("/"), query=found[2] or "")


class GraphEndpoint:
    """Everything under a version of Graph, as an ASGI app; `latency` in seconds."""

    def __init__(self, graph: Graph, identity: Identity, control: Control, latency: float) -> None:
        self._graph, self._identity, self._control, self._latency = graph, identity, control, latency
        self._shuffle = random.Random(graph.directory.context.seed)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http = HttpRequest(scope, receive)
        control, faults = self._control, self._graph.faults
        path = http.path_params["path"] or "/"
        control.running += 1
        control.most_running = max(control.most_running, control.running)
        try:
            if await _lost(faults, path, self._latency, scope, receive):
                return
            answer = self._answer(http, path, await http.body())
            control.requests[answer.template or f"error {answer.status}"] += 1
            if page := faults.take("html", path):
                answer = Answer(page.status, {}, iter((_PROXY_PAGE,)), "text/html; charset=utf-8", answer.template)
            control.statuses[answer.status] += 1
            await self._send(answer, http, send, path)
        finally:
            control.running -= 1

    def _answer(self, http: HttpRequest, path: str, body: bytes) -> Answer:
        request_id = str(uuid.uuid4())
        client_id = http.headers.get("client-request-id", request_id)
        try:
            claims = self._identity.tokens.claims(http.headers.get("authorization"))
            challenge(claims, self._graph.faults, path)
            roles = claims["scp"].split() if "scp" in claims else claims.get("roles", ())
            query = http.scope["query_string"].decode("latin-1")
            person = frozenset(self._identity.rules.person_roles) if "scp" in claims else None
            version = http.url.path.split("/", 2)[1]
            issued_at = claims.get("x_issued", 0.0)
            request = Request(http.method, path, query, http.headers, frozenset(roles), issued_at, person, version)
            if path.lower().rstrip("/") == "/$batch":
                answer = self._batch(request, body, request_id, client_id)
            else:
                answer = self._graph.answer(request)
        except GraphError as error:
            answer = _failure(error, request_id, client_id)
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
        reject(request.method != "POST", "method")
        self._graph.faults.refuse(request.path, request.issued_at)
        responses = []
        for step in _steps(body):
            given = step.get("headers")
            headers = {name.lower(): str(value) for name, value in given.items()} if isinstance(given, dict) else {}
            inner = replace(request, method=str(step.get("method") or "").upper(), headers=headers)
            try:
                answer = self._graph.answer(_addressed(inner, step.get("url")))
                self._control.requests[f"$batch {answer.template}"] += 1
            except GraphError as error:
                answer = _failure(error, request_id, headers.get("client-request-id", client_id))
                self._control.requests[f"$batch error {error.status}"] += 1
                self._control.statuses[error.status] += 1
            # In a batch a text/plain body is a bare number or a string, never an object.
            text = msgspec.Raw("".join(answer.body).encode())
            shown = {**answer.headers, "Content-Type": answer.kind}
            responses.append({"id": step["id"], "status": answer.status, "headers": shown, "body": text})
        self._shuffle.shuffle(responses)
        whole = msgspec.json.encode({"responses": responses}).decode()
        return Answer(200, {}, iter((whole,)), "application/json", "/$batch")

    async def _send(self, answer: Answer, http: HttpRequest, send: Send, path: str) -> None:
        faults = self._graph.faults
        slow = faults.take("trickle", path)
        gzip = "gzip" in http.headers.get("accept-encoding", "") and not slow
        pieces, cut = (character for piece in answer.body for character in piece) if slow else answer.body, None
        if answer.status == 200:
            if faults.take("garbage", path):
                pieces = iter(('{"@odata.context":"x","value":[{"id":"0', "\x01,,]"))
            cut = faults.take("cut", path)
        headers = {"Content-Type": answer.kind, **answer.headers, **({"Content-Encoding": "gzip"} if gzip else {})}
        raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        start = {"type": "http.response.start", "status": answer.status, "headers": raw}
        if cut:
            # Half a body, then the end of the connection; alternately with content-length and chunked.
            body = b"".join(_compressed(pieces, gzip))
            if cut.hits % 2:
                raw.append((b"content-length", str(len(body)).encode()))
            await send(start)
            await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
            await _disconnect(http.scope, http.receive, abort=False)
            return
        await send(start)
        for piece in _compressed(pieces, gzip):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            # A page takes tens of milliseconds: let other requests in between.
            await asyncio.sleep(slow.ms / 1000 if slow else 0)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _disconnect(scope: Scope, receive: Receive, abort: bool = True) -> None:
    """Close the connection (server.py puts it into the scope) and wait until it is lost; only then may an app return."""
    transport = scope["extensions"]["demo.transport"]["transport"]
    (transport.abort if abort else transport.close)()
    while (await receive())["type"] != "http.disconnect":
        pass


async def _lost(faults: Faults, path: str, latency: float, scope: Scope, receive: Receive) -> bool:
    """Wait as long as the latency and the faults demand; return whether they ended the connection."""
    slow = faults.take("latency", path)
    if delay := latency + (slow.ms / 1000 if slow else 0):
        await asyncio.sleep(delay)
    lost = faults.take("drop", path) is not None
    if lost:
        await _disconnect(scope, receive)
    return lost


def _with_faults(app: ASGIApp, faults: Faults) -> ASGIApp:
    """Return a sign-in app that faults can strike."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        struck, answer = faults.of_sign_in(), app
        if await _lost(struck, scope["path"], 0.0, scope, receive):
            return
        try:
            struck.refuse(scope["path"], 0.0)
        except GraphError as error:
            answer = Response(error.message, error.status, error.headers, "text/plain")
        await answer(scope, receive, send)

    return guarded


def build(graph: Graph, identity: Identity, control: Control, latency: float) -> Starlette:
    """Return the whole app; `latency` in seconds."""
    endpoint = GraphEndpoint(graph, identity, control, latency)
    sign_in = _with_faults(Router(identity.routes()), graph.faults)
    versions = [Route(f"/{version}{{path:path}}", endpoint) for version in (V1, BETA)]
    return Starlette(routes=[*versions, *control.routes(), Mount("/", sign_in)])
