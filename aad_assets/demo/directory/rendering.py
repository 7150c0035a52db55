"""From objects to JSON text, a page at a time.

Ways to render, one interface (`Kind`): `Listed` makes all rows of a small collection at once, also of several types; `Plain`
makes rows one at a time; `Templated` is for the big collections, where a row is made of fragments that many rows share;
`View` shows some objects of another kind. What stands in a row belongs in the areas; what a
client may ask for belongs in odata.py.
"""

import json
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cached_property, lru_cache
from importlib.resources import files
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

import msgspec

Object = dict[str, Any]


def _json(file: str) -> Any:
    return json.loads(files(__package__).joinpath(f"../{file}").read_text("utf-8"))


SCHEMA: Mapping[str, tuple[str, ...]] = {type_: tuple(names) for type_, names in _json("schema.json").items()}
"""Declared property names by type (without namespace), from Microsoft's published metadata.

Types that v1.0 lacks are those of beta; `beta.signIn` is the beta form of a type that v1.0 has, too.
"""
NAVIGATION: Mapping[str, Mapping[str, str]] = _json("navigation.json")
"""By type, the navigation properties that rows may hold, and the types they lead to."""
_ON_SELECT: Mapping[str, Collection[str]] = _json("on_select.json")
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
    return tuple(name for name in (*SCHEMA.get(type_, ()), *others) if name not in _ON_SELECT.get(type_, ()))


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
        self.properties = (*SCHEMA.get(type_, ()), *undeclared)
        self.defaults = default_properties(type_, undeclared)
        self._optional = frozenset(undeclared)

    def _text(self, row: Mapping[str, object], names: Sequence[str]) -> str:
        if row.get("@odata.type"):
            names = ("@odata.type", *names)
        return text({name: row.get(name) for name in names if name in row or name not in self._optional})


class Listed(_Declared):
    """A small collection whose rows are made all at once, on first use.

    Rows of several types carry `@odata.type`; without $select they have all that they carry, with it what the common
    type has of it, for nothing else can be named. Navigation properties appear only if they are named, after the others. Rows
    may also be plain strings.
    """

    def __init__(
        self, type_: str, make: Callable[[], Sequence[Any]], key: str = "id", undeclared: Sequence[str] = ()
    ) -> None:
        super().__init__(type_, undeclared)
        self._make_all = make
        self._key = key

    @cached_property
    def rows(self) -> Sequence[Any]:
        """The objects as dicts."""
        return self._make_all()

    @cached_property
    def _by_key(self) -> dict[str, int]:
        return {str(row[self._key]).lower(): place for place, row in enumerate(self.rows) if isinstance(row, dict)}

    def keys(self) -> Sequence[int]:
        return range(len(self.rows))

    def key(self, id_: str) -> int | None:
        return self._by_key.get(id_.lower())

    def render(self, keys: Iterable[int], names: Sequence[str]) -> list[str]:
        whole = tuple(names[: len(self.defaults)]) == self.defaults
        hidden = NAVIGATION.get(self.type, {}).keys() - set(names)
        rows = []
        for row in map(self.rows.__getitem__, keys):
            if isinstance(row, str):
                rows.append(text(row))
            elif whole and "@odata.type" in row:
                rows.append(text({name: value for name, value in row.items() if name not in hidden}))
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
        wanted = ("@odata.type", *names)
        return [self._text(self._make(key, wanted), names) for key in keys]


class View:
    """Some objects of another kind, perhaps with some of their properties only."""

    def __init__(self, kind: Kind, keys: Callable[[], Sequence[int]], properties: tuple[str, ...] = ()) -> None:
        self.type = kind.type
        self.properties = properties or kind.properties
        self.defaults = properties or kind.defaults
        self.keys = keys
        self.key = kind.key
        self.render = kind.render


class Facet(NamedTuple):
    """Properties that are filled together. `make` makes a variant of them; `varied` says whether it has placeholders."""

    names: Collection[str]
    make: Callable[[Any], Mapping[str, object]]
    varied: bool


