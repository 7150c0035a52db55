"""Directory roles: definitions (built-in and custom), who holds them where, and who may activate which.

How activations look in privileged identity management is in pim.py.
"""

from functools import cached_property

from .context import Context
from .edges import edge, target
from .people import People
from .principals import Principals
from .rendering import Listed
from .templates import Area
from .units import Units
from .vocabulary import Words
from .well_known import ADMINISTRATORS, CLIENT, HELPDESK

Grant = tuple[int, int, str]
"""A role, a principal's key, a scope."""
_ACTIONS = ("applications/credentials/update", "groups.security/members/update", "users/basic/read", "devices/create")
_NOT_ASSIGNABLE = ("Guest User", "User", "Directory Readers", "Directory Writers")


class Roles(Area):
    """Role definitions and assignments on one day."""

    def __init__(self, words: Words, context: Context, people: People, principals: Principals, units: Units) -> None:
        self._context, self._people, self._principals, self._units = context, people, principals, units
        self.active_ids = context.ids("directoryRole")
        own = {
            "actions": _ACTIONS,
            "active_id": self.active_ids.guid,
            "assignment_id": self.assignment_id,
            "definition_id": self.definition_id,
            "held": lambda: self.held,
        }
        super().__init__("roles", {**words, **own})
        built_in = self.rows("built_in")
        self._built_in = len(built_in)
        self._names: dict[str, int] = {name: role for role, (_, name) in enumerate(built_in)}
        self._ids: list[str] = [id_ for id_, _ in built_in + self.rows("custom")]
        self.active = self.each(
            "active", lambda: self._active, lambda role: {"role": role, "template": built_in[role]}, self._active_key
        )

    def definition_id(self, role: int) -> str:
        """Return the id of a role definition; for built-in roles the template's."""
        return self._ids[role]

    def template(self, name: str) -> str:
        """Return the id of a built-in role."""
        return self._ids[self._names[name]]

    @cached_property
    def assignable(self) -> list[int]:
        """The built-in roles that can be given to someone."""
        return [role for name, role in self._names.items() if name not in _NOT_ASSIGNABLE]

    def _unit_scope(self, unit: int) -> str:
        return f"/administrativeUnits/{self._units.ids.guid(unit)}"

    @cached_property
    def standing(self) -> list[Grant]:
        """Role, principal and scope of each standing assignment: at '/', at an administrative unit, at an application."""
        context, roles = self._context, self.assignable
        found: set[Grant] = {
            (self._names["Global Administrator"], edge("user", 0), "/"),
            (self._names["Global Administrator"], edge("user", 1), "/"),
            (self._names["Privileged Role Administrator"], edge("group", ADMINISTRATORS), "/"),
            (self._names["Helpdesk Administrator"], edge("group", HELPDESK), "/"),
        }
        for key in self._principals.sample(3, 1):
            found.add((self._names["Global Reader"], edge("servicePrincipal", key), "/"))
        for place in range(min(400, 12 + self._people.population.base // 250)):
            # Each assignment changes hands every 30 days or so, each on a day of its own.
            term = (context.day + context.number("term", place) % 30) // 30
            traits = context.number("assignment", place, term)
            scope = "/"
            if place % 4 == 3:
                scope = self._unit_scope(traits >> 40 & 1)
            elif place % 11 == 5:
                scope = f"/{context.ids('application').guid(CLIENT)}"
            found.add((roles[traits % len(roles)], edge("user", self._people.pick(traits >> 8)), scope))
        for place in range(len(self._ids) - self._built_in):
            found.add((self._built_in + place, edge("user", self._people.someone(place * 3 + 1)), "/"))
        return sorted(found)

    @cached_property
    def eligible(self) -> list[Grant]:
        """Who may activate which role where; each place changes hands every 60 days or so."""
        context, roles = self._context, self.assignable
        found: dict[Grant, None] = {(roles[0], edge("group", HELPDESK), "/"): None}
        for place in range(min(400, 10 + self._people.population.base // 200)):
            term = (context.day + context.number("eligible term", place) % 60) // 60
            traits = context.number("eligible", place, term)
            scope = self._unit_scope(traits >> 40 & 1) if place % 6 == 5 else "/"
            found[roles[traits % len(roles)], edge("user", self._people.pick(traits >> 8)), scope] = None
        return list(found)

    @cached_property
    def activated(self) -> list[Grant]:
        """The eligible users who have activated their role today: a third, others every day."""
        users = [grant for grant in self.eligible if target(grant[1])[0] == "user"]
        return [grant for place, grant in enumerate(users) if (place + self._context.day) % 3 == 0]

    @cached_property
    def held(self) -> list[Grant]:
        """All assignments of today: the standing ones, and those activated from an eligibility."""
        return sorted({*self.standing, *self.activated})

    def assignment_id(self, role: int, principal: int, scope: str) -> str:
        """Return the id of a role assignment."""
        return self._context.short_id(role, principal, scope)

    @cached_property
    def _active(self) -> list[int]:
        """The roles that somebody has held at some time: a role is activated with its first assignment."""
        return sorted({role for role, _, _ in self.held if role < self._built_in} | {0, 1, 2, 18})

    def _active_key(self, id_: str) -> int | None:
        key = self.active_ids.index(id_)
        return key if key in self._active else None

    def members(self, role: int) -> list[int]:
        """Return the keys of those who hold a role over the whole directory."""
        return sorted({principal for each, principal, scope in self.held if each == role and scope == "/"})

    def scoped(self, unit: int) -> Listed:
        """Return the scopedRoleMemberships of an administrative unit."""
        grants = [each for each in self.held if each[2] == self._unit_scope(unit)]
        return self.listed("scoped", grants=grants, unit=self._units.ids.guid(unit))
