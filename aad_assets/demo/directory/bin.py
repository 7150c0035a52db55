"""The recycle bin: what was deleted in the last 30 days, still with all its properties.

Who left when is decided in days/population.py and units.py; what an object looks like, in the areas.
"""

from collections.abc import Iterable, Mapping, Sequence

from ..days.calendar import Calendar
from .applications import Applications
from .chance import Ids
from .context import Context
from .devices import Devices
from .groups import Groups
from .people import People
from .principals import Principals, principal_of
from .rendering import Kind, View
from .units import Units


class Deleted(View):
    """A Kind of the deleted objects of one type. `days` says which there are, and on which day each was deleted."""

    def __init__(self, calendar: Calendar, kind: Kind, ids: Ids, days: Mapping[int, int]) -> None:
        keys = sorted(days)
        super().__init__(kind, lambda: keys)
        self._calendar, self._kind, self._ids, self._days = calendar, kind, ids, days
        self.key, self.render = self._key, self._render

    def _key(self, id_: str) -> int | None:
        index = self._ids.index(id_)
        return index if index in self._days else None

    def _render(self, keys: Iterable[int], names: Sequence[str]) -> list[str]:
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

    def __init__(
        self,
        context: Context,
        people: People,
        groups: Groups,
        devices: Devices,
        apps: Applications,
        principals: Principals,
        units: Units,
    ) -> None:
        calendar = context.calendar
        kept = {index: when for index, when in groups.population.binned.items() if groups.is_kept(index)}
        # An application and its service principal are deleted, and come back, together.
        own = {principal_of(index): when for index, when in apps.population.binned.items()}
        self.kinds: dict[str, Kind] = {
            "user": Deleted(calendar, people.kind, people.ids, people.population.binned),
            "group": Deleted(calendar, groups.kind, groups.ids, kept),
            "application": Deleted(calendar, apps.kind, apps.ids, apps.population.binned),
            "servicePrincipal": Deleted(calendar, principals.kind, principals.ids, own),
            "device": Deleted(calendar, devices.kind, devices.ids, devices.population.binned),
            "administrativeUnit": Deleted(calendar, units.kind, units.ids, units.binned),
        }
