"""The collections that the demo tenant serves: what a row of collections.yaml says."""

from operator import attrgetter
from typing import Literal

import msgspec

from .data import table
from .directory.edges import TYPES
from .directory.objects import Related
from .directory.rendering import Kind, Listed
from .tenant import Directory


class Collection(msgspec.Struct, frozen=True, eq=False, kw_only=True, forbid_unknown_fields=True):
    """A collection. The head of collections.yaml describes the fields."""

    table: str
    area: str
    path: str
    type: str
    source: str = msgspec.field(name="from")
    roles: tuple[str, ...]
    page: int | None = 999
    default_page: int = 100
    server_page: int | None = None
    no_top: bool = False
    family: str = "directory"
    cost: int = 1
    context: str = ""
    form: Literal["list", "singleton", "action", "function", "view"] = "list"
    key: str = "id"
    select_only: bool = False
    eventual: bool = False
    single_only: frozenset[str] = frozenset()
    not_in_lists: frozenset[str] = frozenset()
    starts: dict[str, str] = {}
    expands: frozenset[str] = frozenset()
    scan: bool = False
    restricted: dict[str, str] = {}
    log: bool = False
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
        parts = tuple(part.lower() for part in self.segments)
        return [BY_SEGMENTS[parts[:place]] for place, part in enumerate(parts) if part == "{id}"]

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
BY_SEGMENTS = {tuple(part.lower() for part in each.segments): each for each in COLLECTIONS if each.form != "view"}
SEGMENTS = frozenset(segments[:length] for segments in BY_SEGMENTS for length in range(1, len(segments) + 1))
"""Every beginning of a path that leads somewhere, `{id}` included."""
