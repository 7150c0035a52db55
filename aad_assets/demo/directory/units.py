"""Administrative units and their members: the offices', which stay, and those of projects, which come and go."""

import json
from collections.abc import Sequence

from ..days.population import KEPT
from .context import Context
from .devices import Devices
from .edges import edges
from .groups import Groups
from .names import OFFICES
from .people import People
from .rendering import Object
from .templates import Area
from .vocabulary import Words

_HIDDEN = 4
_PROJECTS = 1000
"""The first index of a project's unit. One starts every `_EVERY` days, the first on day `_START`; each lives `_LIFE` days."""
_START, _EVERY, _LIFE = -60, 10, 40


class Units(Area):
    """One administrative unit per office (`count` of them; small tenants have fewer offices), and those of projects."""

    def __init__(self, words: Words, context: Context, people: People, groups: Groups, devices: Devices) -> None:
        super().__init__("units", words)
        self._people, self._groups, self._devices = people, groups, devices
        self.ids = context.ids("administrativeUnit")
        self.count = max(5, min(len(OFFICES), context.users // 60))
        started = (context.day - _START) // _EVERY + 1
        ended = (context.day - _START - _LIFE) // _EVERY + 1
        self.active: list[int] = [*range(self.count), *range(_PROJECTS + ended, _PROJECTS + started)]
        ends = {_PROJECTS + project: _START + project * _EVERY + _LIFE for project in range(ended)}
        self.binned = {unit: day for unit, day in ends.items() if day > context.day - KEPT}
        self.kind = self.each("units", lambda: self.active, self._names, self.key)

    def key(self, id_: str) -> int | None:
        """Return the index behind an object id."""
        index = self.ids.index(id_)
        return index if index in self.active else None

    def members(self, unit: int) -> Sequence[int]:
        """Return the keys of the members: a third of the users over all units, some groups and devices."""
        if unit >= _PROJECTS:
            return edges("user", sorted({self._people.someone(unit * 7919 + n * 31) for n in range(6)}))
        types = (("user", self._people, 3), ("group", self._groups, 6), ("device", self._devices, 12))
        return [
            key
            for type_, area, share in types
            for key in edges(type_, (index for index in area.population.active if index % (share * self.count) == unit))
        ]

    def hides_members(self, unit: int) -> bool:
        """Say whether the membership is hidden."""
        return unit == _HIDDEN

    def name(self, unit: int) -> str:
        """Return the displayName."""
        return str(json.loads(self.kind.render((unit,), ("displayName",))[0])["displayName"])

    def _names(self, unit: int) -> Object:
        started = _START + (unit - _PROJECTS) * _EVERY
        names = {"unit": unit, "id": self.ids.guid(unit), "started": started, "hidden": unit == _HIDDEN}
        return names if unit >= _PROJECTS else {**names, "office": OFFICES[unit]._asdict()}
