"""Templates: Graph objects written down as YAML, with placeholders for what depends on the seed and the day.

A file under data/ describes collections, one a section:

    contexts:
      type: authenticationContextClassReference    # the entity type in Graph
      key: id                                      # the property that names a row, `id` unless given
      edited: [contexts, 23]                       # somebody edits it about every 23 days
      of: [Confidential sites, Payments, Trial]    # one row for each: a list, or a number of rows
      as: name                                     # the name of the item; a list of names takes lists apart
      when: ${n < 3}                               # rows for which that is false are left out
      let: {label: "${name} (${n})"}               # more names
      by: id                                       # the property that orders the rows, if something else than `of`
      under: package                               # rows of one parent; the name of the parent's key (or a list of names)
      row: {id: "c${n + 1}", displayName: "${name}", isAvailable: !turn [false, true]}

An item that is a mapping brings its own names. `n` is the number of the row. `edits` is how often it has been edited, and
`edited` when last. `${…}` is an expression with Python's operators and the functions of vocabulary.py. Tags choose structure:
`!turn [a, b]` by the number of edits, `!nth [a, b]` by the number of the row, `!if [condition, a, b]`, and
`!case [value, {value: a}, otherwise]`. `!each` is a list with the keys of a section; `!merge [a, b]` is one mapping made of
several. `rows('contexts')` has the rows of another section of the file, `under('roles', package)` those under a parent.
Sections with a leading `_` hold anchors.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache, partial
from importlib.resources import files
from typing import Any, NamedTuple

import yaml

from .expressions import Make, Scope, expression
from .rendering import Facet, Listed, Object, Plain

_KEYS = {"type", "key", "edited", "of", "as", "when", "let", "by", "under", "row"}
_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")


class _Names(dict[str, Any]):
    """Names with their values. What `later` makes is made when first used; other names come from the outer scope."""

    def __init__(self, outer: Scope, known: Scope, later: Mapping[str, Make]) -> None:
        super().__init__(known)
        self._outer, self._later = outer, later

    def __missing__(self, name: str) -> Any:
        value = self[name] = self._later[name](self) if name in self._later else self._outer[name]
        return value


class Section:
    """A list of rows; its keys are those in the module's docstring."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        if unknown := spec.keys() - _KEYS:
            raise ValueError(f"A section of a template cannot have {', '.join(sorted(unknown))}.")
        self.type: str = spec.get("type", "")
        self.key: str = spec.get("key", "id")
        under = spec.get("under", ())
        self.under: Sequence[str] = [under] if isinstance(under, str) else under
        self.properties = tuple(spec["row"]) if isinstance(spec["row"], dict) else ()
        self.varied = "%(" in str(spec)
        self._by: str = spec.get("by", "")
        self._row = template(spec["row"])
        self._makes = {name: template(node) for name, node in spec["row"].items()} if self.properties else {}
        self._when = template(spec.get("when", True))
        self._later = {name: template(value) for name, value in spec.get("let", {}).items()}
        if "edited" in spec:
            name, every = map(template, spec["edited"])
            self._later["edits"] = lambda scope: scope["times_edited"](name(scope), every(scope))
            self._later["edited"] = lambda scope: scope["last_edited"](name(scope), every(scope))
        self._as: str | list[str] = spec.get("as", [])
        of = spec.get("of", 1)
        self._items = [self._named(item, template) for item in of] if isinstance(of, list) else None
        self._of = template(of)

    def _named(self, item: Any, make: Callable[[Any], Any]) -> dict[str, Any]:
        if isinstance(self._as, str):
            return {self._as: make(item)}
        pairs = item.items() if isinstance(item, dict) else zip(self._as, item, strict=True) if self._as else ()
        return {name: make(value) for name, value in pairs}

    def _scopes(self, scope: Scope) -> Iterator[_Names]:
        if self._items is not None:
            for n, item in enumerate(self._items):
                yield _Names(scope, {"n": n}, self._later | item)
            return
        of = self._of(_Names(scope, {}, self._later))
        for n, item in enumerate(range(of) if isinstance(of, int) else of):
            yield _Names(scope, {"n": n, **self._named(item, lambda value: value)}, self._later)

    def row(self, scope: Scope, known: Object, names: Sequence[str]) -> Object:
        """Return those of one row's properties that are named. `known` is what differs from row to row.

        A property that the template does not have may be in `known`.
        """
        inner, makes = _Names(scope, known, self._later), self._makes
        made = {name: makes[name](inner) for name in names if name in makes}
        return made | {name: known[name] for name in names if name in known and name not in makes}

    def rows(self, scope: Scope) -> list[Any]:
        """Return the rows."""
        rows = [self._row(names) for names in self._scopes(scope) if self._when(names)]
        return sorted(rows, key=lambda row: str(row[self._by])) if self._by else rows


class _Tagged(NamedTuple):
    """A node with one of the tags. It is compiled after loading, because the loader fills its parts late."""

    compile: Callable[[Any], Make]
    node: Any


def template(node: Any) -> Make:
    """Compile a node of a template into the function that makes its value."""
    match node:
        case _Tagged():
            return node.compile(node.node)
        case str():
            return _text(node)
        case list():
            parts = [template(part) for part in node]
            return lambda scope: [part(scope) for part in parts]
        case dict():
            pairs = [(name, template(value)) for name, value in node.items()]
            return lambda scope: {name: value(scope) for name, value in pairs}
    return lambda _: node


