"""The type that a path of Graph leads to, by the metadata.

Source: docs.oasis-open.org/odata/odata/v4.01/odata-v4.01-part2-url-conventions.html.
"""

from dataclasses import dataclass

from aad_assets.catalog.conform.csdl import Csdl


@dataclass(frozen=True)
class Target:
    """The end of a path."""

    type: str
    """The type, or that of the items of a collection, as schema.json writes it: `user`, `String`."""
    many: bool
    """The path leads to a collection."""
    owner: str = ""
    """The type that has the last segment as a member or operation; empty for an entity set or singleton."""


class UnknownPath(Exception):
    """A path that the metadata does not have. The message names the first segment that does not resolve."""


def resolve_path(csdl: Csdl, path: str) -> Target:
    """Return the end of `path`, in which `{…}` stands for a key. Raises UnknownPath."""
    first, *rest = path.strip("/").split("/")
    if first not in csdl.roots:
        raise UnknownPath(f"there is no entity set or singleton `{first}`")
    target = _target(csdl.roots[first], "")
    for segment in rest:
        if segment.startswith("{"):
            if not target.many:
                raise UnknownPath(f"`{segment}` follows a single object")
            target = Target(target.type, False, target.owner)
        elif "." in segment:
            target = _cast(csdl, target, segment)
        else:
            target = _member(csdl, target, segment)
    return target


def _target(declared: str, owner: str) -> Target:
    return Target(declared.strip("[]"), declared.startswith("["), owner)


def _cast(csdl: Csdl, target: Target, segment: str) -> Target:
    """Return the target as the derived type that `segment` names, by its full name or with the namespace's alias."""
    name = csdl.short_name(segment)
    if name not in csdl.types or target.type not in csdl.lineage(name):
        raise UnknownPath(f"`{segment}` is not derived from {target.type}")
    return Target(name, target.many, target.owner)


def _member(csdl: Csdl, target: Target, name: str) -> Target:
    """Return the end of the property, navigation property, function or action `name` of the target."""
    known = csdl.types.keys() & {target.type}
    if known and not target.many:
        members = csdl.properties(target.type) | csdl.navigation(target.type)
        if name in members:
            return _target(members[name], target.type)
    bases = csdl.lineage(target.type) if known else []
    bindings = {f"[{base}]" if target.many else base for base in bases}
    for operation in csdl.operations.get(name, ()):
        if operation.bound_to in bindings:
            return _target(operation.returns, target.type)
    raise UnknownPath(f"{f'a collection of {target.type}' if target.many else target.type} has no `{name}`")
