"""The class of personal data of each column, by the rules in `personal_data_rules`."""

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache

from aad_assets.catalog import CATALOG
from aad_assets.catalog.enums import PersonalData
from aad_assets.catalog.personal_data_rules import ABOUT_OTHERS, ANY, RULES, Rules
from aad_assets.catalog.types import STRING, List, Struct, Type
from aad_assets.catalog.views import VIEWS

__all__ = ["PersonalData", "UnclassifiedError", "highest", "personal_data"]

_VIEWS = frozenset(view.name for view in VIEWS)
_OTHERS = frozenset(ABOUT_OTHERS.split())
_ORDER = tuple(PersonalData)


class UnclassifiedError(LookupError):
    """No rule names a column, or a field of it."""


@cache
def personal_data(table: str, column: str) -> PersonalData:
    """Return the class of a column of a table or view, or of a part of it, such as `location.city`.

    A STRUCT has the highest class of its fields. A part that no rule names has the class of the whole. The project's own
    columns (`_extra`) and the tenant's directory extension properties have classes, too. Letter case does not count in
    `column`.

    Raises KeyError for an unknown table. In a table about people, raises UnclassifiedError if no rule names the column.
    """
    if table not in CATALOG and table not in _VIEWS:
        raise KeyError(table)
    path, *names = column.split(".")
    columns = CATALOG[table].all_columns if table in CATALOG else ()
    type_ = _member([(each.name, each.type) for each in columns], path)
    class_ = _rule(table, path)
    for name in names:
        path, type_ = f"{path}.{name}", _member(_fields(type_), name)
        class_ = _rule(table, path) or class_
    return _class(table, path, type_, class_)


def highest(classes: Iterable[PersonalData]) -> PersonalData:
    """Return the highest of some classes; `none` if there are none."""
    return max(classes, key=_ORDER.index, default=PersonalData.NONE)


def _fields(type_: Type) -> Sequence[tuple[str, Type]]:
    """Return the fields of a STRUCT, or of the STRUCTs in a list. Empty for other types."""
    while isinstance(type_, List):
        type_ = type_.item
    return type_.fields if isinstance(type_, Struct) else ()


def _member(members: Iterable[tuple[str, Type]], name: str) -> Type:
    """Return the type of a column or field. Those of views and of JSON are not known, and are taken to have no fields."""
    return next((type_ for each, type_ in members if each.lower() == name.lower()), STRING)


def _class(table: str, path: str, type_: Type, whole: PersonalData | None) -> PersonalData:
    """Return the class of a value. `whole`: the class that the rules give to it or to what it is a part of, if any."""
    if fields := _fields(type_):
        paths = [(f"{path}.{name}", field) for name, field in fields]
        classes = [_class(table, each, field, _rule(table, each) or whole) for each, field in paths]
        return highest(classes if whole is None else [*classes, whole])
    if whole is not None:
        return whole
    if table in _OTHERS:
        return PersonalData.NONE
    raise UnclassifiedError(f"No rule in aad_assets/catalog/personal_data_rules names {table}.{path}.")


def _rule(table: str, path: str) -> PersonalData | None:
    """Return what the first rules that name `path` say. The most exact names come first, and of those the highest class."""
    path = path.lower()
    name = path.rpartition(".")[2]
    for ranks in _rules_for(table):
        for names in ranks:
            found = [class_ for pattern, class_ in names if fnmatchcase(path if "." in pattern else name, pattern)]
            if found:
                return highest(found)
    return None


_Names = tuple[tuple[str, PersonalData], ...]


@cache
def _rules_for(table: str) -> tuple[tuple[_Names, ...], ...]:
    """Return the rules for a table, each as its names with their classes: paths, then whole names, then names with `*`."""
    return tuple(tuple(_ranked(rules)) for rules in RULES if {ANY, table}.intersection(rules.tables.split()))


def _ranked(rules: Rules) -> Iterator[_Names]:
    ranks: tuple[list[tuple[str, PersonalData]], ...] = ([], [], [])
    for class_, names in rules.names().items():
        for name in map(str.lower, names):
            ranks[0 if "." in name else 2 if "*" in name else 1].append((name, class_))
    return map(tuple, ranks)
