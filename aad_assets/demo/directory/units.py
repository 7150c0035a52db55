"""Administrative units and their members."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .chance import Ids, number
from .edges import edges
from .names import OFFICES
from .rendering import Object, Plain

if TYPE_CHECKING:
    from .directory import Directory

_DYNAMIC, _RESTRICTED, _HIDDEN = 2, 3, 4


class Units:
    """One administrative unit per office; small tenants have fewer offices."""

    def __init__(self, directory: "Directory") -> None:
        self._directory = directory
        self.ids = Ids(directory.seed, "administrativeUnit")
        self.count = max(5, min(len(OFFICES), directory.users // 60))
        self.kind = Plain("administrativeUnit", lambda: range(self.count), self._make, self.key)

    def key(self, id_: str) -> int | None:
        """The index behind an object id."""
        index = self.ids.index(id_)
        return index if index is not None and index < self.count else None

    def members(self, unit: int) -> Sequence[int]:
        """Keys of the members: a third of the users over all units, some groups and devices."""
        directory, share = self._directory, 3 * self.count
        living = directory.people.population.active
        keys = edges("user", (user for user in living if user % share == unit))
        groups = directory.groups.population.active
        keys += edges("group", (group for group in groups if group % (share * 2) == unit))
        devices = directory.devices.population.active
        return keys + edges("device", (device for device in devices if device % (share * 4) == unit))

    def hides_members(self, unit: int) -> bool:
        """Is the membership hidden?"""
        return unit == _HIDDEN

    def _make(self, unit: int) -> Object:
        office = OFFICES[unit]
        dynamic = unit == _DYNAMIC
        edits = (self._directory.day + number(self._directory.seed, "unit", unit) % 20) // 20
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
