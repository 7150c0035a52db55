"""A small directory behind the fake Graph: collections with $select, $top, $filter and $count, relations, batches.

It is as strict as Graph wherever the client could be wrong. Tests script faults in front of it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx

from aad_assets_tests.fake_graph import BASE, batched, failure, page

Row = Mapping[str, Any]

_STARTS_WITH = re.compile(r"startsWith\((\w+),'((?:[^']|'')*)'\)")


@dataclass
class FakeDirectory:
    """Rows by path. Call it with a request to get the response."""

    rows: Mapping[str, Sequence[Row]]
    rejected: frozenset[str] = frozenset()
    """Properties whose selection returns 400."""
    longest_select: int = 10_000
    """Characters that a `$select` may have."""
    uncounted: str = "?"
    """A `$count` with a filter that contains this returns 400."""
    uncountable: bool = False
    default_page: int = 2
    asked: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1.0")
        if path == "/$batch":
            return batched(request, self.collection)
        return self.count(request, path) if path.endswith("/$count") else self.collection(request)

    def collection(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        path, options = request.url.path.removeprefix("/v1.0"), _options(request)
        if path not in self.rows:
            return failure(404, "Request_ResourceNotFound", f"Resource '{path}' does not exist.")
        selected = options.get("$select", "id")
        if wrong := self.rejected.intersection(selected.split(",")):
            return failure(400, "BadRequest", f"Could not find a property named '{min(wrong)}'.")
        if len(selected) > self.longest_select:
            return failure(400, "Request_UriTooLong", "The request is too long.")
        top, skip = int(options.get("$top", self.default_page)), int(options.pop("$skiptoken", 0))
        if not 1 <= top <= 999:
            return failure(400, "Request_UnsupportedQuery", f"Invalid page size specified: '{top}'.")
        rows = self._filtered(path, options.get("$filter"))
        shown = [{name: row[name] for name in selected.split(",") if name in row} for row in rows[skip : skip + top]]
        more = "&".join(f"{name}={value}" for name, value in options.items()).replace("#", "%23").replace("&'", "%26'")
        link = f"{BASE}{path}?{more}&$skiptoken={skip + top}" if skip + top < len(rows) else None
        return page(shown, link)

    def count(self, request: httpx.Request, path: str) -> httpx.Response:
        filter_ = _options(request).get("$filter")
        if self.uncountable or self.uncounted in (filter_ or ""):
            return failure(400, "Request_UnsupportedQuery", "Raw count is not supported.")
        if request.headers.get("ConsistencyLevel") != "eventual":
            return failure(400, "Request_UnsupportedQuery", "ConsistencyLevel is missing.")
        assert request.headers["Accept"] == "text/plain"
        return httpx.Response(200, text=f"\ufeff{len(self._filtered(path.removesuffix('/$count'), filter_))}")

    def _filtered(self, path: str, filter_: str | None) -> Sequence[Row]:
        if filter_ is None:
            return self.rows[path]
        found = _STARTS_WITH.fullmatch(filter_)
        assert found, filter_
        name, start = found[1], found[2].replace("''", "'").lower()
        return [row for row in self.rows[path] if row[name].lower().startswith(start)]


def _options(request: httpx.Request) -> dict[str, str]:
    return dict(parse_qsl(request.url.query.decode(), keep_blank_values=True, strict_parsing=bool(request.url.query)))
