"""Users: people, guests and other accounts; who manages whom; who holds which licences.

The properties shared by many users are in people_facets.py.
"""

import json
import struct
from collections import Counter
from functools import cached_property
from math import gcd
from typing import Any

from ..days.population import Rates
from . import licences, people_facets
from .chance import number, spread
from .context import Context
from .edges import edges
from .extensions import Extensions
from .names import GIVEN, JOBS, OFFICES, SURNAMES, VENDORS
from .rendering import ABSENT, Plain, Templated
from .well_known import LICENSING

PERSON, GUEST, OTHER = 0, 1, 2
PROTECTED = 8
"""The first users stay for ever: administrators and the top of the tree of managers."""

_PAIRS = len(GIVEN) * len(SURNAMES)
_STEP = next(n for n in range(int(_PAIRS * 0.6180339), _PAIRS) if gcd(n, _PAIRS) == 1)
_OTHER_PREFIXES = (
    "_svc-",
    "!bg-",
    "#room-",
    "'t.",
    ".hidden-",
    "-test-",
    "^adm-",
    "~temp-",
    "0",
    "3pl-",
    "9to5-",
    "Svc-",
)
_FAN_OUT = 7

_OWN = [
    "id",
    "userPrincipalName",
    "displayName",
    "givenName",
    "surname",
    "mail",
    "mailNickname",
    "mobilePhone",
    "businessPhones",
    "employeeId",
    "employeeHireDate",
    "employeeLeaveDateTime",
    "proxyAddresses",
    "identities",
    "imAddresses",
    "createdDateTime",
    "otherMails",
    "lastPasswordChangeDateTime",
    "signInSessionsValidFromDateTime",
    "onPremisesDistinguishedName",
    "onPremisesImmutableId",
    "onPremisesLastSyncDateTime",
    "onPremisesSamAccountName",
    "onPremisesSecurityIdentifier",
    "onPremisesUserPrincipalName",
    "securityIdentifier",
    "externalUserStateChangeDateTime",
    "authorizationInfo",
    "hireDate",
    "birthday",
    "mySite",
    "preferredName",
]

_NOT_A_PERSON: dict[str, Any] = {
    **dict.fromkeys(
        [
            "givenName",
            "surname",
            "preferredName",
            "mail",
            "mobilePhone",
            "employeeId",
            "employeeHireDate",
            "hireDate",
            "birthday",
            "mySite",
            "employeeLeaveDateTime",
            "externalUserStateChangeDateTime",
        ],
        "null",
    ),
    **dict.fromkeys(["businessPhones", "imAddresses", "otherMails", "proxyAddresses"], "[]"),
    "authorizationInfo": '{"certificateUserIds":[]}',
    "office": len(OFFICES),
    "job": len(JOBS),
}
_NOT_SYNCED: dict[str, Any] = {
    **dict.fromkeys(
        [
            "onPremisesDistinguishedName",
            "onPremisesImmutableId",
            "onPremisesLastSyncDateTime",
            "onPremisesSamAccountName",
            "onPremisesSecurityIdentifier",
            "onPremisesUserPrincipalName",
        ],
        "null",
    ),
    "sync": 0,
}


