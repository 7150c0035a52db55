"""The names that templates may use in their expressions."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import groups
from .chance import guid, number
from .names import VENDORS

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
    calendar = directory.calendar
    return {
        "domain": directory.domain,
        "tenant": directory.tenant_id,
        "day": directory.day,
        "times_edited": lambda name, every: directory.edits(name, every)[0],
        "last_edited": lambda name, every: directory.edits(name, every)[1],
        "stamp": calendar.stamp,
        "date": calendar.date,
        "guid": lambda *parts: guid(directory.seed, *parts),
        "number": lambda *parts: number(directory.seed, *parts),
        "user": lambda index: directory.people.ids.guid(index),
        "group": lambda name: directory.groups.ids.guid(_GROUPS[name]),
        "role": lambda name: directory.roles.template(name),
        "app_id": lambda key: directory.principals.app_id(key),
        "vendor": lambda index: VENDORS[index % len(VENDORS)],
    }
