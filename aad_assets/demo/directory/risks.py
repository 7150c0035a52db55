"""Identity protection and registration: who can prove who they are, and whom something suspicious happened to."""

from functools import cached_property

from .chance import number, spread
from .context import Context
from .edges import target
from .objects import Objects
from .people import OTHER, People
from .principals import Principals
from .rendering import Row, Templated, facet
from .roles import Roles
from .templates import Area
from .vocabulary import Words

_TERM = 45
"""Days that a risk lasts."""


class Risks(Area):
    """Registration details, risky identities and what was detected, on one day."""

    def __init__(
        self, words: Words, context: Context, people: People, principals: Principals, roles: Roles, objects: Objects
    ) -> None:
        self._context, self._seed, self._people = context, context.seed, people
        self._service_principals, self._roles, self._objects = principals, roles, objects
        own = {
            "risky_users": lambda: self._users,
            "detected": self._detected,
            "risky_principals": self._principals,
            "principals_detected": lambda: [(key, which) for key in self._principals() for which in range(2)],
        }
        super().__init__("risks", {**words, **own})

    @cached_property
    def registrations(self) -> Templated:
        """The authentication methods that each user has registered."""
        alive, facets = self._people.population, [facet(self.rows("registrants")), facet(self.rows("registrations"))]
        return Templated("userRegistrationDetails", lambda: alive.active, self._people.key, self._registration, facets)

    @cached_property
    def _admins(self) -> frozenset[str]:
        return frozenset(self._objects.id_of(*target(principal)) for _, principal, _ in self._roles.held)

    def _registration(self, user: int) -> Row:
        people, traits = self._people, self._context.number("registration", user)
        sort, id_ = people.sort(user), people.ids.guid(user)
        # Someone who moves house also registers another method.
        which = 0 if sort == OTHER else (traits + people.moves(user)) % 8
        changed = people.population.moved_on.get(user, -1 - traits % 30)
        return (id_ in self._admins, sort * 16 + (8 if traits >> 8 & 1 == 0 else 0) + which), {
            "id": id_,
            "changed": self._context.calendar.stamp(changed, traits >> 9),
            "name": people.display_name(user),
            "principal_name": people.principal_name(user),
        }

    @cached_property
    def _users(self) -> list[int]:
        """One user in thirty or so; every user's turn comes and goes."""
        day, salt = self._context.day, number(self._seed, "risky")
        active = self._people.population.active
        return [user for user in active if spread(user + salt, (day + user) // _TERM + 1) % 30 == 0]

    def _detected(self) -> list[tuple[int, int]]:
        """Return the risky users, each with the places of the one to three things that were detected."""
        day = self._context.day
        counts = ((user, 1 + number(self._seed, "risk", user, (day + user) // _TERM) % 3) for user in self._users)
        return [(user, which) for user, count in counts for which in range(count)]

    def _principals(self) -> list[int]:
        """Return some of the tenant's apps, more of them over time."""
        own = [key for key in self._service_principals.kind.keys() if key >= 1000]  # noqa: SIM118 - not a dict
        day = self._context.day
        return [key for key in own if key == own[1] or (key + day // _TERM) % 9 == 4]
