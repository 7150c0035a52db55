"""Which app asks, and its proof: a secret, an assertion signed with its certificate, or one of an issuer that it trusts.

Sources: RFC 7523; learn.microsoft.com/entra/workload-id/workload-identity-federation.
"""

import hashlib
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from .refusals import AadError, missing, unknown_app
from .registration import FEDERATED_AUDIENCE, Registration, Rules
from .tokens import base64url

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def known(registration: Registration, client_id: str) -> str:
    """The id of a registered app in small letters; AadError for any other."""
    if not client_id:
        raise missing("client_id")
    if client_id.lower() not in (registration.client_id, registration.public_client_id):
        raise unknown_app(client_id, registration.domain)
    return client_id.lower()


def authenticated(registration: Registration, rules: Rules, form: dict[str, str], url: str) -> str:
    """The id of the app that asks, after its proof; a public client has none to give."""
    client = known(registration, form.get("client_id", ""))
    if client == registration.public_client_id:
        if "client_secret" in form or "client_assertion" in form:
            raise AadError(
                401,
                "invalid_client",
                700025,
                "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
            )
    elif "client_assertion" in form:
        _check_assertion(registration, rules, form, url)
    elif "client_secret" not in form:
        raise AadError(
            401,
            "invalid_client",
            7000218,
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        )
    elif form["client_secret"] != registration.client_secret:
        raise AadError(
            401,
            "invalid_client",
            7000215,
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not "
            f"the client secret ID, for a secret added to app '{client}'.",
        )
    elif rules.secret_expired:
        raise AadError(
            401,
            "invalid_client",
            7000222,
            f"The provided client secret keys for app '{client}' are expired. Visit the Azure portal to create new keys for "
            "your app, or consider using certificate credentials for added security.",
        )
    return client


def _check_assertion(registration: Registration, rules: Rules, form: dict[str, str], url: str) -> None:
    if form.get("client_assertion_type") != _ASSERTION:
        raise AadError(400, "invalid_request", 50027, "The client_assertion_type is not supported.")
    assertion = form["client_assertion"]
    try:
        header = jwt.get_unverified_header(assertion)
        issuer = jwt.decode(assertion, options={"verify_signature": False}).get("iss")
    except jwt.InvalidTokenError:
        raise _malformed() from None
    if issuer == registration.client_id:
        _check_certificate(registration, rules, assertion, header, url)
    elif header.get("x5t") or header.get("x5t#S256"):
        raise AadError(
            401,
            "invalid_client",
            700021,
            "Client assertion application identifier doesn't match 'client_id' parameter.",
        )
    else:
        _check_federated(registration, rules, assertion)


def _malformed() -> AadError:
    return AadError(401, "invalid_client", 50027, "JWT token is invalid or malformed.")


def _claims(assertion: str, key: rsa.RSAPublicKey, audiences: list[str], rules: Rules) -> dict[str, Any]:
    """The claims after signature and audience were checked, and the lifetime by the service's clock."""
    claims: dict[str, Any] = jwt.decode(
        assertion,
        key,
        algorithms=["RS256", "PS256"],
        audience=audiences,
        options={"require": ["exp"], "verify_exp": False, "verify_nbf": False, "verify_iat": False},
    )
    now = time.time() + rules.clock_offset
    begins = max(float(claims.get("nbf", 0)), float(claims.get("iat", 0)))
    if not begins - 300 <= now <= float(claims["exp"]) + 300:
        raise AadError(401, "invalid_client", 700024, "Client assertion is not within its valid time range.")
    return claims


def _check_certificate(registration: Registration, rules: Rules, assertion: str, header: dict[str, Any], url: str) -> None:
    """Signed by the app itself, with the registered certificate, named by its thumbprint."""
    bad = AadError(
        401,
        "invalid_client",
        700027,
        "The certificate with identifier used to sign the client assertion is not registered on application, or the "
        "signature of the assertion does not match.",
    )
    der = registration.certificate.public_bytes(serialization.Encoding.DER)
    thumbprints = {base64url(hashlib.sha1(der).digest()), base64url(hashlib.sha256(der).digest())}
    if str(header.get("x5t#S256") or header.get("x5t", "")).rstrip("=") not in thumbprints:
        raise bad
    key = registration.certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    names = (registration.tenant_id, registration.domain)
    endpoints = [f"{registration.origin}/{name}/oauth2/v2.0/token" for name in names]
    try:
        claims = _claims(assertion, key, [*endpoints, url], rules)
    except jwt.InvalidAudienceError:
        raise AadError(
            401, "invalid_client", 700023, "Client assertion audience claim does not match Realm issuer."
        ) from None
    except jwt.InvalidTokenError:
        raise bad from None
    if claims.get("sub") != registration.client_id:
        raise AadError(
            401, "invalid_client", 700021, "Client assertion application identifier doesn't match 'client_id' parameter."
        )


def _check_federated(registration: Registration, rules: Rules, assertion: str) -> None:
    """Signed by the trusted issuer, for the subject that the app's federated credential names."""
    claims: dict[str, Any] = jwt.decode(assertion, options={"verify_signature": False})
    if claims.get("iss") != registration.federated_issuer:
        raise AadError(
            401,
            "invalid_client",
            700211,
            f"No matching federated identity record found for presented assertion issuer '{claims.get('iss')}'. Check your "
            "federated identity credential Subject, Audience and Issuer against the presented assertion.",
        )
    try:
        _claims(assertion, registration.federated_key, [FEDERATED_AUDIENCE], rules)
    except jwt.InvalidAudienceError:
        raise AadError(
            401,
            "invalid_client",
            700212,
            f"No matching federated identity record found for presented assertion audience '{claims.get('aud')}'.",
        ) from None
    except jwt.InvalidTokenError:
        raise AadError(401, "invalid_client", 5000811, "Unable to verify token signature.") from None
    if claims.get("sub") != registration.federated_subject:
        raise AadError(
            401,
            "invalid_client",
            700213,
            f"No matching federated identity record found for presented assertion subject '{claims.get('sub')}'. Check your "
            "federated identity credential Subject, Audience and Issuer against the presented assertion.",
        )
