"""Serves requests to Graph: finds the collection, checks permission, licence and quota, renders pages.

See also app.py (connections and $batch). What can be requested is declared in collections.yaml.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec

from ..collections import BETA, BY_SEGMENTS, BY_TABLE, SEGMENTS, V1, Collection, canonical
from ..directory.rendering import Kind
from ..tenant import Directory
from .errors import GraphError, error, reject
from .faults import Faults
from .odata import Options, Place, Tokens, parse
from .quota import Quota, cost
from .selection import STREAMS, Found, Rows, entity_path, find, look_up, narrow, properties, shape, shrink

_CHUNK = 200
_ALMIGHTY = "Global Administrator"
_ALTERED = {"null_property": None, "garbled_property": "garbled"}
_CALL = re.compile(r"^([^()]+)\('([^']*)'\)$")
JSON_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"


@dataclass(frozen=True)
class Request:
    """A request to Graph, from a connection or a batch.

    `path` starts after the version, decoded. `roles` are the permissions in the token. `person` has the directory roles of
    the person who has signed in, None for an app.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    roles: frozenset[str]
    issued_at: float = 0.0
    person: frozenset[str] | None = None
    version: str = V1


@dataclass
class Answer:
    """A status, headers and the body in pieces."""

    status: int
    headers: dict[str, str]
    body: Iterator[str]
    kind: str = JSON_TYPE
    template: str = ""


@dataclass(frozen=True)
class _Query:
    """A request that was understood and permitted. `ids` and `parents` are the ids and keys of the objects in its path."""

    request: Request
    collection: Collection
    ids: tuple[str, ...]
    parents: tuple[int, ...]
    options: Options
    headers: dict[str, str]


