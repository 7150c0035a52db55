"""The demo's own controls under /_demo: statistics, the truth, the day, the faults. Not part of Graph, no token needed."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from .collections import BETA, BY_SEGMENTS, BY_TABLE, V1, Collection, canonical
from .directory.edges import target
from .directory.objects import Related
from .identity import Identity
from .logs.log import LogBook
from .protocol.graph import Graph
from .tenant import Directory

_CHUNK = 200
_TIME = "an ISO date and time, or null"


class Control:
    """Statistics and switches; `at_day` builds the directory of a day, `book` decides what the logs show."""

    def __init__(self, graph: Graph, identity: Identity, at_day: Callable[[int], Directory], book: LogBook) -> None:
        self._graph, self._identity, self._at_day, self._book = graph, identity, at_day, book
        self.requests: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.running = 0
        self.most_running = 0

    def routes(self) -> list[Route]:
        """Return the endpoints."""
        graph, book, rules = self._graph, self._book, self._identity.rules
        return [
            Route("/_demo/stats", self._stats),
            Route("/_demo/stats", self._reset, methods=["DELETE"]),
            Route("/_demo/objects/{collection:path}", self._objects),
            _switch("POST", "day", lambda: {"day": graph.directory.context.day}, self._set_day, "0..3650"),
            _switch("POST", "now", lambda: {"now": book.now and book.now.isoformat()}, self._set_now, _TIME),
            _switch("POST", "forgotten", lambda: {"before": book.forgotten.isoformat()}, self._forget, "an ISO date"),
            Route("/_demo/faults", self._clear_faults, methods=["DELETE"]),
            _switch("PUT", "faults", lambda: [rule.view() for rule in graph.faults.rules], self._set_faults),
            _switch("PATCH", "sign-in", lambda: asdict(rules), rules.change),
        ]

    async def _stats(self, _: Request) -> Response:
        return JSONResponse(
            {
                "requests": dict(self.requests),
                "statuses": {str(status): number for status, number in self.statuses.items()},
                "tokens_issued": self._identity.tokens.issued,
                "throttled": self.statuses[429],
                "throttled_by_quota": dict(self._graph.quota.refused),
                "max_concurrent_requests": self.most_running,
                "day": self._graph.directory.context.day,
            }
        )

    async def _reset(self, _: Request) -> Response:
        self.requests.clear()
        self.statuses.clear()
        self._graph.quota.refused.clear()
        self._identity.tokens.issued = 0
        self.most_running = self.running
        return Response(status_code=204)

    def _set_day(self, body: Any) -> None:
        day = body["day"]
        if not isinstance(day, int) or isinstance(day, bool) or not 0 <= day <= 3650:
            raise ValueError
        self._graph.move_to(self._at_day(day))

    def _set_now(self, body: Any) -> None:
        self._book.now = None if body["now"] is None else datetime.fromisoformat(body["now"])

    def _forget(self, body: Any) -> None:
        self._book.forgotten = date.fromisoformat(body["before"])

    def _set_faults(self, body: Any) -> None:
        self._graph.faults.set(body if isinstance(body, list) else [body], time.time())

    async def _clear_faults(self, _: Request) -> Response:
        self._set_faults([])
        return JSONResponse([])

    async def _objects(self, request: Request) -> Response:
        name = request.path_params["collection"]
        path = tuple(map(canonical, name.strip("/").split("/")))
        collection = BY_TABLE.get(name) or BY_SEGMENTS[V1].get(path) or BY_SEGMENTS[BETA].get(path)
        if collection is None:
            return JSONResponse({"error": f"unknown collection {name!r}; known: {', '.join(BY_TABLE)}"}, 404)
        directory, parent = self._graph.directory, request.query_params.get("parent")
        return StreamingResponse(truth(directory, collection, parent), media_type="application/x-ndjson")


def _switch(method: str, name: str, read: Callable[[], Any], change: Callable[[Any], None], expected: str = "") -> Route:
    """Return an endpoint that shows a setting on GET, and changes it with a JSON body on `method`.

    `expected` describes the value of the only key of the body.
    """

    async def endpoint(request: Request) -> Response:
        if request.method == method:
            try:
                change(json.loads(await request.body()))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                text = f'expected {{"{next(iter(read()))}": {expected}}}' if expected else str(error)
                return JSONResponse({"error": text}, 400)
        return JSONResponse(read())

    return Route(f"/_demo/{name}", endpoint, methods=["GET", method])


def truth(directory: Directory, collection: Collection, parent: str | None) -> Iterator[str]:
    """Return every object as a line of JSON, with all its properties; for members and owners rows of parent, id and type.

    A child names its `parent`; a child's child also all its `parents`, from the top.
    """
    for ids, keys in _parents(directory, collection.above):
        if (parent is not None and ids and ids[-1] != parent) or not collection.exists_under(directory, keys):
            continue
        # The truth about members includes those that v1.0 leaves out.
        kind = msgspec.structs.replace(collection, hide="").rows(directory, keys)
        above = f'"parent":"{ids[-1]}",' if ids else ""
        if len(ids) > 1:
            above += f'"parents":{json.dumps(ids)},'
        found = kind.keys()
        if isinstance(kind, Related):
            for type_, index in map(target, found):
                says = directory.objects.odata_type(type_, index)
                yield f'{{{above}"id":"{directory.objects.id_of(type_, index)}","type":"{says}"}}\n'
            continue
        for at in range(0, len(found), _CHUNK):
            rows = kind.render(found[at : at + _CHUNK], (*kind.properties, *collection.inside))
            if collection.form == "value":
                rows = [f'{{"value":{row}}}' for row in rows]
            yield "".join(f"{{{above}{row[1:]}\n" if above else f"{row}\n" for row in rows)


def _parents(directory: Directory, above: list[Collection]) -> Iterator[tuple[tuple[str, ...], tuple[int, ...]]]:
    """Return the ids and keys of the last collection's objects and of their parents; without a collection once nothing."""
    if not above:
        yield (), ()
        return
    *others, last = above
    for ids, keys in _parents(directory, others):
        kind = last.rows(directory, keys)
        for key in kind.keys():  # noqa: SIM118 - not a dict
            yield (*ids, json.loads(kind.render((key,), (last.key,))[0])[last.key]), (*keys, key)
