"""The recycle bin: deleted objects that can still be restored, declared like the live objects (`directory.py`)."""

from dataclasses import replace

from aad_assets.catalog.entities import directory
from aad_assets.catalog.entity import Entity
from aad_assets.catalog.enums import Group

_NAMES = {
    "users": "Users",
    "groups": "Groups",
    "applications": "App registrations",
    "service_principals": "Enterprise applications",
    "devices": "Devices",
    "administrative_units": "Administrative units",
}
"""The kinds of objects that go to the recycle bin when they are deleted, by the table of the live objects."""


def _deleted(live: Entity) -> Entity:
    return replace(
        live,
        table=f"deleted_{live.table}",
        path=f"/directory/deletedItems/microsoft.graph.{live.type}",
        description=f"{_NAMES[live.table]} in the recycle bin: deleted less than 30 days ago, so they can still be restored.",
        group=Group.RECYCLE_BIN,
        optional=live.table == "devices",  # learn.microsoft.com/graph/api/directory-deleteditems-list does not name devices
        shard_property=None,
        undeclared=(),
        extensible=False,
    )


ENTITIES = tuple(_deleted(live) for live in directory.ENTITIES if live.table in _NAMES)
