"""The sign-in log: who signed in to what, from where, with what result."""

from collections.abc import Sequence
from datetime import date
from functools import cached_property, lru_cache

from ..directory.applications import PROTECTED
from ..directory.chance import spread
from ..directory.context import Context
from ..directory.devices import Devices
from ..directory.names import OFFICES
from ..directory.people import OTHER, People
from ..directory.principals import IDENTITIES, Principals
from ..directory.rendering import Row
from ..directory.templates import Area
from ..directory.vocabulary import Words
from .attacks import (
    BLOCKED,
    DECLINED,
    DISABLED,
    LOCKED,
    MFA_REQUIRED,
    NO_RESPONSE,
    SUCCESS,
    WRONG_PASSWORD,
    Attempt,
    attempts,
)
from .log import DAY, SECOND, Log, LogBook, place_of

_CLIENTS = 7
"""Places of clients that sign in as they should. Those of older protocols follow, and then those of attackers."""
_LEGACY = (7, 8, 9, 10, 11)
_NETWORKS = ("198.51.100", "203.0.113")
_RESULTS = (
    (0, 300), (1, 600), (2, 900), (WRONG_PASSWORD, 935), (4, 948), (MFA_REQUIRED, 960), (BLOCKED, 972), (LOCKED, 977),
    (DECLINED, 981), (NO_RESPONSE, 985), (9, 990), (12, 995), (14, 1000),
)  # fmt: skip
"""Places of results in data/sign_ins.yaml, and up to which of 1,000 numbers each is drawn."""
_BY_NUMBER = tuple(next(result for result, end in _RESULTS if number < end) for number in range(1000))
_FAILED = {WRONG_PASSWORD: 1, LOCKED: 1, DECLINED: 2, NO_RESPONSE: 2}
"""Which step failed, by the place of the result: 1 the password, 2 the second factor."""
_MAILBOX = 1
"""The place of the app that attackers sign in to."""


