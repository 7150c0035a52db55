"""What a row looks like for a query: $select and $expand, checked and applied."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from . import errors
from .collections import COLLECTIONS, Collection
from .directory.edges import TYPES
from .directory.rendering import Kind
from .odata import Options
from .tenant import Directory

_EXPAND = re.compile(r"^(\w+)(?:\(\$select=([\w,]+)\))?$")
_DIRECTORY_TYPES = {
    "user": "User",
    "group": "Group",
    "application": "Application",
    "servicePrincipal": "ServicePrincipal",
    "device": "Device",
    "orgContact": "Contact",
    "administrativeUnit": "AdministrativeUnit",
    "organization": "Company",
    "directoryObject": "DirectoryObject",
}
_STREAMS = frozenset({"logo"})
"""Properties that are files, not JSON."""

Rows = Callable[[Directory, Iterable[int]], list[str]]


@dataclass(frozen=True)
class Shape:
    """How to render rows; `stream` when a stream property was asked for."""

    rows: Rows
    stream: bool = False


def type_name(type_: str) -> str:
    """The type's name in error messages."""
    return (
        f"Microsoft.DirectoryServices.{_DIRECTORY_TYPES[type_]}" if type_ in _DIRECTORY_TYPES else f"microsoft.graph.{type_}"
    )


def _unknown(name: str, type_: str) -> errors.GraphError:
    return errors.bad_request(
        f"Parsing OData Select and Expand failed: Could not find a property named '{name}' on type '{type_name(type_)}'."
    )


def shape(collection: Collection, kind: Kind, options: Options, roles: frozenset[str], single: bool = False) -> Shape:
    """The shape that $select and $expand ask for, or the refusal."""
    for name in options.select:
        _check(collection, kind, name, roles, single)
    names: tuple[str, ...] = options.select
    if not names:
        hidden = frozenset() if single else collection.single_only | collection.not_in_lists
        names = tuple(name for name in kind.defaults if name not in hidden)
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
    """The types whose objects the caller may not read."""
    lists = {
        collection.type: collection
        for collection in reversed(COLLECTIONS)  # The recycle bin comes after the live lists: those count.
        if "{id}" not in collection.path and collection.form == "list"
    }
    return frozenset(type_ for type_ in TYPES if not roles.intersection(lists[type_].roles))


def _blank(row: str, unreadable: frozenset[str], collection: Collection) -> str:
    """A member of a type that may not be read: id and type, the rest null."""
    values = msgspec.json.decode(row)
    type_ = values.get("@odata.type", collection.type).removeprefix("#microsoft.graph.")
    if type_ in unreadable:
        values = {name: value if name in ("id", "@odata.type") else None for name, value in values.items()}
    return msgspec.json.encode(values).decode()


def _check(collection: Collection, kind: Kind, name: str, roles: frozenset[str], single: bool) -> None:
    """Refuse a property that does not exist, is not in lists, or needs another permission."""
    if name not in kind.properties:
        raise _unknown(name, kind.type)
    if not single and name in collection.not_in_lists:
        raise errors.GraphError(501, "NotImplemented", "This operation is not implemented.")
    if not single and name in collection.single_only | _STREAMS:
        raise errors.bad_request(f"The property '{name}' can be selected on a single {kind.type} only.")
    if name in collection.restricted and collection.restricted[name] not in roles:
        raise errors.denied()


def _expanded(collection: Collection, kind: Kind, expand: str, names: tuple[str, ...]) -> Rows:
    """Rows with the user's manager inside; left out where there is none."""
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
            if manager is None:
                full.append(row)
                continue
            comma = "," if row != "{}" else ""
            full.append(f'{row[:-1]}{comma}"manager":{{"@odata.type":"#microsoft.graph.user",{texts[manager][1:]}}}')
        return full

    return rows


def context(
    base: str,
    collection: Collection,
    ids: Sequence[str],
    select: Sequence[str],
    expand: str | None,
    single: bool = False,
) -> str:
    """@odata.context."""
    if collection.context:
        entity = collection.context
    elif collection.type == "directoryObject":
        entity = "directoryObjects"
    else:
        parts = iter(ids)
        entity = "/".join(f"('{next(parts)}')" if part == "{id}" else part for part in collection.segments)
        entity = entity.replace("/('", "('")
    chosen = [*select, *([f"{expand.split('(')[0]}()"] if expand and select else [])]
    return f"{base}/$metadata#{entity}{'(' + ','.join(chosen) + ')' if chosen else ''}{'/$entity' if single else ''}"
