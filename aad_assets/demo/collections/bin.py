"""The recycle bin: one collection for each type of object that is kept there for 30 days."""

from ..directory.rendering import Kind
from ..tenant import Directory
from . import core
from .declaration import Collection


def _deleted(table: str) -> Collection:
    """The bin of the objects that the live collection `table` lists: the same rules and permissions."""
    live = next(each for each in core.COLLECTIONS if each.table == table)

    def rows(directory: Directory, _: tuple[int, ...]) -> Kind:
        return directory.bin.kinds[live.type]

    return Collection(
        f"deleted_{table}",
        f"/directory/deletedItems/microsoft.graph.{live.type}",
        live.type,
        rows,
        live.roles,
        single_only=live.single_only,
        not_in_lists=live.not_in_lists,
        restricted=live.restricted,
        context=live.path[1:],
    )


COLLECTIONS = tuple(
    map(_deleted, ("users", "groups", "applications", "service_principals", "devices", "administrative_units"))
)
