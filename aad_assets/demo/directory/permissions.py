"""The permissions that Microsoft Graph offers in this tenant: application roles and delegated scopes."""

from .chance import guid
from .templates import Area

_AREA = Area("permissions", {})
ROLE_IDS = {name: id_ or guid(0, "role", name) for name, id_ in _AREA.rows("application") + _AREA.rows("other")}
SCOPE_IDS = {name: id_ or guid(0, "scope", name) for name, id_ in _AREA.rows("scopes")}

APPLICATION = [name for name, _ in _AREA.rows("application")]
"""Permissions of the demo's own app: all that a collection of Graph needs."""
ROLES = tuple(ROLE_IDS)
SCOPES = list(SCOPE_IDS)
