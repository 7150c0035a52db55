"""Grants to and on service principals: app role assignments and delegated permission grants."""

from collections.abc import Sequence
from functools import lru_cache

from . import permissions
from .applications import Applications
from .chance import digest, short_id, spread
from .context import Context
from .edges import edge, edges, target
from .groups import Groups
from .objects import Objects
from .people import People
from .principals import Principals, principal_of
from .rendering import Listed, Object, Plain
from .well_known import GALLERY, GRAPH

_ROLE_BITS = 10
_DEFAULT_ROLE = "00000000-0000-0000-0000-000000000000"


class Grants:
    """All grants of the tenant on one day."""

    def __init__(
        self,
        context: Context,
        people: People,
        groups: Groups,
        applications: Applications,
        principals: Principals,
        objects: Objects,
    ) -> None:
        self._context, self._people, self._groups = context, people, groups
        self._apps, self._principals, self._objects = applications, principals, objects
        self._role_ids = lru_cache(64)(lambda resource: [role["id"] for role in principals.app_roles(resource)])
        self.delegated = Listed("oAuth2PermissionGrant", self._delegated)

    def assigned(self, resource: int) -> Sequence[int]:
        """Return the keys of the app role assignments on it: principal and place of the role, ascending."""
        if resource == GRAPH:
            return sorted(
                edge("servicePrincipal", principal_of(app)) << _ROLE_BITS | permissions.ROLES.index(name)
                for app in self._apps.population.active
                for name in self._apps.roles(app)
            )
        if resource == GALLERY:
            everyone = (user for user in self._people.population.active if user % 5 == 0)
            return [each << _ROLE_BITS for each in edges("user", everyone)]
        if self._principals.sort(resource) not in ("gallery", "own"):
            return []
        traits = self._principals.ids.traits(resource)
        users = {self._people.pick(spread(traits, n)) for n in range(traits % 9)}
        wanted = {self._groups.population.near(spread(traits, 20 + n)) for n in range(traits >> 8 & 3)}
        keys = edges("user", sorted(users)) + edges("group", sorted(wanted))
        if traits >> 12 & 7 == 0:
            keys += edges("servicePrincipal", self._principals.sample(1, traits >> 16))
        roles = max(1, len(self._role_ids(resource)))
        return [each << _ROLE_BITS | (each % roles) for each in keys]

    def assignment(self, resource: int, key: int) -> Object:
        """Return the appRoleAssignment behind a key of `assigned`."""
        type_, index = target(key >> _ROLE_BITS)
        roles, place = self._role_ids(resource), key & ((1 << _ROLE_BITS) - 1)
        hash_ = digest(self._context.seed, resource, key)
        drawn, other, minute = bytes.fromhex(hash_[:6])
        return {
            "id": short_id(hash_),
            "deletedDateTime": None,
            "appRoleId": roles[place] if roles else _DEFAULT_ROLE,
            "createdDateTime": self._context.calendar.stamp(-drawn * 3 if index < 2000 else -other, minute * 5),
            "principalDisplayName": self._objects.name_of(type_, index),
            "principalId": self._objects.id_of(type_, index),
            "principalType": type_[0].upper() + type_[1:],
            "resourceDisplayName": self._principals.name(resource),
            "resourceId": self._principals.ids.guid(resource),
        }

    def assignments(self, resource: int) -> Plain:
        """Return the app role assignments on a service principal."""
        keys = self.assigned(resource)

        def find(id_: str) -> int | None:
            return next((key for key in keys if self.assignment(resource, key)["id"] == id_), None)

        return Plain("appRoleAssignment", lambda: keys, lambda key, _: self.assignment(resource, key), find)

    def _delegated(self) -> list[Object]:
        """Return the grants of each app: for everyone, and for single users."""
        rows = []
        for client in self._principals.keys:
            if self._principals.sort(client) not in ("gallery", "own"):
                continue
            traits = self._principals.ids.traits(client)
            users = sorted({self._people.pick(spread(traits, 60 + n)) for n in range(traits >> 4 & 3)})
            rows += [self._grant(client, user) for user in ([None] if traits & 3 else []) + users]
        return rows

    def _grant(self, client: int, user: int | None) -> Object:
        hash_ = digest(self._context.seed, "grant", client << 40 | (0 if user is None else user + 1))
        return {
            "id": short_id(hash_),
            "clientId": self._principals.ids.guid(client),
            "consentType": "AllPrincipals" if user is None else "Principal",
            "principalId": None if user is None else self._people.ids.guid(user),
            "resourceId": self._principals.ids.guid(GRAPH),
            "scope": " ".join(permissions.SCOPES[: 1 + int(hash_[:2], 16) % len(permissions.SCOPES)]),
        }
