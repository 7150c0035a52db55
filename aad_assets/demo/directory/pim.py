"""Privileged identity management: who may activate which role, who has done so; the same for groups.

Standing role assignments and the roles themselves are in roles.py.
"""

from collections.abc import Iterable

from .context import Context
from .edges import edge, target
from .groups import Groups
from .people import People
from .roles import Roles
from .templates import Area
from .vocabulary import Words
from .well_known import ROLE_ASSIGNABLE

_Timed = tuple[int, int, str, bool]
"""A grant, and whether it was activated for a few hours."""


class Pim(Area):
    """Eligibilities, activations and policies on one day."""

    def __init__(self, words: Words, context: Context, people: People, groups: Groups, roles: Roles) -> None:
        self._context, self._people, self._groups = context, people, groups
        own = {
            "roles": lambda: roles.definitions.keys(),
            "assigned": lambda: [(*grant, False) for grant in roles.standing] + [(*grant, True) for grant in roles.activated],
            "eligible": lambda: [(*grant, False) for grant in roles.eligible],
            "holders": self._holders,
            "group_eligible": self._group_eligible,
            "group_assigned": self._group_assigned,
        }
        super().__init__("pim", {**words, **own})

    def _holders(self, grants: Iterable[_Timed]) -> list[tuple[int, int, int, str, bool]]:
        """Return each grant behind the principal that holds it: itself, and the members of a group."""
        found = []
        for grant in grants:
            type_, index = target(grant[1])
            members = self._groups.members(index) if type_ == "group" else ()
            found += [(holder, *grant) for holder in (grant[1], *members)]
        return found

    def _group_eligible(self) -> Iterable[tuple[int, int, str]]:
        """Return group, user and access of those who may activate a membership; they change every 30 days."""
        found: dict[tuple[int, int, str], None] = {}
        for group in ROLE_ASSIGNABLE:
            for place in range(6):
                term = (self._context.day + place * 5) // 30
                user = self._people.pick(self._context.number("group eligible", group, place, term))
                found[group, edge("user", user), "owner" if place == 5 else "member"] = None
        return found

    def _group_assigned(self) -> list[tuple[int, int, str, bool]]:
        """Return group, principal and access of members and owners; a quarter of the members are active only today."""
        day, all_groups = self._context.day, self._groups
        found = []
        for group in ROLE_ASSIGNABLE:
            members = enumerate(all_groups.members(group), day)
            found += [(group, key, "member", place % 4 == 0) for place, key in members]
            found += [(group, key, "owner", False) for key in all_groups.owners(group)]
        return found
