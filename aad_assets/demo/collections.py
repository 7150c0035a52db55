"""The collections that the demo tenant serves: what a row of collections.yaml says."""

from operator import attrgetter
from typing import Any, Literal

import msgspec

from .data import table
from .directory.edges import TYPES
from .directory.objects import Related
from .directory.rendering import Kind, Listed
from .tenant import Directory

V1, BETA = "v1.0", "beta"


def canonical(segment: str) -> str:
    """Return a segment of a path in the form that all its spellings share, whatever its case and with either namespace."""
    lower = segment.lower()
    return f"microsoft.{lower}" if lower.startswith("graph.") else lower


class Collection(msgspec.Struct, frozen=True, eq=False, kw_only=True, forbid_unknown_fields=True):
    """A collection. The head of collections.yaml describes the fields."""

    table: str
    area: str
    path: str
    type: str
    source: str = msgspec.field(name="from")
    version: Literal["v1.0", "beta"] = "v1.0"
    roles: tuple[str, ...]
    denied: str = "denied"
    delegated_only: bool = False
    person_roles: tuple[str, ...] = ()
    page: int | None = 999
    default_page: int = 100
    server_page: int | None = None
    no_top: bool = False
    family: str = "directory"
    cost: int = 1
    context: str = ""
    form: Literal["list", "singleton", "object", "value", "action", "function", "view"] = "list"
    key: str = "id"
    select_only: bool = False
    eventual: bool = False
    single_only: frozenset[str] = frozenset()
    not_in_lists: frozenset[str] = frozenset()
    starts: dict[str, str] = {}
    expands: frozenset[str] = frozenset()
    embedded: frozenset[str] = frozenset()
    empty: dict[str, tuple[Any, ...]] = {}
    reject: frozenset[str] = frozenset()
    headers: tuple[str, ...] = ()
    scan: bool = False
    restricted: dict[str, str] = {}
    log: bool = False
    events: dict[str, str] = {}
    required: tuple[tuple[str, ...], ...] = ()
    incomplete: str = "filter_missing"
    licence: str = ""
    unlicensed: str = "not_licensed"
    missing: str = ""
    hidden: str = ""
    hide: str = ""
    deleted: bool = False

    @property
    def segments(self) -> tuple[str, ...]:
        """The path, split."""
        return tuple(self.path.strip("/").split("/"))

    @property
    def above(self) -> list["Collection"]:
        """The collections that contain the objects in the path, from the top."""
        parts, collections = tuple(map(canonical, self.segments)), BY_SEGMENTS[self.version]
        return [collections[parts[:place]] for place, part in enumerate(parts) if part == "{id}"]

    @property
    def inside(self) -> tuple[str, ...]:
        """The navigation properties that rows hold as members."""
        return tuple(name for name in sorted(self.expands | self.embedded) if "." not in name and name != "manager")

    @property
    def related(self) -> bool:
        """True if rows are references to directory objects (members, owners)."""
        return self.type in ("directoryObject", *TYPES) and "{id}" in self.path

    def rows(self, directory: Directory, parents: tuple[int, ...]) -> Kind:
        """Return the objects, given the keys of the parents."""
        found = attrgetter(self.source)(directory)
        if "{id}" in self.path:
            found = found(*parents)
        if not self.related:
            kind: Kind = found
            return kind
        if isinstance(found, Listed):
            found = found.rows
        if self.hide:
            left_out = TYPES.index(self.hide)
            found = [key for key in found if key >> 40 != left_out]
        return Related(directory.objects, found, None if self.type == "directoryObject" else self.type)


def _bin(live: Collection) -> Collection:
    """Return the recycle bin of the objects in a collection: the same rules and permissions."""
    path, source = f"/directory/deletedItems/microsoft.graph.{live.type}", f"bin.{live.type}"
    changed = {"table": f"deleted_{live.table}", "area": "bin", "path": path, "source": source, "context": live.path[1:]}
    return msgspec.structs.replace(live, **changed, cost=1, starts={}, expands=frozenset(), deleted=False)


def _load() -> tuple[Collection, ...]:
    areas = table(__package__, "collections")
    permissions = areas.pop("permissions")
    del areas["profiles"]

    def roles(names: list[str]) -> list[str]:
        return [role for name in names for role in (roles(permissions[name]) if name in permissions else [name])]

    live = [
        msgspec.convert({**row, "table": name, "area": area, "roles": roles(row["roles"])}, Collection)
        for area, rows in areas.items()
        for name, row in rows.items()
    ]
    return (*live, *(_bin(each) for each in live if each.deleted))


COLLECTIONS = _load()
BY_TABLE = {collection.table: collection for collection in COLLECTIONS}
BY_SEGMENTS = {
    version: {
        tuple(map(canonical, each.segments)): each
        for each in sorted(COLLECTIONS, key=lambda each: each.version == BETA)  # Beta has its own form of some collections.
        if each.form != "view" and each.version in (V1, version)
    }
    for version in (V1, BETA)
}
"""The collections of each version by their paths; beta serves those of v1.0, too."""
SEGMENTS = {
    version: frozenset(segments[:length] for segments in paths for length in range(1, len(segments) + 1))
    for version, paths in BY_SEGMENTS.items()
}
"""Every beginning of a path that leads somewhere, `{id}` included."""
