"""The whole directory on one day: builds the areas and resolves references between them."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from . import permissions
from .applications import CLIENT, Applications
from .audits import DirectoryAudits, Provisioning
from .bin import Bin
from .chance import Calendar, Ids, guid, number
from .conditional_access import ConditionalAccess
from .cross_tenant import CrossTenant
from .devices import Devices
from .edges import TYPES, target
from .entitlements import Entitlements
from .extensions import Extensions
from .governance import Governance
from .groups import LICENSING, Groups
from .identities import Identities
from .log_days import LogBook
from .people import People
from .pim import Pim
from .policies import Policies
from .principals import Principals
from .rendering import Kind
from .reviews import Reviews
from .risks import Risks
from .roles import Roles
from .settings import Settings
from .sign_ins import SignIns
from .tenant import Tenant
from .units import Units


class Directory:
    """Everything in the tenant as a function of (seed, users, day).

    `users` is the number of users on day 0; `epoch` the date of day 0; `withheld` names permissions that the demo's own
    app is not granted. `book` decides what the logs show; without one they end at noon of the day.
    """

    def __init__(
        self,
        seed: int,
        users: int,
        day: int,
        domain: str,
        epoch: date,
        withheld: Sequence[str] = (),
        book: LogBook | None = None,
    ) -> None:
        self.seed, self.users, self.day, self.domain = seed, users, day, domain
        self.initial_domain = f"{domain.split('.')[0]}.onmicrosoft.example"
        self.calendar = Calendar(epoch)
        self.tenant_id = guid(seed, "tenant")
        self.client_id = Ids(seed, "appId").guid(CLIENT)
        self.licensing_group = Ids(seed, "group").guid(LICENSING)
        self.granted = [name for name in permissions.APPLICATION if name not in withheld]
        self.extensions = Extensions(self)
        self.people = People(self)
        self.devices = Devices(self)
        self.tenant = Tenant(self)
        self.applications = Applications(self)
        self.principals = Principals(self)
        self.groups = Groups(self)
        self.units = Units(self)
        self.roles = Roles(self)
        self.pim = Pim(self)
        self.risks = Risks(self)
        self.book = book or LogBook(datetime.combine(epoch + timedelta(days=day), time(12), UTC))
        self.sign_ins = SignIns(self)
        self.audits = DirectoryAudits(self)
        self.provisioning = Provisioning(self)
        self.bin = Bin(self)
        self.settings = Settings(self)
        self.policies = Policies(self)
        self.cross_tenant = CrossTenant(self)
        self.conditional_access = self.access_conditions = ConditionalAccess(self)
        self.identities = Identities(self)
        self.entitlements = Entitlements(self)
        self.reviews = Reviews(self)
        self.governance = Governance(self)
        self._kinds: dict[str, Kind] = {
            "user": self.people.kind,
            "group": self.groups.kind,
            "device": self.devices.kind,
            "servicePrincipal": self.principals.kind,
            "orgContact": self.tenant.contacts,
        }
        self._names: dict[str | None, tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self._ids = {
            "user": self.people.ids,
            "group": self.groups.ids,
            "device": self.devices.ids,
            "servicePrincipal": self.principals.ids,
            "orgContact": self.tenant.contact_ids,
        }

    def edits(self, name: str, every: int) -> tuple[int, str]:
        """How often something that is edited every so many days has been edited, and when last (a time stamp)."""
        offset = number(self.seed, "edits", name) % every
        count = (self.day + offset) // every
        return count, self.calendar.stamp(count * every - offset, offset * 97)

    @cached_property
    def regulars(self) -> list[int]:
        """The users that the logs speak of: those who have signed in at all and stay."""
        return [user for user in self.people.population.stayers if not self.people.never_signed_in(user)]

    @cached_property
    def access_policies(self) -> list[tuple[str, str]]:
        """Id and name of the conditional access policies; the same on every day."""
        return [(str(row["id"]), str(row["displayName"])) for row in self.conditional_access.policies.rows]

    def kind(self, type_: str) -> Kind:
        """The objects of one of the types that can be members."""
        return self._kinds[type_]

    def id_of(self, type_: str, index: int) -> str:
        """The object id."""
        return self._ids[type_].guid(index)

    def names(self, cast: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """All properties, and the default ones, of members of one type or of any."""
        if cast not in self._names:
            kinds = [self._kinds[type_] for type_ in ((cast,) if cast else TYPES)]
            self._names[cast] = (
                tuple(dict.fromkeys(name for kind in kinds for name in kind.properties)),
                tuple(dict.fromkeys(name for kind in kinds for name in kind.defaults)),
            )
        return self._names[cast]

    def name_of(self, type_: str, index: int) -> str:
        """The displayName."""
        match type_:
            case "user":
                return self.people.display_name(index)
            case "servicePrincipal":
                return self.principals.name(index)
            case "orgContact":
                return self.tenant.contact_name(index)
        return str(self.groups.object(index)["displayName"])


class Related:
    """A Kind of directory objects of several types: the members or owners of one object.

    Rows say their type (`@odata.type`), unless the URL's cast has said it already.
    """

    type = "directoryObject"

    def __init__(self, directory: Directory, keys: Sequence[int], cast: str | None = None) -> None:
        self._directory = directory
        self._keys = [key for key in keys if target(key)[0] == cast] if cast else keys
        self._cast = cast
        if cast:
            self.type = cast

    @property
    def properties(self) -> tuple[str, ...]:
        return self._directory.names(self._cast)[0]

    @property
    def defaults(self) -> tuple[str, ...]:
        return self._directory.names(self._cast)[1]

    def keys(self) -> Sequence[int]:
        return self._keys

    def key(self, id_: str) -> int | None:
        return next((key for key in self._keys if self._directory.id_of(*target(key)) == id_.lower()), None)

    def render(self, keys: Iterable[int], names: Sequence[str]) -> list[str]:
        rows = []
        if list(names) == ["id"] and not self._cast:
            ids = self._directory.id_of
            for type_, index in map(target, keys):
                rows.append(f'{{"@odata.type":"#microsoft.graph.{type_}","id":"{ids(type_, index)}"}}')
            return rows
        own = {type_: [name for name in names if name in self._directory.kind(type_).properties] for type_ in TYPES}
        if tuple(names) == self.defaults:
            own = {type_: list(self._directory.kind(type_).defaults) for type_ in TYPES}
        for type_, index in map(target, keys):
            row = self._directory.kind(type_).render((index,), own[type_])[0]
            if not self._cast:
                row = f'{{"@odata.type":"#microsoft.graph.{type_}"{"," if row != "{}" else ""}{row[1:]}'
            rows.append(row)
        return rows
