"""The recycle bin: what was deleted in the last 30 days, still with all its properties.

Who left when is decided in days/population.py and units.py; what an object looks like, in the areas.
"""

from collections.abc import Iterable, Mapping, Sequence

from ..days.calendar import Calendar
from .chance import Ids
from .rendering import Kind, View


class Deleted(View):
    """A Kind of deleted objects. `days` has their keys, and the day on which each was deleted."""

    def __init__(self, calendar: Calendar, kind: Kind, ids: Ids, days: Mapping[int, int]) -> None:
        super().__init__(kind, lambda: sorted(days))
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
