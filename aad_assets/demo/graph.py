"""Answers requests to Graph v1.0: finds the collection, checks permission and quota, renders pages.

Knows nothing of HTTP connections (app.py) or of $batch (batch.py); what there is to ask for stands in collections.py.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import msgspec

from . import errors
from .collections import BY_SEGMENTS, SEGMENTS, Collection
from .directory import Directory
from .directory.rendering import Kind
from .faults import Faults
from .odata import Filter, Keys, Options, Place, Tokens, parse
from .quota import Quota, cost
from .shaping import Shape, context, shape

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
    """The tenant's Graph: `base` is the absolute URL up to and including /v1.0."""

    def __init__(self, base: str, directory: Directory, quota: Quota, faults: Faults) -> None:
        self.base = base
        self.directory = directory
        self.quota = quota
        self.faults = faults
        self._tokens = Tokens(directory.seed)
        self._found = lru_cache(256)(self._find)

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
        headers = self._charge(collection, options)
        parents = self._parents(collection, ids)
        if collection.hidden and "Member.Read.Hidden" not in request.roles and collection.hidden(self.directory, parents[-1]):
            raise errors.denied()
        if collection.form == "singleton":
            if rest:
                raise errors.unknown_segment(rest)
            return self._single(collection, parents, "", options, headers, request)
        if rest == "$count":
            return self._count(collection, parents, options, headers)
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

    def _find(
        self, collection: Collection, parents: tuple[int, ...], text: str | None
    ) -> tuple[Kind, list[int] | None, bool]:
        """The objects, the keys that fit the filter (None without one), and whether the query is an advanced one."""
        kind = collection.rows(self.directory, parents)
        if text is None:
            return kind, None, False

        def everything() -> Keys:
            return frozenset(kind.keys())

        def match(function: str, name: str, value: str) -> Keys:
            if name == "id" and function == "eq":
                key = kind.key(value)
                return frozenset(() if key is None else (key,))
            if collection.starts and name == collection.starts[0] and function in ("startswith", "eq", "ne"):
                found = collection.starts[1](self.directory, value)
                if function != "startswith":
                    wanted = value.lower()
                    rows = zip(found, kind.render(found, (name,)), strict=True)
                    found = [key for key, row in rows if msgspec.json.decode(row)[name].lower() == wanted]
                return everything() - set(found) if function == "ne" else frozenset(found)
            if collection.scan and name in kind.properties:
                every = list(kind.keys())
                rows = zip(every, kind.render(every, (name,)), strict=True)
                return frozenset(key for key, row in rows if _compare(function, msgspec.json.decode(row)[name], value))
            if name not in kind.properties:
                raise _no_property("Invalid filter clause", name, kind.type)
            raise errors.unsupported(
                f"Unsupported or invalid query filter clause specified for property '{name}' of resource '{kind.type}'."
            )

        filter_ = Filter(text, match, everything)
        return kind, sorted(filter_.keys()), filter_.advanced

    def _checked(self, collection: Collection, parents: tuple[int, ...], options: Options) -> tuple[Kind, Any]:
        """The objects and the keys asked for, after the rules for advanced queries."""
        kind, keys, advanced = self._found(collection, parents, options.filter)
        if (advanced or collection.eventual) and not (options.eventual and options.count):
            raise errors.unsupported(
                "Request with $filter or cast requires the ConsistencyLevel header to be 'eventual' and $count=true."
                if advanced
                else "The specified cast requires the ConsistencyLevel header to be 'eventual' and $count=true."
            )
        return kind, kind.keys() if keys is None else keys

    def _count(self, collection: Collection, parents: tuple[int, ...], options: Options, headers: dict[str, str]) -> Answer:
        if not options.eventual:
            raise errors.bad_request("$count is not currently supported.", "Request_BadRequest")
        kind, keys, _ = self._found(collection, parents, options.filter)
        total = len(kind.keys() if keys is None else keys)
        return Answer(200, headers, iter((str(total),)), "text/plain", f"{collection.path}/$count")

    def _single(
        self,
        collection: Collection,
        parents: tuple[int, ...],
        id_: str,
        options: Options,
        headers: dict[str, str],
        request: Request,
    ) -> Answer:
        if collection.related:
            raise errors.unknown_segment(id_)
        kind = collection.rows(self.directory, parents)
        form = shape(collection, kind, options, request.roles, single=True)
        key = kind.key(id_) if id_ else next(iter(kind.keys()))
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
        size = page_size(collection, options)
        rule = next((r for r in self.faults.rules if r.kind == "refuse_select" and r.property in options.select), None)
        if rule and self.faults.take_this(rule, request.path):
            raise errors.GraphError(
                rule.status,
                "NotImplemented" if rule.status == 501 else "BadRequest",
                f"Cannot select '{rule.property}'.",
            )
        kind, keys = self._checked(collection, parents, options)
        form = shape(collection, kind, options, request.roles)
        place = self._tokens.read(request.path, options)
        if place.number and self.faults.take("expired_page", request.path):
            raise errors.expired_page()
        start = _after(keys, place.after)
        end = len(keys) if size is None else min(len(keys), start + size)
        empty = end < len(keys) and not place.emptied and self.faults.take("empty_page", request.path)
        if empty:
            end = start
        link = self._link(request, options, keys, start, end, size, place)
        parts = [f'{{"@odata.context":"{context(self.base, collection, ids, options.select, options.expand)}"']
        if options.count and place.number == 0 and (options.eventual or collection.family != "directory"):
            parts.append(f'"@odata.count":{len(keys)}')
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
        nulled = self.faults.take("null_property", path)
        unknown = self.faults.take("unknown_property", path)
        yield head
        directory, separator = self.directory, ""
        for at in range(start, end, _CHUNK):
            rows = form.rows(directory, keys[at : min(end, at + _CHUNK)])
            if nulled:
                rows = [_without(row, nulled.property) for row in rows]
            if unknown:
                rows = [row[:-1] + ',"undeclaredProperty":"new","DisplayNAME":"other case"}' for row in rows]
            yield separator + ",".join(rows)
            separator = ","
        yield "]}"


