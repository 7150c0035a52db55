"""Answers requests to Graph v1.0: finds the collection, checks permission and quota, renders pages.

Knows nothing of HTTP connections (app.py) or of $batch (batch.py); what there is to ask for stands in collections/.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec

from . import errors, licensing
from .collections import BY_SEGMENTS, SEGMENTS, Collection
from .directory.rendering import Kind
from .faults import Faults
from .filtering import Found, find, look_up, shrink
from .odata import Options, Place, Tokens, parse
from .quota import Quota, cost
from .shaping import Shape, context, shape
from .tenant import Directory

_CHUNK = 200
JSON_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"


@dataclass(frozen=True)
class Request:
    """A request to Graph, from a connection or a batch. `path` starts after /v1.0, decoded; `roles` come from the token."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    roles: frozenset[str]
    issued_at: float = 0.0


@dataclass
class Answer:
    """A status, headers and the body in pieces."""

    status: int
    headers: dict[str, str]
    body: Iterator[str]
    kind: str = JSON_TYPE
    template: str = field(default="")


class Graph:
    """The tenant's Graph: `base` is the absolute URL up to and including /v1.0.

    `sign_in_page` is the largest $top with signInActivity: 500, in some tenants 120.
    """

    def __init__(
        self,
        base: str,
        directory: Directory,
        quota: Quota,
        faults: Faults,
        licences: frozenset[str],
        sign_in_page: int,
    ) -> None:
        self.base = base
        self.directory = directory
        self.quota = quota
        self.faults = faults
        self.licences = licences
        self.sign_in_page = sign_in_page
        self._tokens = Tokens(directory.context.seed)
        self._found = lru_cache(256)(lambda *query: find(self.directory, *query))

    def move_to(self, directory: Directory) -> None:
        """Show another day's directory from now on."""
        self.directory = directory
        self._found.cache_clear()

    def answer(self, request: Request) -> Answer:
        """The answer; refusals are raised as GraphError."""
        self.faults.refuse(request.path, request.issued_at)
        collection, ids, rest = resolve(request.path)
        if request.method != ("POST" if collection.form == "action" else "GET"):
            raise errors.GraphError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
        options = parse(request.query, request.headers.get("consistencylevel", "").lower() == "eventual")
        if not request.roles.intersection(collection.roles):
            raise errors.denied()
        if collection.licence and collection.licence not in self.licences:
            raise collection.unlicensed()
        headers = self._charge(collection, options)
        parents = self._parents(collection, ids)
        if collection.hidden and "Member.Read.Hidden" not in request.roles and collection.hidden(self.directory, parents[-1]):
            raise errors.denied()
        if collection.missing and collection.missing(self.directory, parents[-1]):
            raise errors.not_found(ids[-1])
        if collection.form == "singleton":
            if rest:
                raise errors.unknown_segment(rest)
            return self._single(collection, parents, "", options, headers, request)
        if rest == "$count":
            return self._count(collection, parents, options, headers, request.path)
        if rest:
            return self._single(collection, parents, rest, options, headers, request)
        return self._list(collection, ids, parents, options, headers, request)

    def _charge(self, collection: Collection, options: Options) -> dict[str, str]:
        """Book the request on its family; the headers that tell the caller."""
        if "keyCredentials" in options.select:
            self.quota.charge("key_credentials", 1)
        if "signInActivity" in options.select:
            self.quota.charge("sign_in_activity", 1)
        if collection.family != "directory":
            self.quota.charge(collection.family, 1)
            return {}
        units = cost(collection.cost, options)
        share = self.quota.charge("directory", units)
        headers = {"x-ms-resource-unit": str(units)}
        if share >= 0.8:
            headers["x-ms-throttle-limit-percentage"] = f"{share:.2f}"
        return headers

    def _parents(self, collection: Collection, ids: tuple[str, ...]) -> tuple[int, ...]:
        """The keys of the objects that stand in the path before the collection."""
        keys: tuple[int, ...] = ()
        segments = tuple(part.lower() for part in collection.segments)
        for id_ in ids:
            place = [n for n, part in enumerate(segments) if part == "{id}"][len(keys)]
            key = BY_SEGMENTS[segments[:place]].rows(self.directory, keys).key(id_)
            if key is None:
                raise errors.not_found(id_)
            keys += (key,)
        return keys

    def _find(self, collection: Collection, parents: tuple[int, ...], options: Options, path: str) -> Found:
        """The objects that the request means, as far as a fault lets them be seen."""
        if collection.log:
            found = look_up(self.directory, collection, options)
        else:
            found = self._found(collection, parents, options.filter)
        if rule := self.faults.take("shrink", path):
            found = shrink(found, rule.share, collection.log)
        return found

    def _checked(self, collection: Collection, parents: tuple[int, ...], options: Options, path: str) -> Found:
        """The objects asked for, after the rules for advanced queries."""
        found = self._find(collection, parents, options, path)
        if (found.advanced or collection.eventual) and not (options.eventual and options.count):
            raise errors.unsupported(
                "Request with $filter or cast requires the ConsistencyLevel header to be 'eventual' and $count=true."
                if found.advanced
                else "The specified cast requires the ConsistencyLevel header to be 'eventual' and $count=true."
            )
        return found

    def _total(self, found: Found, path: str) -> int:
        """What $count says."""
        rule = self.faults.take("count_wrong", path)
        return max(0, len(found.keys) + (rule.by if rule else 0))

    def _count(
        self, collection: Collection, parents: tuple[int, ...], options: Options, headers: dict[str, str], path: str
    ) -> Answer:
        if not options.eventual:
            raise errors.bad_request("$count is not currently supported.", "Request_BadRequest")
        total = self._total(self._find(collection, parents, options, path), path)
        return Answer(200, headers, iter((str(total),)), "text/plain", f"{collection.path}/$count")

    def _shape(self, collection: Collection, kind: Kind, options: Options, request: Request, single: bool = False) -> Shape:
        """The rows' shape, if permissions and licences allow what is selected."""
        form = shape(collection, kind, options, request.roles, single)
        if "signInActivity" in options.select and licensing.P1 not in self.licences:
            raise errors.unlicensed()
        return form

    def _single(
        self,
        collection: Collection,
        parents: tuple[int, ...],
        id_: str,
        options: Options,
        headers: dict[str, str],
        request: Request,
    ) -> Answer:
        if collection.related and id_:
            raise errors.unknown_segment(id_)
        kind = collection.rows(self.directory, parents)
        form = self._shape(collection, kind, options, request, single=True)
        key = kind.key(id_) if id_ else next(iter(kind.keys()), None)
        if key is None or form.stream:
            raise errors.not_found(id_)
        row = form.rows(self.directory, (key,))[0]
        head = f'{{"@odata.context":"{context(self.base, collection, (), options.select, options.expand, True)}"'
        text = head + ("," if row != "{}" else "") + row[1:]
        return Answer(200, headers, iter((text,)), template=f"{collection.path}/{{id}}" if id_ else collection.path)

    def _list(
        self,
        collection: Collection,
        ids: tuple[str, ...],
        parents: tuple[int, ...],
        options: Options,
        headers: dict[str, str],
        request: Request,
    ) -> Answer:
        size = page_size(collection, options, self.sign_in_page)
        rule = next((r for r in self.faults.rules if r.kind == "refuse_select" and r.property in options.select), None)
        if rule and rule.strikes(request.path):
            raise errors.GraphError(
                rule.status,
                "NotImplemented" if rule.status == 501 else "BadRequest",
                f"Cannot select '{rule.property}'.",
            )
        found = self._checked(collection, parents, options, request.path)
        keys = found.keys
        form = self._shape(collection, found.kind, options, request)
        place = self._tokens.read(request.path, options)
        self.faults.refuse(request.path, request.issued_at, place.number + 1)
        if place.number and self.faults.take("expired_page", request.path):
            raise errors.expired_page()
        start = bisect_right(keys, place.after)
        end = len(keys) if size is None else min(len(keys), start + size)
        empty = end < len(keys) and not place.emptied and self.faults.take("empty_page", request.path)
        if empty:
            end = start
        link = self._link(request, options, keys, start, end, size, place)
        parts = [f'{{"@odata.context":"{context(self.base, collection, ids, options.select, options.expand)}"']
        if options.count and place.number == 0 and (options.eventual or collection.family != "directory"):
            parts.append(f'"@odata.count":{self._total(found, request.path)}')
        if link:
            parts.append(f'"@odata.nextLink":{msgspec.json.encode(link).decode()}')
        body = self._page(",".join(parts) + ',"value":[', form, keys, start, end, request.path)
        return Answer(200, headers, body, template=collection.path)

    def _link(
        self,
        request: Request,
        options: Options,
        keys: Any,
        start: int,
        end: int,
        size: int | None,
        place: Place,
    ) -> str | None:
        """The nextLink, with what the faults make of it."""
        if end >= len(keys) or size is None:
            return None
        path, faults = request.path, self.faults
        if end + size >= len(keys) and end > start and faults.take("last_page_lost", path):
            return None
        if faults.take("same_link", path):
            return f"{self.base}{path}?{request.query}"
        last = keys[end - 1] if end > start else place.after
        if end - start > 1 and faults.take("repeat_row", path):
            last = keys[end - 2]
        token = self._tokens.issue(Place(last, place.number + 1, end == start), path, options)
        base = "https://graph.evil.example/v1.0" if faults.take("foreign_link", path) else self.base
        return f"{base}{path}?{options.rest}{'&' if options.rest else ''}$skiptoken={token}"

    def _page(self, head: str, form: Shape, keys: Any, start: int, end: int, path: str) -> Iterator[str]:
        altered = {
            rule.property: _ALTERED[rule.kind] for rule in self.faults.rules if rule.kind in _ALTERED and rule.strikes(path)
        }
        unknown = self.faults.take("unknown_property", path)
        yield head
        directory, separator = self.directory, ""
        for at in range(start, end, _CHUNK):
            rows = form.rows(directory, keys[at : min(end, at + _CHUNK)])
            if not rows[0].startswith("{"):  # Plain values have no properties.
                altered, unknown = {}, None
            if altered:
                rows = [_altered(row, altered) for row in rows]
            if unknown:
                rows = [row[:-1] + ',"undeclaredProperty":"new","DisplayNAME":"other case"}' for row in rows]
            yield separator + ",".join(rows)
            separator = ","
        yield "]}"


