"""The grants for which a person enters something on a page: authorization codes with PKCE, and device codes.

Sources: learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow and v2-oauth2-device-code, RFC 7636, RFC 8628.
"""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from secrets import choice, token_urlsafe
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from . import pages
from .errors import AadError, reject
from .registration import Registration, base64url
from .tokens import Tokens

DEVICE_PATH = "/common/oauth2/deviceauth"
_WRONG_PASSWORD = "AADSTS50126: Error validating credentials due to invalid username or password."
_LETTERS = "BCDFGHJKLMNPQRSTVWXZ"
_LIFETIME = 600
_PARAMETERS = (
    *("client_id", "response_type", "redirect_uri", "scope", "state"),
    *("code_challenge", "code_challenge_method", "nonce", "claims"),
)


@dataclass
class _Code:
    parameters: Mapping[str, str]
    since: float
    used: bool = False


class Authorize:
    """The authorization endpoint, and the grant that redeems its codes."""

    def __init__(self, tokens: Tokens, registration: Registration) -> None:
        self._tokens, self._registration = tokens, registration
        self._codes: dict[str, _Code] = {}

    async def endpoint(self, request: Request) -> Response:
        """Show the form on GET, accept it on POST."""
        form = await pages.posted(request) if request.method == "POST" else dict(request.query_params)
        asked = {name: form[name] for name in _PARAMETERS if form.get(name)}
        try:
            self._check(asked)
        except AadError as error:  # Never redirected: the address may be anybody's.
            return pages.failure(error.body()["error_description"])
        if request.method == "GET":
            return pages.sign_in(asked)
        cancelled = form.get("decision") == "cancel"
        if not cancelled and not self._tokens.is_person(form):
            return pages.sign_in(asked, _WRONG_PASSWORD, 400)
        try:
            reject(cancelled, "declined_consent")
            self._tokens.check_scope(asked.get("scope", ""))
            values = {"code": f"1.{token_urlsafe(400)}", "session_state": token_urlsafe(12)}
            self._codes[values["code"]] = _Code(asked, time.time())
        except AadError as error:
            body = error.body()
            values = {name: body[name] for name in ("error", "error_description", "error_uri")}
        query = urlencode(values | ({"state": asked["state"]} if "state" in asked else {}))
        return RedirectResponse(f"{asked['redirect_uri']}?{query}", 302, {"Cache-Control": "no-store"})

    def _check(self, asked: dict[str, str]) -> None:
        client = self._registration.known(asked.get("client_id", ""))
        url = asked.get("redirect_uri", "")
        reject(not self._registration.redirects(url), "redirect_url", url=url, client=client)
        reject(asked.get("response_type") != "code", "missing", parameter="response_type")
        reject("code_challenge" in asked and asked.get("code_challenge_method") != "S256", "code_challenge")
        unproven = "code_challenge" not in asked and client == self._registration.public_client_id
        reject(unproven, "missing", parameter="code_challenge")

    def redeemed(self, client: str, form: dict[str, str]) -> dict[str, Any]:
        """Return the response to the authorization_code grant."""
        code = self._codes.get(form.get("code") or "")
        if code is None or code.parameters["client_id"].lower() != client:
            raise AadError("unknown_code")
        reject(code.used, "used_code")
        reject(time.time() > code.since + _LIFETIME, "expired_code")
        reject(form.get("redirect_uri") != code.parameters["redirect_uri"], "other_redirect_url")
        challenge = code.parameters.get("code_challenge")
        proof = base64url(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        reject(challenge and proof != challenge, "code_verifier")
        code.used = True
        scope = form.get("scope") or code.parameters.get("scope", "")
        return self._tokens.answer(client, scope, form.get("claims", ""), code.parameters.get("nonce", ""))


@dataclass
class _Device:
    client: str
    user_code: str
    scope: str
    ends: float
    decision: str = "pending"


class Devices:
    """Device codes that wait for a person's decision."""

    def __init__(self, tokens: Tokens, registration: Registration) -> None:
        self._tokens, self._registration = tokens, registration
        self._devices: dict[str, _Device] = {}

    def begin(self, client: str, form: dict[str, str]) -> dict[str, Any]:
        """Return the response of the device authorization endpoint."""
        self._tokens.check_scope(form.get("scope", ""))
        device_code, user_code = token_urlsafe(150), "".join(choice(_LETTERS) for _ in range(9))
        lifetime = self._registration.rules.device_lifetime
        self._devices[device_code] = _Device(client, user_code, form["scope"], time.time() + lifetime)
        url = f"{self._registration.origin}{DEVICE_PATH}"
        return {
            "user_code": user_code,
            "device_code": device_code,
            "verification_uri": url,
            "expires_in": lifetime,
            "interval": 1,
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
        if not self._tokens.is_person(form):
            return pages.device(_WRONG_PASSWORD, 400)
        device.decision = "approved"
        return pages.page("Signed in", "<p>You have signed in on your device. You may close this window.</p>")

    def redeemed(self, client: str, form: dict[str, str]) -> dict[str, Any]:
        """Return the response to the device_code grant, which a client repeats until there is a decision."""
        code = form.get("device_code") or form.get("code") or ""
        reject(not code, "missing", parameter="device_code")
        device = self._devices.get(code)
        if device is None or device.client != client:
            raise AadError("unknown_device_code")
        reject(device.decision == "declined", "declined_device")
        reject(time.time() > device.ends, "expired_device_code")
        reject(device.decision == "pending", "pending")
        del self._devices[code]
        return self._tokens.answer(client, device.scope, form.get("claims", ""))