class Graph:
    """The tenant's Graph.

    `base` is the absolute URL up to and including /v1.0; `sign_in_page` the largest $top with signInActivity, which is 500
    and in some tenants 120. `released` names beta collections that v1.0 serves, too; `unavailable` what the cloud lacks.
    """

    def __init__(
        self,
        base: str,
        directory: Directory,
        quota: Quota,
        faults: Faults,
        licences: frozenset[str],
        sign_in_page: int,
        released: Sequence[str] = (),
        unavailable: Sequence[str] = (),
    ) -> None:
        self.base, self.directory, self.quota, self.faults = base, directory, quota, faults
        self.licences, self.sign_in_page = licences, sign_in_page
        self._released, self._unavailable = frozenset(released), frozenset(unavailable)
        self._tokens = Tokens(directory.context.seed)
        self._found = lru_cache(256)(lambda *query: find(self.directory, *query))

    def move_to(self, directory: Directory) -> None:
        """Show another day's directory from now on."""
        self.directory = directory
        self._found.cache_clear()

    def answer(self, request: Request) -> Answer:
        """Return the response to a request; errors are raised as GraphError."""
        collection, ids, rest = self._resolved(request)
        self.faults.refuse(request.path, request.issued_at, denied=_denied(collection))
        reject(request.method != ("POST" if collection.form == "action" else "GET"), "method")
        options = parse(request.query, request.headers.get("consistencylevel", "").lower() == "eventual")
        collection = narrow(collection, options.filter)
        self._permit(collection, request)
        headers = self._charge(collection, options)
        for name in sorted(options.given & collection.reject):
            raise error("not_allowed", name=name.strip("$"))
        parents = self._parents(collection, ids)
        if collection.hidden and "Member.Read.Hidden" not in request.roles:
            reject(attrgetter(collection.hidden)(self.directory)(parents[-1]), "denied")
        for name in collection.headers:
            reject(name.lower() not in request.headers, "no_header", name=name)
        if not collection.exists_under(self.directory, parents):
            raise error("not_found", id=ids[-1])
        query = _Query(request, collection, ids, parents, options, headers)
        if collection.form in ("singleton", "object", "value"):
            reject(rest, "unknown_segment", segment=rest)
            return self._single(query, "")
        if rest == "$count":
            return self._count(query)
        return self._single(query, rest) if rest else self._list(query)

    def _resolved(self, request: Request) -> tuple[Collection, tuple[str, ...], str]:
        """Return what the path means in the version that the request names."""
        collection, ids, rest = resolve(request.path, BETA)
        if request.version == V1 and collection.table not in self._released:
            collection, ids, rest = resolve(request.path, V1)
        reject(collection.table in self._unavailable, "unknown_segment", segment=collection.segments[-1])
        return collection, ids, rest

    def _base(self, request: Request) -> str:
        return self.base.removesuffix(V1) + request.version

    def _permit(self, collection: Collection, request: Request) -> None:
        """Raise GraphError if the token's permissions, the roles of the person, or the tenant's licences do not suffice."""
        person, least = request.person, (_ALMIGHTY, *collection.person_roles)
        if (collection.delegated_only and person is None) or not request.roles.intersection(collection.roles):
            raise _denied(collection)
        if collection.person_roles and person is not None and not person.intersection(least):
            raise error("unsupported_role") if collection.denied == "denied_log" else _denied(collection)
        reject(collection.licence and collection.licence not in self.licences, collection.unlicensed)

    def _charge(self, collection: Collection, options: Options) -> dict[str, str]:
        """Charge the request to its families of limits; return the headers that report it."""
        for name, family in (("keyCredentials", "key_credentials"), ("signInActivity", "sign_in_activity")):
            if name in options.select:
                self.quota.charge(family, 1)
        if collection.family != "directory":
            self.quota.charge(collection.family, 1)
            return {}
        units = max(collection.least, cost(collection.cost, options))
        share = self.quota.charge("directory", units)
        percentage = {"x-ms-throttle-limit-percentage": f"{share:.2f}"} if share >= 0.8 else {}
        return {"x-ms-resource-unit": str(units), **percentage}

    def _parents(self, collection: Collection, ids: tuple[str, ...]) -> tuple[int, ...]:
        """Return the keys of the objects in the path before the collection."""
        keys: tuple[int, ...] = ()
        for id_, above in zip(ids, collection.above, strict=True):
            key = above.rows(self.directory, keys).key(id_)
            if key is None:
                raise error("not_found", id=id_)
            keys += (key,)
        return keys

    def _find(self, query: _Query) -> Found:
        """Return the objects that the request means, as far as a fault shows them."""
        if query.collection.log:
            found = look_up(self.directory, query.collection, query.options)
        else:
            found = self._found(query.collection, query.parents, query.options.filter)
        rule = self.faults.take("shrink", query.request.path)
        return shrink(found, rule.share, query.collection.log) if rule else found

    def _total(self, found: Found, path: str) -> int:
        rule = self.faults.take("count_wrong", path)
        return max(0, len(found.keys) + (rule.by if rule else 0))

    def _count(self, query: _Query) -> Answer:
        reject(not query.options.eventual, "no_count")
        total = self._total(self._find(query), query.request.path)
        return self._answered(query, iter((str(total),)), "/$count", "text/plain")

    def _shape(self, query: _Query, kind: Kind, single: bool = False) -> Rows:
        """Return the rows' shape, if permissions and licences allow what is selected."""
        form = shape(query.collection, kind, query.options, query.request.roles, self._entity(query), single)
        for name, table in query.collection.restricted.items():
            if name in query.options.select:
                self._permit(BY_TABLE[table], query.request)
        return form

    def _entity(self, query: _Query) -> str:
        return f"{self._base(query.request)}/$metadata#{entity_path(query.collection, query.ids)}"

    def _context(self, query: _Query, single: bool = False) -> str:
        return f'{{"@odata.context":"{self._entity(query)}{properties(query.options)}{"/$entity" if single else ""}"'

    def _single(self, query: _Query, id_: str) -> Answer:
        collection = query.collection
        reject(collection.related and id_, "unknown_segment", segment=id_)
        kind = collection.rows(self.directory, query.parents)
        form = self._shape(query, kind, single=True)
        key = kind.key(id_) if id_ else next(iter(kind.keys()), None)
        if key is None or STREAMS.intersection(query.options.select):
            raise error("not_found", id=id_ or query.ids[-1])
        row = form(self.directory, (key,))[0]
        if collection.form == "value":
            text = f'{self._context(query)},"value":{row}}}'
        else:
            text = self._context(query, single=True) + ("," if row != "{}" else "") + row[1:]
        return self._answered(query, iter((text,)), "/{id}" if id_ else "")

    def _answered(self, query: _Query, body: Iterator[str], rest: str = "", kind: str = JSON_TYPE) -> Answer:
        template = f"{'/beta' if query.request.version == BETA else ''}{query.collection.path}{rest}"
        return Answer(200, query.headers, body, kind, template)

    def _list(self, query: _Query) -> Answer:
        collection, options, path, faults = query.collection, query.options, query.request.path, self.faults
        size = page_size(collection, options, self.sign_in_page)
        rule = next((r for r in faults.rules if r.kind == "refuse_select" and r.property in options.select), None)
        if rule and rule.strikes(path):
            code = "NotImplemented" if rule.status == 501 else "BadRequest"
            raise GraphError(rule.status, code, f"Cannot select '{rule.property}'.")
        found = self._find(query)
        if not (options.eventual and options.count):
            reject(found.advanced, "advanced_filter")
            reject(collection.eventual, "advanced_cast")
        form = self._shape(query, found.kind)
        place = self._tokens.read(path, options)
        faults.refuse(path, query.request.issued_at, place.number + 1, _denied(collection))
        reject(place.number and faults.take("expired_page", path), "expired_page")
        keys = found.keys
        start = bisect_right(keys, place.after)
        end = len(keys) if size is None else min(len(keys), start + size)
        if end < len(keys) and not place.emptied and faults.take("empty_page", path):
            end = start
        link = self._link(query, keys, start, end, size, place)
        parts = [self._context(query)]
        if options.count and place.number == 0 and (options.eventual or collection.family != "directory"):
            parts.append(f'"@odata.count":{self._total(found, path)}')
        if link:
            parts.append(f'"@odata.nextLink":{msgspec.json.encode(link).decode()}')
        body = self._page(",".join(parts) + ',"value":[', form, keys[start:end], path)
        return self._answered(query, body)

    def _link(self, query: _Query, keys: Sequence[int], start: int, end: int, size: int | None, place: Place) -> str | None:
        """Return the nextLink, altered by the faults that strike."""
        path, options, faults = query.request.path, query.options, self.faults
        if end >= len(keys) and end > start and faults.take("endless", path):
            end = start  # the page comes again
        elif end >= len(keys) or size is None:
            return None
        if size and end + size >= len(keys) and end > start and faults.take("last_page_lost", path):
            return None
        if faults.take("same_link", path):
            return f"{self._base(query.request)}{path}?{query.request.query}"
        last = keys[end - 1] if end > start else place.after
        if end - start > 1 and faults.take("repeat_row", path):
            last = keys[end - 2]
        token = self._tokens.issue(Place(last, place.number + 1, end == start), path, options)
        base = "https://graph.evil.example/v1.0" if faults.take("foreign_link", path) else self._base(query.request)
        return f"{base}{path}?{options.rest}{'&' if options.rest else ''}$skiptoken={token}"

    def _page(self, head: str, form: Rows, keys: Sequence[int], path: str) -> Iterator[str]:
        """Render a page in chunks, with its rows altered by the faults that strike."""
        altered = {
            rule.property: _ALTERED[rule.kind] for rule in self.faults.rules if rule.kind in _ALTERED and rule.strikes(path)
        }
        unknown = self.faults.take("unknown_property", path)
        yield head
        directory, separator = self.directory, ""
        for at in range(0, len(keys), _CHUNK):
            rows = form(directory, keys[at : at + _CHUNK])
            if rows[0].startswith("{"):  # Plain values have no properties.
                if altered:
                    rows = [_altered(row, altered) for row in rows]
                if unknown:
                    rows = [row[:-1] + ',"undeclaredProperty":"new","DisplayNAME":"other case"}' for row in rows]
            yield separator + ",".join(rows)
            separator = ","
        yield "]}"


