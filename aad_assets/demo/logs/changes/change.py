"""One change, and what the modules beside this one need to describe it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from ...directory.applications import Applications
from ...directory.context import Context
from ...directory.devices import Devices
from ...directory.edges import target
from ...directory.grants import Grants
from ...directory.groups import Groups
from ...directory.objects import Objects
from ...directory.people import People
from ...directory.pim import Pim
from ...directory.principals import Principals
from ...directory.rendering import Kind, text
from ...directory.roles import Roles
from ...directory.templates import Area
from ...directory.units import Units

ADMINISTRATORS = 4
"""The first users are administrators."""
DIRECTORY, DEVICE_SERVICE, GROUP_SERVICE, LICENSING, PIM, ENTITLEMENTS = (
    "Microsoft Online Services",
    "Device Registration Service",
    "Microsoft Approval Management",
    "Microsoft Azure AD Group-Based Licensing",
    "MS-PIM",
    "Azure AD Identity Governance - Entitlement Management",
)
"""Services of Microsoft that act by themselves. The log gives their names alone."""


class Tenant(Protocol):
    """The directory of one day, from which the changes are read."""

    context: Context
    people: People
    groups: Groups
    devices: Devices
    applications: Applications
    principals: Principals
    units: Units
    objects: Objects
    grants: Grants
    roles: Roles
    pim: Pim
    entitlements: Area
    policies: Area
    conditional_access: Area
    cross_tenant: Area
    lifecycle: Area


class Named(NamedTuple):
    """A target that is not an object of the directory, such as a role or an access package."""

    type: str
    id: str
    name: str | None


Subject = tuple[str, int] | Named
"""A target: the type and the index of an object, or a `Named`."""


class Property(NamedTuple):
    """A modified property. The values are JSON in a string, as the log has them; None: there is none."""

    name: str
    old: str | None
    new: str | None


class Change(NamedTuple):
    """A change. The first of `subjects` has the modified `properties`.

    `second` is the time of day; `actor` the index of the user who did it, below zero one of the tenant's own apps, or the
    name of a service; changes with the same `request` were made by one request. `deleted` says that a user's
    userPrincipalName is already that of the recycle bin.
    """

    second: int
    activity: str
    subjects: tuple[Subject, ...]
    properties: tuple[Property, ...] = ()
    actor: int | str = 0
    request: str = ""
    details: tuple[tuple[str, str], ...] = ()
    deleted: bool = False


def value(content: object) -> str | None:
    """Return the text of a value that names something: JSON in a string."""
    return None if content is None else text(content)


def values(*content: object) -> str:
    """Return the text of an attribute's values: a JSON list in a string, without what is null."""
    return text([each for each in content if each is not None])


def included(*names: str) -> Property:
    """Return the pseudo-property that lists the attributes an update touched."""
    return Property("Included Updated Properties", None, text(", ".join(names)))


def attributes(changed: Mapping[str, tuple[object, object]]) -> tuple[Property, ...]:
    """Return the properties of an update, by name the old and the new value."""
    rows = [Property(name, values(old), values(new)) for name, (old, new) in changed.items()]
    return (*rows, included(*changed)) if changed else ()


def exists(tenant: Tenant, key: int) -> bool:
    """Say whether the object behind a key of the directory exists."""
    type_, index = target(key)
    match type_:
        case "user":
            return tenant.people.population.alive(index)
        case "group":
            return tenant.groups.population.alive(index)
        case "device":
            return tenant.devices.population.alive(index)
        case "application":
            return tenant.applications.population.alive(index)
        case "servicePrincipal":
            return tenant.principals.alive(index)
    return True  # Mail contacts stay.


def administrator(context: Context, *parts: object) -> int:
    """Return the administrator who made a change, drawn by what the change is about."""
    return context.number("administrator", *parts) % ADMINISTRATORS


def row(kind: Kind, index: int, names: Sequence[str]) -> dict[str, Any]:
    """Return some properties of an object."""
    found: dict[str, Any] = msgspec.json.decode(kind.render((index,), names)[0])
    return found


def clock(stamp: str) -> int:
    """Return the time of day, in seconds, of an Edm.DateTimeOffset."""
    hours, minutes, seconds = stamp[11:19].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds)
