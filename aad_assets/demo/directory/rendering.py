"""From objects to JSON text, a page at a time.

Ways to render, one interface (`Kind`): `Plain` builds a dict per object, `Listed` all of a small collection at once, also
of several types; `Strings` are plain values; `Templated` is for the big collections, where a row is one `%` operation on few
values of its own and on fragments shared by many rows. What stands in a row belongs in the generators; what a client may ask
for belongs in odata.py.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from typing import Any, Protocol

import msgspec

Object = dict[str, Any]
ABSENT = "\0"
"""JSON text of a property that the row leaves out."""

SCHEMA: Mapping[str, tuple[str, ...]] = {
    name: tuple(properties)
    for name, properties in json.loads(files(__package__).joinpath("../schema.json").read_text("utf-8")).items()
}
"""Declared property names by entity type (without namespace), from Microsoft's published v1.0 metadata."""

_ON_SELECT: Mapping[str, frozenset[str]] = {
    name: frozenset(properties)
    for name, properties in json.loads(files(__package__).joinpath("../on_select.json").read_text("utf-8")).items()
}
_USER_DEFAULTS = [
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
]


def default_properties(type_: str, undeclared: Sequence[str] = ()) -> tuple[str, ...]:
    """What a row holds without $select: of users 11 properties, of others all but those returned only on $select.

    Directory extensions are returned on $select alone.
    """
    if type_ == "user":
        return tuple(_USER_DEFAULTS)
    others = (name for name in undeclared if not name.startswith("extension_"))
    return tuple(name for name in (*SCHEMA[type_], *others) if name not in _ON_SELECT.get(type_, ()))


_encode = msgspec.json.Encoder().encode


def text(value: object) -> str:
    """A value as JSON text."""
    return _encode(value).decode()


def fragment(values: Mapping[str, object], names: Iterable[str]) -> str:
    """`"name":value` pairs for those names that `values` has, in their order."""
    found = ((name, values[name]) for name in names if name in values)
    return ",".join(f'"{name}":{text(value)}' for name, value in found if value is not ABSENT)


def _without_absent(row: str, names: Iterable[str]) -> str:
    """The row without those of its properties that are ABSENT."""
    for name in names:
        pair = f'"{name}":{ABSENT}'
        if pair in row:
            row = row.replace(f",{pair}", "").replace(f"{pair},", "").replace(pair, "")
    return row


class Kind(Protocol):
    """One type of object: which exist today, and how they look."""

    @property
    def type(self) -> str:
        """The type's name in microsoft.graph."""

    @property
    def properties(self) -> tuple[str, ...]:
        """Every property a row may have."""

    @property
    def defaults(self) -> tuple[str, ...]:
        """The properties a row has without $select."""

    def keys(self) -> Sequence[int]:
        """The keys of all objects, ascending."""

    def key(self, id_: str) -> int | None:
        """The key behind an id; None when there is no such object today."""

    def render(self, keys: Iterable[int], names: Sequence[str]) -> list[str]:
        """One JSON object per key, with the named properties."""


class Plain:
    """Objects built as dicts: for everything that is not counted in the hundred thousands."""

    def __init__(
        self,
        type_: str,
        keys: Callable[[], Sequence[int]],
        make: Callable[[int], Object],
        key: Callable[[str], int | None] | None = None,
        undeclared: Sequence[str] = (),
        properties: tuple[str, ...] = (),
    ) -> None:
        self.type = type_
        self.properties = properties or (*SCHEMA[type_], *undeclared)
        self.defaults = properties or default_properties(type_, undeclared)
        self.keys = keys
        self._optional = frozenset(undeclared)
        self._make = make
        self._key = key
        self._by_id: dict[str, int] | None = None

    def key(self, id_: str) -> int | None:
        if self._key:
            return self._key(id_)
        if self._by_id is None:
            self._by_id = {self._make(key)["id"]: key for key in self.keys()}
        return self._by_id.get(id_)

    def render(self, keys: Iterable[int], names: Sequence[str]) -> list[str]:
        rows = []
        for key in keys:
            whole = self._make(key)
            rows.append(text({name: whole.get(name) for name in names if name in whole or name not in self._optional}))
        return rows


