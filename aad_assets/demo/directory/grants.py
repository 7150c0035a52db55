"""Grants to and on service principals: app role assignments and delegated permission grants.

Every grant lasts for a term and then ends, or passes to somebody else, so that a few appear and disappear each day.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from typing import NamedTuple

from ..days.calendar import second_of_day
from . import permissions
from .applications import PROTECTED, Applications
from .chance import digest, short_id, spread
from .context import Context
from .edges import edge, target
from .groups import Groups
from .objects import Objects
from .people import People
from .principals import Principals, principal_of
from .rendering import Listed, Object, Plain
from .well_known import GALLERY, GRAPH, OWN_APPS

_ROLE_BITS = 10
_DEFAULT_ROLE = "00000000-0000-0000-0000-000000000000"
_EVER = -3000
"""The day of what was granted long before day 0."""

_TERM, _ACCESS, _STEP = 1000, 200, 7919
"""Every user has the first gallery app for 200 days of each 1,000, so that a fifth of the users have it at any time."""
_BACK = pow(_STEP, -1, _TERM)
_USERS_TERM, _GROUPS_TERM, _CONSENT_TERM, _SCOPE_TERM = 240, 300, 250, 90
_REVIEWED, _APPROVED = 300, 280
"""A permission of an app on Microsoft Graph is granted for 280 days of each 300; the rest it waits for consent."""


class Consent(NamedTuple):
    """Delegated permissions: the client, the user (None: everyone), how many scopes, and the first day of the term."""

    client: int
    user: int | None
    scopes: int
    since: int


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
        self.held = lru_cache(None)(self._held)
        self.delegated = Listed("oAuth2PermissionGrant", lambda: [self._grant(each) for each in self.consents])

    def assigned(self, resource: int) -> Sequence[int]:
        """Return the keys of the app role assignments on it: principal and place of the role, ascending."""
        return sorted(self.held(resource))

    def _held(self, resource: int) -> Mapping[int, int]:
        """Return the keys of the app role assignments on a service principal, and the day on which each was made."""
        if resource == GRAPH:
            return dict(self._permissions())
        if resource == GALLERY:
            users = (user for passed in range(_ACCESS) for user in self._with_term(passed))
            return {self.gallery_key(user): self._gallery_since(user) for user in users if self.has_gallery(user)}
        if self._principals.sort(resource) not in ("gallery", "own"):
            return {}
        roles = max(1, self._principals.role_count(resource))
        held: dict[int, int] = {}
        for holder, since in self._holders(resource):
            key = holder << _ROLE_BITS | holder % roles
            held[key] = min(since, held.get(key, since))
        return held

    def _permissions(self) -> Iterator[tuple[int, int]]:
        """Return the application permissions on Microsoft Graph, and when each was granted."""
        day = self._context.day
        for app in self._apps.population.active:
            created = self._apps.population.joined_on(app) or _EVER
            for place, name in enumerate(self._apps.roles(app)):
                phase = (day + spread(self._apps.traits(app), 300 + place)) % _REVIEWED if app >= PROTECTED else 0
                if phase < _APPROVED:
                    key = edge("servicePrincipal", principal_of(app)) << _ROLE_BITS | permissions.ROLES.index(name)
                    yield key, created if app < PROTECTED else max(created, day - phase)

    def _holders(self, resource: int) -> Iterator[tuple[int, int]]:
        """Return the keys of those who have a role on an app, and since when: some users and groups, perhaps another app."""
        traits, created = self._principals.ids.traits(resource), self._created(resource)
        for type_, area, places, length in (
            ("user", self._people, traits % 9, _USERS_TERM),
            ("group", self._groups, traits >> 8 & 3, _GROUPS_TERM),
        ):
            for place in range(places):
                term, since = self._term(traits, length + place, length)
                index = spread(traits, term * 1000 + place) % area.population.base
                index = self._people.person_at(index) if type_ == "user" else index
                if area.population.alive(index):
                    yield edge(type_, index), max(since, created)
        if traits >> 12 & 7 == 0:
            app = (traits >> 16) % self._apps.population.base
            if self._apps.population.alive(app):
                yield edge("servicePrincipal", principal_of(app)), max(_EVER, created)

    def _created(self, resource: int) -> int:
        return (self._apps.population.joined_on(resource - OWN_APPS) if resource >= OWN_APPS else 0) or _EVER

    def _term(self, traits: int, salt: int, length: int) -> tuple[int, int]:
        """Return the number of the term of so many days in which today is, and its first day."""
        term, passed = divmod(self._context.day + spread(traits, salt) % length, length)
        return term, self._context.day - passed

    def _with_term(self, passed: int) -> range:
        """Return the users whose term with the first gallery app began so many days ago, whether or not they exist."""
        return range((passed - self._context.day) * _BACK % _TERM, self._people.population.total, _TERM)

    def has_gallery(self, user: int) -> bool:
        """Say whether a user has the first gallery app today."""
        return self._people.population.alive(user) and (self._context.day + user * _STEP) % _TERM < _ACCESS

    def _gallery_since(self, user: int) -> int:
        passed = (self._context.day + user * _STEP) % _TERM
        return max(self._context.day - passed, self._people.population.joined_on(user) or _EVER)

    @property
    def gallery_turns(self) -> tuple[range, range]:
        """The users whose term with the first gallery app begins today, and those whose term has just ended."""
        return self._with_term(0), self._with_term(_ACCESS)

    def gallery_key(self, user: int) -> int:
        """Return the key of a user's assignment on the first gallery app."""
        return edge("user", user) << _ROLE_BITS

    def holder(self, key: int) -> tuple[str, int]:
        """Return the type and the index of the principal behind a key of `assigned`."""
        return target(key >> _ROLE_BITS)

    def second(self, resource: int, key: int) -> int:
        """Return the time of day, in seconds, at which an assignment is made."""
        return second_of_day(bytes.fromhex(digest(self._context.seed, resource, key)[4:6])[0] * 5)

    def assignment(self, resource: int, key: int) -> Object:
        """Return the appRoleAssignment behind a key of `assigned`, as it is or as it was before it ended."""
        type_, index = self.holder(key)
        roles, place = self._role_ids(resource), key & ((1 << _ROLE_BITS) - 1)
        hash_ = digest(self._context.seed, resource, key)
        drawn, _, minute = bytes.fromhex(hash_[:6])
        since = self._gallery_since(index) if resource == GALLERY else self.held(resource).get(key, _EVER)
        return {
            "id": short_id(hash_),
            "deletedDateTime": None,
            "appRoleId": roles[place] if roles else _DEFAULT_ROLE,
            "createdDateTime": self._context.calendar.stamp(-drawn * 3 if since == _EVER else since, minute * 5),
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

    @cached_property
    def consents(self) -> list[Consent]:
        """The delegated grants of each app: for everyone, and for single users."""
        found: dict[tuple[int, int | None], Consent] = {}
        for client in self._principals.keys:
            if self._principals.sort(client) not in ("gallery", "own"):
                continue
            traits, created = self._principals.ids.traits(client), self._created(client)
            if traits & 3:
                term, since = self._term(traits, 59, _SCOPE_TERM)
                found[client, None] = Consent(client, None, self._scopes(traits, term), max(since, created))
            for place in range(traits >> 4 & 3):
                term, since = self._term(traits, 60 + place, _CONSENT_TERM)
                user = self._people.person_at(spread(traits, term * 1000 + place) % self._people.population.base)
                if self._people.population.alive(user):
                    consent = Consent(client, user, self._scopes(traits, 500 + place), max(since, created))
                    found.setdefault((client, user), consent)
        return sorted(found.values(), key=lambda each: (each.client, -1 if each.user is None else each.user))

    def _scopes(self, traits: int, salt: int) -> int:
        return 1 + spread(traits, salt) % len(permissions.SCOPES)

    def consent_id(self, consent: Consent) -> str:
        """Return the id of a delegated grant."""
        who = 0 if consent.user is None else consent.user + 1
        return short_id(digest(self._context.seed, "grant", consent.client << 40 | who))

    def scope(self, consent: Consent) -> str:
        """Return the scopes of a delegated grant."""
        return " ".join(permissions.SCOPES[: consent.scopes])

    def _grant(self, consent: Consent) -> Object:
        return {
            "id": self.consent_id(consent),
            "clientId": self._principals.ids.guid(consent.client),
            "consentType": "AllPrincipals" if consent.user is None else "Principal",
            "principalId": None if consent.user is None else self._people.ids.guid(consent.user),
            "resourceId": self._principals.ids.guid(GRAPH),
            "scope": self.scope(consent),
        }
