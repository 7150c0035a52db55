"""Service principals: Microsoft's own, gallery apps, managed identities, one per app registration."""

from collections.abc import Sequence
from typing import Any

from ..days.population import EARLIER
from . import permissions
from .applications import PROTECTED, Applications
from .chance import guid, spread
from .context import Context
from .rendering import Listed, Object
from .templates import Area
from .well_known import AGENT_USERS, AGENTS, BLUEPRINTS, CLIENT, GALLERY, GRAPH, OWN_APPS, SHOWCASE

IDENTITIES = 200
"""Key of the first managed identity."""
_IDENTITIES = 4
_DELETED_AGENT = AGENTS + len(AGENT_USERS) - 1
UNDECLARED = ("createdDateTime", "agentIdentityBlueprintId")
"""Properties that live service principals have beyond the metadata, and the one of agent identities alone."""


def principal_of(app: int) -> int:
    """Return the key of the service principal of one of the tenant's own apps."""
    return OWN_APPS + app


def blueprint_of(agent: int) -> int:
    """Return the app that an agent identity was created from."""
    return BLUEPRINTS[agent % 2]


class Principals:
    """All service principals of the tenant on one day."""

    def __init__(self, context: Context, apps: Applications) -> None:
        self._context, self._apps = context, apps
        self.ids = context.ids("servicePrincipal")
        self._area = Area("applications", apps.words)
        self._microsoft, self._gallery = self._area.rows("microsoft"), self._area.rows("gallery")
        self.gallery = list(range(GALLERY, GALLERY + len(self._gallery)))
        self.keys: list[int] = [
            *range(len(self._microsoft)),
            *self.gallery,
            *range(IDENTITIES, IDENTITIES + _IDENTITIES),
            *range(AGENTS, _DELETED_AGENT),
            *map(principal_of, apps.population.active),
        ]
        self.signed_in_to = [*range(len(self._microsoft)), *self.gallery, *map(principal_of, range(PROTECTED))]
        """The apps that people sign in to: Microsoft's, those of the gallery, and those of the tenant that stay."""
        # An application and its service principal are deleted, and come back, together.
        self.binned = {_DELETED_AGENT: context.day - 2} | {principal_of(app): day for app, day in apps.binned.items()}
        self._living = frozenset(self.keys)
        self.kind = self._area.each("principal", lambda: self.keys, self._names, self.key, UNDECLARED)

    def key(self, id_: str) -> int | None:
        """Return the key behind an object id."""
        index = self.ids.index(id_)
        return index if index in self._living else None

    def alive(self, key: int) -> bool:
        """Say whether the service principal exists today."""
        return key in self._living

    def role_count(self, key: int) -> int:
        """Return how many roles can be assigned on a gallery app or one of the tenant's own."""
        return self._apps.role_count(key - OWN_APPS) if key >= OWN_APPS else 1

    def sort(self, key: int) -> str:
        """Return `microsoft`, `gallery`, `identity`, `agent` or `own`."""
        if key >= OWN_APPS:
            return "own"
        return "agent" if key >= AGENTS else "identity" if key >= IDENTITIES else "gallery" if key >= GALLERY else "microsoft"

    def sample(self, count: int, start: int = 0) -> list[int]:
        """Return some service principals of the tenant's own apps, ascending."""
        return sorted({principal_of(self._apps.population.near(start + n)) for n in range(count)})

    def app_id(self, key: int) -> str:
        """Return the appId."""
        match self.sort(key):
            case "own":
                return self._apps.app_ids.guid(key - OWN_APPS)
            case "microsoft":
                return str(self._microsoft[key][0])
            case "agent":  # It has no app registration of its own.
                return self.ids.guid(key)
        return self._context.guid("principal", key)

    def starting(self, prefix: str) -> list[int]:
        """Return the service principals whose appId starts with that, in any case."""
        prefix = prefix.lower()
        return [key for key in self.keys if self.app_id(key).startswith(prefix)]

    def name(self, key: int) -> str:
        """Return the displayName."""
        match self.sort(key):
            case "own":
                return self._apps.name(key - OWN_APPS)
            case "identity":
                return f"mi-automation-{key - IDENTITIES + 1}"
            case "agent":
                return f"{self._apps.name(blueprint_of(key))[:-1]} {key - AGENTS + 1}"
            case "gallery":
                return str(self._gallery[key - GALLERY])
        return str(self._microsoft[key][1])

    def owners(self, key: int) -> Sequence[int]:
        """Return the keys of the owners: those of the app."""
        return self._apps.owners(key - OWN_APPS) if key >= OWN_APPS else []

    def sponsors(self, key: int) -> list[int]:
        """Return the keys of the sponsors of an agent identity or a blueprint's principal: those of the blueprint."""
        return self._apps.sponsors(blueprint_of(key) if self.sort(key) == "agent" else key - OWN_APPS)

    def _joined_on(self, key: int) -> int:
        """Return the day on which it was created: not before the app."""
        if key < OWN_APPS:
            return -(60 + (self.ids.traits(key) >> 9) % 1800)
        app = key - OWN_APPS
        return self._apps.population.joined_on(app) or -(60 + (self._apps.traits(app) >> 9) % 1800)

    def app_roles(self, key: int) -> list[Object]:
        """Return the roles that can be assigned on it."""
        if self.sort(key) == "own":
            return self._apps.app_roles(key - OWN_APPS)
        offered: list[Any] = []
        if key == GRAPH:
            offered = [(id_, name, name, ["Application"]) for name, id_ in permissions.ROLE_IDS.items()]
        elif self.sort(key) == "gallery":
            offered = [(self._context.guid("gallery role", key), None, "User", ["User"])]
        return self._area.rows("app_roles", offered=offered)

    def scopes(self, key: int) -> list[Object]:
        """Return the delegated permissions that it offers."""
        if self.sort(key) == "own":
            return self._apps.scopes(key - OWN_APPS)
        offered: list[tuple[str, str]] = []
        if key == GRAPH:
            offered = list(permissions.SCOPE_IDS.items())
        elif self.sort(key) == "microsoft":
            offered = [("user_impersonation", guid(0, "scope", key))]
        return self._area.rows("scopes", offered=offered)

    def classifications(self, key: int) -> Listed:
        """Return which delegated permissions count as low, medium or high: of Microsoft Graph and of one own app in eight."""
        scopes = self.scopes(key) if key == GRAPH or spread(key, self._context.seed) % 8 == 0 else []
        return self._area.listed("classifications", key=key, scopes=scopes)

    def _names(self, key: int) -> Object:
        sort, rarest = self.sort(key), (principal_of(SHOWCASE), principal_of(EARLIER))
        return {
            "key": key,
            "id": self.ids.guid(key),
            "traits": 0 if key in rarest else self.ids.traits(key),
            "sort": sort,
            "own": sort == "own",
            "gallery": sort == "gallery",
            "identity": sort == "identity",
            "agent": sort == "agent",
            "app": key - OWN_APPS if sort == "own" else CLIENT,
            "name": self.name(key),
            "app_id": self.app_id(key),
            "app_roles": self.app_roles(key),
            "scopes": self.scopes(key),
            "thumb": self.ids.hash(key)[:40].upper(),
            "joined": self._joined_on(key),
            **({"agentIdentityBlueprintId": self._apps.app_ids.guid(blueprint_of(key))} if sort == "agent" else {}),
        }
