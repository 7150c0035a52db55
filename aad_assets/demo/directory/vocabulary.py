"""The names that templates may use in their expressions."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from .chance import guid, number
from .context import Context
from .devices import Devices
from .groups import Groups
from .names import DEPARTMENTS, OFFICES, PROJECTS, VENDORS
from .people import People
from .principals import Principals, principal_of
from .rendering import Object
from .roles import Roles
from .well_known import ADMINISTRATORS, ALL, AUTOMATION, ENGINEERING, GALLERY, GUESTS, HELPDESK, NESTED, SALES

Words = Mapping[str, Any]

_GROUPS = {
    "all": ALL,
    "guests": GUESTS,
    "administrators": ADMINISTRATORS,
    "helpdesk": HELPDESK,
    "automation": AUTOMATION,
    "nested": NESTED,
    "engineering": ENGINEERING,
    "sales": SALES,
}


def vocabulary(
    context: Context, people: People, devices: Devices, groups: Groups, principals: Principals, roles: Roles
) -> Words:
    """Return the functions and values, by name."""
    calendar = context.calendar
    return {
        "domain": context.domain,
        "tenant": context.tenant_id,
        "day": context.day,
        "times_edited": lambda name, every: context.edits(name, every)[0],
        "last_edited": lambda name, every: context.edits(name, every)[1],
        "stamp": calendar.stamp,
        "date": calendar.date,
        "year": lambda day: calendar.date(day)[:4],
        "revision": lambda edits: f" (revision {edits})" if edits else "",
        # A shared one is the same in every demo tenant.
        "guid": partial(guid, context.seed),
        "number": partial(number, context.seed),
        "shared_guid": partial(guid, 0),
        "shared_number": partial(number, 0),
        "user": people.ids.guid,
        "user_name": people.display_name,
        "user_principal_name": people.principal_name,
        "group": lambda name: groups.ids.guid(_GROUPS[name]),
        "group_at": groups.ids.guid,
        "group_name": groups.display_name,
        "role": roles.template,
        "app_id": principals.app_id,
        "principal": principals.ids.guid,
        "sample_principals": lambda count: [principals.ids.guid(key) for key in principals.sample(count)],
        "principal_name": principals.name,
        "own_principal": principal_of,
        "gallery_principal": lambda place: GALLERY + place,
        "signed_in_to": lambda drawn: principals.signed_in_to[drawn % len(principals.signed_in_to)],
        "device_id": devices.device_ids.guid,
        "device_name": devices.name,
        "device_system": devices.system,
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
