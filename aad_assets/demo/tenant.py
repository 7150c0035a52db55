"""Everything in the tenant on one day: builds the areas and gives each of them what it reads."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache, partial
from types import SimpleNamespace

from .directory import permissions
from .directory.applications import Applications
from .directory.bin import Deleted
from .directory.context import Context
from .directory.devices import Devices
from .directory.edges import target
from .directory.extensions import Extensions
from .directory.grants import Grants
from .directory.groups import Groups
from .directory.identities import Identities
from .directory.indexed import Indexed
from .directory.names import VENDORS
from .directory.objects import Objects
from .directory.organization import Organization
from .directory.people import GUEST, People
from .directory.pim import Pim
from .directory.principals import Principals, principal_of
from .directory.reviews import Reviews
from .directory.risks import Risks
from .directory.roles import Roles
from .directory.settings import Settings
from .directory.templates import Area
from .directory.units import Units
from .directory.vocabulary import Words, vendor_tenant, vocabulary
from .directory.well_known import GALLERY
from .logs.audits import DirectoryAudits, Provisioning
from .logs.changes import Change, changes
from .logs.log import LogBook
from .logs.sign_ins import BetaSignIns, IdentitySignIns, NonInteractiveSignIns, PrincipalSignIns, SignIns


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
        granted = [name for name in permissions.APPLICATION if name not in withheld]
        self.context = context = Context(seed, users, day, domain, epoch, granted)
        words = vocabulary(context)
        self.extensions = extensions = Extensions(words)
        self.people = people = People(words, context, extensions)
        self.devices = devices = Devices(words, context, extensions, people)
        self.tenant = organization = Organization(words, context, extensions, people)
        self.applications = applications = Applications(words, context, extensions, people)
        self.principals = principals = Principals(context, applications)
        self.available_extensions = extensions.available(len(principals.keys))
        self.groups = groups = Groups(words, context, extensions, people, devices, principals, organization)
        self.units = units = Units(words, context, people, groups, devices)
        self.objects = objects = Objects(
            context,
            {
                "user": (people.kind, people.display_name),
                "group": (groups.kind, groups.display_name),
                "device": (devices.kind, devices.name),
                "servicePrincipal": (principals.kind, principals.name),
                "orgContact": (organization.contacts, organization.contact_name),
                "application": (applications.kind, applications.name),
                "administrativeUnit": (units.kind, units.name),
            },
        )
        words = {
            **words,
            "object_id": lambda key: objects.id_of(*target(key)),
            "object_name": lambda key: objects.name_of(*target(key)),
        }
        self.grants = Grants(context, people, groups, applications, principals, objects)
        self.roles = roles = Roles(words, context, people, principals, units)
        areas: tuple[Indexed | Principals | Units, ...] = (people, groups, applications, principals, devices, units)
        deleted = {area.kind.type: Deleted(context.calendar, area.kind, area.ids, area.binned) for area in areas}
        self.bin = SimpleNamespace(**deleted)

        words = {**words, **self._references()}
        self.policies = Area("policies", words)
        self.cross_tenant = Area("cross_tenant", words)
        self.conditional_access = Area("conditional_access", words)
        self.governance = Area("governance", words)
        self.lifecycle = Area("lifecycle", words)
        self.consent = Area("consent", words)
        self.settings = Settings(words, context, organization)
        self.identities = Identities(words, people)
        self.branding = Area("branding", words)
        self.certificates = Area("certificates", words)
        self.device_secrets = Area("device_secrets", words)
        self.domain_lists = Area("domains", words)
        self.security = Area("security", words)
        self.sign_up = Area("sign_up", words)
        self.synchronization = Area("synchronization", words)
        self.entitlements = Area("entitlements", words)
        self.reviews = Reviews(words, context, people, groups)
        self.pim = Pim(words, context, people, groups, roles)
        self.risks = Risks(words, context, people, principals, roles, objects)

        book = book or LogBook(datetime.combine(epoch + timedelta(days=day), time(12), UTC))
        words = {**words, "access_policies": lambda: self.access_policies}
        self.sign_ins = SignIns(words, context, book, people, devices)
        self.sign_ins_beta = BetaSignIns(words, context, book, people, devices)
        self.sign_ins_non_interactive = NonInteractiveSignIns(words, context, book, people, devices)
        self.sign_ins_service_principal = PrincipalSignIns(words, context, book, principals)
        self.sign_ins_managed_identity = IdentitySignIns(words, context, book, principals)
        self.reports = Area("sign_ins", {**words, "principal_keys": lambda: principals.keys})
        journal = partial(_journal, (seed, users, domain, epoch, tuple(withheld)))
        self.audits = DirectoryAudits(words, context, book, people, groups, devices, principals, objects, journal)
        self.provisioning = Provisioning(words, context, book, people)

    def _references(self) -> Words:
        """Return the names in templates that stand for something in an area, such as a user's name."""
        people, principals, devices = self.people, self.principals, self.devices
        return {
            "user_name": people.display_name,
            "user_principal_name": people.principal_name,
            "is_user": people.population.alive,
            "is_guest": lambda user: people.sort(user) == GUEST,
            "home_tenant": lambda guest: vendor_tenant(people.vendor(guest)),
            "home_tenant_name": lambda guest: VENDORS[people.vendor(guest)],
            "pick": people.pick,
            "guest": lambda number: people.someone(number % people.population.base, GUEST),
            "group_name": self.groups.display_name,
            "role": self.roles.template,
            "definition_id": self.roles.definition_id,
            "assignment_id": self.roles.assignment_id,
            "app_id": principals.app_id,
            "sample_principals": lambda count: [principals.ids.guid(key) for key in principals.sample(count)],
            "principal_name": principals.name,
            "app_roles": principals.app_roles,
            "own_principal": principal_of,
            "gallery_principal": lambda place: GALLERY + place,
            "signed_in_to": lambda drawn: principals.signed_in_to[drawn % len(principals.signed_in_to)],
            "device_near": devices.population.near,
            "device_id": devices.device_ids.guid,
            "device_name": devices.name,
            "device_system": devices.system,
            "windows_devices": lambda step: list(filter(devices.is_windows, devices.population.every(step))),
            "app_name": self.applications.name,
            "domain_name": lambda place: self.tenant.domains.rows[place]["id"],
            "identity_provider": lambda place: self.identities.providers.rows[place],
            "sort_of": people.sort_name,
            "unified": self.groups.is_unified,
        }

    @cached_property
    def access_policies(self) -> list[tuple[str, str]]:
        """Id and name of the conditional access policies; the same on every day."""
        return [(str(row["id"]), str(row["displayName"])) for row in self.conditional_access.policies.rows]


_Made = tuple[int, int, str, date, tuple[str, ...]]
"""Seed, users on day 0, domain, date of day 0, permissions withheld."""


@lru_cache(3)
def _on(made: _Made, day: int) -> Directory:
    seed, users, domain, epoch, withheld = made
    return Directory(seed, users, day, domain, epoch, withheld)


@lru_cache(80)
def _journal(made: _Made, day: int) -> Sequence[Change]:
    """Return what changed on a day. It does not depend on the day of the directory that asks."""
    return changes(_on(made, day - 1), _on(made, day))
