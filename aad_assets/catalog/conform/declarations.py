"""Checks of what an entity declares, against the metadata of its version of Graph."""

from collections.abc import Iterable, Iterator
from contextlib import suppress

from aad_assets.catalog.columns import navigation_name
from aad_assets.catalog.conform.csdl import Csdl
from aad_assets.catalog.conform.differences import Check, Difference
from aad_assets.catalog.conform.paths import Target, UnknownPath, resolve_path
from aad_assets.catalog.entity import Entity
from aad_assets.catalog.enums import Shape, Version


def check_declaration(entity: Entity, csdl: Csdl) -> Iterator[Difference]:
    """Yield the differences between a declaration and the metadata, except those of properties and permissions."""
    yield from _check_path(entity, csdl)
    if entity.type not in csdl.types:
        yield Difference(entity.table, Check.TYPE, entity.type, f"the metadata has no type `{entity.type}`.")
        return
    yield from _check_key(entity, csdl)
    yield from _check_names(entity, csdl)
    yield from _check_undeclared(entity, csdl)
    yield from _check_links(entity, csdl)
    yield from _check_parts(entity, csdl)
    yield from _check_subtypes(entity, csdl)


def check_version(entity: Entity, v1: Csdl) -> Iterator[Difference]:
    """Yield a difference if the path of an entity of beta is in v1.0 as well."""
    if entity.version is Version.BETA:
        with suppress(UnknownPath):
            resolve_path(v1, entity.path)
            yield Difference(entity.table, Check.PATH, entity.path, f"`{entity.path}` is in v1.0 as well as in beta.")


def _check_path(entity: Entity, csdl: Csdl) -> Iterator[Difference]:
    for path in (entity.path, *(f"{entity.path}/microsoft.graph.{cast}" for cast in entity.casts)):
        try:
            target = resolve_path(csdl, path)
        except UnknownPath as error:
            yield Difference(entity.table, Check.PATH, path, f"`{path}` does not resolve: {error}.")
            continue
        if target.many == _is_single(entity):
            found = "a collection" if target.many else "a single object"
            yield Difference(entity.table, Check.PATH, path, f"`{path}` is {found}, which is not what its shape says.")
        if path == entity.path and (found := _declared_as(entity, target)) != entity.type:
            yield Difference(entity.table, Check.TYPE, found, f"`{path}` leads to `{found}`, not to `{entity.type}`.")


def _is_single(entity: Entity) -> bool:
    return entity.shape is Shape.SINGLETON or entity.one_per_parent or bool(entity.value_property)


def _declared_as(entity: Entity, target: Target) -> str:
    """Return what `Entity.type` should be. Strings and single values are declared by the type that they belong to."""
    return target.owner if entity.shape is Shape.STRINGS or entity.value_property else target.type


def _check_key(entity: Entity, csdl: Csdl) -> Iterator[Difference]:
    columns = {column.name: column.source for column in entity.all_columns}
    for name in entity.key:
        if name not in columns:
            yield Difference(entity.table, Check.KEY, name, f"the table has no column `{name}`.")
    if entity.shape is Shape.STRINGS:
        return
    declared = [columns[name] for name in entity.key if name in columns and name not in entity.parent_columns]
    expected = csdl.key(entity.type)
    more = set(declared) - set(expected)  # Rows of a parent can name it themselves.
    # An edge from the rows of one list has their key. One object for each parent needs no key of its own.
    keyless = entity.shape is Shape.EXPAND or (_is_single(entity) and not declared)
    if not keyless and (not set(expected) <= set(declared) or (more and not entity.parent)):
        found = " and ".join(f"`{name}`" for name in expected) or "nothing"
        yield Difference(entity.table, Check.KEY, ",".join(declared), f"`{entity.type}` is identified by {found}.")


def _check_names(entity: Entity, csdl: Csdl) -> Iterator[Difference]:
    """Yield the names of properties in a declaration that neither the type nor a derived one has."""
    known = {name for name, _ in entity.undeclared}.union(csdl.navigation(entity.type), _properties_of_any(csdl, entity.type))
    named = {*(entity.properties or ()), *entity.omit, *entity.never_stored, *(name for name, _ in entity.also_needs)}
    named.update(name for name in (entity.shard_property, entity.time_property, entity.value_property) if name)
    for name in sorted(named - known):
        yield Difference(entity.table, Check.PROPERTY, name, f"`{entity.type}` has no property `{name}`.")


def _check_undeclared(entity: Entity, csdl: Csdl) -> Iterator[Difference]:
    for name, _ in entity.undeclared:
        if name in csdl.properties(entity.type):
            yield Difference(entity.table, Check.PROPERTY, name, f"`{entity.type}` declares `{name}` now.")


def _check_links(entity: Entity, csdl: Csdl) -> Iterator[Difference]:
    related = csdl.navigation(entity.type)
    for link in entity.links:
        type_ = related.get(link.name)
        if type_ is None:
            yield Difference(entity.table, Check.LINK, link.name, f"`{entity.type}` has no link `{link.name}`.")
        elif type_.startswith("["):
            yield Difference(entity.table, Check.LINK, link.name, f"`{link.name}` is a collection, not one object.")
        else:
            known = _properties_of_any(csdl, type_)
            for name in link.properties:
                if name not in known:
                    yield Difference(
                        entity.table,
                        Check.LINK,
                        f"{link.name}.{name}",
                        f"`{type_}` (`{link.name}`) has no property `{name}`.",
                    )


def _properties_of_any(csdl: Csdl, name: str) -> set[str]:
    """Return the properties of a type and of those derived from it."""
    return set[str]().union(*(csdl.properties(type_) for type_ in (name, *csdl.subtypes(name))))


def _check_parts(entity: Entity, csdl: Csdl) -> Iterator[Difference]:
    for part in map(navigation_name, (*entity.inline, *entity.embedded)):
        type_: str | None = entity.type
        for name in part.split("."):
            members = csdl.properties(type_) | csdl.navigation(type_) if type_ in csdl.types else {}
            type_ = members.get(name, "").strip("[]")
        if type_ not in csdl.entity_types:
            yield Difference(entity.table, Check.INLINE, part, f"`{entity.type}` has no related object `{part}`.")


def _check_subtypes(entity: Entity, csdl: Csdl) -> Iterator[Difference]:
    if entity.edge or entity.properties is not None or entity.shape is Shape.STRINGS:
        return  # The columns are a few properties that every object has, or none.
    derived = [name for name in csdl.subtypes(entity.type) if not csdl.is_abstract(name)]
    yield from _missing(entity, entity.subtypes, derived, f"no type `%s` is derived from `{entity.type}`.")
    yield from _missing(entity, derived, entity.subtypes, f"`%s` is a new type derived from `{entity.type}`.")


def _missing(entity: Entity, names: Iterable[str], known: Iterable[str], message: str) -> Iterator[Difference]:
    for name in names:
        if name not in known:
            yield Difference(entity.table, Check.SUBTYPE, name, message % name)
