"""Every collection of Graph that the demo tenant answers: one declaration each.

A new collection is one entry in a file of this package plus one generator in directory/. How a request is answered is
graph.py's.
"""

from . import core
from .declaration import Collection

COLLECTIONS = (*core.COLLECTIONS,)

BY_TABLE = {collection.table: collection for collection in COLLECTIONS}
BY_SEGMENTS = {tuple(part.lower() for part in collection.segments): collection for collection in COLLECTIONS}
SEGMENTS = frozenset(
    tuple(part.lower() for part in collection.segments[:length])
    for collection in COLLECTIONS
    for length in range(1, len(collection.segments) + 1)
)
"""Every beginning of a path that leads somewhere, `{id}` included."""

__all__ = ["BY_SEGMENTS", "BY_TABLE", "COLLECTIONS", "SEGMENTS", "Collection"]
