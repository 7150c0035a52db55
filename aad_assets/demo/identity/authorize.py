"""The authorization code grant with PKCE: the sign-in page, the code, and its exchange.

Sources: learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow, RFC 7636.
"""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from . import pages
from .clients import known
from .refresh import People
from .refusals import AadError, missing
from .registration import Registration, Rules
from .tokens import base64url

_LIFETIME = 600
_PARAMETERS = (
    "client_id", "response_type", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method", "nonce",
    "claims",
)  # fmt: skip


@dataclass
class _Code:
    parameters: Mapping[str, str]
    since: float
    used: bool = False


class Authorize:
    """The authorization endpoint, and the grant that redeems its codes."""

    def __init__(self, people: People, registration: Registration, rules: Rules) -> None:
        self._people, self._registration, self._rules = people, registration, rules
        self._codes: dict[str, _Code] = {}

    async def endpoint(self, request: Request) -> Response:
        """GET shows the form, POST takes it."""
        if request.method == "POST":
            form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
        else:
            form = dict(request.query_params)
        asked = {name: form[name] for name in _PARAMETERS if form.get(name)}
        try:
            self._check(asked)
        except AadError as error:  # never redirected: the address may be anybody's
            return pages.refusal(str(error.body()["error_description"]))
        if request.method == "GET":
            return pages.sign_in(asked)
        if form.get("decision") == "cancel":
            return self._back(asked, AadError(400, "access_denied", 65004, "User declined to consent to access the app."))
        if not self.is_person(form):
            return pages.sign_in(asked, "AADSTS50126: Error validating credentials due to invalid username or password.", 400)
        try:
            self._people.check_scope(asked.get("scope", ""))
        except AadError as error:
            return self._back(asked, error)
        code = f"1.{token_urlsafe(400)}"
        self._codes[code] = _Code(asked, time.time())
        return self._redirect(asked, {"code": code, "session_state": token_urlsafe(12)})

    def is_person(self, form: Mapping[str, str]) -> bool:
        """Whether the form holds the person's name and password."""
        person = (self._registration.user_name, self._registration.user_password)
        return (form.get("login", "").lower(), form.get("passwd")) == person

    def _check(self, asked: dict[str, str]) -> None:
        client = known(self._registration, asked.get("client_id", ""))
        if not self._registration.redirects(asked.get("redirect_uri", "")):
            raise AadError(
                400,
                "invalid_client",
                50011,
                f"The redirect URI '{asked.get('redirect_uri', '')}' specified in the request does not match the redirect "
                f"URIs configured for the application '{client}'.",
            )
        if asked.get("response_type") != "code":
            raise missing("response_type")
        if "code_challenge" in asked and asked.get("code_challenge_method") != "S256":
            raise AadError(400, "invalid_request", 501491, "Invalid size or method of Code_Challenge.")
        if "code_challenge" not in asked and client == self._registration.public_client_id:
            raise missing("code_challenge")

    def _back(self, asked: dict[str, str], error: AadError) -> Response:
        body = error.body()
        return self._redirect(asked, {name: str(body[name]) for name in ("error", "error_description", "error_uri")})

    def _redirect(self, asked: dict[str, str], said: dict[str, str]) -> Response:
        query = urlencode(said | ({"state": asked["state"]} if "state" in asked else {}))
        return RedirectResponse(f"{asked['redirect_uri']}?{query}", 302, {"Cache-Control": "no-store"})

    def redeemed(self, client: str, form: dict[str, str]) -> dict[str, Any]:
        """The authorization_code grant."""
        code = self._codes.get(form.get("code") or "")
        if code is None or code.parameters["client_id"].lower() != client:
            raise _invalid(9002313, "Invalid request. The provided authorization code is malformed or was never issued.")
        if code.used:
            raise _invalid(54005, "OAuth2 Authorization code was already redeemed, please retry with a new valid code.")
        if time.time() > code.since + _LIFETIME:
            raise _invalid(70008, "The provided authorization code or refresh token has expired due to inactivity.")
        if form.get("redirect_uri") != code.parameters["redirect_uri"]:
            raise AadError(
                400, "invalid_client", 500112, "The reply address does not match the one of the authorization request."
            )
        if wanted := code.parameters.get("code_challenge"):
            verifier = form.get("code_verifier", "")
            if base64url(hashlib.sha256(verifier.encode()).digest()) != wanted:
                raise _invalid(501481, "The Code_Verifier does not match the code_challenge of the authorization request.")
        code.used = True
        scope = form.get("scope") or code.parameters.get("scope", "")
        return self._people.answer(client, scope, form.get("claims", ""), code.parameters.get("nonce", ""))


def _invalid(code: int, text: str) -> AadError:
    return AadError(400, "invalid_grant", code, text)
