"""The demo's own controls under /_demo: statistics, the truth, the day, the faults. Not part of Graph, no token needed."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from .collections import BY_SEGMENTS, BY_TABLE, Collection
from .directory import Directory
from .directory.directory import Related
from .directory.edges import target
from .graph import Graph
from .identity import Identity


class Control:
    """Statistics and switches; `at_day` builds the directory of a day."""

    def __init__(self, graph: Graph, identity: Identity, at_day: Callable[[int], Directory]) -> None:
        self._graph, self._identity, self._at_day = graph, identity, at_day
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
                "day": self._graph.directory.day,
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
        return JSONResponse({"day": self._graph.directory.day})

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
        return StreamingResponse(_truth(directory, collection, parent), media_type="application/x-ndjson")


def _truth(directory: Directory, collection: Collection, parent: str | None) -> Iterator[str]:
    """Every object, with all its properties; for members and owners rows of parent, id and type."""
    if "{id}" not in collection.path:
        kind = collection.rows(directory, ())
        keys = kind.keys()
        for at in range(0, len(keys), 200):
            yield "".join(f"{row}\n" for row in kind.render(keys[at : at + 200], kind.properties))
        return
    place = collection.segments.index("{id}")
    parents = BY_SEGMENTS[tuple(part.lower() for part in collection.segments[:place])].rows(directory, ())
    keys = parents.keys()
    if parent is not None:
        key = parents.key(parent)
        keys = [] if key is None else [key]
    everyone = BY_TABLE["group_members"]
    for key in keys:
        id_ = json.loads(parents.render((key,), ("id",))[0])["id"]
        # The truth about members includes those that v1.0 leaves out.
        if collection is everyone:
            kind = Related(directory, directory.groups.members(key))
        else:
            kind = collection.rows(directory, (key,))
        if isinstance(kind, Related):
            rows = []
            for each in kind.keys():  # noqa: SIM118 - not a dict
                type_, index = target(each)
                rows.append(json.dumps({"parent": id_, "id": directory.id_of(type_, index), "type": type_}) + "\n")
            yield "".join(rows)
        else:
            yield "".join(f'{{"parent":"{id_}",{row[1:]}\n' for row in kind.render(kind.keys(), kind.properties))
