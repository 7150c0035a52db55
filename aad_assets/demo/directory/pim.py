"""Privileged identity management: who may activate which role, who has done so; the same for groups.

Standing role assignments and the roles themselves are in roles.py.
"""

import base64
from collections.abc import Iterable
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from . import groups
from .chance import number
from .edges import edge, target
from .rendering import Object
from .templates import Area
from .vocabulary import vocabulary

if TYPE_CHECKING:
    from .directory import Directory

Grant = tuple[int, int, str]
"""A role, a principal's key, a scope."""
_Timed = tuple[int, int, str, bool]
"""A grant, and whether it was activated for a few hours."""


class Pim(Area):
    """Eligibilities, activations and policies on one day."""

    def __init__(self, directory: "Directory") -> None:
        self._directory, self._seed = directory, directory.seed
        own = {
            "object_id": lambda key: directory.id_of(*target(key)),
            "definition_id": lambda role: directory.roles.definition_id(role),
            "assignment_id": lambda *grant: directory.roles.assignment_id(*grant),
            "short_id": self._short_id,
            "roles": lambda: directory.roles.definitions.keys(),
            "assigned": lambda: (
                [(*grant, False) for grant in directory.roles.standing] + [(*grant, True) for grant in self.activated]
            ),
            "eligible": lambda: [(*grant, False) for grant in self.eligible],
            "holders": self._holders,
            "group_eligible": self._group_eligible,
            "group_assigned": self._group_assigned,
        }
        super().__init__("pim", {**vocabulary(directory), **own})

    def rows(self, section: str, **names: Any) -> list[Object]:
        """Return the rows of a section by id, because nothing else orders them."""
        return sorted(super().rows(section, **names), key=lambda row: str(row["id"]))

    @cached_property
    def eligible(self) -> list[Grant]:
        """Who may activate which role where; each place changes hands every 60 days or so."""
        directory = self._directory
        people, roles = directory.people, directory.roles.assignable
        found: dict[Grant, None] = {(roles[0], edge("group", groups.HELPDESK), "/"): None}
        for place in range(min(400, 10 + people.population.base // 200)):
            term = (directory.day + number(self._seed, "eligible term", place) % 60) // 60
            traits = number(self._seed, "eligible", place, term)
            unit = f"/administrativeUnits/{directory.units.ids.guid(traits >> 40 & 1)}"
            user = edge("user", people.someone((traits >> 8) % people.population.base))
            found[roles[traits % len(roles)], user, unit if place % 6 == 5 else "/"] = None
        return list(found)

    @cached_property
    def activated(self) -> list[Grant]:
        """The eligible users who have activated their role today: a third, others every day."""
        users = [grant for grant in self.eligible if target(grant[1])[0] == "user"]
        return [grant for place, grant in enumerate(users) if (place + self._directory.day) % 3 == 0]

    def _short_id(self, *parts: object) -> str:
        hash_ = blake2b("|".join(map(str, (self._seed, *parts))).encode(), digest_size=32).digest()
        return base64.urlsafe_b64encode(hash_).decode().rstrip("=")

    def _holders(self, grants: Iterable[_Timed]) -> list[tuple[int, int, int, str, bool]]:
        """Return each grant behind the principal that holds it: itself, and the members of a group."""
        found = []
        for grant in grants:
            type_, index = target(grant[1])
            members = self._directory.groups.members(index) if type_ == "group" else ()
            found += [(holder, *grant) for holder in (grant[1], *members)]
        return found

    def _group_eligible(self) -> Iterable[tuple[int, int, str]]:
        """Return group, user and access of those who may activate a membership; they change every 30 days."""
        people, found = self._directory.people, dict[tuple[int, int, str], None]()
        for group in groups.ROLE_ASSIGNABLE:
            for place in range(6):
                term = (self._directory.day + place * 5) // 30
                drawn = number(self._seed, "group eligible", group, place, term) % people.population.base
                found[group, edge("user", people.someone(drawn)), "owner" if place == 5 else "member"] = None
        return found

    def _group_assigned(self) -> list[tuple[int, int, str, bool]]:
        """Return group, principal and access of members and owners; a quarter of the members are active only today."""
        day, all_groups = self._directory.day, self._directory.groups
        found = []
        for group in groups.ROLE_ASSIGNABLE:
            members = enumerate(all_groups.members(group), day)
            found += [(group, key, "member", place % 4 == 0) for place, key in members]
            found += [(group, key, "owner", False) for key in all_groups.owners(group)]
        return found
