"""What stands in tokens and challenges: the claims of a JWT, and those that a refusal asks for. Nothing is verified here.

Source: learn.microsoft.com/entra/identity-platform/claims-challenge. Access tokens are the resource's to read, so what is
found in one serves for better messages alone.
"""

import json
import re
from base64 import b64decode, urlsafe_b64decode
from collections.abc import Mapping
from typing import Any

_CLAIMS = re.compile(r'\bclaims="([A-Za-z0-9+/=_-]+)"')


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a JWT; empty when it is none that can be read."""
    try:
        _, body, _ = token.split(".")
        return dict(json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4))))
    except (ValueError, TypeError):
        return {}


def challenge(headers: Mapping[str, str]) -> str:
    """The claims that a 401 asks a new token to have, as JSON for msal; empty when it asks for none."""
    told = headers.get("WWW-Authenticate", "")
    found = _CLAIMS.search(told)
    if not found or "insufficient_claims" not in told:
        return ""
    try:
        text = b64decode(found[1].replace("-", "+").replace("_", "/") + "=" * (-len(found[1]) % 4)).decode()
        return text if isinstance(json.loads(text), dict) else ""
    except ValueError:
        return ""