def _text(source: str) -> Make:
    """Compile text. The value of a placeholder that stands alone keeps its type."""
    if whole := _PLACEHOLDER.fullmatch(source):
        return expression(whole[1])
    literal, *others = _PLACEHOLDER.split(source)
    if not others:
        return lambda _: source
    pairs = list(zip(map(expression, others[::2]), others[1::2], strict=True))
    return lambda scope: literal + "".join(f"{value(scope)}{text}" for value, text in pairs)


def _choice(name: str, options: list[Any]) -> Make:
    makes = [template(option) for option in options]
    return lambda scope: makes[scope[name] % len(makes)](scope)


def _if(parts: list[Any]) -> Make:
    condition, yes, no = map(template, (*parts, None)[:3])
    return lambda scope: yes(scope) if condition(scope) else no(scope)


def _case(parts: list[Any]) -> Make:
    value, options, default = (*parts, None)[:3]
    of, makes, otherwise = template(value), {key: template(node) for key, node in options.items()}, template(default)
    return lambda scope: makes.get(of(scope), otherwise)(scope)


def _merge(parts: list[Any]) -> Make:
    makes = [template(part) for part in parts]
    return lambda scope: {name: value for make in makes for name, value in make(scope).items()}


_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SafeLoader):  # type: ignore[misc]
    """YAML with the tags of templates; what is not a number, true, false or null of JSON is text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012


for _kind, _pattern in (
    ("merge", "<<"),
    ("null", "null"),
    ("bool", "true|false"),
    ("int", "0|-?[1-9][0-9]*"),
    ("float", r"-?[0-9]+\.[0-9]+"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(f"^(?:{_pattern})$"), None)
_Loader.add_constructor("!turn", lambda yaml, node: _Tagged(partial(_choice, "edits"), yaml.construct_sequence(node)))
_Loader.add_constructor("!nth", lambda yaml, node: _Tagged(partial(_choice, "n"), yaml.construct_sequence(node)))
_Loader.add_constructor("!if", lambda yaml, node: _Tagged(_if, yaml.construct_sequence(node)))
_Loader.add_constructor("!case", lambda yaml, node: _Tagged(_case, yaml.construct_sequence(node)))
_Loader.add_constructor("!merge", lambda yaml, node: _Tagged(_merge, yaml.construct_sequence(node)))
_Loader.add_constructor("!each", lambda yaml, node: _Tagged(lambda spec: Section(spec).rows, yaml.construct_mapping(node)))


@cache
def load(name: str) -> Mapping[str, Section]:
    """Return the sections of data/<name>.yaml, compiled."""
    with files(__package__).joinpath(f"data/{name}.yaml").open("rb") as stream:
        found = yaml.load(stream, _Loader)
    return {section: Section(spec) for section, spec in found.items() if not section.startswith("_")}


class Area:
    """The collections of one template file. Each section is an attribute; the file is read on first use.

    The attribute is a `Listed`, or, for a section `under` a parent, a function of the parents' keys that returns one.
    `scope` has the names that the templates may use.
    """

    def __init__(self, name: str, scope: Scope) -> None:
        self._name, self._scope = name, {**scope, "rows": cache(self.rows), "under": self._rows_under}

    def __getattr__(self, section: str) -> Any:
        if section.startswith("_") or section not in load(self._name):
            raise AttributeError(f"{section} is not in data/{self._name}.yaml.")
        under = load(self._name)[section].under
        made = lru_cache(64)(partial(self._children, section, under)) if under else self.listed(section)
        setattr(self, section, made)
        return made

    def _children(self, section: str, names: Sequence[str], *keys: int) -> Listed:
        return self.listed(section, **dict(zip(names, keys, strict=True)))

    def _rows_under(self, section: str, *keys: int) -> Sequence[Any]:
        rows: Sequence[Any] = getattr(self, section)(*keys).rows
        return rows

    def listed(self, section: str, **names: Any) -> Listed:
        """Return the collection of a section; `names` are additional variables for its template."""
        found = load(self._name)[section]
        return Listed(found.type, lambda: self.rows(section, **names), found.key)

    def rows(self, section: str, **names: Any) -> list[Any]:
        """Return the rows of a section.

        Raises:
            KeyError: The template uses a name that does not exist.
        """
        try:
            return load(self._name)[section].rows(self._scope | names)
        except KeyError as error:
            error.add_note(f"See {section} in data/{self._name}.yaml.")
            raise

    def row(self, section: str, **names: Any) -> Object:
        """Return the only row of a section."""
        (row,) = self.rows(section, **names)
        assert isinstance(row, dict)
        return row

    def facets(self) -> dict[str, list[Object]]:
        """Return the rows of all sections: the variants of facets."""
        return {section: self.rows(section) for section in load(self._name)}

    def facet(self, section: str) -> Facet:
        """Return a facet whose variants are rows of a section, made from what chance has `drawn`."""
        found = load(self._name)[section]
        return Facet(found.properties, lambda variant: self.row(section, drawn=variant), found.varied)

    def each(
        self,
        section: str,
        keys: Callable[[], Sequence[int]],
        names: Callable[[int], Object],
        key: Callable[[str], int | None],
        undeclared: Sequence[str] = (),
    ) -> Plain:
        """Return a collection that makes its rows one at a time; `names(key)` returns more variables for its template."""
        found = load(self._name)[section]
        return Plain(found.type, keys, lambda number, wanted: found.row(self._scope, names(number), wanted), key, undeclared)

    def properties(self, section: str) -> tuple[str, ...]:
        """Return the names in each row of a section."""
        return load(self._name)[section].properties
