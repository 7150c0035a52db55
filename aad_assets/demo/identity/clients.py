"""Which app makes a request, and its proof: a secret, an assertion signed with its certificate, or one of a trusted issuer.

Sources: RFC 7523; learn.microsoft.com/entra/workload-id/workload-identity-federation.
"""

import hashlib
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization

from .errors import AadError, reject
from .registration import FEDERATED_AUDIENCE, Registration
from .tokens import base64url

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def known(registration: Registration, client_id: str) -> str:
    """Return the id of a registered app in small letters, or raise AadError."""
    reject(not client_id, "missing", parameter="client_id")
    registered = client_id.lower() in (registration.client_id, registration.public_client_id)
    reject(not registered, "unknown_app", client=client_id, domain=registration.domain)
    return client_id.lower()


def authenticated(registration: Registration, form: dict[str, str], url: str) -> str:
    """Return the id of the app that makes a request to the token endpoint `url`, or raise AadError if its proof is wrong."""
    client = known(registration, form.get("client_id", ""))
    public, offered = client == registration.public_client_id, {"client_secret", "client_assertion"} & form.keys()
    reject(public and offered, "needless_credential")
    reject(not public and not offered, "no_credential")
    if "client_assertion" in offered:
        _check_assertion(registration, form, url)
    elif offered:
        reject(form["client_secret"] != registration.client_secret, "wrong_secret", client=client)
        reject(registration.rules.secret_expired, "expired_secret", client=client)
    return client


def _check_assertion(registration: Registration, form: dict[str, str], url: str) -> None:
    reject(form.get("client_assertion_type") != _ASSERTION, "assertion_type")
    assertion = form["client_assertion"]
    try:
        header = jwt.get_unverified_header(assertion)
        unverified = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        raise AadError("malformed_assertion") from None
    if unverified.get("iss") == registration.client_id:
        _check_certificate(registration, assertion, header, unverified, url)
    else:
        reject(header.get("x5t") or header.get("x5t#S256"), "other_app")
        _check_federated(registration, assertion, unverified)


def _verify(
    registration: Registration, assertion: str, key: Any, audiences: list[str], errors: tuple[AadError, AadError]
) -> None:
    """Check the audience and signature of an assertion (`errors` has theirs), and its lifetime by the service's clock."""
    options: Any = {"require": ["exp"], "verify_exp": False, "verify_nbf": False, "verify_iat": False}
    try:
        claims = jwt.decode(assertion, key, algorithms=["RS256", "PS256"], audience=audiences, options=options)
    except jwt.InvalidAudienceError:
        raise errors[0] from None
    except jwt.InvalidTokenError:
        raise errors[1] from None
    now = time.time() + registration.rules.clock_offset
    begins = max(float(claims.get("nbf", 0)), float(claims.get("iat", 0)))
    reject(not begins - 300 <= now <= float(claims["exp"]) + 300, "assertion_time")


def _check_certificate(
    registration: Registration, assertion: str, header: dict[str, Any], claims: dict[str, Any], url: str
) -> None:
    """Check an assertion that the app signed with its certificate, which it names by thumbprint."""
    der = registration.certificate.public_bytes(serialization.Encoding.DER)
    thumbprints = {base64url(hashlib.sha1(der).digest()), base64url(hashlib.sha256(der).digest())}
    reject(str(header.get("x5t#S256") or header.get("x5t", "")).rstrip("=") not in thumbprints, "unknown_certificate")
    key, names = registration.certificate.public_key(), (registration.tenant_id, registration.domain)
    endpoints = [f"{registration.origin}/{name}/oauth2/v2.0/token" for name in names]
    _verify(
        registration, assertion, key, [*endpoints, url], (AadError("assertion_audience"), AadError("unknown_certificate"))
    )
    reject(claims.get("sub") != registration.client_id, "other_app")


def _check_federated(registration: Registration, assertion: str, claims: dict[str, Any]) -> None:
    """Check an assertion of the trusted issuer for the subject that the app's federated credential names."""
    reject(claims.get("iss") != registration.federated_issuer, "federated_issuer", issuer=claims.get("iss"))
    errors = AadError("federated_audience", audience=claims.get("aud")), AadError("federated_signature")
    _verify(registration, assertion, registration.federated_key, [FEDERATED_AUDIENCE], errors)
    reject(claims.get("sub") != registration.federated_subject, "federated_subject", subject=claims.get("sub"))
