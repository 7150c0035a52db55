"""Claims: those in a JWT, and those that a 401 response demands of the next token.

Source: learn.microsoft.com/entra/identity-platform/claims-challenge. No signature is verified here: an access token is for
its resource to verify, and its claims only improve our messages.
"""

import json
import re
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Mapping
from typing import Any

_CLAIMS = re.compile(r'\bclaims="([A-Za-z0-9+/=_-]+)"')


def read_claims(token: str) -> dict[str, Any]:
    """Return the claims of a JWT, or an empty dict if it cannot be read."""
    try:
        _, body, _ = token.split(".")
        return dict(json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4))))
    except (ValueError, TypeError):
        return {}


def claims_challenge(headers: Mapping[str, str]) -> str:
    """Return the claims that a 401 response demands, as JSON for msal, or an empty string if it demands none."""
    header = headers.get("WWW-Authenticate", "")
    found = _CLAIMS.search(header)
    if not found or "insufficient_claims" not in header:
        return ""
    try:
        text = b64decode(found[1].replace("-", "+").replace("_", "/") + "=" * (-len(found[1]) % 4)).decode()
        return text if isinstance(json.loads(text), dict) else ""
    except ValueError:
        return ""


def granted_permissions(token: str) -> frozenset[str] | None:
    """Return the permissions in a token, app-only (`roles`) or delegated (`scp`). None if the token cannot be read."""
    claims = read_claims(token)
    roles, scopes = claims.get("roles", []), claims.get("scp", "")
    if not claims or not isinstance(scopes, str) or not isinstance(roles, list):
        return None
    return frozenset([*(role for role in roles if isinstance(role, str)), *scopes.split()])
