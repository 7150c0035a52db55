"""Which objects a request means: $filter and $orderby on a collection, and what it must or may filter by.

The grammar of filters is in odata.py; collections.yaml declares what a collection supports.
"""

import operator
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import compress
from typing import Any

import msgspec

from ..collections import Collection
from ..directory.rendering import Kind
from ..logs.log import EVER, Log, ticks
from ..tenant import Directory
from .errors import GraphError, error, reject
from .odata import Filter, Options, Tree, conditions

_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "startswith": str.startswith,
    **{name: getattr(operator, name) for name in ("eq", "ne", "ge", "gt", "le", "lt")},
}
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)(?:\.(\d{1,12}))?(Z|[+-]\d\d:\d\d)")


@dataclass(frozen=True)
class Found:
    """The objects of a collection, the keys of those asked for (ascending), and whether the query is an advanced one."""

    kind: Kind
    keys: Sequence[int]
    advanced: bool = False


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
        yield _COMPARE[function]("null" if have is None else str(have).lower(), wanted.lower())


def _refused(kind: Kind, name: str) -> GraphError:
    known = name.split("/")[0] in kind.properties
    return error("unsupported_filter" if known else "unknown_filter", name=name, type=kind.type)


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
