"""Which objects a request means, and in which form: $filter and $orderby, $select and $expand on a collection.

The grammar of filters is in odata.py; collections.yaml declares what a collection supports, must or may be filtered by.
"""

import operator
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import compress
from typing import Any

import msgspec

from ..collections import COLLECTIONS, VIEWS, Collection
from ..directory.edges import BASES, TYPES
from ..directory.rendering import NAVIGATION, SCHEMA, Kind
from ..logs.log import EVER, Log, ticks
from ..tenant import Directory
from .errors import GraphError, error, reject
from .odata import Expand, Filter, Options, Tree, conditions, expansions

_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "startswith": str.startswith,
    **{name: getattr(operator, name) for name in ("eq", "ne", "ge", "gt", "le", "lt")},
}
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,12}))?(Z|[+-]\d\d:\d\d)")
_DIRECTORY_TYPES = ("user", "group", "application", "servicePrincipal", "device", "administrativeUnit", "directoryObject")
_OTHER_NAMES = {"orgContact": "Contact", "organization": "Company"}
STREAMS = frozenset(
    {"logo", "backgroundImage", "bannerLogo", "customCSS", "favicon", "headerLogo", "squareLogo", "squareLogoDark"}
)
"""Properties that are files, not JSON."""

Rows = Callable[[Directory, Iterable[int]], list[str]]


@dataclass(frozen=True)
class Found:
    """The objects of a collection, the keys of those asked for (ascending), and whether the query is an advanced one."""

    kind: Kind
    keys: Sequence[int]
    advanced: bool = False


def narrow(collection: Collection, text: str | None) -> Collection:
    """Return the view of a collection whose properties the filter compares by eq; the collection if there is none."""
    views = VIEWS[collection.path]
    if not views or text is None:
        return collection
    equal = {tuple(each[2:]) for each in conditions(Filter(text).tree) if each[:2] == ("is", "eq")}
    return next((view for view in views if equal.issuperset(view.where.items())), collection)


def find(directory: Directory, collection: Collection, parents: tuple[int, ...], text: str | None) -> Found:
    """Return the objects that match a filter, except in logs."""
    kind = collection.rows(directory, parents)
    equal: set[str] = set()

    def matching(tree: Tree) -> Set[int]:
        match tree:
            case ("or", left, right):
                return matching(left) | matching(right)
            case ("and", left, right):
                return matching(left) & matching(right)
            case ("not", inner):
                return set(kind.keys()) - matching(inner)
        _, function, name, wanted = tree
        if function == "eq":
            equal.add(name)
        return _matching(directory, collection, kind, function, name, wanted)

    filter_ = None if text is None else Filter(text)
    keys = kind.keys() if filter_ is None else sorted(matching(filter_.tree))
    complete = not collection.required or any(equal.issuperset(names) for names in collection.required)
    reject(not complete, collection.incomplete)
    return Found(kind, keys, filter_ is not None and filter_.advanced)


def _matching(directory: Directory, collection: Collection, kind: Kind, function: str, name: str, wanted: str) -> Set[int]:
    """Return the keys of the objects that match one condition."""
    if function == "eq" and name == collection.key:
        key = kind.key(wanted)
        return set() if key is None else {key}
    if name in collection.starts and function in ("startswith", "eq", "ne"):
        found = operator.attrgetter(collection.starts[name])(directory)(wanted)
        if function != "startswith":
            found = compress(found, _fits(kind, found, "eq", name, wanted))
        return set(kind.keys()) - set(found) if function == "ne" else set(found)
    if collection.scan and name.split("/")[0] in kind.properties:
        every = kind.keys()
        return set(compress(every, _fits(kind, every, function, name, wanted)))
    raise _refused(kind, name)


def _fits(kind: Kind, keys: Iterable[int], function: str, path: str, wanted: str) -> Iterable[bool]:
    """Compare a property of each object (or one inside it, a/b) as text; ISO times sort as text, null equals `null`."""
    name, *inner = path.split("/")
    for row in kind.render(keys, (name,)):
        have: Any = msgspec.json.decode(row).get(name)
        for step in inner:
            have = have.get(step) if isinstance(have, dict) else None
        if function == "any":
            yield wanted.lower() in (str(each).lower() for each in have or ())
            continue
        yield _COMPARE[function]("null" if have is None else str(have).lower(), wanted.lower())


def _refused(kind: Kind, name: str) -> GraphError:
    known = name.split("/")[0] in kind.properties
    return error("unsupported_filter" if known else "unknown_filter", name=name, type=kind.type.removeprefix("beta."))