class People:
    """All users of the tenant on one day."""

    def __init__(self, context: Context, extensions: Extensions) -> None:
        seed, users = context.seed, context.users
        self._context = context
        self.ids = context.ids("user")
        rates = Rates(max(2, users // 500), max(1, users * 3 // 2000), max(3, users // 500))
        self.population = context.population("user", users, rates, PROTECTED)
        self._offset = number(seed, "people") % _PAIRS
        self._domain = context.domain
        self._initial = context.initial_domain
        self.sid = "S-1-5-21-{}-{}-{}-".format(*(number(seed, "sid", n) % 4_000_000_000 for n in range(3)))
        self.kind = Templated(
            "user",
            lambda: self.population.active,
            self.key,
            self._row,
            _OWN,
            people_facets.facets(context.calendar, context.ids("group").guid(LICENSING), extensions),
            undeclared=extensions.names("User"),
            late={"signInActivity": self._sign_in},
        )
        self.sign_in_activity = Plain(
            "user",
            lambda: [user for user in self.population.active if not self.never_signed_in(user)],
            lambda user: {"id": self.ids.guid(user), "signInActivity": json.loads(self._sign_in(user))},
            self.key,
            properties=("id", "signInActivity"),
        )

    def key(self, id_: str) -> int | None:
        """The index behind an object id or a userPrincipalName."""
        index = self.ids.index(id_)
        if index is None and "@" in id_:
            wanted = id_.lower()
            index = next((i for i in self.starting(wanted[:1]) if self.principal_name(i).lower() == wanted), None)
        return index if index is not None and self.population.alive(index) else None

    def sort(self, index: int) -> int:
        """PERSON, GUEST or OTHER (service accounts, rooms, tests)."""
        if index >= PROTECTED:
            if index % 23 == 9:
                return OTHER
            if (index * 7919 + self._offset) % 1000 < 120:
                return GUEST
        return PERSON

    def _alias(self, index: int) -> str:
        """given.surname, with a number when the names are used up: unique over all users."""
        round_, place = divmod(index, _PAIRS)
        pair = (place * _STEP + self._offset) % _PAIRS
        alias = f"{GIVEN[pair % len(GIVEN)].alias}.{SURNAMES[pair // len(GIVEN)].alias}"
        return f"{alias}{round_ + 1}" if round_ else alias

    def _account(self, index: int, sort: int) -> tuple[str, str]:
        """The two sides of the userPrincipalName."""
        alias = self._alias(index)
        if sort == PERSON:
            return (alias.title() if index % 11 == 7 else alias), self._domain
        if sort == GUEST:
            return f"{alias}_{VENDORS[index % len(VENDORS)].lower()}.example#EXT#", self._initial
        return _OTHER_PREFIXES[index // 23 % len(_OTHER_PREFIXES)] + alias, self._domain

    def principal_name(self, index: int) -> str:
        """The userPrincipalName."""
        return "@".join(self._account(index, self.sort(index)))

    @cached_property
    def _by_letter(self) -> dict[str, list[int]]:
        letters: dict[str, list[int]] = {}
        for index in self.population.active:
            letters.setdefault(self.principal_name(index)[0].lower(), []).append(index)
        return letters

    def starting(self, prefix: str) -> list[int]:
        """The living users whose userPrincipalName starts with that, in any case."""
        prefix = prefix.lower()
        letters = self._by_letter.get(prefix[:1], []) if prefix else list(self.population.active)
        if len(prefix) <= 1:
            return letters
        return [index for index in letters if self.principal_name(index).lower().startswith(prefix)]

    def display_name(self, index: int) -> str:
        """The displayName."""
        pair = (index % _PAIRS * _STEP + self._offset) % _PAIRS
        name = f"{GIVEN[pair % len(GIVEN)].written} {SURNAMES[pair // len(GIVEN)].written}"
        sort = self.sort(index)
        if sort == PERSON:
            return name
        if sort == GUEST:
            return f"{name} ({VENDORS[index % len(VENDORS)]})"
        return self._account(index, sort)[0]

    def manager(self, index: int) -> int | None:
        """The user's manager; None at the top of the tree, for guests and other accounts.

        A manager has a lower index than the report, so there are no circles. When one leaves, the reports go to
        the next manager up.
        """
        if not index or self.sort(index) != PERSON or index % 89 == 88:
            return None
        manager = (index - 1) // _FAN_OUT
        moves = self.population.moves.get(index, 0)
        if moves:
            manager = spread(index, moves) % (manager + 1)
        while manager and (self.sort(manager) != PERSON or manager in self.population.gone):
            manager = (manager - 1) // _FAN_OUT
        return manager

    def managers(self, index: int) -> list[int]:
        """Return the manager as a list of keys, empty if there is none."""
        manager = self.manager(index)
        return [] if manager is None else edges("user", [manager])

    def someone(self, number_: int) -> int:
        """A living person picked by the number."""
        index = self.population.near(number_)
        while index and (self.sort(index) != PERSON or index in self.population.gone):
            index -= 1
        return index

    def holding(self, index: int) -> int:
        """The number of the user's set of licences (a place in licences.HOLDINGS)."""
        sort = self.sort(index)
        if sort == GUEST:
            return licences.NOTHING
        if sort == OTHER:
            return licences.FREE if index % 2 else licences.NOTHING
        moves = self.population.moves.get(index, 0)
        return (1, 1, 1, 2, 3, 3, 4, 4, 5, 6, 1, 0)[(index * 31 + (index >> 5) + (moves >= 2)) % 12]

    @cached_property
    def holders(self) -> Counter[int]:
        """How many living users hold each set of licences."""
        return Counter(map(self.holding, self.population.active))

    def works_in(self, index: int, department: str) -> bool:
        """Is the user a person of that department?"""
        if self.sort(index) != PERSON:
            return False
        traits = int(self.ids.hash(index)[24:40], 16)
        moves = self.population.moves.get(index, 0)
        return JOBS[(spread(traits, moves) if moves else traits) % len(JOBS)][0] == department

    def _row(self, index: int) -> dict[str, Any]:
        population, calendar = self.population, self._context.calendar
        hash_ = self.ids.hash(index)
        id_ = self.ids.guid_from(index, hash_)
        traits = int(hash_[24:40], 16)
        moves = population.moves.get(index, 0)
        now = spread(traits, moves) if moves else traits
        sort = self.sort(index)
        local, domain = self._account(index, sort)
        pair = (index % _PAIRS * _STEP + self._offset) % _PAIRS
        given, surname = GIVEN[pair % len(GIVEN)].written, SURNAMES[pair // len(GIVEN)].written
        lower = local.lower()
        office = traits >> 20 & 15
        joined = population.joined_on(index)
        created = joined or -(40 + (traits >> 8) % 2500)
        created_at = calendar.stamp(created, traits)
        changed = calendar.stamp(max(created, -((traits >> 12) % 180)), traits >> 5)
        if moves:
            changed = calendar.stamp(population.moved_on[index], traits >> 5)
        part = struct.unpack("<II", bytes.fromhex(id_[19:23] + id_[24:]))
        holding = self.holding(index)
        disabled = index >= PROTECTED and (moves == 3 if moves else traits >> 40 & 31 == 0)
        values: dict[str, Any] = {
            "id": f'"{id_}"',
            "userPrincipalName": f'"{local}@{domain}"',
            "createdDateTime": f'"{created_at}"',
            "signInSessionsValidFromDateTime": f'"{changed}"',
            "lastPasswordChangeDateTime": f'"{changed}"',
            "securityIdentifier": (f'"S-1-12-1-{int(id_[:8], 16)}-{int(id_[14:18] + id_[9:13], 16)}-{part[0]}-{part[1]}"'),
            "licences": holding * licences.WHEN + (traits >> 17 & 7),
            "profile": now & 15,
        }
        if sort == PERSON:
            values.update(
                displayName=f'"{given} {surname}"',
                givenName=f'"{given}"',
                surname=f'"{surname}"',
                preferredName=f'"{given}"',
                mail=f'"{lower}@{domain}"',
                mailNickname=f'"{lower}"',
                mobilePhone=f'"+{(traits >> 9) % 10**10 + 10**10}"' if traits % 5 > 1 else "null",
                businessPhones=f'["{OFFICES[office].phone}{now >> 30 & 8191:04}"]' if now >> 3 & 7 else "[]",
                employeeId=f'"E{index + 100000}"',
                employeeHireDate=f'"{calendar.date(created)}T00:00:00Z"',
                hireDate=f'"{calendar.date(created)}T00:00:00Z"',
                birthday=f'"19{60 + index % 40}-{index % 12 + 1:02}-{index % 28 + 1:02}T00:00:00Z"',
                employeeLeaveDateTime=f'"{changed}"' if disabled else "null",
                proxyAddresses=f'["SMTP:{lower}@{domain}","smtp:{lower}@{self._initial}"]',
                identities=(
                    f'[{{"signInType":"userPrincipalName","issuer":"{self._initial}","issuerAssignedId":"{local}@{domain}"}}]'
                ),
                imAddresses=f'["{lower}@{domain}"]' if holding else "[]",
                otherMails=f'["{lower}@mail.example"]' if traits >> 50 & 7 == 0 else "[]",
                mySite=f'"https://{self._domain.split(".")[0]}-my.sharepoint.example/personal/{lower.replace(".", "_")}/"',
                externalUserStateChangeDateTime="null",
                authorizationInfo='{"certificateUserIds":[]}'
                if traits >> 44 & 7
                else f'{{"certificateUserIds":["X509:<PN>{lower}@{domain}"]}}',
                office=office,
                job=now % len(JOBS),
                state=people_facets.DISABLED if disabled else people_facets.member(traits),
            )
            if (index * 104729 + self._offset) % 100 < 55:
                values.update(
                    onPremisesDistinguishedName=(
                        f'"CN={given} {surname},OU={OFFICES[office].code},OU=People,DC=corp,DC={self._domain.split(".")[0]}"'
                    ),
                    onPremisesImmutableId=f'"{hash_[40:62]}=="',
                    onPremisesLastSyncDateTime=f'"{changed}"',
                    onPremisesSamAccountName=f'"{lower[:20]}"',
                    onPremisesSecurityIdentifier=f'"{self.sid}{index + 1100}"',
                    onPremisesUserPrincipalName=f'"{lower}@{domain}"',
                    sync=1 + (now >> 13) % (people_facets.SYNCS - 1),
                )
                return values
        elif sort == GUEST:
            vendor = VENDORS[index % len(VENDORS)]
            address = f"{self._alias(index)}@{vendor.lower()}.example"
            values.update(_NOT_A_PERSON)
            values.update(
                displayName=f'"{given} {surname} ({vendor})"',
                givenName=f'"{given}"' if traits & 1 else "null",
                surname=f'"{surname}"' if traits & 1 else "null",
                mail=f'"{address}"',
                mailNickname=f'"{local}"',
                proxyAddresses=f'["SMTP:{address}"]',
                identities=f'[{{"signInType":"federated","issuer":"ExternalAzureAD","issuerAssignedId":null}},'
                f'{{"signInType":"userPrincipalName","issuer":"{self._initial}","issuerAssignedId":"{local}@{domain}"}}]',
                otherMails=f'["{address}"]',
                externalUserStateChangeDateTime=f'"{changed}"',
                state=people_facets.guest(traits, disabled),
            )
        else:
            values.update(_NOT_A_PERSON)
            values.update(
                displayName=f'"{local}"',
                mailNickname=f'"{lower}"',
                identities=f'[{{"signInType":"userPrincipalName","issuer":"{self._initial}",'
                f'"issuerAssignedId":"{local}@{domain}"}}]',
                state=people_facets.other(index, disabled),
            )
        values.update(_NOT_SYNCED)
        return values

    def never_signed_in(self, index: int) -> bool:
        """One in ten has never signed in."""
        return int(self.ids.hash(index)[24:40], 16) % 10 == 0

    @cached_property
    def regulars(self) -> list[int]:
        """The users that the logs speak of: those who have signed in at all and stay."""
        return [user for user in self.population.stayers if not self.never_signed_in(user)]

    def _sign_in(self, index: int) -> str:
        """signInActivity; left out for users who never signed in (a tenth)."""
        if self.never_signed_in(index):
            return ABSENT
        hash_ = self.ids.hash(index)
        traits = int(hash_[24:40], 16)
        joined = self.population.joined_on(index)
        calendar = self._context.calendar
        day = max(joined, -((traits >> 33) % 120 if traits >> 7 & 3 else (traits >> 33) % 5) - 1)
        last, background = calendar.stamp(day, traits >> 3), calendar.stamp(day, (traits >> 3) % 1400 + 30)
        request = f"{hash_[:8]}-{hash_[8:12]}-4{hash_[13:16]}-9{hash_[17:20]}-{hash_[20:31]}"
        return (
            f'{{"lastSignInDateTime":"{last}","lastSignInRequestId":"{request}0",'
            f'"lastNonInteractiveSignInDateTime":"{background}","lastNonInteractiveSignInRequestId":"{request}1",'
            f'"lastSuccessfulSignInDateTime":"{last}","lastSuccessfulSignInRequestId":"{request}0"}}'
        )
