"""Which app makes a request, and its proof: a secret, an assertion signed with its certificate, or one of a trusted issuer.

Sources: RFC 7523; learn.microsoft.com/entra/workload-id/workload-identity-federation.
"""

import hashlib
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from .errors import AadError
from .registration import FEDERATED_AUDIENCE, Registration
from .tokens import base64url

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def known(registration: Registration, client_id: str) -> str:
    """Return the id of a registered app in small letters, or raise AadError."""
    if not client_id:
        raise AadError("missing", parameter="client_id")
    if client_id.lower() not in (registration.client_id, registration.public_client_id):
        raise AadError("unknown_app", client=client_id, domain=registration.domain)
    return client_id.lower()


def authenticated(registration: Registration, form: dict[str, str], url: str) -> str:
    """Return the id of the app that makes a request to the token endpoint `url`, or raise AadError if its proof is wrong."""
    client = known(registration, form.get("client_id", ""))
    if client == registration.public_client_id:
        if "client_secret" in form or "client_assertion" in form:
            raise AadError("needless_credential")
    elif "client_assertion" in form:
        _check_assertion(registration, form, url)
    elif "client_secret" not in form:
        raise AadError("no_credential")
    elif form["client_secret"] != registration.client_secret:
        raise AadError("wrong_secret", client=client)
    elif registration.rules.secret_expired:
        raise AadError("expired_secret", client=client)
    return client


def _check_assertion(registration: Registration, form: dict[str, str], url: str) -> None:
    if form.get("client_assertion_type") != _ASSERTION:
        raise AadError("assertion_type")
    assertion = form["client_assertion"]
    try:
        header = jwt.get_unverified_header(assertion)
        unverified = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        raise AadError("malformed_assertion") from None
    if unverified.get("iss") == registration.client_id:
        _check_certificate(registration, assertion, header, url)
    elif header.get("x5t") or header.get("x5t#S256"):
        raise AadError("other_app")
    else:
        _check_federated(registration, assertion, unverified)


def _claims(registration: Registration, assertion: str, key: rsa.RSAPublicKey, audiences: list[str]) -> dict[str, Any]:
    """Check signature and audience, and the lifetime by the service's clock; return the claims."""
    claims: dict[str, Any] = jwt.decode(
        assertion,
        key,
        algorithms=["RS256", "PS256"],
        audience=audiences,
        options={"require": ["exp"], "verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )
    now = time.time() + registration.rules.clock_offset
    begins = max(float(claims.get("nbf", 0)), float(claims.get("iat", 0)))
    if not begins - 300 <= now <= float(claims["exp"]) + 300:
        raise AadError("assertion_time")
    return claims


def _check_certificate(registration: Registration, assertion: str, header: dict[str, Any], url: str) -> None:
    """Check an assertion that the app signed with its certificate, which it names by thumbprint."""
    der = registration.certificate.public_bytes(serialization.Encoding.DER)
    thumbprints = {base64url(hashlib.sha1(der).digest()), base64url(hashlib.sha256(der).digest())}
    if str(header.get("x5t#S256") or header.get("x5t", "")).rstrip("=") not in thumbprints:
        raise AadError("unknown_certificate")
    key = registration.certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    names = (registration.tenant_id, registration.domain)
    endpoints = [f"{registration.origin}/{name}/oauth2/v2.0/token" for name in names]
    try:
        claims = _claims(registration, assertion, key, [*endpoints, url])
    except jwt.InvalidAudienceError:
        raise AadError("assertion_audience") from None
    except jwt.InvalidTokenError:
        raise AadError("unknown_certificate") from None
    if claims.get("sub") != registration.client_id:
        raise AadError("other_app")


def _check_federated(registration: Registration, assertion: str, claims: dict[str, Any]) -> None:
    """Check an assertion of the trusted issuer for the subject that the app's federated credential names."""
    if claims.get("iss") != registration.federated_issuer:
        raise AadError("federated_issuer", issuer=claims.get("iss"))
    try:
        _claims(registration, assertion, registration.federated_key, [FEDERATED_AUDIENCE])
    except jwt.InvalidAudienceError:
        raise AadError("federated_audience", audience=claims.get("aud")) from None
    except jwt.InvalidTokenError:
        raise AadError("federated_signature") from None
    if claims.get("sub") != registration.federated_subject:
        raise AadError("federated_subject", subject=claims.get("sub"))