class SignIns(Log):
    """auditLogs/signIns."""

    type, tag, when, fraction, interactive = "signIn", "signIn", "createdDateTime", False, True
    facets: tuple[str, ...] = ("own", "user", "app", "client", "device", "result", "risk", "place")

    def __init__(self, words: Words, context: Context, book: LogBook, people: People, devices: Devices) -> None:
        super().__init__(context, book, Area("sign_ins", words), book.sign_ins_per_day or max(50, context.users))
        self._people, self._devices = people, devices
        self._first = (context.epoch - date(1970, 1, 1)).days
        self.attempts = lru_cache(64)(self._attempts)

    @cached_property
    def _staying(self) -> frozenset[int]:
        return frozenset(self._devices.population.stayers)

    def _attempts(self, day: int, /) -> Sequence[Attempt]:
        """Return what attackers try on a day."""
        return attempts(self._context.seed, day, self._expected, self._people, lambda *who: self._disabled(day, *who))

    def known(self, day: int) -> Sequence[int]:
        return [each.second * SECOND for each in self.attempts(day)]

    def spread_out(self, day: int) -> int:
        return max(1, super().spread_out(day) - len(self.attempts(day)))

    def _disabled(self, day: int, user: int, second: int) -> bool:
        return self._people.disabled(user, day - self._first, second)

    def draw(self, traits: int, number: int, moment: int) -> Row:
        day, place = place_of(number)
        which = self.known_at(day, place)
        if which is not None:
            return self._attempt(self.attempts(day)[which], traits)
        users = self._people.regulars
        user = users[traits % len(users)]
        # One in sixteen is a guest of another network, the others come from home or the office: always the same address.
        foreign = traits >> 20 & 15 == 0
        address = traits >> 24 & 255 if foreign else user & 255
        ip = f"2001:db8:{user & 0xFFFF:x}::{address:x}" if user % 8 == 3 else f"{_NETWORKS[foreign]}.{address}"
        client = self._client(user, traits)
        owned = user * 4 // 5
        device = owned if traits >> 33 & 3 and owned in self._staying else -1 - client
        drawn = spread(traits, 7)
        result = _BY_NUMBER[drawn % 1000]
        if self._disabled(day, user, (moment - day * DAY) // SECOND):
            result = DISABLED
        elif client >= _CLIENTS:
            # A policy blocks older protocols, except for accounts of services.
            allowed = self._people.sort(user) == OTHER
            result = SUCCESS if allowed else BLOCKED if drawn >> 10 & 3 else WRONG_PASSWORD
        variants = (
            user,
            traits >> 44 & 31,
            (client, self.interactive),
            (device, client),
            (result, client >= _CLIENTS),
            0 if traits >> 50 & 63 else 1 + (traits >> 56 & 3),
            (traits >> 24 if foreign else user) % len(OFFICES),
        )
        return variants, {"ip": ip}

    def _client(self, user: int, traits: int) -> int:
        """Return the place of a client. Accounts of services use older protocols, as does one person in sixteen at times."""
        older = self._people.sort(user) == OTHER if user % 3 == 0 else user % 16 == 5 and traits >> 32 & 1
        return _LEGACY[user % len(_LEGACY)] if older else (user + (traits >> 32 & 1)) % _CLIENTS

    def _attempt(self, attempt: Attempt, traits: int) -> Row:
        device, risk = (-1, attempt.client), 1 + (traits >> 56 & 3)
        place = int(attempt.address.rpartition(".")[2]) % len(OFFICES)
        outcome = (attempt.result, attempt.client in _LEGACY)
        return (attempt.user, _MAILBOX, (attempt.client, True), device, outcome, risk, place), {"ip": attempt.address}


class BetaSignIns(SignIns):
    """The same in beta, where rows say more."""

    type = "beta.signIn"
    facets = (*SignIns.facets, "beta")
    sort = "interactive"

    def draw(self, traits: int, number: int, moment: int) -> Row:
        variants, values = super().draw(traits, number, moment)
        guest = self._people.sort_name(variants[0]) == "guest"
        failed = _FAILED.get(variants[4][0], 0)
        return (*variants, (self.sort, traits >> 40 & 3, variants[0] if guest else None, failed)), values


class NonInteractiveSignIns(BetaSignIns):
    """Sign-ins on behalf of users, by a token that an app has."""

    tag, sort, interactive = "nonInteractiveSignIn", "refreshed", False

    def _attempts(self, _: int, /) -> Sequence[Attempt]:
        return ()

    def _client(self, user: int, traits: int) -> int:
        return (user + (traits >> 32 & 1)) % _CLIENTS


class PrincipalSignIns(Log):
    """Sign-ins of apps, with a secret or a certificate of their own; one app in a hundred gets it wrong."""

    type, tag, when, fraction, sort = "beta.signIn", "principalSignIn", "createdDateTime", False, "app"
    facets = ("own", "caller", "machine", "result", "risk", "place", "beta")

    def __init__(self, words: Words, context: Context, book: LogBook, principals: Principals) -> None:
        expected = (book.sign_ins_per_day or max(50, context.users)) // 5
        super().__init__(context, book, Area("sign_ins", words), expected)
        self._principals = principals

    def caller(self, traits: int) -> int:
        """Return the key of the service principal that signs in: one of those that stay."""
        callers = self._principals.signed_in_to[-PROTECTED:]
        return int(callers[traits % len(callers)])

    def draw(self, traits: int, *_: int) -> Row:
        key = self.caller(traits)
        result = 10 if traits >> 8 & 127 == 0 else 2
        variants = (key, 0, (result, False), 0, key % len(OFFICES), (self.sort, traits >> 40 & 3, None, 0))
        return variants, {"ip": f"{_NETWORKS[0]}.{key & 255}"}


class IdentitySignIns(PrincipalSignIns):
    """Sign-ins of managed identities."""

    tag, sort = "identitySignIn", "identity"

    def caller(self, traits: int) -> int:
        return IDENTITIES + traits % 4