Row = tuple[Sequence[Any], dict[str, object]]
"""The variant of each facet, and the values of the placeholders."""
_UNQUOTED = re.compile(r'"=(%\(\w+\)s)"')
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def facet(variants: Sequence[Mapping[str, object]]) -> Facet:
    """Return the facet whose variants are known; their numbers choose them."""
    names = {name for variant in variants for name in variant}
    return Facet(names, variants.__getitem__, "%(" in text(variants))


class _Fragments(dict[Any, str]):
    """Texts of a facet by variant, made when first needed."""

    def __init__(self, make: Callable[[Any], Mapping[str, object]], names: Sequence[str]) -> None:
        self._make, self._names = make, names

    def __missing__(self, variant: Any) -> str:
        pairs = _UNQUOTED.sub(r"\1", fragment(self._make(variant), self._names))
        made = self[variant] = f",{pairs}" if pairs else ""
        return made


class _Formats(dict[Any, tuple[str, Callable[[Any], Any]]]):
    """Formats of several facets together, by their variants, and the functions that get the values for them."""

    def __init__(self, tables: Sequence[_Fragments]) -> None:
        self._tables = tables

    def __missing__(self, variants: Any) -> tuple[str, Callable[[Any], Any]]:
        chosen = variants if len(self._tables) > 1 else (variants,)
        joined = "".join(table[variant] for table, variant in zip(self._tables, chosen, strict=True))
        names = _PLACEHOLDER.findall(joined)
        made = self[variants] = _PLACEHOLDER.sub("%s", joined), itemgetter(*names) if names else lambda _: ()
        return made


_Plan = tuple[str, Callable[[Any], Any], _Formats, list[tuple[int, _Fragments]]]
"""Properties that are always null, the choice among the facets with placeholders, their formats, the other facets."""


class Templated(_Declared):
    """Objects whose rows are put together from fragments that many rows share.

    Strings in the variants of `facets` may hold placeholders such as `%(mail)s`; one that is all of `=%(count)s` becomes JSON
    text. `row(key)` chooses the variants and fills the placeholders. `late` properties are made only when asked for: a text
    like `,"name":value`, empty where the object has no such property.
    """

    def __init__(
        self,
        type_: str,
        keys: Callable[[], Sequence[int]],
        key: Callable[[str], int | None],
        row: Callable[[int], Row],
        facets: Sequence[Facet],
        undeclared: Sequence[str] = (),
        late: Mapping[str, Callable[[int], str]] | None = None,
    ) -> None:
        super().__init__(type_, undeclared)
        self.keys, self.key, self._row = keys, key, row
        self._facets = facets
        self._late = late or {}
        self._plan = lru_cache(64)(self._make_plan)

    def _make_plan(self, names: tuple[str, ...]) -> _Plan:
        known = set(self._late).union(*(each.names for each in self._facets))
        nulls = "".join(f',"{name}":null' for name in names if name not in known)
        wanted = [[name for name in ("@odata.type", *names) if name in each.names] for each in self._facets]
        tables = {n: _Fragments(self._facets[n].make, chosen) for n, chosen in enumerate(wanted) if chosen}
        varied = [n for n in tables if self._facets[n].varied]
        choose = itemgetter(*varied) if varied else lambda _: ()
        fixed = [(n, table) for n, table in tables.items() if n not in varied]
        return nulls, choose, _Formats([tables[n] for n in varied] or [_Fragments(lambda _: {}, ())]), fixed

    def render(self, keys: Iterable[int], names: Sequence[str]) -> list[str]:
        nulls, choose, formats, fixed = self._plan(tuple(names))
        late = [make for name, make in self._late.items() if name in names]
        rows = []
        for key in keys:
            variants, values = self._row(key)
            format_, get = formats[choose(variants)]
            row = format_ % get(values) + nulls + "".join([table[variants[place]] for place, table in fixed])
            for make in late:
                row += make(key)
            rows.append("{" + row[1:] + "}")
        return rows
