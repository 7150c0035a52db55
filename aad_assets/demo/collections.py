"""The collections that the demo tenant serves: what a row of collections.yaml says."""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from .data import table
from .directory.edges import TYPES
from .directory.objects import Related
from .directory.rendering import Kind
from .tenant import Directory


class Collection(msgspec.Struct, frozen=True, eq=False, kw_only=True, forbid_unknown_fields=True):
    """A collection. `path` has `{id}` for each parent; any one of the permissions in `roles` is sufficient."""

    table: str
    area: str
    path: str
    type: str
    source: str = msgspec.field(name="from")
    """The attribute of the directory that holds the objects."""
    roles: tuple[str, ...]
    page: int | None = 999
    """The largest $top; None if all objects are on one page unless $top is sent."""
    default_page: int = 100
    server_page: int | None = None
    """Rows on a page if `page` is None but the server pages anyway."""
    no_top: bool = False
    """Rejects $top."""
    family: str = "directory"
    """The family of throttling limits (quota.py)."""
    cost: int = 1
    """Resource units of a request, before its options count."""
    context: str = ""
    """The name in @odata.context, if it is not the path."""
    form: Literal["list", "singleton", "action", "function", "view"] = "list"
    """A singleton is one object at the path itself. An action is a list requested by POST. A function is a list of plain
    values. A view is a table read through another collection with the same path."""
    key: str = "id"
    """The property whose value names an object in the path."""
    select_only: bool = False
    eventual: bool = False
    """Needs ConsistencyLevel: eventual and $count=true."""
    single_only: frozenset[str] = frozenset()
    """Properties of a single object only; a list that selects one returns 400."""
    not_in_lists: frozenset[str] = frozenset()
    """Properties for which a list returns 501."""
    starts: dict[str, str] = {}
    """Properties that support startsWith(), and the function of the directory that finds objects by prefix."""
    expands: frozenset[str] = frozenset()
    scan: bool = False
    """Supports comparisons of any property (small collections and logs)."""
    restricted: dict[str, str] = {}
    """Properties that need a permission of their own."""
    log: bool = False
    """Rows are sorted by time and read by a window of time."""
    required: tuple[tuple[str, ...], ...] = ()
    """Sets of properties; $filter must compare those of one set by eq."""
    incomplete: str = "filter_missing"
    """The error without such a filter (protocol/errors.yaml)."""
    licence: str = ""
    """The licence that the tenant needs (licensing.py)."""
    unlicensed: str = "not_licensed"
    """The error without that licence; its wording differs between areas."""
    missing: str = ""
    """The function that says whether the parent has no such collection, which returns 404."""
    hidden: str = ""
    """The function that says whether the parent hides its members from apps without Member.Read.Hidden."""
    hide: str = ""
    """The type of members that v1.0 leaves out."""
    deleted: bool = False
    """Whether deleted objects go to the recycle bin, a collection of its own."""

    @property
    def segments(self) -> tuple[str, ...]:
        """The path, split."""
        return tuple(self.path.strip("/").split("/"))

    @property
    def related(self) -> bool:
        """Whether rows are references to directory objects (members, owners)."""
        return self.type in ("directoryObject", *TYPES) and "{id}" in self.path

    def rows(self, directory: Directory, parents: tuple[int, ...]) -> Kind:
        """Return the objects, given the keys of the parents."""
        found = value(directory, self.source)
        if "{id}" in self.path:
            found = found(*parents)
        if not self.related:
            kind: Kind = found
            return kind
        if self.hide:
            left_out = TYPES.index(self.hide)
            found = [key for key in found if key >> 40 != left_out]
        return Related(directory.objects, found, None if self.type == "directoryObject" else self.type)


def value(directory: Directory, name: str) -> Any:
    """Return what a name in the table stands for: an attribute of the directory."""
    found: Any = directory
    for step in name.split("."):
        found = found[step] if isinstance(found, Mapping) else getattr(found, step)
    return found


def _bin(live: Collection) -> Collection:
    """Return the recycle bin of the objects in a collection: the same rules and permissions."""
    return Collection(
        table=f"deleted_{live.table}",
        area="bin",
        path=f"/directory/deletedItems/microsoft.graph.{live.type}",
        type=live.type,
        source=f"bin.{live.type}",
        roles=live.roles,
        single_only=live.single_only,
        not_in_lists=live.not_in_lists,
        restricted=live.restricted,
        context=live.path[1:],
    )


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
BY_SEGMENTS = {tuple(part.lower() for part in each.segments): each for each in COLLECTIONS if each.form != "view"}
SEGMENTS = frozenset(segments[:length] for segments in BY_SEGMENTS for length in range(1, len(segments) + 1))
"""Every beginning of a path that leads somewhere, `{id}` included."""


def in_areas(*areas: str) -> list[Collection]:
    """Return the collections of areas of the table."""
    return [each for each in COLLECTIONS if each.area in areas]
