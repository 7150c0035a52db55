"""Checks of schema.json, from which the columns derive, against the metadata: nothing has disappeared, and what is new."""

from collections.abc import Iterator, Mapping
from typing import Any

from aad_assets.catalog.conform.csdl import Csdl
from aad_assets.catalog.conform.differences import Check, Difference

Content = Mapping[str, Mapping[str, Any]]
"""The content of schema.json for one version: section → type → member → type name."""


def check_properties(version: str, schema: Content, csdl: Csdl, bases: Mapping[str, str]) -> Iterator[Difference]:
    """Yield the differences between the types in schema.json and the metadata, for one version of Graph.

    `bases`: derived type → the type of the list in which its objects arrive.
    """
    for name, declared in schema["entities"].items():
        yield from _compare(f"{version} {name}", declared, csdl, name, new=True)
    for name, declared in schema["subtypes"].items():
        listed = csdl.properties(bases[name]) if bases.get(name) in csdl.types else {}
        yield from _compare(f"{version} {name}", {**listed, **declared}, csdl, name, new=True)
    for name, parts in schema["navigation"].items():
        for part, declared in parts.items():
            yield from _check_part(f"{version} {name}", part, declared, csdl, name)
    for name, fields in schema["structs"].items():
        yield from _check_struct(f"{version} {name}", fields, csdl, name)


def _difference(subject: str, name: str, message: str) -> Difference:
    return Difference(subject, Check.PROPERTY, name, message)


def _compare(subject: str, declared: Mapping[str, str], csdl: Csdl, name: str, *, new: bool) -> Iterator[Difference]:
    """Yield what has disappeared from a type or has changed and, if `new`, the properties that it did not have."""
    if name not in csdl.types:
        yield _difference(subject, name, "the type has disappeared.")
        return
    properties, related = csdl.properties(name), csdl.navigation(name)
    yield from _gone_or_changed(subject, declared, properties | related)
    if new:
        # Related objects arrive without being requested only within complex values.
        expected = properties if name in csdl.entity_types else properties | related
        yield from (_new(subject, property_, type_) for property_, type_ in expected.items() if property_ not in declared)


def _gone_or_changed(subject: str, declared: Mapping[str, str], found: Mapping[str, str]) -> Iterator[Difference]:
    for name, type_ in declared.items():
        if name not in found:
            yield _difference(subject, name, f"`{name}` has disappeared.")
        elif found[name] != type_:
            yield _difference(subject, name, f"`{name}` was {type_} and is {found[name]}.")


def _new(subject: str, name: str, type_: str) -> Difference:
    return _difference(subject, name, f"`{name}` ({type_}) is new.")


def _check_part(subject: str, part: str, declared: Any, csdl: Csdl, name: str) -> Iterator[Difference]:
    found = csdl.navigation(name).get(part) if name in csdl.types else None
    if found is None:
        yield _difference(subject, part, f"`{part}` has disappeared.")
    elif isinstance(declared, str):
        yield from _gone_or_changed(subject, {part: declared}, {part: found})
    else:
        linked = csdl.properties(found) if found in csdl.types else {}
        flat = {f"{part}.{property_}": type_ for property_, type_ in declared.items()}
        yield from _gone_or_changed(subject, flat, {f"{part}.{property_}": type_ for property_, type_ in linked.items()})


def _check_struct(subject: str, fields: Mapping[str, str] | None, csdl: Csdl, name: str) -> Iterator[Difference]:
    if name in csdl.types and csdl.has_fixed_fields(name) != (fields is not None):
        had, has = ("a fixed set of fields", "none") if fields is not None else ("no fixed set of fields", "one")
        yield _difference(subject, name, f"the type had {had} and has {has} now.")
    else:
        yield from _compare(subject, fields or {}, csdl, name, new=fields is not None)