_ALTERED = {"null_property": None, "garbled_property": "garbled"}


def _altered(row: str, properties: Mapping[str, Any]) -> str:
    values = msgspec.json.decode(row)
    values.update((name, value) for name, value in properties.items() if name in values)
    return msgspec.json.encode(values).decode()


def page_size(collection: Collection, options: Options, sign_in_page: int) -> int | None:
    """How many rows a page has, after the checks on paging options; None for all."""
    if collection.select_only and options.given - {"$select"}:
        raise errors.unsupported("Unsupported Query.")
    if "$skip" in options.given:
        raise errors.bad_request("'$skip' is not supported by the service.", "Request_BadRequest")
    if options.given & ({"$search"} if collection.log else {"$orderby", "$search"}):
        raise errors.unsupported("Sorting and search are not supported here.")
    if options.top is None:
        return collection.server_page if collection.page is None else collection.default_page
    if collection.no_top:
        raise errors.bad_request("The query parameter '$top' is not supported.")
    largest = collection.page or 999
    if not 1 <= options.top <= largest:
        raise errors.unsupported(f"Invalid page size specified: '{options.top}'. Must be between 1 and {largest} inclusive.")
    if "signInActivity" in options.select and options.top > sign_in_page:
        raise errors.bad_request(f"Cannot query data for more than {sign_in_page} users at a time.")
    return options.top


_CALL = re.compile(r"^([^()]+)\('([^']*)'\)$")


def resolve(path: str) -> tuple[Collection, tuple[str, ...], str]:
    """The collection that a path means, the ids of its parents, and what follows (an id, `$count` or nothing)."""
    parts: list[str] = []
    for part in path.strip("/").split("/"):
        call = _CALL.match(part)
        parts += call.groups() if call else (part,)
    known: tuple[str, ...] = ()
    ids: list[str] = []
    for place, part in enumerate(parts):
        step, child = (*known, part.lower()), (*known, "{id}")
        if step in SEGMENTS:
            known = step
        elif child in SEGMENTS and place + 1 < len(parts) and part != "$count":
            known = child
            ids.append(part)
        elif known in BY_SEGMENTS and place + 1 == len(parts):
            return BY_SEGMENTS[known], tuple(ids), part
        else:
            raise errors.unknown_segment(part)
    if known not in BY_SEGMENTS:
        raise errors.unknown_segment(parts[-1])
    return BY_SEGMENTS[known], tuple(ids), ""