class Listed:
    """A small collection whose rows are made all at once, on first use.

    Rows of several types carry `@odata.type`; without $select they have all that they carry, with it what the common
    type has of it, for nothing else can be named.
    """

    def __init__(self, type_: str, make: Callable[[], Sequence[Object]], key: str = "id") -> None:
        self.type = type_
        self.properties = SCHEMA[type_]
        self.defaults = default_properties(type_)
        self._make_all = make
        self._key = key

    @cached_property
    def rows(self) -> Sequence[Object]:
        """The objects as dicts."""
        return self._make_all()

    @cached_property
    def _by_key(self) -> dict[str, int]:
        return {str(row[self._key]).lower(): place for place, row in enumerate(self.rows)}

    def keys(self) -> Sequence[int]:
        return range(len(self.rows))

    def key(self, id_: str) -> int | None:
        return self._by_key.get(id_.lower())

    def render(self, keys: Iterable[int], names: Sequence[str]) -> list[str]:
        whole = tuple(names) == self.defaults
        rows = []
        for row in map(self.rows.__getitem__, keys):
            if "@odata.type" not in row:
                rows.append(text({name: row.get(name) for name in names}))
            else:
                rows.append(text(row if whole else {name: row.get(name) for name in ("@odata.type", *names)}))
        return rows


class Strings:
    """Plain values instead of objects: nothing to select, nothing to ask for one by one."""

    type = "Edm.String"
    properties: tuple[str, ...] = ()
    defaults: tuple[str, ...] = ()

    def __init__(self, values: Sequence[str]) -> None:
        self._values = values

    def keys(self) -> Sequence[int]:
        return range(len(self._values))

    def key(self, _: str) -> int | None:
        return None

    def render(self, keys: Iterable[int], _: Sequence[str]) -> list[str]:
        return [text(self._values[key]) for key in keys]


class Templated:
    """Objects whose rows come from a template.

    `row(key)` gives, in one dict, the JSON texts of the `own` properties and, under each facet's name, the number of
    the fragment to use. `facets` maps a facet's name to its variants, each a dict of the same properties. `late` properties
    are worked out only when asked for. Values of either may be ABSENT.
    """

    def __init__(
        self,
        type_: str,
        keys: Callable[[], Sequence[int]],
        key: Callable[[str], int | None],
        row: Callable[[int], dict[str, Any]],
        own: Sequence[str],
        facets: Mapping[str, Sequence[Mapping[str, object]]],
        undeclared: Sequence[str] = (),
        late: Mapping[str, Callable[[int], str]] | None = None,
    ) -> None:
        self.type = type_
        self.properties = (*SCHEMA[type_], *undeclared)
        self.defaults = default_properties(type_, undeclared)
        self.keys = keys
        self.key = key
        self._row = row
        self._own = frozenset(own)
        self._facets = facets
        self._late = late or {}
        self._plans: dict[tuple[str, ...], tuple[str, list[tuple[str, list[str]]], list[str]]] = {}

    def _plan(self, names: tuple[str, ...]) -> tuple[str, list[tuple[str, list[str]]], list[str]]:
        plan = self._plans.get(names)
        if plan is None:
            own = {*self._own, *self._late}
            shared = {name for variants in self._facets.values() for name in variants[0]}
            parts = [
                f'"{name}":' + (f"%({name})s" if name in own else "null")
                for name in names
                if name in own or name not in shared
            ]
            # A fragment brings its own comma, for it may be empty.
            tables = [
                (facet, [f",{pairs}" if pairs else "" for pairs in (fragment(variant, names) for variant in variants)])
                for facet, variants in self._facets.items()
                if any(name in variants[0] for name in names)
            ]
            template = "{" + ",".join(parts) + "".join(f"%({facet})s" for facet, _ in tables) + "}"
            plan = (template, tables, [name for name in names if name in self._late])
            if len(self._plans) > 64:
                self._plans.clear()
            self._plans[names] = plan
        return plan

    def render(self, keys: Iterable[int], names: Sequence[str]) -> list[str]:
        template, tables, late = self._plan(tuple(names))
        row = self._row
        rows = []
        for key in keys:
            values = row(key)
            for facet, variants in tables:
                values[facet] = variants[values[facet]]
            for name in late:
                values[name] = self._late[name](key)
            rows.append(template % values)
        if late:
            rows = [_without_absent(row, late) if ABSENT in row else row for row in rows]
        return [row.replace("{,", "{", 1) for row in rows] if template.startswith("{%") else rows
