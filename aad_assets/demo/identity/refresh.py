"""Tokens for a person, and refresh tokens: replaced at every use, and revoked by the rules in force."""

import time
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any

from .refusals import AadError, blocked, invalid_scope, missing, not_consented
from .registration import Registration, Rules
from .tokens import Tokens

_OPENID = {"openid", "profile", "email", "offline_access"}


@dataclass
class _Refresh:
    client: str
    since: float
    used: bool = False


class People:
    """Hands out tokens for the person, with a refresh token when offline_access was asked for."""

    def __init__(self, tokens: Tokens, registration: Registration, rules: Rules) -> None:
        self._tokens, self._registration, self._rules = tokens, registration, rules
        self._refresh: dict[str, _Refresh] = {}

    def check_scope(self, scope: str) -> tuple[str, list[str]]:
        """Graph's audience and the scopes that a token would have. AadError when they are none, or not consented to."""
        asked = [word for word in scope.split() if word.lower() not in _OPENID]
        resources = {self._tokens.audience(word.rpartition("/")[0]) for word in asked}
        audience = resources.pop() if len(resources) == 1 else None
        if audience is None:
            raise invalid_scope(scope)
        names = [word.rpartition("/")[2] for word in asked]
        granted = list(self._registration.scopes)
        if not self._rules.consented or not set(names) <= {".default", *granted}:
            raise not_consented(self._registration.client_id)
        return audience, granted if ".default" in names else names

    def answer(self, client: str, scope: str, claims: str, nonce: str = "", *, renewed: bool = False) -> dict[str, Any]:
        """The answer of the token endpoint for somebody who has signed in; `renewed`: by a refresh token."""
        audience, scopes = self.check_scope(scope)
        if self._rules.blocked:
            raise blocked()
        answer = self._tokens.person(audience, client, scopes, claims, nonce)
        if renewed or "offline_access" in scope.split():
            token = f"1.{token_urlsafe(300)}"
            self._refresh[token] = _Refresh(client, time.time())
            answer["refresh_token"] = token
        return answer

    def refreshed(self, client: str, form: dict[str, str]) -> dict[str, Any]:
        """The refresh_token grant."""
        token = form.get("refresh_token") or ""
        if not token:
            raise missing("refresh_token")
        known = self._refresh.get(token)
        if known is None or known.client != client or (known.used and self._rules.revoke_rotated):
            raise _invalid(70000, "The provided value for the 'refresh_token' parameter is not valid.")
        if known.since <= self._rules.sessions_revoked_at:
            raise _invalid(
                50173,
                "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have "
                "changed or reset their password.",
            )
        if time.time() > known.since + self._rules.refresh_lifetime:
            raise _invalid(700082, "The refresh token has expired due to inactivity.")
        answer = self.answer(client, form.get("scope", ""), form.get("claims", ""), renewed=True)
        known.used = True
        return answer


def _invalid(code: int, text: str) -> AadError:
    return AadError(400, "invalid_grant", code, text)
