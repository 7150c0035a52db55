"""From objects to JSON text, a page at a time.

Ways to render, one interface (`Kind`): `Listed` makes all rows of a small collection at once, also of several types; `Plain`
makes rows one at a time; `Templated` is for the big collections, where a row is made of fragments that many rows share;
`View` shows some objects of another kind; `Strings` are plain values. What stands in a row belongs in the areas; what a
client may ask for belongs in odata.py.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from importlib.resources import files
from typing import Any, Protocol

import msgspec

Object = dict[str, Any]


def _names_by_type(file: str) -> dict[str, tuple[str, ...]]:
    found = json.loads(files(__package__).joinpath(f"../{file}").read_text("utf-8"))
    return {type_: tuple(names) for type_, names in found.items()}


SCHEMA: Mapping[str, tuple[str, ...]] = _names_by_type("schema.json")
"""Declared property names by entity type (without namespace), from Microsoft's published v1.0 metadata."""
_ON_SELECT = _names_by_type("on_select.json")
_USER_DEFAULTS = (
    *("businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone", "officeLocation"),
    *("preferredLanguage", "surname", "userPrincipalName"),
)


def default_properties(type_: str, undeclared: Sequence[str] = ()) -> tuple[str, ...]:
    """Return what a row holds without $select: of users 11 properties, of others all but those returned only on $select.

    Directory extensions are returned on $select alone.
    """
    if type_ == "user":
        return _USER_DEFAULTS
    others = (name for name in undeclared if not name.startswith("extension_"))
    return tuple(name for name in (*SCHEMA[type_], *others) if name not in _ON_SELECT.get(type_, ()))


_encode = msgspec.json.Encoder().encode


def text(value: object) -> str:
    """Return a value as JSON text."""
    return _encode(value).decode()


def fragment(values: Mapping[str, object], names: Iterable[str]) -> str:
    """Return `"name":value` pairs for those names that `values` has, in their order."""
    return ",".join(f'"{name}":{text(values[name])}' for name in names if name in values)


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
        """Return the keys of all objects, ascending."""

    def key(self, id_: str) -> int | None:
        """Return the key behind an id; None when there is no such object today."""

    def render(self, keys: Iterable[int], names: Sequence[str]) -> list[str]:
        """Return one JSON object per key, with the named properties."""


class _Declared:
    """Base of kinds whose properties the metadata declares. A row may lack `undeclared` ones; others are null then."""

    def __init__(self, type_: str, undeclared: Sequence[str]) -> None:
        self.type = type_
        self.properties = (*SCHEMA[type_], *undeclared)
        self.defaults = default_properties(type_, undeclared)
        self._optional = frozenset(undeclared)

    def _text(self, row: Mapping[str, object], names: Sequence[str]) -> str:
        return text({name: row.get(name) for name in names if name in row or name not in self._optional})


class Listed(_Declared):
    """A small collection whose rows are made all at once, on first use.

    Rows of several types carry `@odata.type`; without $select they have all that they carry, with it what the common
    type has of it, for nothing else can be named.
    """

    def __init__(
        self, type_: str, make: Callable[[], Sequence[Object]], key: str = "id", undeclared: Sequence[str] = ()
    ) -> None:
        super().__init__(type_, undeclared)
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
            if "@odata.type" in row and not whole:
                rows.append(text({name: row.get(name) for name in ("@odata.type", *names)}))
            elif "@odata.type" in row:
                rows.append(text(row))
            else:
                rows.append(self._text(row, names))
        return rows


class Plain(_Declared):
    """Objects made one at a time. `make(key, names)` returns at least those named properties that the object has."""

    def __init__(
        self,
        type_: str,
        keys: Callable[[], Sequence[int]],
        make: Callable[[int, Sequence[str]], Mapping[str, object]],
        key: Callable[[str], int | None],
        undeclared: Sequence[str] = (),
    ) -> None:
        super().__init__(type_, undeclared)
        self.keys, self.key, self._make = keys, key, make

    def render(self, keys: Iterable[int], names: Sequence[str]) -> list[str]:
        return [self._text(self._make(key, names), names) for key in keys]


class View:
    """Some objects of another kind, perhaps with some of their properties only."""

    def __init__(self, kind: Kind, keys: Callable[[], Sequence[int]], properties: tuple[str, ...] = ()) -> None:
        self.type = kind.type
        self.properties = properties or kind.properties
        self.defaults = properties or kind.defaults
        self.keys = keys
        self.key = kind.key
        self.render = kind.render


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


Row = tuple[Sequence[int], Mapping[str, object]]
"""The number of the variant for each facet, and the values of the placeholders."""


class Templated(_Declared):
    """Objects whose rows are put together from fragments that many rows share.

    Each of the `facets` is a list of variants: dicts with some of the properties, whose strings may hold placeholders such as
    `%(mail)s`. `row(key)` chooses the variants and fills the placeholders. `late` properties are made only when asked for:
    a text like `,"name":value`, empty where the object has no such property.
    """

    def __init__(
        self,
        type_: str,
        keys: Callable[[], Sequence[int]],
        key: Callable[[str], int | None],
        row: Callable[[int], Row],
        facets: Sequence[Sequence[Mapping[str, object]]],
        undeclared: Sequence[str] = (),
        late: Mapping[str, Callable[[int], str]] | None = None,
    ) -> None:
        super().__init__(type_, undeclared)
        self.keys, self.key, self._row = keys, key, row
        self._facets = [(variants, {name for variant in variants for name in variant}) for variants in facets]
        self._late = late or {}
        self._plans: dict[tuple[str, ...], tuple[str, list[tuple[int, list[str]]]]] = {}

    def _plan(self, names: tuple[str, ...]) -> tuple[str, list[tuple[int, list[str]]]]:
        """Return the text of properties that are always null, and the fragments of each facet that has one of the names."""
        plan = self._plans.get(names)
        if plan is None:
            known = set(self._late).union(*(filled for _, filled in self._facets))
            nulls = "".join(f',"{name}":null' for name in names if name not in known)
            tables = []
            for place, (variants, filled) in enumerate(self._facets):
                if wanted := [name for name in names if name in filled]:
                    pairs = [fragment(variant, wanted) for variant in variants]
                    tables.append((place, [f",{each}" if each else "" for each in pairs]))
            if len(self._plans) > 64:
                self._plans.clear()
            plan = self._plans[names] = (nulls, tables)
        return plan

    def render(self, keys: Iterable[int], names: Sequence[str]) -> list[str]:
        nulls, tables = self._plan(tuple(names))
        late = [make for name, make in self._late.items() if name in names]
        rows = []
        for key in keys:
            numbers, values = self._row(key)
            row = "".join([table[numbers[place]] for place, table in tables]) % values
            for make in late:
                row += make(key)
            rows.append("{" + (nulls + row)[1:] + "}")
        return rows
