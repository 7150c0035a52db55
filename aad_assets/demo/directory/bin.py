"""The recycle bin: what was deleted in the last 30 days, still with all its properties.

Who left when is decided in population.py and units.py; what an object looks like, in the generators.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from .chance import Ids
from .principals import principal_of
from .rendering import Kind

if TYPE_CHECKING:
    from .directory import Directory


class Deleted:
    """A Kind of the deleted objects of one type. `days` says which there are, and on which day each was deleted."""

    def __init__(self, directory: "Directory", kind: Kind, ids: Ids, days: Mapping[int, int]) -> None:
        self._calendar, self._kind, self._ids, self._days = directory.calendar, kind, ids, days
        self._keys = sorted(days)
        self.type = kind.type
        self.properties = kind.properties
        self.defaults = kind.defaults

    def keys(self) -> Sequence[int]:
        return self._keys

    def key(self, id_: str) -> int | None:
        index = self._ids.index(id_)
        return index if index in self._days else None

    def render(self, keys: Iterable[int], names: Sequence[str]) -> list[str]:
        keys = list(keys)
        rows = []
        for key, row in zip(keys, self._kind.render(keys, names), strict=True):
            if "deletedDateTime" in names:
                stamp = self._calendar.stamp(self._days[key], key * 37)
                row = row.replace('"deletedDateTime":null', f'"deletedDateTime":"{stamp}"', 1)
            if self.type == "user" and "userPrincipalName" in names:
                # So that the name is free for another account.
                free = self._ids.guid(key).replace("-", "")
                row = row.replace('"userPrincipalName":"', f'"userPrincipalName":"{free}', 1)
            rows.append(row)
        return rows


class Bin:
    """The bin of the whole directory; `kinds` by type."""

    def __init__(self, directory: "Directory") -> None:
        people, groups, devices = directory.people, directory.groups, directory.devices
        apps, principals, units = directory.applications, directory.principals, directory.units
        kept = {index: when for index, when in groups.population.binned.items() if groups.is_kept(index)}
        # An application and its service principal are deleted, and come back, together.
        own = {principal_of(index): when for index, when in apps.population.binned.items()}
        self.kinds: dict[str, Kind] = {
            "user": Deleted(directory, people.kind, people.ids, people.population.binned),
            "group": Deleted(directory, groups.kind, groups.ids, kept),
            "application": Deleted(directory, apps.kind, apps.ids, apps.population.binned),
            "servicePrincipal": Deleted(directory, principals.kind, principals.ids, own),
            "device": Deleted(directory, devices.kind, devices.ids, devices.population.binned),
            "administrativeUnit": Deleted(directory, units.kind, units.ids, units.binned),
        }
