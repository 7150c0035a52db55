"""The device code grant: a code shown on one machine, entered in a browser on another.

Sources: learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code, RFC 8628.
"""

import time
from dataclasses import dataclass
from secrets import choice, token_urlsafe
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from . import pages
from .errors import AadError
from .people import WRONG_PASSWORD, People
from .registration import Registration

PATH = "/common/oauth2/deviceauth"
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_INTERVAL = 1


@dataclass
class _Device:
    client: str
    user_code: str
    scope: str
    ends: float
    decision: str = "pending"


class Devices:
    """Codes that wait for a decision."""

    def __init__(self, people: People, registration: Registration) -> None:
        self._people, self._registration = people, registration
        self._devices: dict[str, _Device] = {}

    def begin(self, client: str, form: dict[str, str]) -> dict[str, Any]:
        """Return the response of the device authorization endpoint."""
        self._people.check_scope(form.get("scope", ""))
        device_code, user_code = token_urlsafe(150), "".join(choice(_LETTERS) for _ in range(9))
        lifetime = self._registration.rules.device_lifetime
        self._devices[device_code] = _Device(client, user_code, form["scope"], time.time() + lifetime)
        url = f"{self._registration.origin}{PATH}"
        return {
            "user_code": user_code,
            "device_code": device_code,
            "verification_uri": url,
            "expires_in": lifetime,
            "interval": _INTERVAL,
            "message": f"To sign in, open the page {url} in a web browser and enter the code {user_code}.",
        }

    async def endpoint(self, request: Request) -> Response:
        """Show the page for the code on GET, accept the code on POST."""
        if request.method == "GET":
            return pages.device()
        form = await pages.posted(request)
        entered = form.get("otc", "").strip().upper()
        device = next((each for each in self._devices.values() if each.user_code == entered), None)
        if device is None or time.time() > device.ends or device.decision != "pending":
            return pages.device("That code did not work. Check the code and try again.", 400)
        if form.get("decision") == "cancel":
            device.decision = "declined"
            return pages.page("Cancelled", "<p>You may close this window.</p>")
        if not self._people.is_person(form):
            return pages.device(WRONG_PASSWORD, 400)
        device.decision = "approved"
        return pages.page("Signed in", "<p>You have signed in on your device. You may close this window.</p>")

    def redeemed(self, client: str, form: dict[str, str]) -> dict[str, Any]:
        """Return the response to the device_code grant, which a client repeats until there is a decision."""
        code = form.get("device_code") or form.get("code") or ""
        if not code:
            raise AadError("missing", parameter="device_code")
        device = self._devices.get(code)
        if device is None or device.client != client:
            raise AadError("unknown_device_code")
        if device.decision == "declined":
            raise AadError("declined_device")
        if time.time() > device.ends:
            raise AadError("expired_device_code")
        if device.decision == "pending":
            raise AadError("pending")
        del self._devices[code]
        return self._people.answer(client, device.scope, form.get("claims", ""))
