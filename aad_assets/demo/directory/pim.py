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

_Timed = tuple[int, int, str, bool]
"""A grant, and whether it was activated for a few hours."""
_Eligible = tuple[int, int, str, int, int]
"""Group, principal, access; the first day of the eligibility and its number of days, 0 for ever."""
_PRINCIPALS = ("user", "group", "servicePrincipal")


class Pim(Area):
    """Eligibilities, activations and policies on one day."""

    def __init__(self, words: Words, context: Context, people: People, groups: Groups, roles: Roles) -> None:
        self._context, self._people, self._groups = context, people, groups
        own = {
            "roles": lambda: roles.definitions.keys(),
            "role_name": lambda role: roles.definitions.rows[role]["displayName"],
            "onboarded": lambda: groups.onboarded,
            "assigned": lambda: [(*grant, False) for grant in roles.standing] + [(*grant, True) for grant in roles.activated],
            "eligible": lambda: [(*grant, False) for grant in roles.eligible],
            "holders": self._holders,
            "group_eligible": self._group_eligible,
            "group_assigned": self.group_assigned,
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

    def _group_eligible(self) -> list[_Eligible]:
        """Return who may activate a membership: in each group six people in turn, for 30 days each, and those on call."""
        day, found = self._context.day, dict[tuple[int, int, str], tuple[int, int]]()
        for group in self._groups.onboarded:
            for place in range(6 if self._groups.members(group) else 0):
                # The next term is planned already.
                for term in ((day + place * 5) // 30, (day + place * 5) // 30 + 1):
                    user = self._people.pick(self._context.number("group eligible", group, place, term))
                    key = group, edge("user", user), "owner" if place == 5 else "member"
                    found.setdefault(key, (term * 30 - place * 5, 30))
            for member in self._on_call(group):
                found[group, member, "member"] = -(self._context.number("on call", group, member) % 300), 0
        return [(*key, *period) for key, period in found.items()]

    def _on_call(self, group: int) -> list[int]:
        """Return the members that activate their membership every morning."""
        return [key for key in self._groups.members(group) if target(key)[0] == "user" and (key + group) % 4 == 0]

    def group_assigned(self) -> list[tuple[int, int, str, bool]]:
        """Return group, principal and access of members and owners, and whether it was activated today."""
        found = []
        for group in self._groups.onboarded:
            on_call = self._on_call(group)
            members = [key for key in self._groups.members(group) if target(key)[0] in _PRINCIPALS]
            found += [(group, key, "member", key in on_call) for key in members]
            found += [(group, key, "owner", False) for key in self._groups.owners(group)]
        return found
