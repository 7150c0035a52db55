"""How rows look for a query: $select and $expand, checked and applied."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ..collections import COLLECTIONS, Collection, attribute
from ..directory.edges import TYPES
from ..directory.rendering import Kind
from ..tenant import Directory
from .errors import GraphError, error
from .odata import Options

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
_READ: Mapping[str, Sequence[str]] = {
    each.type: each.permissions
    for each in reversed(COLLECTIONS)  # The recycle bin comes after the live lists, which count.
    if "{id}" not in each.path and each.form == "list"
}
"""The permissions to read the objects of a type."""

Rows = Callable[[Directory, Iterable[int]], list[str]]


@dataclass(frozen=True)
class Shape:
    """How to render rows; `stream` if a stream property was selected."""

    rows: Rows
    stream: bool = False


def shape(collection: Collection, kind: Kind, options: Options, roles: frozenset[str], single: bool = False) -> Shape:
    """Return the shape that $select and $expand ask for. Raises GraphError if the app cannot have it."""
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
    unreadable = frozenset(type_ for type_ in TYPES if collection.related and not roles.intersection(_READ[type_]))
    if unreadable and set(chosen) != {"id"}:
        return Shape(lambda _, keys: [_blank(row, unreadable, collection) for row in kind.render(keys, chosen)], stream)
    if options.expand is not None:
        return Shape(_expanded(collection, kind, options.expand, chosen), stream)
    return Shape(lambda _, keys: kind.render(keys, chosen), stream)


def _check(collection: Collection, kind: Kind, name: str, roles: frozenset[str], single: bool) -> None:
    """Reject a property that does not exist, is not in lists, or needs another permission."""
    if name not in kind.properties:
        raise _unknown(name, kind.type)
    if not single and name in collection.not_in_lists:
        raise error("not_in_lists")
    if not single and name in collection.single_only | _STREAMS:
        raise error("single_only", property=name, type=kind.type)
    if name in collection.restricted and collection.restricted[name] not in roles:
        raise error("denied")


def _unknown(name: str, type_: str) -> GraphError:
    known = _DIRECTORY_TYPES.get(type_)
    return error(
        "unknown_property",
        property=name,
        type=f"Microsoft.DirectoryServices.{known}" if known else f"microsoft.graph.{type_}",
    )


def _blank(row: str, unreadable: frozenset[str], collection: Collection) -> str:
    """Return the row of a member; if its type may not be read, everything but id and type is null."""
    values = msgspec.json.decode(row)
    type_ = values.get("@odata.type", collection.type).removeprefix("#microsoft.graph.")
    if type_ in unreadable:
        values = {name: value if name in ("id", "@odata.type") else None for name, value in values.items()}
    return msgspec.json.encode(values).decode()


def _expanded(collection: Collection, kind: Kind, expand: str, names: tuple[str, ...]) -> Rows:
    """Return rows with the object that a reference leads to inside; without it where there is none."""
    found = _EXPAND.match(expand.replace(" ", ""))
    if not found or found[1] not in collection.expands:
        raise _unknown(found[1] if found else expand, kind.type)
    reference = found[1]
    inner = tuple(found[2].split(",")) if found[2] else kind.defaults
    for name in inner:
        if name not in kind.properties:
            raise _unknown(name, kind.type)

    def rows(directory: Directory, keys: Iterable[int]) -> list[str]:
        keys = list(keys)
        targets = list(map(attribute(directory, collection.expands[reference]), keys))
        distinct = list({target for target in targets if target is not None})
        texts: Mapping[Any, str] = dict(zip(distinct, kind.render(distinct, inner), strict=True))
        return [
            row if target is None else _joined(row, f'"{reference}":{_typed(texts[target], kind.type)}')
            for row, target in zip(kind.render(keys, names), targets, strict=True)
        ]

    return rows


def _joined(row: str, pair: str) -> str:
    return f"{row[:-1]}{'' if row == '{}' else ','}{pair}}}"


def _typed(row: str, type_: str) -> str:
    return f'{{"@odata.type":"#microsoft.graph.{type_}",{row[1:]}'


def context(base: str, collection: Collection, ids: Sequence[str], options: Options, single: bool = False) -> str:
    """Return @odata.context."""
    if collection.context:
        entity = collection.context
    elif collection.type == "directoryObject":
        entity = "directoryObjects"
    else:
        parts = iter(ids)
        entity = "/".join(f"('{next(parts)}')" if part == "{id}" else part for part in collection.segments)
        entity = entity.replace("/('", "('")
    chosen = list(options.select)
    if options.expand and chosen:
        chosen.append(f"{options.expand.split('(')[0]}()")
    return f"{base}/$metadata#{entity}{'(' + ','.join(chosen) + ')' if chosen else ''}{'/$entity' if single else ''}"
