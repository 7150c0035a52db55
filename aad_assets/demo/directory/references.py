"""The names in templates that stand for something in an area: a user's name, an app's id."""

from .devices import Devices
from .groups import Groups
from .people import People
from .principals import Principals, principal_of
from .roles import Roles
from .vocabulary import Words
from .well_known import GALLERY


def references(people: People, devices: Devices, groups: Groups, principals: Principals, roles: Roles) -> Words:
    """Return the functions, by name."""
    return {
        "user_name": people.display_name,
        "user_principal_name": people.principal_name,
        "group_name": groups.display_name,
        "role": roles.template,
        "app_id": principals.app_id,
        "sample_principals": lambda count: [principals.ids.guid(key) for key in principals.sample(count)],
        "principal_name": principals.name,
        "own_principal": principal_of,
        "gallery_principal": lambda place: GALLERY + place,
        "signed_in_to": lambda drawn: principals.signed_in_to[drawn % len(principals.signed_in_to)],
        "device_id": devices.device_ids.guid,
        "device_name": devices.name,
        "device_system": devices.system,
    }
