"""Directory objects of several types at once: members, owners, and who holds what."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from .context import Context
from .edges import BASES, TYPES, target
from .rendering import Kind
from .well_known import AGENT_USERS, AGENTS, BLUEPRINTS, OWN_APPS

Names = tuple[tuple[str, ...], tuple[str, ...]]


class Objects:
    """The objects that can be members. `objects` gives, by type, the objects and what their names are."""

    def __init__(self, context: Context, objects: Mapping[str, tuple[Kind, Callable[[int], str]]]) -> None:
        self._context, self._objects = context, objects
        self._names: dict[str | None, Names] = {}
        self._derived = (
            {("user", user): "agentUser" for user in AGENT_USERS}
            | {("servicePrincipal", AGENTS + place): "agentIdentity" for place in range(len(AGENT_USERS))}
            | {("servicePrincipal", OWN_APPS + app): "agentIdentityBlueprintPrincipal" for app in BLUEPRINTS}
            | {("application", app): "agentIdentityBlueprint" for app in BLUEPRINTS}
        )

    def kind(self, type_: str) -> Kind:
        """Return the objects of one type."""
        return self._objects[type_][0]

    def id_of(self, type_: str, index: int) -> str:
        """Return an object id."""
        return self._context.ids(type_).guid(index)

    def odata_type(self, type_: str, index: int) -> str:
        """Return the type that an object says it has: agents have types of their own."""
        return self._derived.get((type_, index), type_)

    def is_a(self, cast: str, type_: str, index: int) -> bool:
        """Say whether an object is of that type or of one derived from it."""
        return cast in (type_, self.odata_type(type_, index))

    def name_of(self, type_: str, index: int) -> str:
        """Return a displayName."""
        return self._objects[type_][1](index)

    def names(self, cast: str | None) -> Names:
        """Return all properties, and the default ones, of members of one type or of any."""
        if cast not in self._names:
            kinds = [self.kind(type_) for type_ in ((cast,) if cast else TYPES)]
            self._names[cast] = (
                tuple(dict.fromkeys(name for kind in kinds for name in kind.properties)),
                tuple(dict.fromkeys(name for kind in kinds for name in kind.defaults)),
            )
        return self._names[cast]


class Related:
    """A Kind of directory objects of several types: the members or owners of one object.

    Rows say their type (`@odata.type`), unless the URL's cast has said it already.
    """

    type = "directoryObject"

    def __init__(self, objects: Objects, keys: Sequence[int], cast: str | None = None) -> None:
        self._objects = objects
        self._keys = [key for key in keys if objects.is_a(cast, *target(key))] if cast else keys
        self._cast = cast
        self.type = cast or self.type
        self.properties, self.defaults = objects.names(cast and BASES.get(cast, cast))

    def keys(self) -> Sequence[int]:
        return self._keys

    def key(self, id_: str) -> int | None:
        return next((key for key in self._keys if self._objects.id_of(*target(key)) == id_.lower()), None)

    def render(self, keys: Iterable[int], names: Sequence[str]) -> list[str]:
        rows = []
        if list(names) == ["id"] and not self._cast:
            ids, says = self._objects.id_of, self._objects.odata_type
            for type_, index in map(target, keys):
                rows.append(f'{{"@odata.type":"#microsoft.graph.{says(type_, index)}","id":"{ids(type_, index)}"}}')
            return rows
        kinds = {type_: self._objects.kind(type_) for type_ in TYPES}
        own = {type_: [name for name in names if name in kind.properties] for type_, kind in kinds.items()}
        if tuple(names) == self.defaults:
            own = {type_: list(kind.defaults) for type_, kind in kinds.items()}
        for type_, index in map(target, keys):
            row = kinds[type_].render((index,), own[type_])[0]
            if not self._cast and '{"@odata.type"' not in row[:14]:
                row = f'{{"@odata.type":"#microsoft.graph.{type_}"{"," if row != "{}" else ""}{row[1:]}'
            rows.append(row)
        return rows
