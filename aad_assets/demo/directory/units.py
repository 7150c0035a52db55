"""Administrative units and their members: the offices', which stay, and those of projects, which come and go."""

from collections.abc import Sequence

from ..days.population import KEPT
from .chance import number
from .context import Context
from .devices import Devices
from .edges import edges
from .groups import Groups
from .names import OFFICES, PROJECTS
from .people import People
from .rendering import Object, Plain

_DYNAMIC, _RESTRICTED, _HIDDEN = 2, 3, 4
_PROJECTS = 1000
"""The first index of a project's unit. One starts every `_EVERY` days, the first on day `_START`; each lives `_LIFE` days."""
_START, _EVERY, _LIFE = -60, 10, 40


class Units:
    """One administrative unit per office (`count` of them; small tenants have fewer offices), and those of projects."""

    def __init__(self, context: Context, people: People, groups: Groups, devices: Devices) -> None:
        self._context, self._people, self._groups, self._devices = context, people, groups, devices
        self.ids = context.ids("administrativeUnit")
        self.count = max(5, min(len(OFFICES), context.users // 60))
        started = (context.day - _START) // _EVERY + 1
        ended = (context.day - _START - _LIFE) // _EVERY + 1
        self.active: list[int] = [*range(self.count), *range(_PROJECTS + ended, _PROJECTS + started)]
        self.binned: dict[int, int] = {}
        for project in range(ended):
            when = _START + project * _EVERY + _LIFE
            if when > context.day - KEPT:
                self.binned[_PROJECTS + project] = when
        self.kind = Plain("administrativeUnit", lambda: self.active, self.make, self.key)

    def key(self, id_: str) -> int | None:
        """The index behind an object id."""
        index = self.ids.index(id_)
        return index if index in self.active else None

    def members(self, unit: int) -> Sequence[int]:
        """Keys of the members: a third of the users over all units, some groups and devices."""
        share = 3 * self.count
        if unit >= _PROJECTS:
            start = unit * 7919
            return edges("user", sorted({self._people.someone(start + n * 31) for n in range(6)}))
        living = self._people.population.active
        keys = edges("user", (user for user in living if user % share == unit))
        groups = self._groups.population.active
        keys += edges("group", (group for group in groups if group % (share * 2) == unit))
        devices = self._devices.population.active
        return keys + edges("device", (device for device in devices if device % (share * 4) == unit))

    def hides_members(self, unit: int) -> bool:
        """Is the membership hidden?"""
        return unit == _HIDDEN

    def make(self, unit: int) -> Object:
        """The unit with all its properties."""
        if unit >= _PROJECTS:
            return self._project(unit)
        office = OFFICES[unit]
        dynamic = unit == _DYNAMIC
        edits = (self._context.day + number(self._context.seed, "unit", unit) % 20) // 20
        return {
            "id": self.ids.guid(unit),
            "deletedDateTime": None,
            "description": f"Everyone looked after by IT {office.city}" + (f" (revision {edits})" if edits else ""),
            "displayName": f"{office.country} - {office.code}",
            "isMemberManagementRestricted": unit == _RESTRICTED,
            "membershipRule": f'(user.usageLocation -eq "{office.country_code}")' if dynamic else None,
            "membershipRuleProcessingState": "On" if dynamic else None,
            "membershipType": "Dynamic" if dynamic else "Assigned" if unit % 2 else None,
            "visibility": "HiddenMembership" if unit == _HIDDEN else None,
        }

    def _project(self, unit: int) -> Object:
        started = _START + (unit - _PROJECTS) * _EVERY
        name = PROJECTS[unit % len(PROJECTS)]
        return {
            "id": self.ids.guid(unit),
            "deletedDateTime": None,
            "description": f"Devices and people of {name}, from {self._context.calendar.date(started)}",
            "displayName": f"Project {name} {unit - _PROJECTS + 1}",
            "isMemberManagementRestricted": False,
            "membershipRule": None,
            "membershipRuleProcessingState": None,
            "membershipType": "Assigned",
            "visibility": None,
        }