def _ticks(text: str) -> int:
    """Return an Edm.DateTimeOffset of a filter as ticks."""
    found = _TIME.fullmatch(text.upper())
    try:
        assert found
        return ticks(datetime.fromisoformat(found[1] + found[3])) + int(((found[2] or "") + "0" * 7)[:7])
    except (ValueError, AssertionError):
        raise error("filter_time", text=text) from None


def look_up(directory: Directory, collection: Collection, options: Options) -> Found:
    """Return the rows of a log for a window of time, newest first unless $orderby says otherwise."""
    log = collection.rows(directory, ())
    assert isinstance(log, Log)
    low, high, tests = 0, EVER, []
    for kind, *condition in () if options.filter is None else conditions(Filter(options.filter).tree):
        reject(kind != "is", "log_operator")
        function, name, wanted = condition
        if function == "any" and name == "signInEventTypes" and wanted in collection.events:
            log = operator.attrgetter(collection.events[wanted])(directory)
            continue
        if name != log.when and name.split("/")[0] in log.properties:
            tests.append((function, name, wanted))
            continue
        if name != log.when or function not in ("ge", "gt", "le", "lt", "eq"):
            raise _refused(log, name)
        at = _ticks(wanted)
        if function in ("ge", "gt", "eq"):
            low = max(low, at + (function == "gt"))
        if function in ("le", "lt", "eq"):
            high = min(high, at + (function != "lt"))
    order = re.fullmatch(rf"{log.when}(?:\s+(asc|desc))?", (options.orderby or f"{log.when} desc").strip(), re.IGNORECASE)
    if not order:
        raise error("log_order", name=log.when)
    keys: Sequence[int] = log.between(low, high, (order[1] or "asc").lower() == "desc")
    for function, name, wanted in tests:
        keys = list(compress(keys, _fits(log, keys, function, name, wanted)))
    return Found(log, keys)


def shrink(found: Found, share: float, log: bool) -> Found:
    """Return what is left when only a share of a collection's objects is shown: the same ones under every filter.

    In a log it is the share of what was asked for.
    """
    if log:
        return replace(found, keys=found.keys[: round(len(found.keys) * share)])
    every = found.kind.keys()
    shown = round(len(every) * share)
    return found if shown >= len(every) else replace(found, keys=found.keys[: bisect_left(found.keys, every[shown])])


def _unknown(name: str, type_: str) -> GraphError:
    """Return the error for a property that a type does not have."""
    if type_ in _DIRECTORY_TYPES or type_ in _OTHER_NAMES:
        type_ = f"Microsoft.DirectoryServices.{_OTHER_NAMES.get(type_, type_[0].upper() + type_[1:])}"
    else:
        type_ = f"microsoft.graph.{type_.removeprefix('beta.')}"
    return error("unknown_property", name=name, type=type_)


def shape(
    collection: Collection, kind: Kind, options: Options, roles: frozenset[str], entity: str, single: bool = False
) -> Rows:
    """Return the function that renders rows as $select and $expand ask; raise GraphError if a property is not allowed.

    `entity` is the absolute URL of the collection in contexts.
    """
    embedded = frozenset(name for name in collection.embedded if "." not in name)
    for name in options.select:
        if name not in kind.properties and name not in embedded:
            raise _unknown(name, kind.type)
        reject(not single and name in collection.not_in_lists, "not_in_lists")
        reject(not single and name in collection.single_only | STREAMS, "single_only", name=name, type=kind.type)
    hidden = frozenset() if single else collection.single_only | collection.not_in_lists
    names = options.select or tuple(name for name in kind.defaults if name not in hidden)
    if "signInActivity" in names and "id" not in names:
        names = ("id", *names)
    chosen = tuple(name for name in names if name not in STREAMS | embedded)
    unreadable = _unreadable(roles) if collection.related else frozenset()
    if unreadable and set(chosen) != {"id"}:
        return lambda _, keys: [_blank(row, unreadable, collection) for row in kind.render(keys, chosen)]
    wanted = {} if options.expand is None else expansions(options.expand)
    _check(wanted, kind.type, collection.expands | embedded)
    manager = wanted.pop("manager", None)
    for name in embedded.intersection(options.select or embedded):
        wanted.setdefault(name, Expand())
    empty = {name: value for name, (value, *needed) in collection.empty.items() if name in chosen and not roles & set(needed)}
    asked = tuple(name for name in chosen if name not in empty)
    plain = not wanted and not empty and len(embedded) == len(collection.embedded)
    if not plain:
        asked = tuple(dict.fromkeys((*asked, collection.key, *wanted)))
    rows: Rows = _managed(kind, manager, asked) if manager else lambda _, keys: kind.render(keys, asked)
    if plain:
        return rows
    finish = _complete(collection, kind.type, chosen, wanted, empty, entity)
    return lambda directory, keys: [finish(row) for row in rows(directory, keys)]


