"""Tokens for a person, and refresh tokens: replaced at every use, and revoked by the rules in force."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any

from .errors import AadError
from .registration import Registration
from .tokens import Tokens

_OPENID = {"openid", "profile", "email", "offline_access"}


@dataclass
class _Refresh:
    client: str
    since: float
    used: bool = False


class People:
    """Issues tokens for the person, with a refresh token if offline_access was requested."""

    def __init__(self, tokens: Tokens, registration: Registration) -> None:
        self._tokens, self._registration = tokens, registration
        self._refresh: dict[str, _Refresh] = {}

    def is_person(self, form: Mapping[str, str]) -> bool:
        """Return whether the form holds the person's name and password."""
        person = (self._registration.user_name, self._registration.user_password)
        return (form.get("login", "").lower(), form.get("passwd")) == person

    def check_scope(self, scope: str) -> tuple[str, list[str]]:
        """Return Graph's audience and a token's scopes; raise AadError if they are not Graph's or not consented to."""
        asked = [word for word in scope.split() if word.lower() not in _OPENID]
        resources = {self._tokens.audience(word.rpartition("/")[0]) for word in asked}
        audience = resources.pop() if len(resources) == 1 else None
        if audience is None:
            raise AadError("invalid_scope", scope=scope)
        names = [word.rpartition("/")[2] for word in asked]
        granted = list(self._registration.scopes)
        if not self._registration.rules.consented or not set(names) <= {".default", *granted}:
            raise AadError("not_consented", client=self._registration.client_id)
        return audience, granted if ".default" in names else names

    def answer(self, client: str, scope: str, claims: str, nonce: str = "", *, renewed: bool = False) -> dict[str, Any]:
        """Return the response of the token endpoint for a person who has signed in; `renewed`: by a refresh token."""
        audience, scopes = self.check_scope(scope)
        if self._registration.rules.blocked:
            raise AadError("blocked")
        answer = self._tokens.person(audience, client, scopes, claims, nonce)
        if renewed or "offline_access" in scope.split():
            token = f"1.{token_urlsafe(300)}"
            self._refresh[token] = _Refresh(client, time.time())
            answer["refresh_token"] = token
        return answer

    def refreshed(self, client: str, form: dict[str, str]) -> dict[str, Any]:
        """Return the response to the refresh_token grant."""
        token, rules = form.get("refresh_token") or "", self._registration.rules
        if not token:
            raise AadError("missing", parameter="refresh_token")
        known = self._refresh.get(token)
        if known is None or known.client != client or (known.used and rules.revoke_rotated):
            raise AadError("unknown_refresh_token")
        if known.since <= rules.sessions_revoked_at:
            raise AadError("revoked_refresh_token")
        if time.time() > known.since + rules.refresh_lifetime:
            raise AadError("expired_refresh_token")
        answer = self.answer(client, form.get("scope", ""), form.get("claims", ""), renewed=True)
        known.used = True
        return answer
