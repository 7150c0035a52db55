"""The device code grant: a code shown on one machine, entered in a browser on another.

Source: learn.microsoft.com/entra/identity-platform/v2-oauth2-device-code, RFC 8628.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from secrets import choice, token_urlsafe
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from . import pages
from .refresh import People
from .refusals import AadError, missing
from .registration import Registration, Rules

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
    """Codes under way; `is_person` checks a name and password."""

    def __init__(
        self, people: People, registration: Registration, rules: Rules, is_person: Callable[[Mapping[str, str]], bool]
    ) -> None:
        self._people, self._registration, self._rules, self._is_person = people, registration, rules, is_person
        self._devices: dict[str, _Device] = {}

    def begin(self, client: str, form: dict[str, str]) -> dict[str, Any]:
        """The device authorization endpoint."""
        self._people.check_scope(form.get("scope", ""))
        device_code, user_code = token_urlsafe(150), "".join(choice(_LETTERS) for _ in range(9))
        lifetime = self._rules.device_lifetime
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
        """The page where the code is entered."""
        if request.method == "GET":
            return pages.device()
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        entered = form.get("otc", "").strip().upper()
        device = next((each for each in self._devices.values() if each.user_code == entered), None)
        if device is None or time.time() > device.ends or device.decision != "pending":
            return pages.device("That code did not work. Check the code and try again.", 400)
        if form.get("decision") == "cancel":
            device.decision = "declined"
            return pages.page("Cancelled", "<p>You may close this window.</p>")
        if not self._is_person(form):
            return pages.device("AADSTS50126: Error validating credentials due to invalid username or password.", 400)
        device.decision = "approved"
        return pages.page("Signed in", "<p>You have signed in on your device. You may close this window.</p>")

    def redeemed(self, client: str, form: dict[str, str]) -> dict[str, Any]:
        """The device_code grant: asked again and again until there is a decision."""
        code = form.get("device_code") or form.get("code") or ""
        if not code:
            raise missing("device_code")
        device = self._devices.get(code)
        if device is None or device.client != client:
            raise AadError(400, "bad_verification_code", 70018, "Bad verification code.")
        if device.decision == "declined":
            raise AadError(400, "authorization_declined", 70017, "The end user has denied the authorization request.")
        if time.time() > device.ends:
            raise AadError(400, "expired_token", 70020, "The provided device code has expired.")
        if device.decision == "pending":
            raise AadError(
                400,
                "authorization_pending",
                70016,
                "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
            )
        del self._devices[code]
        return self._people.answer(client, device.scope, form.get("claims", ""))
