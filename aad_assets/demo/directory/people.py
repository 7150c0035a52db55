"""Users: people, guests and other accounts; who manages whom; who holds which licences.

What a user looks like is in data/people.yaml.
"""

import struct
from collections import Counter
from functools import cached_property
from math import gcd

from ..days.calendar import second_of_day
from ..days.chronicle import Rates
from . import licences
from .chance import spread
from .context import Context
from .edges import edges
from .extensions import Extensions
from .indexed import Indexed
from .names import DEPARTMENTS, GIVEN, JOBS, OFFICES, SURNAMES, VENDORS, Name
from .rendering import Facet, Row, Templated, View, facet
from .templates import Area
from .vocabulary import Words
from .well_known import AGENT_USERS, AGENTS, HELPDESK, NEVER

PERSON, GUEST, OTHER = 0, 1, 2
PROTECTED = 8
"""The first users stay for ever: administrators and the top of the tree of managers."""

_PAIRS = len(GIVEN) * len(SURNAMES)
_STEP = next(n for n in range(int(_PAIRS * 0.6180339), _PAIRS) if gcd(n, _PAIRS) == 1)
_OTHER_PREFIXES = ["_svc-", "!bg-", "#room-", "'t.", ".hidden-", "-test-", "^adm-", "~temp-", "0", "3pl-", "9to5-", "Svc-"]
_FAN_OUT = 7


