"""The collections that the demo tenant serves: what a row of collections.yaml says."""

from operator import attrgetter
from typing import Any, Literal

import msgspec

from .data import table
from .directory.edges import BASES, TYPES
from .directory.objects import Related
from .directory.rendering import Kind, Listed, View
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
    family: str = "directory"
    cost: int = 1
    least: int = 1
    context: str = ""
    form: Literal["list", "singleton", "object", "value", "action", "function", "view"] = "list"
    where: dict[str, str] = {}
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
    casts: dict[str, tuple[str, ...]] = {}
    cast: str = ""
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

    def exists_under(self, directory: Directory, parents: tuple[int, ...]) -> bool:
        """Say whether the last parent has such a collection: it is of the type that a cast names, and `missing` agrees."""
        if not parents:
            return True
        after = "/".join(self.segments).rpartition("{id}/")[2].split("/")[0]
        type_ = after.partition("microsoft.graph.")[2]
        of_type = not type_ or directory.objects.is_a(type_, self.above[-1].type, parents[-1])
        return of_type and not (self.missing and attrgetter(self.missing)(directory)(parents[-1]))

    @property
    def inside(self) -> tuple[str, ...]:
        """The navigation properties that rows hold as members."""
        return tuple(name for name in sorted(self.expands | self.embedded) if "." not in name and name != "manager")

    @property
    def related(self) -> bool:
        """True if rows are references to directory objects (members, owners)."""
        return self.type in ("directoryObject", *TYPES, *BASES) and "{id}" in self.path

    def rows(self, directory: Directory, parents: tuple[int, ...]) -> Kind:
        """Return the objects, given the keys of the parents."""
        found = attrgetter(self.source)(directory)
        if "{id}" in self.path:
            found = found(*parents)
        if not self.related:
            kind: Kind = found
            return _of_type(self.cast, directory, kind) if self.cast else kind
        if isinstance(found, Listed):
            found = sorted({*found.rows})
        if self.hide:
            left_out = TYPES.index(self.hide)
            found = [key for key in found if key >> 40 != left_out]
        return Related(directory.objects, found, None if self.type == "directoryObject" else self.type)


def _of_type(type_: str, directory: Directory, kind: Kind) -> Kind:
    """Return the objects of a kind that are of one type."""

    def key(id_: str) -> int | None:
        found = kind.key(id_)
        return found if found is not None and directory.objects.is_a(type_, kind.type, found) else None

    view = View(kind, lambda: [key for key in kind.keys() if directory.objects.is_a(type_, kind.type, key)])  # noqa: SIM118
    view.key = key
    return view


def _segment(type_: str) -> str:
    """Return the segment of a path that casts to a type."""
    return f"/microsoft.graph.{type_}"


def _cast(collection: Collection, type_: str, context: str) -> Collection:
    """Return the objects of one type in a collection, behind a cast. Among members and owners it is an advanced query.

    Source: learn.microsoft.com/graph/aad-advanced-queries.
    """
    path = f"{collection.path.removesuffix(_segment(collection.type))}{_segment(type_)}"
    changed: dict[str, Any] = {"table": f"{collection.table}_{type_}", "area": "casts", "path": path, "type": type_}
    changed |= {"eventual": True} if collection.related else {"page": 100, "starts": {}}
    changed |= {"cast": type_, "context": context, "roles": collection.casts[type_] or collection.roles}
    return msgspec.structs.replace(collection, **changed, hide="", casts={}, deleted=False)


def _bin(live: Collection) -> Collection:
    """Return the recycle bin of the objects in a collection: the same rules, and the least permission alone."""
    path, source = f"/directory/deletedItems{_segment(live.type)}", f"bin.{live.type}"
    changed = {"table": f"deleted_{live.table}", "area": "bin", "path": path, "source": source, "context": live.path[1:]}
    roles = live.roles[:1]
    return msgspec.structs.replace(live, **changed, roles=roles, cost=1, starts={}, expands=frozenset(), deleted=False)


def _load() -> tuple[Collection, ...]:
    areas = table(__package__, "collections")
    permissions = areas.pop("permissions")
    del areas["profiles"]

    def roles(names: list[str]) -> list[str]:
        return [role for name in names for role in (roles(permissions[name]) if name in permissions else [name])]

    def read(row: dict[str, Any], **more: str) -> Collection:
        casts = {type_: roles(names) for type_, names in row.get("casts", {}).items()}
        return msgspec.convert({**row, **more, "roles": roles(row["roles"]), "casts": casts}, Collection)

    made = [read(row, table=name, area=area) for area, rows in areas.items() for name, row in rows.items()]
    made += [_bin(each) for each in made if each.deleted]
    # What v1.0 leaves out is a known issue that beta does not have: learn.microsoft.com/graph/api/group-list-members.
    made += [msgspec.structs.replace(each, table=f"{each.table}_beta", version=BETA, hide="") for each in made if each.hide]
    lists = {each.type: each.path[1:] for each in made if each.deleted or each.type == "orgContact"}
    contexts = lists | {type_: f"{lists[base]}{_segment(type_)}" for type_, base in BASES.items()}
    return (*made, *(_cast(each, type_, contexts[type_]) for each in made for type_ in each.casts))


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
VIEWS = {each.path: tuple(view for view in COLLECTIONS if view.where and view.path == each.path) for each in COLLECTIONS}
"""The views that $filter decides on, by the path that they share with a collection."""
SEGMENTS = {
    version: frozenset(segments[:length] for segments in paths for length in range(1, len(segments) + 1))
    for version, paths in BY_SEGMENTS.items()
}
"""Every beginning of a path that leads somewhere, `{id}` included."""
