"""The form of a row for a query: $select and $expand, checked and applied."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec

from ..collections import COLLECTIONS, Collection
from ..directory.edges import TYPES
from ..directory.rendering import Kind
from ..tenant import Directory
from .errors import GraphError, error, reject
from .odata import Options

_EXPAND = re.compile(r"^(\w+)(?:\(\$select=([\w,]+)\))?$")
_DIRECTORY_TYPES = ("user", "group", "application", "servicePrincipal", "device", "administrativeUnit", "directoryObject")
_OTHER_NAMES = {"orgContact": "Contact", "organization": "Company"}
_STREAMS = frozenset({"logo"})
"""Properties that are files, not JSON."""

Rows = Callable[[Directory, Iterable[int]], list[str]]


@dataclass(frozen=True)
class Shape:
    """How to render rows. `stream` means that a stream property was selected."""

    rows: Rows
    stream: bool = False


def _unknown(name: str, type_: str) -> GraphError:
    """Return the error for a property that a type does not have."""
    if type_ in _DIRECTORY_TYPES or type_ in _OTHER_NAMES:
        type_ = f"Microsoft.DirectoryServices.{_OTHER_NAMES.get(type_, type_[0].upper() + type_[1:])}"
    else:
        type_ = f"microsoft.graph.{type_}"
    return error("unknown_property", name=name, type=type_)


def shape(collection: Collection, kind: Kind, options: Options, roles: frozenset[str], single: bool = False) -> Shape:
    """Return the shape that $select and $expand ask for, or raise GraphError for a property that cannot be selected."""
    for name in options.select:
        _check(collection, kind, name, roles, single)
    hidden = frozenset() if single else collection.single_only | collection.not_in_lists
    names = options.select or tuple(name for name in kind.defaults if name not in hidden)
    if "signInActivity" in names and "id" not in names:
        names = ("id", *names)
    chosen = tuple(name for name in names if name not in _STREAMS)
    stream = len(chosen) < len(names)
    unreadable = _unreadable(roles) if collection.related else frozenset()
    if unreadable and set(chosen) != {"id"}:
        return Shape(lambda _, keys: [_blank(row, unreadable, collection) for row in kind.render(keys, chosen)], stream)
    if options.expand is not None:
        return Shape(_expanded(collection, kind, options.expand, chosen), stream)
    return Shape(lambda _, keys: kind.render(keys, chosen), stream)


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
    if type_ in unreadable:
        values = {name: value if name in ("id", "@odata.type") else None for name, value in values.items()}
    return msgspec.json.encode(values).decode()


def _check(collection: Collection, kind: Kind, name: str, roles: frozenset[str], single: bool) -> None:
    if name not in kind.properties:
        raise _unknown(name, kind.type)
    reject(not single and name in collection.not_in_lists, "not_in_lists")
    reject(not single and name in collection.single_only | _STREAMS, "single_only", name=name, type=kind.type)
    reject(name in collection.restricted and collection.restricted[name] not in roles, "denied")


def _expanded(collection: Collection, kind: Kind, expand: str, names: tuple[str, ...]) -> Rows:
    """Return rows that contain the user's manager, if there is one."""
    found = _EXPAND.match(expand.replace(" ", ""))
    if not found or found[1] not in collection.expands:
        raise _unknown(found[1] if found else expand, kind.type)
    inner = tuple(found[2].split(",")) if found[2] else kind.defaults
    for name in inner:
        if name not in kind.properties:
            raise _unknown(name, kind.type)

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


def context(base: str, collection: Collection, ids: tuple[str, ...], options: Options, single: bool) -> str:
    """Return the @odata.context."""
    entity = collection.context or ("directoryObjects" if collection.type == "directoryObject" else "")
    if not entity:
        parts = iter(ids)
        entity = "/".join(f"('{next(parts)}')" if part == "{id}" else part for part in collection.segments)
        entity = entity.replace("/('", "('")
    chosen = [*options.select, *([f"{options.expand.split('(')[0]}()"] if options.expand and options.select else [])]
    return f"{base}/$metadata#{entity}{'(' + ','.join(chosen) + ')' if chosen else ''}{'/$entity' if single else ''}"