class People(Indexed):
    """All users of the tenant on one day."""

    def __init__(self, words: Words, context: Context, extensions: Extensions) -> None:
        users = context.users
        rates = Rates(max(2, users // 500), max(1, users * 3 // 2000), max(3, users // 500))
        super().__init__(context, "user", users, rates, PROTECTED)
        self._offset = context.number("people") % _PAIRS
        self._domain = context.domain
        self._initial = context.initial_domain
        self.sid = "S-1-5-21-{}-{}-{}-".format(*(context.number("sid", n) % 4_000_000_000 for n in range(3)))
        self.kind = Templated(
            "user",
            lambda: self.population.active,
            self.key,
            self._row,
            _facets(words, extensions),
            undeclared=extensions.names("User"),
            late={"signInActivity": self._sign_in},
        )
        self.sign_in_activity = View(
            self.kind,
            lambda: [user for user in self.population.active if not self.never_signed_in(user)],
            ("id", "signInActivity"),
        )

    def key(self, id_: str) -> int | None:
        """Return the index behind an object id or a userPrincipalName."""
        index = self.ids.index(id_)
        if index is None and "@" in id_:
            wanted = id_.lower()
            index = next((i for i in self.starting(wanted[:1]) if self.principal_name(i).lower() == wanted), None)
        return index if index is not None and self.population.alive(index) else None

    def sort(self, index: int) -> int:
        """Return PERSON, GUEST or OTHER (service accounts, rooms, agents)."""
        if index >= PROTECTED:
            if index % 23 == 9 or index in AGENT_USERS:
                return OTHER
            if (index * 7919 + self._offset) % 1000 < 120:
                return GUEST
        return PERSON

    def sort_name(self, index: int) -> str:
        """Return `person`, `guest`, `agent` or `other`."""
        return "agent" if index in AGENT_USERS else ("person", "guest", "other")[self.sort(index)]

    def sponsors(self, index: int) -> list[int]:
        """Return the keys of the sponsors of a guest (a person) or an agent (a person and a group)."""
        sort = self.sort_name(index)
        if sort not in ("guest", "agent"):
            return []
        return edges("user", [self.inviter(index)]) + edges("group", [HELPDESK] if sort == "agent" else [])

    def _name(self, index: int) -> tuple[Name, Name]:
        """Return the given name and the surname."""
        pair = (index % _PAIRS * _STEP + self._offset) % _PAIRS
        return GIVEN[pair % len(GIVEN)], SURNAMES[pair // len(GIVEN)]

    def _alias(self, index: int) -> str:
        """Return given.surname, with a number when the names are used up: unique over all users."""
        given, surname = self._name(index)
        round_ = index // _PAIRS
        return f"{given.alias}.{surname.alias}{round_ + 1 if round_ else ''}"

    def _account(self, index: int, sort: int) -> tuple[str, str]:
        """Return the two sides of the userPrincipalName."""
        alias = self._alias(index)
        if sort == PERSON:
            return (alias.title() if index % 11 == 7 else alias), self._domain
        if sort == GUEST:
            return f"{alias}_{VENDORS[index % len(VENDORS)].lower()}.example#EXT#", self._initial
        prefix = "agent-" if index in AGENT_USERS else _OTHER_PREFIXES[index // 23 % len(_OTHER_PREFIXES)]
        return prefix + alias, self._domain

    def principal_name(self, index: int) -> str:
        """Return the userPrincipalName."""
        return "@".join(self._account(index, self.sort(index)))

    @cached_property
    def _by_letter(self) -> dict[str, list[int]]:
        letters: dict[str, list[int]] = {}
        for index in self.population.active:
            letters.setdefault(self.principal_name(index)[0].lower(), []).append(index)
        return letters

    def starting(self, prefix: str) -> list[int]:
        """Return the living users whose userPrincipalName starts with that, in any case."""
        prefix = prefix.lower()
        letters = self._by_letter.get(prefix[:1], []) if prefix else list(self.population.active)
        if len(prefix) <= 1:
            return letters
        return [index for index in letters if self.principal_name(index).lower().startswith(prefix)]

    def display_name(self, index: int) -> str:
        """Return the displayName."""
        name = " ".join(part.written for part in self._name(index))
        sort = self.sort(index)
        if sort == PERSON:
            return name
        if sort == GUEST:
            return f"{name} ({VENDORS[index % len(VENDORS)]})"
        return self._account(index, sort)[0]

    def manager(self, index: int) -> int | None:
        """Return the user's manager; None at the top of the tree, for guests and other accounts.

        A manager has a lower index than the report, so there are no circles. When one leaves, the reports go to
        the next manager up.
        """
        if not index or self.sort(index) != PERSON or index % 89 == 88:
            return None
        manager = (index - 1) // _FAN_OUT
        moves = self.moves(index)
        if moves:
            manager = spread(index, moves) % (manager + 1)
        while manager and (self.sort(manager) != PERSON or manager in self.population.gone):
            manager = (manager - 1) // _FAN_OUT
        return manager

    def managers(self, index: int) -> list[int]:
        """Return the manager as a list of keys, empty if there is none."""
        manager = self.manager(index)
        return [] if manager is None else edges("user", [manager])

    def someone(self, number_: int, sort: int = PERSON) -> int:
        """Return a living user of a sort picked by the number; the first user if there is none."""
        index = self.population.near(number_)
        while index and (self.sort(index) != sort or index in self.population.gone):
            index -= 1
        return index

    def person_at(self, index: int) -> int:
        """Return the person with this index or the next lower one, whether or not the person exists today."""
        while self.sort(index) != PERSON:
            index -= 1
        return index

    def pick(self, traits: int) -> int:
        """Return a person picked by the number from those of day 0, or who has taken over."""
        return self.someone(traits % self.population.base)

    def holding(self, index: int) -> int:
        """Return the user's set of licences, a place in licences.HOLDINGS."""
        sort = self.sort(index)
        if sort == GUEST:
            return licences.NOTHING
        if sort == OTHER:
            return licences.FREE if index % 2 else licences.NOTHING
        moves = self.moves(index)
        return (1, 1, 1, 2, 3, 3, 4, 4, 5, 6, 1, 0)[(index * 31 + (index >> 5) + (moves >= 2)) % 12]

    @cached_property
    def holders(self) -> Counter[int]:
        """Number of living users who hold each set of licences."""
        return Counter(map(self.holding, self.population.active))

    def works_in(self, index: int, department: str) -> bool:
        """Say whether the user is a person of that department."""
        if self.sort(index) != PERSON:
            return False
        return JOBS[self.traits_now(index, self.traits(index)) % len(JOBS)][0] == department

    def _row(self, index: int) -> Row:
        population, calendar = self.population, self._context.calendar
        hash_ = self.ids.hash(index)
        id_ = self.ids.guid_from(index, hash_)
        traits = int(hash_[24:40], 16)
        moves = population.moves.get(index, 0)
        now = spread(traits, moves) if moves else traits
        sort = self.sort(index)
        local, domain = self._account(index, sort)
        given, surname = (name.written for name in self._name(index))
        lower = local.lower()
        created = population.joined_on(index) or -(40 + (traits >> 8) % 2500)
        changed = population.moved_on[index] if moves else max(created, -((traits >> 12) % 180))
        at = _changed_at(traits, changed == created)
        part = struct.unpack("<II", bytes.fromhex(id_[19:23] + id_[24:]))
        disabled = _disabled(index, traits, moves)
        values: dict[str, object] = {
            "id": id_,
            "upn": f"{local}@{domain}",
            "local": local,
            "mail": f"{lower}@{domain}",
            "lower": lower,
            "given": given,
            "surname": surname,
            "full": f"{given} {surname}",
            "created": calendar.stamp(created, traits),
            "changed": calendar.stamp(changed, at),
            "sid": f"{int(id_[:8], 16)}-{int(id_[14:18] + id_[9:13], 16)}-{part[0]}-{part[1]}",
        }
        licence, profile = self.holding(index) * licences.WHEN + (traits >> 17 & 7), now & 15
        if sort != PERSON:
            if sort == GUEST:
                vendor = VENDORS[index % len(VENDORS)]
                values.update(vendor=vendor, address=f"{self._alias(index)}@{vendor.lower()}.example")
                form, mails, state = 1 if traits & 1 else 2, 2, _guest(traits, disabled)
            else:
                form, mails, state = 3, 0, 9 if disabled else 8 + index % 2 * 2
            if index in AGENT_USERS:
                form, state = 4, 11
                values["parent"] = self._context.ids("servicePrincipal").guid(AGENTS + AGENT_USERS.index(index))
            return (form, 0, 0, mails, 0, 0, len(OFFICES), len(JOBS), licence, 0, state, profile), values
        office = traits >> 20 & 15
        values.update(
            number=index + 100000,
            hired=calendar.date(created),
            birthday=f"19{60 + index % 40}-{index % 12 + 1:02}-{index % 28 + 1:02}",
            site=lower.replace(".", "_"),
            mobile=(traits >> 9) % 10**10 + 10**10,
            phone=f"{OFFICES[office].phone}{now >> 30 & 8191:04}",
            ou=OFFICES[office].code,
            immutable=hash_[40:62],
            sam=lower[:20],
            on_premises_sid=f"{self.sid}{index + 1100}",
        )
        return (
            0,
            traits % 5 > 1,
            now >> 3 & 7 > 0,
            traits >> 50 & 7 == 0,
            traits >> 44 & 7 == 0,
            licence >= licences.WHEN,
            office,
            now % len(JOBS),
            licence,
            1 + (now >> 13) % 7 if (index * 104729 + self._offset) % 100 < 55 else 0,
            3 if disabled else _member(traits),
            profile,
        ), values

    def created_second(self, index: int) -> int:
        """Return the time of day, in seconds, at which the account was created."""
        return second_of_day(self.traits(index))

    def changed_second(self, index: int) -> int:
        """Return the time of day, in seconds, at which the account changes on a later day."""
        return second_of_day(_changed_at(self.traits(index), False))

    def disabled(self, index: int, day: int, second: int) -> bool:
        """Say whether the account was disabled at a time of any day, in seconds, whatever day it is today."""
        chronicle = self.population.chronicle
        moves = chronicle.moves(index, day)
        if chronicle.moved_on(index, day) and second < self.changed_second(index):
            moves -= 1
        return index not in AGENT_USERS and _disabled(index, self.traits(index), moves)

    def vendor(self, guest: int) -> int:
        """Return the place of a guest's employer in `VENDORS`."""
        return guest % len(VENDORS)

    def inviter(self, guest: int) -> int:
        """Return the person who invited a guest and is now the sponsor."""
        return self.pick(guest * 31)

    def never_signed_in(self, index: int) -> bool:
        """Say whether the user has never signed in, as one in ten."""
        return self.traits(index) % 10 == 0

    @cached_property
    def regulars(self) -> list[int]:
        """The users that occur in the logs: those who have signed in at all and stay."""
        return [user for user in self.population.stayers if not self.never_signed_in(user)]

    def _sign_in(self, index: int) -> str:
        """Return signInActivity, empty for users who never signed in."""
        if self.never_signed_in(index):
            return ""
        hash_ = self.ids.hash(index)
        traits = int(hash_[24:40], 16)
        joined = self.population.joined_on(index)
        calendar = self._context.calendar
        day = max(joined, -((traits >> 33) % 120 if traits >> 7 & 3 else (traits >> 33) % 5) - 1)
        last, background = calendar.stamp(day, traits >> 3), calendar.stamp(day, (traits >> 3) % 1400 + 30)
        if traits >> 40 & 15 == 1:  # One in sixteen has never signed in in the background.
            background = NEVER
        request = f"{hash_[:8]}-{hash_[8:12]}-4{hash_[13:16]}-9{hash_[17:20]}-{hash_[20:31]}"
        return (
            f',"signInActivity":{{"lastSignInDateTime":"{last}","lastSignInRequestId":"{request}0",'
            f'"lastNonInteractiveSignInDateTime":"{background}","lastNonInteractiveSignInRequestId":"{request}1",'
            f'"lastSuccessfulSignInDateTime":"{last}","lastSuccessfulSignInRequestId":"{request}0"}}'
        )


def _facets(words: Words, extensions: Extensions) -> list[Facet]:
    """Return the facets, in the order of data/people.yaml."""
    holdings = [
        (each["skus"], each["disabled"], number == licences.BY_GROUP, number, when)
        for number, each in enumerate(licences.HOLDINGS)
        for when in range(licences.WHEN)
    ]
    own = {
        "holdings": holdings,
        "plans_of": lambda skus: [plan for sku in skus for plan in sku["plans"]],
        "services_of": lambda skus: list(dict.fromkeys(plan["service"] for sku in skus for plan in sku["plans"])),
        "jobs": list(JOBS),
        "place_of": list(DEPARTMENTS).index,
    }
    facets = Area("people", {**words, **own}).facets()
    facets["job"] = [job | extensions.values("User", n) if n < len(JOBS) else job for n, job in enumerate(facets["job"])]
    return list(map(facet, facets.values()))


def _changed_at(traits: int, first_day: bool) -> int:
    """Return the number of the time of day of the last change, which is not before the creation on the same day."""
    return max(traits % 1440, (traits >> 5) % 1440) if first_day else traits >> 5


def _disabled(index: int, traits: int, moves: int) -> bool:
    """Say whether an account is disabled: one in 32, and whoever has changed three times."""
    return index >= PROTECTED and (moves == 3 if moves else traits >> 40 & 31 == 0)


def _member(traits: int) -> int:
    """Return the state of an enabled person: one in 64 must change the password, one in 128 is a minor."""
    if traits >> 46 & 63 == 0:
        return 1
    return 2 if traits >> 52 & 127 == 0 else 0


def _guest(traits: int, disabled: bool) -> int:
    """Return the state of a guest: invitation accepted, pending, came by self-service, disabled."""
    return 7 if disabled else 4 + (0, 0, 0, 1, 2)[traits >> 46 & 3 if traits & 1 else traits % 5]
