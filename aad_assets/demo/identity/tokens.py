"""Tokens: signed with the tenant's key (RS256), which is published as JWKS, and checked by Graph.

Refresh tokens are replaced at every use, and revoked when the sign-in rules require it.
"""

import base64
import hashlib
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from ..protocol.errors import error
from ..protocol.faults import Faults
from .errors import AadError, reject
from .registration import PUBLIC_AUDIENCE, Registration, base64url

_OPENID = {"openid", "profile", "email", "offline_access"}


@dataclass
class _Refresh:
    client: str
    since: float
    used: bool = False


class Tokens:
    """Issues and checks tokens for apps and for the person; `issued` counts access tokens."""

    def __init__(self, registration: Registration) -> None:
        self._registration = registration
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._key_id = token_urlsafe(20)
        self._seen: dict[str, dict[str, Any]] = {}
        self._refresh: dict[str, _Refresh] = {}
        self.issued = 0

    def keys(self) -> dict[str, Any]:
        """Return the JSON Web Key Set."""
        key = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{"kty": "RSA", "use": "sig", "kid": self._key_id, "n": key["n"], "e": key["e"]}]}

    def audience(self, resource: str) -> str | None:
        """Return Graph's name as it was requested, None for another resource."""
        known = (self._registration.origin, PUBLIC_AUDIENCE)
        return next((name for name in known if resource.rstrip("/").lower() == name), None)

    def app(self, audience: str, client_id: str, requested: str) -> dict[str, Any]:
        """Return the response with a token of an app; `requested` is the request's claims parameter."""
        facts = {"appid": client_id, "azp": client_id, "idtyp": "app", "oid": self._registration.object_id(client_id)}
        return self._answer(audience, {**facts, "roles": self._registration.roles}, requested)

    def is_person(self, form: Mapping[str, str]) -> bool:
        """Return whether the form holds the person's name and password."""
        person = (self._registration.user_name, self._registration.user_password)
        return (form.get("login", "").lower(), form.get("passwd")) == person

    def check_scope(self, scope: str) -> tuple[str, list[str]]:
        """Return Graph's audience and a token's scopes; raise AadError if they are not Graph's or not consented to."""
        asked = [word for word in scope.split() if word.lower() not in _OPENID]
        resources = {self.audience(word.rpartition("/")[0]) for word in asked}
        audience = resources.pop() if len(resources) == 1 else None
        if audience is None:
            raise AadError("invalid_scope", scope=scope)
        names = [word.rpartition("/")[2] for word in asked]
        granted = list(self._registration.scopes)
        consented = self._registration.rules.consented and set(names) <= {".default", *granted}
        reject(not consented, "not_consented", client=self._registration.client_id)
        return audience, granted if ".default" in names else names

    def answer(self, client: str, scope: str, claims: str, nonce: str = "", *, renewed: bool = False) -> dict[str, Any]:
        """Return the response of the token endpoint for a person who has signed in, with an access and an id token.

        `renewed` says that it was by a refresh token.
        """
        audience, scopes = self.check_scope(scope)
        reject(self._registration.rules.blocked, "blocked")
        registration, person = self._registration, self._registration.user_name
        oid = registration.object_id(person)
        facts = {"appid": client, "idtyp": "user", "oid": oid, "scp": " ".join(scopes), "upn": person}
        answer = self._answer(audience, facts, claims)
        identity = {
            "aud": client,
            "oid": oid,
            "sub": base64url(hashlib.sha256(f"{client}{person}".encode()).digest()),
            "name": "Megan Bowen",
            "preferred_username": person,
            "ver": "2.0",
            **({"nonce": nonce} if nonce else {}),
        }
        answer["id_token"] = self._signed(identity)
        answer["scope"] = " ".join(f"{audience}/{scope}" for scope in scopes)
        answer["client_info"] = base64url(json.dumps({"uid": oid, "utid": registration.tenant_id}).encode())
        if renewed or "offline_access" in scope.split():
            token = f"1.{token_urlsafe(300)}"
            self._refresh[token] = _Refresh(client, time.time())
            answer["refresh_token"] = token
        return answer

    def refreshed(self, client: str, form: dict[str, str]) -> dict[str, Any]:
        """Return the response to the refresh_token grant."""
        token, rules = form.get("refresh_token") or "", self._registration.rules
        reject(not token, "missing", parameter="refresh_token")
        known = self._refresh.get(token)
        if known is None or known.client != client or (known.used and rules.revoke_rotated):
            raise AadError("unknown_refresh_token")
        reject(known.since <= rules.sessions_revoked_at, "revoked_refresh_token")
        reject(time.time() > known.since + rules.refresh_lifetime, "expired_refresh_token")
        answer = self.answer(client, form.get("scope", ""), form.get("claims", ""), renewed=True)
        known.used = True
        return answer

    def _answer(self, audience: str, facts: dict[str, Any], requested: str) -> dict[str, Any]:
        self.issued += 1
        lifetime = self._registration.rules.token_lifetime
        claims = {"aud": audience, **facts, "ver": "1.0", "uti": base64url(uuid.uuid4().bytes), "x_issued": time.time()}
        return {
            "token_type": "Bearer",
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
            "access_token": self._signed({**claims, **_requested(requested)}),
        }

    def _signed(self, claims: dict[str, Any]) -> str:
        now = int(time.time())
        whole = {
            "iss": f"{self._registration.origin}/{self._registration.tenant_id}/v2.0",
            "iat": now,
            "nbf": now,
            # Not before `expires_in` is over, which counts from this very moment.
            "exp": now + 1 + self._registration.rules.token_lifetime,
            "tid": self._registration.tenant_id,
            **claims,
        }
        return jwt.encode(whole, self._key, algorithm="RS256", headers={"kid": self._key_id, "x5t": self._key_id})

    def claims(self, authorization: str | None) -> dict[str, Any]:
        """Return the claims of a bearer token; raise GraphError 401 if it is missing, forged, expired or for others."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise error("no_token")
        claims = self._seen.get(token)
        if claims is None or claims["exp"] <= time.time():
            try:
                audience = [self._registration.origin, PUBLIC_AUDIENCE]
                claims = jwt.decode(token, self._key.public_key(), algorithms=["RS256"], audience=audience)
            except jwt.ExpiredSignatureError:
                raise error("expired_token") from None
            except jwt.InvalidAudienceError:
                raise error("other_audience") from None
            except jwt.InvalidTokenError:
                raise error("malformed_token") from None
            if len(self._seen) > 1000:
                self._seen.clear()
            self._seen[token] = claims
        return claims


def _requested(text: str) -> dict[str, Any]:
    """Return what the claims parameter puts into the token: the client's capabilities, and the challenge that it answers."""
    try:
        wanted = json.loads(text or "{}").get("access_token", {})
    except (ValueError, AttributeError):
        return {}
    capabilities = [str(value).lower() for value in wanted.get("xms_cc", {}).get("values", [])]
    answered = {"x_answered": int(wanted["nbf"]["value"])} if "nbf" in wanted else {}
    return {"xms_cc": capabilities, **answered} if capabilities else answered


def challenge(claims: dict[str, Any], faults: Faults, path: str) -> None:
    """Reject a token that does not answer the challenge of a fault rule (continuous access evaluation).

    Only a client with the capability cp1 receives the claims.
    """
    for rule in faults.rules:
        moment = int(rule.since)
        if rule.kind != "claims_challenge" or claims.get("x_answered", 0) >= moment or not rule.strikes(path):
            continue
        refused = error("challenge")
        if "cp1" in claims.get("xms_cc", ()):
            wanted = json.dumps({"access_token": {"nbf": {"essential": True, "value": str(moment)}}})
            encoded = base64.b64encode(wanted.encode()).decode()
            refused.headers["WWW-Authenticate"] += f', error="insufficient_claims", claims="{encoded}"'
        raise refused
