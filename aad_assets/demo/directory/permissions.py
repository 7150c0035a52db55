"""The permissions that Microsoft Graph offers in this tenant: application roles and delegated scopes."""

from .chance import guid
from .rendering import Object
from .templates import Area

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"

_AREA = Area("permissions", {})
ROLE_IDS = {name: id_ or guid(0, "role", name) for name, id_ in _AREA.rows("application") + _AREA.rows("other")}
SCOPE_IDS = {name: id_ or guid(0, "scope", name) for name, id_ in _AREA.rows("scopes")}

APPLICATION = [name for name, _ in _AREA.rows("application")]
"""What the demo's own app is granted: everything that some collection of Graph asks for."""
ROLES = tuple(ROLE_IDS)
SCOPES = list(SCOPE_IDS)


def app_role(id_: str, value: str | None, name: str, members: list[str]) -> Object:
    """Return an appRole."""
    return {
        "allowedMemberTypes": members,
        "description": f"Allows the app to work with {name}.",
        "displayName": name,
        "id": id_,
        "isEnabled": True,
        "origin": "Application",
        "value": value,
    }


def scope(id_: str, value: str) -> Object:
    """Return a permissionScope (a delegated permission)."""
    return {
        "adminConsentDescription": f"Allows the app to use {value} on behalf of the signed-in user.",
        "adminConsentDisplayName": f"Use {value}",
        "id": id_,
        "isEnabled": True,
        "type": "User",
        "userConsentDescription": f"Allows the app to use {value} for you.",
        "userConsentDisplayName": f"Use {value}",
        "value": value,
    }