def _check(wanted: Mapping[str, Expand], type_: str, allowed: Set[str]) -> None:
    """Raise GraphError if a navigation property cannot be expanded, or if a property inside it does not exist."""
    for name, inner in wanted.items():
        if name not in allowed:
            raise _unknown(name, type_)
        target = NAVIGATION[type_][name]
        known = {each for type_ in (TYPES if target == "directoryObject" else (target,)) for each in SCHEMA[type_]}
        for property_ in inner.select:
            if property_ not in known:
                raise _unknown(property_, target)
        _check(inner.expand, target, NAVIGATION.get(target, {}).keys())


def _complete(
    collection: Collection,
    type_: str,
    names: tuple[str, ...],
    wanted: Mapping[str, Expand],
    empty: Mapping[str, object],
    entity: str,
) -> Callable[[str], str]:
    """Return the function that gives a row the wanted navigation properties, and nothing that the caller may not see."""
    nested = [tuple(path.split(".")) for path in collection.embedded if "." in path]

    def row(text: str) -> str:
        values = msgspec.json.decode(text)
        id_ = values[collection.key] if collection.key in names else values.pop(collection.key, None)
        at = f"{entity}('{id_}')" if collection.form == "list" else entity
        brought = {name: _inner(values.pop(name, None), NAVIGATION[type_][name], each) for name, each in wanted.items()}
        for outer, inner in nested:
            if values.get(outer):
                here = {f"{inner}@odata.context": f"{at}/{outer}/{inner}/$entity"}
                values[outer] = {**here, **values[outer]}
        for name, value in brought.items():
            values |= {f"{name}@odata.context": f"{at}/{name}"} if isinstance(value, list) else {}
            values[name] = value
        return msgspec.json.encode(values | empty).decode()

    return row


def _inner(value: Any, type_: str, wanted: Expand) -> Any:
    """Return what $select and $expand inside an expansion leave of the objects there."""
    if isinstance(value, list):
        return [_inner(each, type_, wanted) for each in value]
    if value is None:
        return None
    further = NAVIGATION.get(type_, {})
    own = (name for name in value if name not in further and (not wanted.select or name in wanted.select or name[0] == "@"))
    brought = {name: _inner(value[name], further[name], each) for name, each in wanted.expand.items() if name in value}
    return {name: value[name] for name in own} | brought


def _unreadable(roles: frozenset[str]) -> frozenset[str]:
    """Return the types whose objects the caller may not read."""
    lists = {
        collection.type: collection
        for collection in reversed(COLLECTIONS)  # The recycle bin comes after the live lists, which decide.
        if "{id}" not in collection.path and collection.form == "list"
    }
    return frozenset(type_ for type_ in TYPES if not roles.intersection(lists[type_].roles))


def _blank(row: str, unreadable: frozenset[str], collection: Collection) -> str:
    """Return a member; if its type is unreadable, only id and type have values."""
    values = msgspec.json.decode(row)
    type_ = values.get("@odata.type", collection.type).removeprefix("#microsoft.graph.")
    if BASES.get(type_, type_) in unreadable:
        values = {name: value if name in ("id", "@odata.type") else None for name, value in values.items()}
    return msgspec.json.encode(values).decode()


def _managed(kind: Kind, wanted: Expand, names: tuple[str, ...]) -> Rows:
    """Return rows that contain the user's manager, if there is one."""
    inner = wanted.select or kind.defaults

    def rows(directory: Directory, keys: Iterable[int]) -> list[str]:
        keys = list(keys)
        managers = [directory.people.manager(key) for key in keys]
        distinct = list({manager for manager in managers if manager is not None})
        texts = dict(zip(distinct, kind.render(distinct, inner), strict=True))
        full = []
        for row, manager in zip(kind.render(keys, names), managers, strict=True):
            if manager is not None:
                comma = "," if row != "{}" else ""
                row = f'{row[:-1]}{comma}"manager":{{"@odata.type":"#microsoft.graph.user",{texts[manager][1:]}}}'
            full.append(row)
        return full

    return rows


def entity_path(collection: Collection, ids: tuple[str, ...]) -> str:
    """Return the name of the collection in @odata.context."""
    entity = collection.context or ("directoryObjects" if collection.type == "directoryObject" else "")
    if not entity:
        parts = iter(ids)
        entity = "/".join(f"('{next(parts)}')" if part == "{id}" else part for part in collection.segments)
    return entity.replace("/('", "('")


def properties(options: Options) -> str:
    """Return the part of an @odata.context that names the properties of rows."""
    wanted = expansions(options.expand) if options.expand else {}
    chosen = [*options.select, *(f"{name}({','.join(inner.select)})" for name, inner in wanted.items())]
    return f"({','.join(chosen)})" if chosen else ""
