"""Groups, their members and their owners."""

from collections.abc import Callable, Sequence
from functools import lru_cache

from ..days.population import Rates
from . import licences
from .chance import guid, number, spread
from .context import Context
from .devices import Devices
from .edges import edge, edges
from .extensions import Extensions
from .names import DEPARTMENTS, OFFICES, PROJECTS
from .people import GUEST, OTHER, People
from .principals import Principals
from .rendering import Object, Plain
from .tenant import Tenant
from .well_known import (
    ADMINISTRATORS,
    ALL,
    AUTOMATION,
    DEPARTMENTS_PARENT,
    DEVICES,
    EMPTY,
    ENGINEERING,
    GROUP_NAMES,
    GUESTS,
    LICENSING,
    ROLE_ASSIGNABLE,
    SALES,
)

FIRST_ORDINARY = len(GROUP_NAMES)
"""Groups before this one have a fixed purpose and stay for ever; the others come and go."""

_RULES = {
    GUESTS: '(user.userType -eq "Guest")',
    DEVICES: '(device.deviceOSType -eq "Windows")',
    ENGINEERING: '(user.department -eq "Engineering")',
    SALES: '(user.department -eq "Sales")',
}
_SECURITY, _UNIFIED, _PAUSED, _MAIL_SECURITY, _DISTRIBUTION, _SYNCED = range(6)
_STEP = 7919


