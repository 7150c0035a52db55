"""The demo's own controls under /_demo: statistics, the truth, the day, the faults. Not part of Graph, no token needed."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import date, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from .collections import BY_SEGMENTS, BY_TABLE, Collection
from .directory.edges import target
from .directory.objects import Related
from .directory.rendering import Kind
from .graph import Graph
from .identity import Identity
from .logs.log import LogBook
from .tenant import Directory

_CHUNK = 200


class Control:
    """Statistics and switches; `at_day` builds the directory of a day, `book` decides what the logs show."""

    def __init__(self, graph: Graph, identity: Identity, at_day: Callable[[int], Directory], book: LogBook) -> None:
        self._graph, self._identity, self._at_day, self._book = graph, identity, at_day, book
        self.requests: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.running = 0
        self.most_running = 0

    def routes(self) -> list[Route]:
        """The endpoints."""
        return [
            Route("/_demo/stats", self._stats),
            Route("/_demo/stats", self._reset, methods=["DELETE"]),
            Route("/_demo/objects/{collection:path}", self._objects),
            Route("/_demo/day", self._day, methods=["GET", "POST"]),
            Route("/_demo/now", self._now, methods=["GET", "POST"]),
            Route("/_demo/forgotten", self._forgotten, methods=["GET", "POST"]),
            Route("/_demo/faults", self._faults, methods=["GET", "PUT", "DELETE"]),
            Route("/_demo/sign-in", self._sign_in, methods=["GET", "PATCH"]),
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

    async def _day(self, request: Request) -> Response:
        if request.method == "POST":
            try:
                day = json.loads(await request.body())["day"]
            except (ValueError, KeyError, TypeError):
                day = None
            if not isinstance(day, int) or isinstance(day, bool) or not 0 <= day <= 3650:
                return JSONResponse({"error": 'expected {"day": 0..3650}'}, 400)
            self._graph.move_to(self._at_day(day))
        return JSONResponse({"day": self._graph.directory.context.day})

    async def _now(self, request: Request) -> Response:
        """The present moment of the logs; null for the clock's."""
        if request.method == "POST":
            try:
                now = json.loads(await request.body())["now"]
                self._book.now = None if now is None else datetime.fromisoformat(now)
            except (ValueError, KeyError, TypeError):
                return JSONResponse({"error": 'expected {"now": an ISO date and time, or null}'}, 400)
        return JSONResponse({"now": self._book.now and self._book.now.isoformat()})

    async def _forgotten(self, request: Request) -> Response:
        """The first date that the logs still remember."""
        if request.method == "POST":
            try:
                self._book.forgotten = date.fromisoformat(json.loads(await request.body())["before"])
            except (ValueError, KeyError, TypeError):
                return JSONResponse({"error": 'expected {"before": an ISO date}'}, 400)
        return JSONResponse({"before": self._book.forgotten.isoformat()})

    async def _faults(self, request: Request) -> Response:
        faults = self._graph.faults
        if request.method == "DELETE":
            faults.set([], time.time())
        elif request.method == "PUT":
            try:
                rules = json.loads(await request.body())
                faults.set(rules if isinstance(rules, list) else [rules], time.time())
            except (ValueError, TypeError, AttributeError) as error:
                return JSONResponse({"error": str(error)}, 400)
        return JSONResponse([rule.view() for rule in faults.rules])

    async def _sign_in(self, request: Request) -> Response:
        rules = self._identity.rules
        if request.method == "PATCH":
            try:
                rules.change(json.loads(await request.body()))
            except (ValueError, TypeError) as error:
                return JSONResponse({"error": str(error)}, 400)
        return JSONResponse(asdict(rules))

    async def _objects(self, request: Request) -> Response:
        name = request.path_params["collection"]
        collection = BY_TABLE.get(name) or BY_SEGMENTS.get(tuple(name.lower().strip("/").split("/")))
        if collection is None:
            return JSONResponse({"error": f"unknown collection {name!r}; known: {', '.join(BY_TABLE)}"}, 404)
        directory, parent = self._graph.directory, request.query_params.get("parent")
        return StreamingResponse(truth(directory, collection, parent), media_type="application/x-ndjson")


def truth(directory: Directory, collection: Collection, parent: str | None) -> Iterator[str]:
    """Every object, with all its properties; for members and owners rows of parent, id and type.

    A child names its `parent`; a child's child also all its `parents`, from the top.
    """
    everyone = BY_TABLE["group_members"]
    for ids, keys in _parents(directory, collection.segments):
        if parent is not None and ids and ids[-1] != parent:
            continue
        # The truth about members includes those that v1.0 leaves out.
        if collection is everyone:
            kind: Kind = Related(directory.objects, directory.groups.members(keys[-1]))
        else:
            kind = collection.rows(directory, keys)
        above = f'"parent":"{ids[-1]}",' if ids else ""
        if len(ids) > 1:
            above += f'"parents":{json.dumps(ids)},'
        found = kind.keys()
        if isinstance(kind, Related):
            for type_, index in map(target, found):
                yield f'{{{above}"id":"{directory.objects.id_of(type_, index)}","type":"{type_}"}}\n'
            continue
        for at in range(0, len(found), _CHUNK):
            rows = kind.render(found[at : at + _CHUNK], kind.properties)
            yield "".join(f"{{{above}{row[1:]}\n" if above else f"{row}\n" for row in rows)


def _parents(directory: Directory, segments: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], tuple[int, ...]]]:
    """Ids and keys of the objects that a path with these segments can stand under; once nothing for a path without {id}."""
    if "{id}" not in segments:
        yield (), ()
        return
    place = len(segments) - 1 - segments[::-1].index("{id}")
    above = BY_SEGMENTS[tuple(part.lower() for part in segments[:place])]
    for ids, keys in _parents(directory, segments[:place]):
        kind = above.rows(directory, keys)
        for key in kind.keys():  # noqa: SIM118 - not a dict
            row = json.loads(kind.render((key,), (above.key,))[0])
            yield (*ids, row[above.key]), (*keys, key)
