"""The names that templates may use in their expressions."""

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from . import groups
from .chance import guid, number
from .names import DEPARTMENTS, OFFICES, PROJECTS, VENDORS
from .principals import GALLERY, principal_of
from .rendering import Object

if TYPE_CHECKING:
    from .directory import Directory

_GROUPS = {
    "all": groups.ALL,
    "guests": groups.GUESTS,
    "administrators": groups.ADMINISTRATORS,
    "helpdesk": groups.HELPDESK,
    "automation": groups.AUTOMATION,
    "nested": groups.NESTED,
    "engineering": groups.ENGINEERING,
    "sales": groups.SALES,
}


def vocabulary(directory: "Directory") -> Mapping[str, Any]:
    """Return the functions and values, by name."""
    calendar, people = directory.calendar, directory.people
    return {
        "domain": directory.domain,
        "tenant": directory.tenant_id,
        "day": directory.day,
        "times_edited": lambda name, every: directory.edits(name, every)[0],
        "last_edited": lambda name, every: directory.edits(name, every)[1],
        "stamp": calendar.stamp,
        "date": calendar.date,
        "year": lambda day: calendar.date(day)[:4],
        "revision": lambda edits: f" (revision {edits})" if edits else "",
        # A shared one is the same in every demo tenant.
        "guid": partial(guid, directory.seed),
        "number": partial(number, directory.seed),
        "shared_guid": partial(guid, 0),
        "shared_number": partial(number, 0),
        "user": people.ids.guid,
        "principal_name_of": people.principal_name,
        "user_name": people.display_name,
        "group": lambda name: directory.groups.ids.guid(_GROUPS[name]),
        "group_at": lambda index: directory.groups.ids.guid(index),
        "group_name": lambda index: directory.name_of("group", index),
        "role": lambda name: directory.roles.template(name),
        "app_id": lambda key: directory.principals.app_id(key),
        "principal": lambda key: directory.principals.ids.guid(key),
        "sample_principals": lambda count: [directory.principals.ids.guid(key) for key in directory.principals.sample(count)],
        "principal_name": lambda key: directory.principals.name(key),
        "own_principal": principal_of,
        "gallery_principal": lambda place: GALLERY + place,
        "signed_in_to": lambda drawn: directory.principals.signed_in_to[drawn % len(directory.principals.signed_in_to)],
        "access_policies": lambda: directory.access_policies,
        "device_id": directory.devices.device_ids.guid,
        "device_name": directory.devices.name,
        "device_system": directory.devices.system,
        "location": _location,
        "vendors": VENDORS,
        "vendor_tenant": lambda place: guid(0, "vendor tenant", VENDORS[place]),
        "projects": PROJECTS,
        "departments": list(DEPARTMENTS),
        "max": max,
        "plain": lambda id_: id_.replace("-", ""),
        "first_word": lambda text: text.split()[0],
        "lower": str.lower,
        "str": str,
        "padded": lambda value, digits: f"{value:0{digits}}",
        "hex": lambda value, digits=1: f"{value:0{digits}x}",
    }


def _location(place: int) -> Object:
    """Return a signInLocation: that of an office."""
    office = OFFICES[place]
    return {
        "city": office.city,
        "state": office.state,
        "countryOrRegion": office.country_code,
        "geoCoordinates": {"altitude": None, "latitude": 40.0 + place * 0.75, "longitude": -3.5 + place * 1.25},
    }
