"""Directory extensions: properties that the tenant's apps have added to objects."""

from .rendering import Listed, Object
from .templates import Area
from .vocabulary import Words

_LISTED = 1000


class Extensions(Area):
    """Which extensions there are, and what an object has in them. A target is a type such as `User`."""

    def __init__(self, words: Words) -> None:
        super().__init__("extensions", words)
        self.kind = self.definitions
        self._full_names = {name.rsplit("_", 1)[1]: name for name in (str(row["name"]) for row in self.kind.rows)}

    def available(self, principals: int) -> Listed:
        """Return the list for a tenant with so many service principals: empty if there are more than 1,000.

        Source: the known issue on learn.microsoft.com/graph/api/directoryobject-getavailableextensionproperties.
        """
        return Listed(self.kind.type, lambda: self.kind.rows if principals <= _LISTED else [])

    def names(self, target: str) -> tuple[str, ...]:
        """Return the full names of the properties that objects of that kind can have."""
        return tuple(self._full_names[name] for name in self.properties(target))

    def values(self, target: str, number: int) -> Object:
        """Return what object number `number` has: only those that it fills."""
        values = self.row(target, number=number)
        return {self._full_names[name]: value for name, value in values.items() if value is not None}
