"""Tokens: issued with the tenant's key (RS256), published as JWKS, and checked when Graph is asked.

Not here: who gets one.
"""

import base64
import binascii
import hashlib
import json
import time
import uuid
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ..protocol.errors import GraphError, unauthorized
from ..protocol.faults import Faults
from .registration import PUBLIC_AUDIENCE, Registration, Rules


def base64url(data: bytes) -> str:
    """Without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _number(value: int) -> str:
    return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


class Tokens:
    """Issues and checks; `issued` counts access tokens."""

    def __init__(self, registration: Registration, rules: Rules) -> None:
        self._registration, self._rules = registration, rules
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self._key_id = base64url(hashlib.sha256(public).digest()[:20])
        self._seen: dict[str, dict[str, Any]] = {}
        self.issued = 0

    def keys(self) -> dict[str, Any]:
        """The JSON Web Key Set."""
        numbers = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "use": "sig", "kid": self._key_id, "n": _number(numbers.n), "e": _number(numbers.e)}
        return {"keys": [key]}

    def audience(self, resource: str) -> str | None:
        """Graph, by whichever of its names it was asked for; None for anything else."""
        known = (self._registration.origin, PUBLIC_AUDIENCE)
        return next((name for name in known if resource.rstrip("/").lower() == name), None)

    def app(self, audience: str, client_id: str, requested: str) -> dict[str, Any]:
        """The answer with a token of an app; `requested` is the request's claims parameter."""
        facts = {
            "appid": client_id,
            "azp": client_id,
            "idtyp": "app",
            "oid": self._registration.object_id(client_id),
            "roles": self._registration.roles,
        }
        return self._answer(audience, facts, requested)

    def person(self, audience: str, client_id: str, scopes: list[str], requested: str, nonce: str) -> dict[str, Any]:
        """The answer with an access and an id token of the person."""
        registration = self._registration
        facts = {
            "appid": client_id,
            "idtyp": "user",
            "oid": registration.object_id(registration.user_name),
            "scp": " ".join(scopes),
            "upn": registration.user_name,
        }
        answer = self._answer(audience, facts, requested)
        identity = {
            "aud": client_id,
            "oid": facts["oid"],
            "sub": base64url(hashlib.sha256(f"{client_id}{registration.user_name}".encode()).digest()),
            "name": "Megan Bowen",
            "preferred_username": registration.user_name,
            "ver": "2.0",
            **({"nonce": nonce} if nonce else {}),
        }
        about = {"uid": facts["oid"], "utid": registration.tenant_id}
        answer["id_token"] = self._signed(identity)
        answer["scope"] = " ".join(f"{audience}/{scope}" for scope in scopes)
        answer["client_info"] = base64url(json.dumps(about).encode())
        return answer

    def _answer(self, audience: str, facts: dict[str, Any], requested: str) -> dict[str, Any]:
        self.issued += 1
        lifetime = self._rules.token_lifetime
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
            "exp": now + 1 + self._rules.token_lifetime,
            "tid": self._registration.tenant_id,
            **claims,
        }
        return jwt.encode(whole, self._key, algorithm="RS256", headers={"kid": self._key_id, "x5t": self._key_id})

    def claims(self, authorization: str | None) -> dict[str, Any]:
        """The claims of a bearer token; GraphError 401 when it is missing, forged, meant for another or expired."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise unauthorized("Access token is empty.")
        claims = self._seen.get(token)
        if claims is None:
            try:
                claims = jwt.decode(
                    token,
                    self._key.public_key(),
                    algorithms=["RS256"],
                    audience=[self._registration.origin, PUBLIC_AUDIENCE],
                )
            except jwt.ExpiredSignatureError:
                raise unauthorized("Lifetime validation failed, the token is expired.") from None
            except jwt.InvalidAudienceError:
                raise unauthorized("Access token validation failure. Invalid audience.") from None
            except jwt.InvalidTokenError:
                raise unauthorized("CompactToken parsing failed with error code: 80049217") from None
            if len(self._seen) > 1000:
                self._seen.clear()
            self._seen[token] = claims
        if claims["exp"] <= time.time():
            raise unauthorized("Lifetime validation failed, the token is expired.")
        return claims


def _requested(text: str) -> dict[str, Any]:
    """What the claims parameter leaves in the token: the client's capabilities, and the challenge that it answers."""
    try:
        wanted = json.loads(text or "{}").get("access_token", {})
    except (ValueError, AttributeError):
        return {}
    capabilities = [str(value).lower() for value in wanted.get("xms_cc", {}).get("values", [])]
    answered = {"x_answered": int(wanted["nbf"]["value"])} if "nbf" in wanted else {}
    return {"xms_cc": capabilities, **answered} if capabilities else answered


def challenge(claims: dict[str, Any], faults: Faults, path: str) -> None:
    """Continuous access evaluation: refuse a token that does not answer the challenge that a fault rule stands for.

    A client without the capability cp1 is not told the claims: its token has just ended.
    """
    for rule in faults.rules:
        moment = int(rule.since)
        if rule.kind != "claims_challenge" or claims.get("x_answered", 0) >= moment or not rule.strikes(path):
            continue
        refused = unauthorized("Continuous access evaluation resulted in challenge with result: InteractionRequired.")
        if "cp1" in claims.get("xms_cc", ()):
            wanted = json.dumps({"access_token": {"nbf": {"essential": True, "value": str(moment)}}})
            told = binascii.b2a_base64(wanted.encode(), newline=False).decode()
            refused.headers["WWW-Authenticate"] += f', error="insufficient_claims", claims="{told}"'
        raise GraphError(refused.status, refused.code, refused.message, refused.headers)
