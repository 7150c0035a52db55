"""Every collection of Graph that the demo tenant answers: one declaration each.

A new collection is one entry in a file of this package plus one generator in directory/. How a request is answered is
graph.py's.
"""

from . import bin as recycle_bin
from . import children, core, directory_lists, governance, identities, logs, policies, roles, security
from .declaration import Collection

COLLECTIONS = (
    *core.COLLECTIONS,
    *children.COLLECTIONS,
    *roles.COLLECTIONS,
    *security.COLLECTIONS,
    *logs.COLLECTIONS,
    *recycle_bin.COLLECTIONS,
    *directory_lists.COLLECTIONS,
    *policies.COLLECTIONS,
    *identities.COLLECTIONS,
    *governance.COLLECTIONS,
)

BY_TABLE = {collection.table: collection for collection in COLLECTIONS}
BY_SEGMENTS = {tuple(part.lower() for part in each.segments): each for each in COLLECTIONS if each.form != "view"}
SEGMENTS = frozenset(
    tuple(part.lower() for part in collection.segments[:length])
    for collection in COLLECTIONS
    for length in range(1, len(collection.segments) + 1)
)
"""Every beginning of a path that leads somewhere, `{id}` included."""

__all__ = ["BY_SEGMENTS", "BY_TABLE", "COLLECTIONS", "SEGMENTS", "Collection"]
