"""App registrations: secrets, certificates, permissions asked for, roles offered, owners."""

import base64
from collections.abc import Sequence

from ..days.chronicle import Rates
from ..days.population import EARLIER
from . import permissions
from .chance import guid_of, spread
from .context import Context
from .edges import edges
from .extensions import Extensions
from .indexed import Indexed
from .names import DEPARTMENTS, PROJECTS
from .people import People
from .rendering import Listed, Object
from .templates import Area
from .vocabulary import Words
from .well_known import APP_NAMES, BLUEPRINTS, CLIENT, HELPDESK, SHOWCASE

PROTECTED = len(APP_NAMES)
_USES = ("API", "portal", "connector", "bot", "sync", "report", "mobile app", "gateway")
_ROLES = (("Reader", "Read"), ("Editor", "Edit"), ("Administrator", "Administer"))
_SECRETS = ((-400, 180), (-170, 180), (-20, 365), (-700, 730))
"""First day and days of validity: expired, about to expire, fresh."""
_ROTATED = 100


class Applications(Indexed):
    """All app registrations of the tenant on one day."""

    def __init__(self, words: Words, context: Context, extensions: Extensions, people: People) -> None:
        base = min(2000, 20 + context.users // 100)
        rates = Rates(max(1, base // 200), max(1, base // 400), max(2, base // 100))
        super().__init__(context, "application", base, rates, PROTECTED)
        self._extensions, self._people = extensions, people
        self.app_ids = context.ids("appId")
        self.words: Words = {
            **words,
            "add_in": lambda app: guid_of(self.ids.hash(app)[5:45]),
            "app_name": self.name,
            "blueprints": BLUEPRINTS,
            "certified_of": self.certified,
            "first_secret": lambda app: self.secrets(app)[:1],
            "reply_urls": self.reply_urls,
            "site_of": lambda app: f"https://apps.{context.domain}/{app}" if self.traits(app) >> 3 & 1 else None,
            "thumbprint": lambda app: base64.b64encode(bytes.fromhex(self.ids.hash(app)[:40])).decode(),
            "traits_of": self.traits,
        }
        self._area = Area("applications", self.words)
        names = extensions.names("Application")
        self.kind = self._area.each("application", lambda: self.population.active, self._names, self.key, names)

    def traits(self, index: int) -> int:
        """Return 64 bits that decide what the app is like; the same for its service principal."""
        return 0 if index in (SHOWCASE, EARLIER) else super().traits(index)

    def name(self, index: int) -> str:
        """Return the displayName, shared with the service principal."""
        if index < PROTECTED:
            return APP_NAMES[index]
        traits = self.traits(index)
        department = tuple(DEPARTMENTS)[traits >> 8 & 15]
        return f"{PROJECTS[traits % 26]} {department} {_USES[traits >> 16 & 7]} {index}"

    def roles(self, index: int) -> Sequence[str]:
        """Return the application permissions on Microsoft Graph that the app asks for."""
        if index == CLIENT:
            return self._context.granted
        traits = self.traits(index)
        names = permissions.ROLES
        return sorted({names[spread(traits, n) % len(names)] for n in range(traits >> 20 & 3)})

    def role_count(self, index: int) -> int:
        """Return how many roles the app offers."""
        return int(self.ids.hash(index)[50], 16) % 4 if index >= PROTECTED else 2

    def app_roles(self, index: int) -> list[Object]:
        """Return the roles that the app offers."""
        hash_ = self.ids.hash(index)
        count = self.role_count(index)
        offered = [
            (guid_of(hash_[n : n + 32]), value, f"{verb} {self.name(index)}", ["User", "Application"])
            for n, (value, verb) in enumerate(_ROLES[:count])
        ]
        return self._area.rows("app_roles", offered=offered)

    def scopes(self, index: int) -> list[Object]:
        """Return the delegated permissions that the app offers."""
        hash_ = self.ids.hash(index)
        offered = [("user_impersonation", guid_of(hash_[30:62]))] if int(hash_[51], 16) % 2 else []
        return self._area.rows("scopes", offered=offered)

    def owners(self, index: int) -> Sequence[int]:
        """Return the keys of the owners: none to three users."""
        traits = self.traits(index)
        count = (1, 2, 0, 3)[traits >> 24 & 3]
        return edges("user", sorted({self._people.pick(spread(traits, 40 + n)) for n in range(count)}))

    def sponsors(self, index: int) -> list[int]:
        """Return the keys of a blueprint's sponsors: two users and a group. Other apps have none."""
        if index not in BLUEPRINTS:
            return []
        return edges("user", sorted({self._people.pick(spread(index, n)) for n in range(2)})) + edges("group", [HELPDESK])

    def secrets(self, index: int) -> list[tuple[int, int, int]]:
        """Return number, first day and days of validity of the secrets; each rotation adds one and drops the oldest."""
        traits, moves = self.traits(index), self.moves(index)
        first = traits >> 28 & 3
        secrets = [(n, *_SECRETS[(first + n) % 4]) for n in range(traits >> 30 & 1 or index == CLIENT)]
        secrets += [(5, *_SECRETS[(first + 2) % 4])] if traits >> 31 & 7 == 0 else []
        return [*secrets[1:], (_ROTATED + moves, self.population.moved_on[index], 180)] if moves else secrets

    def certified(self, index: int) -> list[int]:
        """Return the app if it has a certificate."""
        return [] if self.traits(index) >> 35 & 3 and index != CLIENT else [index]

    def reply_urls(self, index: int) -> list[str]:
        """Return the redirect URLs of the web part."""
        return [f"https://apps.{self._context.domain}/{index}/signin"] if self.traits(index) >> 4 & 1 else []

    def federated_credentials(self, index: int) -> Listed:
        """Return the trust in other issuers' tokens, of one app in three; a changed app has a new description."""
        traits = self._context.number("federated", index)
        count = 2 if index == SHOWCASE else 1 + traits % 2 if traits >> 4 & 3 == 0 else 0
        return self._area.listed("federated", app=index, traits=traits, count=count, moves=self.moves(index))

    def _names(self, index: int) -> Object:
        wanted = [{"id": permissions.SCOPE_IDS["User.Read"], "type": "Scope"}]
        wanted += [{"id": permissions.ROLE_IDS[name], "type": "Role"} for name in self.roles(index)]
        return {
            "app": index,
            "id": self.ids.guid(index),
            "traits": self.traits(index),
            "moves": self.moves(index),
            "joined": self.population.joined_on(index),
            "certified": self.certified(index),
            "secrets": self.secrets(index),
            "app_roles": self.app_roles(index),
            "scopes": self.scopes(index),
            "wanted": wanted,
            **self._extensions.values("Application", index),
        }