def _without(row: str, name: str) -> str:
    values = msgspec.json.decode(row)
    if name in values:
        values[name] = None
    return msgspec.json.encode(values).decode()


def _after(keys: Any, last: int) -> int:
    """The position of the first key after the last one shown."""
    return bisect_right(keys, last)


def _compare(function: str, found: object, wanted: str) -> bool:
    """Comparison as text: ISO times sort as text, too; null equals the word null."""
    text = "null" if found is None else str(found).lower() if isinstance(found, bool) else str(found)
    have, want = text.lower(), wanted.lower()
    match function:
        case "startswith":
            return have.startswith(want)
        case "eq":
            return have == want
        case "ne":
            return have != want
        case "ge":
            return have >= want
        case "gt":
            return have > want
        case "le":
            return have <= want
    return have < want


def _no_property(clause: str, name: str, type_: str) -> errors.GraphError:
    return errors.bad_request(f"{clause}: Could not find a property named '{name}' on type 'microsoft.graph.{type_}'.")


def page_size(collection: Collection, options: Options) -> int | None:
    """How many rows a page has, after the checks on paging options; None for all."""
    if collection.select_only and options.given - {"$select"}:
        raise errors.unsupported("Unsupported Query.")
    if "$skip" in options.given:
        raise errors.bad_request("'$skip' is not supported by the service.", "Request_BadRequest")
    if options.given & {"$orderby", "$search"}:
        raise errors.unsupported("Sorting and search are not supported here.")
    if options.top is None:
        return None if collection.page is None else collection.default_page
    largest = collection.page or 999
    if not 1 <= options.top <= largest:
        raise errors.unsupported(f"Invalid page size specified: '{options.top}'. Must be between 1 and {largest} inclusive.")
    return min(options.top, 500) if "signInActivity" in options.select else options.top


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
