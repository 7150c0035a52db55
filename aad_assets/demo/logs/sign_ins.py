"""The sign-in log: who signed in to what, from where, with what result."""

from functools import cached_property

from ..directory.applications import PROTECTED
from ..directory.context import Context
from ..directory.devices import Devices
from ..directory.names import OFFICES
from ..directory.people import People
from ..directory.principals import IDENTITIES, Principals
from ..directory.rendering import Row
from ..directory.templates import Area
from ..directory.vocabulary import Words
from .log import SECOND, Log, LogBook

_CLIENTS = 8
_NETWORKS = ("198.51.100", "203.0.113")


class SignIns(Log):
    """auditLogs/signIns."""

    type, tag, when, fraction = "signIn", "signIn", "createdDateTime", False
    facets: tuple[str, ...] = ("own", "user", "app", "client", "device", "result", "risk", "place")

    def __init__(self, words: Words, context: Context, book: LogBook, people: People, devices: Devices) -> None:
        super().__init__(context, book, Area("sign_ins", words), book.sign_ins_per_day or max(50, context.users))
        self._people, self._devices = people, devices

    def time(self, day: int, place: int, count: int) -> int:
        return super().time(day, place, count) // SECOND * SECOND

    @cached_property
    def _staying(self) -> frozenset[int]:
        return frozenset(self._devices.population.stayers)

    def draw(self, traits: int, _: int) -> Row:
        users = self._people.regulars
        user = users[traits % len(users)]
        # One in sixteen is a guest of another network, the others come from home or the office: always the same address.
        foreign = traits >> 20 & 15 == 0
        address = traits >> 24 & 255 if foreign else user & 255
        ip = f"2001:db8:{user & 0xFFFF:x}::{address:x}" if user % 8 == 3 else f"{_NETWORKS[foreign]}.{address}"
        client = (user + (traits >> 32 & 1)) % _CLIENTS
        owned = user * 4 // 5
        device = owned if traits >> 33 & 3 and owned in self._staying else -1 - client
        drawn = traits >> 36 & 63
        variants = (
            user,
            traits >> 44 & 31,
            client,
            (device, client),
            drawn % 3 if drawn < 54 else drawn - 51 if drawn < 61 else 0,
            0 if traits >> 50 & 63 else 1 + (traits >> 56 & 3),
            (traits >> 24 if foreign else user) % len(OFFICES),
        )
        return variants, {"ip": ip}


class BetaSignIns(SignIns):
    """The same in beta, where rows say more."""

    type = "beta.signIn"
    facets = (*SignIns.facets, "beta")
    sort = "interactive"

    def draw(self, traits: int, number: int) -> Row:
        variants, values = super().draw(traits, number)
        return (*variants, (self.sort, traits >> 40 & 3)), values


class NonInteractiveSignIns(BetaSignIns):
    """Sign-ins on behalf of users, by a token that an app has."""

    tag, sort = "nonInteractiveSignIn", "refreshed"


class PrincipalSignIns(Log):
    """Sign-ins of apps, with a secret or a certificate of their own; one app in a hundred gets it wrong."""

    type, tag, when, fraction, sort = "beta.signIn", "principalSignIn", "createdDateTime", False, "app"
    facets = ("own", "caller", "machine", "result", "risk", "place", "beta")

    def __init__(self, words: Words, context: Context, book: LogBook, principals: Principals) -> None:
        expected = (book.sign_ins_per_day or max(50, context.users)) // 5
        super().__init__(context, book, Area("sign_ins", words), expected)
        self._principals = principals

    def time(self, day: int, place: int, count: int) -> int:
        return super().time(day, place, count) // SECOND * SECOND

    def caller(self, traits: int) -> int:
        """Return the key of the service principal that signs in: one of those that stay."""
        callers = self._principals.signed_in_to[-PROTECTED:]
        return int(callers[traits % len(callers)])

    def draw(self, traits: int, _: int) -> Row:
        key = self.caller(traits)
        result = 10 if traits >> 8 & 127 == 0 else 2
        return (key, 0, result, 0, key % len(OFFICES), (self.sort, traits >> 40 & 3)), {"ip": f"{_NETWORKS[0]}.{key & 255}"}


class IdentitySignIns(PrincipalSignIns):
    """Sign-ins of managed identities."""

    tag, sort = "identitySignIn", "identity"

    def caller(self, traits: int) -> int:
        return IDENTITIES + traits % 4