def _altered(row: str, properties: Mapping[str, Any]) -> str:
    values = msgspec.json.decode(row)
    values.update((name, value) for name, value in properties.items() if name in values)
    return msgspec.json.encode(values).decode()


def _denied(collection: Collection) -> GraphError:
    """Return the error of a missing permission, in the form of the collection's family of APIs."""
    return error(collection.denied, scopes=",".join(collection.roles[:2]))


def page_size(collection: Collection, options: Options, sign_in_page: int) -> int | None:
    """Check the paging options; return the number of rows on a page, None for all."""
    reject(collection.select_only and options.given - {"$select"}, "unsupported")
    reject("$skip" in options.given, "no_skip")
    reject(options.given & ({"$search"} if collection.log else {"$orderby", "$search"}), "no_sorting")
    if options.top is None:
        return collection.server_page if collection.page is None else collection.default_page
    largest = collection.page or 999
    reject(not 1 <= options.top <= largest, "page_size", top=options.top, largest=largest)
    if "signInActivity" in options.select and options.top > sign_in_page:
        raise error("too_many_users", largest=sign_in_page)
    return options.top


def resolve(path: str, version: str = V1) -> tuple[Collection, tuple[str, ...], str]:
    """Return the collection that a path means, the ids of its parents, and the rest (an id, `$count` or nothing)."""
    collections, beginnings = BY_SEGMENTS[version], SEGMENTS[version]
    parts: list[str] = []
    for part in path.strip("/").split("/"):
        call = _CALL.match(part)
        parts += call.groups() if call else (part,)
    known: tuple[str, ...] = ()
    ids: list[str] = []
    for place, part in enumerate(parts):
        step, child = (*known, canonical(part)), (*known, "{id}")
        if step in beginnings:
            known = step
        elif child in beginnings and place + 1 < len(parts) and part != "$count":
            known = child
            ids.append(part)
        elif known in collections and place + 1 == len(parts):
            return collections[known], tuple(ids), part
        else:
            raise error("unknown_segment", segment=part)
    reject(known not in collections, "unknown_segment", segment=parts[-1])
    return collections[known], tuple(ids), ""
