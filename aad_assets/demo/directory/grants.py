"""What is granted to and on service principals: app role assignments and delegated permission grants."""

import base64
from collections.abc import Sequence
from functools import cached_property
from hashlib import blake2b

from . import permissions
from .applications import Applications
from .chance import spread
from .context import Context
from .edges import edge, edges, target
from .groups import Groups
from .objects import Objects
from .people import People
from .principals import IDENTITIES, Principals
from .rendering import Object, Plain
from .well_known import GALLERY, GRAPH, OWN_APPS

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
        self.delegated = Plain("oAuth2PermissionGrant", lambda: self._grant_keys, self._grant)

    def assigned(self, key: int) -> Sequence[int]:
        """Keys of the app role assignments on it: principal and place of the role, ascending."""
        people, groups = self._people, self._groups
        if key == GRAPH:
            return sorted(
                edge("servicePrincipal", OWN_APPS + app) << _ROLE_BITS | permissions.ROLES.index(name)
                for app in self._apps.population.active
                for name in self._apps.roles(app)
            )
        if key == GALLERY:
            everyone = (user for user in people.population.active if user % 5 == 0)
            return [each << _ROLE_BITS for each in edges("user", everyone)]
        if key < GALLERY or IDENTITIES <= key < OWN_APPS:
            return []
        traits = int(self._principals.ids.hash(key)[24:40], 16)
        users = {people.someone(spread(traits, n) % people.population.base) for n in range(traits % 9)}
        wanted = {groups.population.near(spread(traits, 20 + n)) for n in range(traits >> 8 & 3)}
        keys = edges("user", sorted(users)) + edges("group", sorted(wanted))
        if traits >> 12 & 7 == 0:
            keys += edges("servicePrincipal", self._principals.sample(1, traits >> 16))
        roles = max(1, len(self._principals.app_roles(key)))
        return [each << _ROLE_BITS | (each % roles) for each in keys]

    def assignment(self, resource: int, key: int) -> Object:
        """The appRoleAssignment object behind a key of `assigned`."""
        context = self._context
        type_, index = target(key >> _ROLE_BITS)
        roles = self._principals.app_roles(resource)
        place = key & ((1 << _ROLE_BITS) - 1)
        hash_ = blake2b(f"{context.seed}|{resource}|{key}".encode(), digest_size=32).digest()
        day = -(hash_[0] * 3) if index < 2000 else -hash_[1]
        return {
            "id": base64.urlsafe_b64encode(hash_).decode().rstrip("="),
            "deletedDateTime": None,
            "appRoleId": roles[place]["id"] if roles else _DEFAULT_ROLE,
            "createdDateTime": context.calendar.stamp(day, hash_[2] * 5),
            "principalDisplayName": self._objects.name_of(type_, index),
            "principalId": self._objects.id_of(type_, index),
            "principalType": type_[0].upper() + type_[1:],
            "resourceDisplayName": self._principals.name(resource),
            "resourceId": self._principals.ids.guid(resource),
        }

    @cached_property
    def _grant_keys(self) -> list[int]:
        """Client in the high bits; in the low ones 0 for all principals, else the user's index + 1."""
        people = self._people
        keys = []
        for client in self._principals.keys:
            if client < GALLERY or IDENTITIES <= client < OWN_APPS:
                continue
            traits = int(self._principals.ids.hash(client)[24:40], 16)
            if traits & 3:
                keys.append(client << 40)
            users = {people.someone(spread(traits, 60 + n) % people.population.base) for n in range(traits >> 4 & 3)}
            keys += [client << 40 | user + 1 for user in sorted(users)]
        return keys

    def _grant(self, key: int) -> Object:
        client, user = key >> 40, (key & ((1 << 40) - 1)) - 1
        hash_ = blake2b(f"{self._context.seed}|grant|{key}".encode(), digest_size=32).digest()
        scopes = " ".join(permissions.SCOPES[: 1 + hash_[0] % len(permissions.SCOPES)])
        return {
            "id": base64.urlsafe_b64encode(hash_).decode().rstrip("="),
            "clientId": self._principals.ids.guid(client),
            "consentType": "AllPrincipals" if user < 0 else "Principal",
            "principalId": None if user < 0 else self._people.ids.guid(user),
            "resourceId": self._principals.ids.guid(GRAPH),
            "scope": scopes,
        }
