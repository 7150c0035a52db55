"""The names that all templates may use in their expressions. What areas add is in tenant.py."""

from base64 import b64encode
from collections.abc import Mapping
from functools import partial
from typing import Any

from .chance import guid, number
from .context import Context
from .edges import edge
from .names import DEPARTMENTS, OFFICES, PROJECTS, VENDORS
from .well_known import GROUPS

Words = Mapping[str, Any]


def vocabulary(context: Context) -> Words:
    """Return the functions and values, by name."""
    calendar, groups = context.calendar, list(GROUPS)
    return {
        "domain": context.domain,
        "company": context.domain.split(".")[0],
        "initial_domain": context.initial_domain,
        "tenant": context.tenant_id,
        "users": context.users,
        "day": context.day,
        "times_edited": lambda name, every: context.edits(name, every)[0],
        "last_edited": lambda name, every: context.edits(name, every)[1],
        "stamp": calendar.stamp,
        "date": calendar.date,
        "year": lambda day: calendar.date(day)[:4],
        "revision": lambda edits: f" (revision {edits})" if edits else "",
        "guid": context.guid,
        "number": context.number,
        "short_id": context.short_id,
        # The same in every demo tenant.
        "shared_guid": partial(guid, 0),
        "shared_number": partial(number, 0),
        "user": context.ids("user").guid,
        "group": lambda purpose: context.ids("group").guid(groups.index(purpose)),
        "edge": edge,
        "group_at": context.ids("group").guid,
        "application_id": context.ids("appId").guid,
        "principal": context.ids("servicePrincipal").guid,
        "offices": [office._asdict() for office in OFFICES],
        "vendors": VENDORS,
        "vendor_tenant": vendor_tenant,
        "projects": PROJECTS,
        "departments": list(DEPARTMENTS),
        "location": _location,
        "count": len,
        "without": lambda row, *names: {name: value for name, value in row.items() if name not in names},
        "min": min,
        "max": max,
        "base64": lambda text: b64encode(text.encode()).decode(),
        "plain": lambda id_: id_.replace("-", ""),
        "first_word": lambda text: text.split()[0],
        "cut": lambda text, length: text[:length],
        "lower": str.lower,
        "str": str,
        "padded": lambda value, digits: f"{value:0{digits}}",
        "hex": lambda value, digits=1: f"{value:0{digits}x}",
    }


def vendor_tenant(place: int) -> str:
    """Return the id of a vendor's tenant, the same in every demo tenant."""
    return guid(0, "vendor tenant", VENDORS[place])


def _location(place: int) -> Mapping[str, object]:
    """Return a signInLocation: that of an office."""
    office = OFFICES[place]
    return {
        "city": office.city,
        "state": office.state,
        "countryOrRegion": office.country_code,
        "geoCoordinates": {"altitude": None, "latitude": 40.0 + place * 0.75, "longitude": -3.5 + place * 1.25},
    }