class Groups:
    """All groups of the tenant on one day."""

    def __init__(
        self,
        context: Context,
        extensions: Extensions,
        people: People,
        devices: Devices,
        principals: Principals,
        tenant: Tenant,
    ) -> None:
        base = max(16, context.users // 8)
        self._context, self._extensions = context, extensions
        self._people, self._devices, self._principals, self._tenant = people, devices, principals, tenant
        self._seed = context.seed
        self.ids = context.ids("group")
        rates = Rates(max(1, base // 400), max(1, base // 600), max(2, base // 200))
        self.population = context.population("group", base, rates, FIRST_ORDINARY)
        self.kind = Plain(
            "group", lambda: self.population.active, self.object, self.key, undeclared=extensions.names("Group")
        )
        self.members = lru_cache(64)(self._members)
        self._joined: dict[int, list[int]] = {}
        joiners = people.population
        for user in range(joiners.base, joiners.total):
            for place in range(2):
                group = FIRST_ORDINARY + number(self._seed, "joins", user, place) % (base - FIRST_ORDINARY)
                self._joined.setdefault(group, []).append(user)

    def key(self, id_: str) -> int | None:
        """The index behind an object id."""
        index = self.ids.index(id_)
        return index if index is not None and self.population.alive(index) else None

    def _sort(self, index: int, traits: int) -> int:
        if index < FIRST_ORDINARY:
            return _UNIFIED if index in (ENGINEERING, SALES) else _SECURITY
        place = traits % 100
        for sort, upto in (
            (_SECURITY, 42),
            (_UNIFIED, 74),
            (_PAUSED, 79),
            (_MAIL_SECURITY, 85),
            (_DISTRIBUTION, 92),
        ):
            if place < upto:
                return sort
        return _SYNCED

    def _traits(self, index: int) -> int:
        return int(self.ids.hash(index)[24:40], 16)

    def nickname(self, index: int) -> str:
        """The mailNickname: unique, and different in its first letter."""
        if index < FIRST_ORDINARY:
            return GROUP_NAMES[index].replace(" ", "").replace("-", "")
        traits = self._traits(index)
        words = (
            PROJECTS[traits >> 8 & 15 if traits & 1 else (traits >> 12) % 26],
            tuple(DEPARTMENTS)[traits >> 16 & 15],
        )
        return f"{''.join(words[:: 1 if traits & 2 else -1]).replace(' ', '').replace('&', '')}{index}"

    def starting(self, prefix: str) -> list[int]:
        """The living groups whose mailNickname starts with that, in any case."""
        prefix = prefix.lower()
        return [index for index in self.population.active if self.nickname(index).lower().startswith(prefix)]

    def _members(self, index: int) -> Sequence[int]:
        """Keys of all members, service principals included, ascending."""
        if index >= FIRST_ORDINARY:
            return self._ordinary(index)
        people = self._people
        living = people.population.active
        # The groups that hold users by a rule; the other fixed ones are in _fixed.
        rules: dict[int, Callable[[int], bool]] = {
            ALL: lambda user: user % 3 == 0,
            LICENSING: lambda user: people.holding(user) == licences.BY_GROUP,
            GUESTS: lambda user: people.sort(user) == GUEST,
            ENGINEERING: lambda user: people.works_in(user, "Engineering"),
            SALES: lambda user: people.works_in(user, "Sales"),
        }
        if index in rules:
            return edges("user", filter(rules[index], living))
        return self._fixed(index)

    def _fixed(self, index: int) -> Sequence[int]:
        people = self._people
        match index:
            case 3:  # ADMINISTRATORS
                return edges("user", range(4))
            case 4:  # HELPDESK
                return edges("user", sorted({people.someone(n * 37 + 9) for n in range(8)}))
            case 5:  # DEPARTMENTS_PARENT
                return edges("group", self._living(range(ENGINEERING, ENGINEERING + 5)))
            case 7:  # AUTOMATION
                accounts = [user for user in people.population.active[: 40 * 23] if people.sort(user) == OTHER]
                return edges("user", accounts) + edges("servicePrincipal", self._principals.sample(6))
            case 8:  # NESTED
                partners = edges("orgContact", range(3))
                return [edge("user", 0), *edges("group", (GUESTS, DEPARTMENTS_PARENT)), *partners]
            case 9:  # DEVICES
                devices = self._devices
                return edges("device", filter(devices.is_windows, devices.population.active))
        return []

    def _ordinary(self, index: int) -> Sequence[int]:
        traits = self._traits(index)
        place, users = traits >> 24 & 127, self._people.population.base
        if place < 4 and index not in self._joined:
            return []
        size = 2 + traits % 10 if place < 90 else 10 + traits % 30 if place < 121 else 40 + traits % 160
        size = min(size, users // 4)
        moves = self.population.moves.get(index, 0)
        start = spread(traits, 1)
        alive = self._people.population.alive
        chosen = {(start + n * _STEP) % users for n in range(moves, size + moves)}
        chosen.update(self._joined.get(index, ()))
        keys = edges("user", sorted(user for user in chosen if alive(user)))
        if traits >> 32 & 15 == 0:
            keys += edges("group", self._living(range(index + 1, index + 2 + traits % 3)))
        if traits >> 36 & 31 == 0:
            count = len(self._devices.population)
            keys += edges("device", sorted({self._devices.population.near(start % count + n) for n in range(3)}))
        sort = self._sort(index, traits)
        if traits >> 41 & 15 == 0 and sort == _SECURITY:
            keys += edges("servicePrincipal", self._principals.sample(1 + traits % 3, start))
        if traits >> 45 & 3 == 0 and sort == _DISTRIBUTION:
            contacts = self._tenant.contact_count
            keys += edges("orgContact", sorted({(start + n) % contacts for n in range(2)}))
        return keys

    def hides_members(self, index: int) -> bool:
        """Is the membership hidden?"""
        return bool(self.object(index)["visibility"] == "HiddenMembership")

    def is_kept(self, index: int) -> bool:
        """Does the group go into the recycle bin? Mail-enabled and synchronised ones are gone at once."""
        return self._sort(index, self._traits(index)) in (_SECURITY, _UNIFIED, _PAUSED)

    def _living(self, indices: range) -> list[int]:
        return [index for index in indices if self.population.alive(index)]

    def owners(self, index: int) -> Sequence[int]:
        """Keys of the owners: none to three users, sometimes a service principal."""
        if index == EMPTY:
            return []
        traits = self._traits(index)
        people = self._people
        count = (0, 1, 1, 1, 2, 2, 3, 1)[traits >> 50 & 7] if index >= FIRST_ORDINARY else 1
        moves = self.population.moves.get(index, 0)
        owners = {people.someone(spread(traits, 7 + n + moves // 3) % people.population.base) for n in range(count)}
        keys = edges("user", sorted(owners))
        if index == AUTOMATION:
            keys += edges("servicePrincipal", self._principals.sample(1))
        return keys

    def display_name(self, index: int) -> str:
        """Return the displayName."""
        return str(self.object(index)["displayName"])

    def object(self, index: int) -> Object:
        """The group with all its properties."""
        context, calendar = self._context, self._context.calendar
        traits = self._traits(index)
        sort = self._sort(index, traits)
        unified, synced = sort == _UNIFIED, sort == _SYNCED
        has_mail = unified or sort in (_MAIL_SECURITY, _DISTRIBUTION)
        nickname = self.nickname(index)
        mail = f"{nickname.lower()}@{context.domain}" if has_mail else None
        joined = self.population.joined_on(index)
        created = calendar.stamp(joined or -(100 + (traits >> 9) % 2000), traits >> 3)
        moves = self.population.moves.get(index, 0)
        rule = _RULES.get(index) or (f'(user.extensionAttribute1 -eq "HR-{traits % 7}")' if sort == _PAUSED else None)
        team = unified and traits >> 4 & 1 == 1
        licensing = index == LICENSING
        words = nickname.rstrip("0123456789")
        name = GROUP_NAMES[index] if index < FIRST_ORDINARY else f"{words} {OFFICES[traits >> 20 & 15].city} {index}"
        id_ = self.ids.guid(index)
        renewed = calendar.stamp(self.population.moved_on.get(index, -(traits % 90)), traits >> 3)
        return {
            "id": id_,
            "deletedDateTime": None,
            "accessType": "private" if team else None,
            "allowExternalSenders": False if unified else None,
            "assignedLabels": [{"labelId": guid(self._seed, "label"), "displayName": "Confidential"}]
            if unified and traits >> 5 & 3 == 0
            else [],
            "assignedLicenses": [{"disabledPlans": [], "skuId": licences.E5.id}] if licensing else [],
            "autoSubscribeNewMembers": False if unified else None,
            "classification": ("Low", "Medium", "High")[traits % 3] if unified else None,
            "createdDateTime": created,
            "description": None if traits % 7 == 0 else f"{name}: work together" + (f" (change {moves})" if moves else ""),
            "displayName": name,
            "expirationDateTime": calendar.stamp(180 + traits % 90, traits >> 3) if unified else None,
            "groupTypes": (["Unified"] if unified else []) + (["DynamicMembership"] if rule else []),
            "hasMembersWithLicenseErrors": False if licensing else None,
            "hideFromAddressLists": traits % 5 == 0 if unified else None,
            "hideFromOutlookClients": traits % 3 == 0 if unified else None,
            "infoCatalogs": ["Explore"] if team and traits % 9 == 0 else [],
            "isArchived": traits % 11 == 0 if team else None,
            "isAssignableToRole": True if index in ROLE_ASSIGNABLE else None,
            "isFavorite": False if team else None,
            "isManagementRestricted": True if index == ADMINISTRATORS else None,
            "isSubscribedByMail": False if unified else None,
            "licenseProcessingState": {"state": "ProcessingComplete"} if licensing else None,
            "mail": mail,
            "mailEnabled": has_mail,
            "mailNickname": nickname,
            "membershipRule": rule,
            "membershipRuleProcessingState": None if not rule else "Paused" if sort == _PAUSED else "On",
            "onPremisesDomainName": "corp.contoso.example" if synced else None,
            "onPremisesExtensionAttributes": {
                f"extensionAttribute{n}": f"AD-{traits % 9}" if n == 1 else None for n in range(1, 16)
            }
            if synced
            else None,
            "onPremisesLastSyncDateTime": renewed if synced else None,
            "onPremisesNetBiosName": "CORP" if synced else None,
            "onPremisesProvisioningErrors": [
                {
                    "category": "PropertyConflict",
                    "occurredDateTime": created,
                    "propertyCausingError": "ProxyAddresses",
                    "value": f"SMTP:{nickname.lower()}@{context.domain}",
                }
            ]
            if synced and traits >> 6 & 7 == 0
            else [],
            "onPremisesSamAccountName": nickname[:20] if synced else None,
            "onPremisesSecurityIdentifier": f"{self._people.sid}{index + 9_000_000}" if synced else None,
            "onPremisesSyncEnabled": True if synced else None,
            "organizationId": context.tenant_id,
            "preferredDataLocation": OFFICES[traits >> 20 & 15].region if unified else None,
            "preferredLanguage": OFFICES[traits >> 20 & 15].language if unified else None,
            "proxyAddresses": [f"SMTP:{mail}"] if mail else [],
            "renewedDateTime": renewed if unified else created,
            "resourceBehaviorOptions": ["WelcomeEmailDisabled"] if team else [],
            "resourceProvisioningOptions": ["Team"] if team else [],
            "securityEnabled": sort not in (_UNIFIED, _DISTRIBUTION) or (traits >> 7 & 3 == 0 and unified),
            "securityIdentifier": f"S-1-12-1-{int(id_[:8], 16)}-{traits & 0xFFFFFFFF}-{traits >> 32}-{index}",
            "serviceProvisioningErrors": [
                {
                    "@odata.type": "#microsoft.graph.serviceProvisioningXmlError",
                    "createdDateTime": created,
                    "isResolved": False,
                    "serviceInstance": "exchange/namprd01-001-01",
                    "errorDetail": "<ServiceProvisioningErrors />",
                }
            ]
            if has_mail and traits >> 11 & 15 == 0
            else [],
            "theme": ("Blue", "Teal", "Purple", None)[traits % 4] if unified else None,
            "uniqueName": f"group-{index}" if traits >> 13 & 7 == 0 else None,
            "unseenConversationsCount": 0 if unified else None,
            "unseenCount": 0 if unified else None,
            "unseenMessagesCount": 0 if unified else None,
            "visibility": ("HiddenMembership" if traits % 37 == 0 else "Private" if traits & 1 else "Public")
            if unified
            else None,
            "welcomeMessageEnabled": not team if unified else None,
            **self._extensions.values("Group", index),
        }
