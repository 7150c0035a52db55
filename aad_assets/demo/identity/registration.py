"""The apps, credentials and person of the tenant, and the rules that sign-in follows at the moment.

Two app registrations (one with credentials, one public), an issuer that the first one trusts, managed identities, and a
person. An app proves itself by a secret, an assertion signed with its certificate, or one of the trusted issuer.
Sources: RFC 7523; learn.microsoft.com/entra/workload-id/workload-identity-federation.
"""

import base64
import hashlib
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import jwt
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ..directory.context import Context
from .errors import AadError, reject

PUBLIC_AUDIENCE = "https://graph.microsoft.com"
FEDERATED_AUDIENCE = "api://AzureADTokenExchange"
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_SHOWN = (
    *("tenant_id", "client_id", "public_client_id", "client_secret", "client_certificate", "managed_identity"),
    *("federated_issuer", "federated_subject", "federated_key", "user_name", "user_password"),
)
NATIVE_CLIENT = "/common/oauth2/nativeclient"
"""Microsoft's own redirect target for apps without a web server of their own."""


def base64url(data: bytes) -> str:
    """Encode without padding."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@dataclass
class Rules:
    """Settings that can be changed while the tenant is up."""

    token_lifetime: int
    """Seconds."""
    refresh_lifetime: int = 90 * 86_400
    device_lifetime: int = 900
    revoke_rotated: bool = False
    """True if a refresh token that was used once is rejected from then on."""
    sessions_revoked_at: float = 0.0
    """Refresh tokens from before this moment are rejected."""
    secret_expired: bool = False
    consented: bool = True
    blocked: bool = False
    """By conditional access."""
    person_roles: list[str] = field(default_factory=lambda: ["Global Administrator"])
    """The directory roles of the person who signs in."""
    clock_offset: float = 0.0
    """Seconds by which the service's clock is ahead of the machine's."""

    def change(self, values: dict[str, Any]) -> None:
        """Set fields by name, or raise ValueError for an unknown one."""
        if unknown := set(values) - {each.name for each in fields(self)}:
            raise ValueError(f"unknown rules: {', '.join(sorted(unknown))}")
        for name, value in values.items():
            setattr(self, name, value)


class Registration:
    """The tenant's registrations. `origin` is this server's https://host:port.

    The constructor makes the credentials, and writes the keys that the app's owner holds into `folder`.
    """

    def __init__(
        self, origin: str, directory: Context, lifetime: int, folder: Path, write: Callable[[Path, bytes], None]
    ) -> None:
        self.origin, self.tenant_id, self.domain = origin, directory.tenant_id, directory.domain
        self.rules = Rules(lifetime)
        self.roles, self.scopes = list(directory.granted), ["User.Read", *directory.granted]
        """Permissions with consent, for the app itself and for people."""
        self.client_id, self.public_client_id = directory.client_id, self.object_id("public client")
        # In the shape of real ones: 40 characters, a tilde near the front.
        self.client_secret = f"{token_urlsafe(3)[:3]}8Q~{token_urlsafe(40)[:34]}"
        leaf = trustme.CA().issue_cert("entra-inventory.example", key_type=trustme.KeyType.RSA)
        write(folder / "client.pem", leaf.private_key_and_cert_chain_pem.bytes())
        self.client_certificate = str((folder / "client.pem").resolve())
        self.federated_key = str((folder / "federation.pem").resolve())
        self._certificate = x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())
        federated = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        write(folder / "federation.pem", federated.private_bytes(*pem))
        self._trusted_key = federated.public_key()
        self.federated_issuer = "https://token.ci.example"
        self.federated_subject = "repo:contoso/entra-inventory:ref:refs/heads/main"
        self.managed_identity = self.object_id("managed identity")
        """Client ID of the user-assigned one; there is a system-assigned one, too."""
        self.user_name, self.user_password = f"megan.bowen@{directory.domain}", token_urlsafe(12)
        self.shown = {name: getattr(self, name) for name in _SHOWN}
        """The registration's part of demo.json."""

    def object_id(self, name: str) -> str:
        """Return the directory's id of a principal or person."""
        return str(uuid.uuid5(uuid.UUID(self.tenant_id), name))

    def redirects(self, url: str) -> bool:
        """Return whether `url` is one of the app's redirect URLs; the port of localhost does not count."""
        host, _, rest = url.removeprefix("http://").partition("/")
        loopback = url.startswith("http://") and host.split(":")[0] == "localhost" and not rest
        return loopback or url == self.origin + NATIVE_CLIENT

    def known(self, client_id: str) -> str:
        """Return the id of a registered app in small letters, or raise AadError."""
        reject(not client_id, "missing", parameter="client_id")
        registered = client_id.lower() in (self.client_id, self.public_client_id)
        reject(not registered, "unknown_app", client=client_id, domain=self.domain)
        return client_id.lower()

    def authenticated(self, form: dict[str, str], url: str) -> str:
        """Return the id of the app that sends a form to the token endpoint `url`; raise AadError if its proof is wrong."""
        client = self.known(form.get("client_id", ""))
        public, offered = client == self.public_client_id, {"client_secret", "client_assertion"} & form.keys()
        reject(public and offered, "needless_credential")
        reject(not public and not offered, "no_credential")
        if "client_assertion" in offered:
            self._check_assertion(form, url)
        elif offered:
            reject(form["client_secret"] != self.client_secret, "wrong_secret", client=client)
            reject(self.rules.secret_expired, "expired_secret", client=client)
        return client

    def _check_assertion(self, form: dict[str, str], url: str) -> None:
        reject(form.get("client_assertion_type") != _ASSERTION, "assertion_type")
        assertion = form["client_assertion"]
        try:
            header = jwt.get_unverified_header(assertion)
            unverified = jwt.decode(assertion, options={"verify_signature": False})
        except jwt.InvalidTokenError:
            raise AadError("malformed_assertion") from None
        if unverified.get("iss") == self.client_id:
            self._check_certificate(assertion, header, unverified, url)
        else:
            reject(header.get("x5t") or header.get("x5t#S256"), "other_app")
            self._check_federated(assertion, unverified)

    def _verify(self, assertion: str, key: Any, audiences: list[str], errors: tuple[AadError, AadError]) -> None:
        """Check the audience and signature of an assertion (`errors` has theirs), and its lifetime by the service's clock."""
        options: Any = {"require": ["exp"], "verify_exp": False, "verify_nbf": False, "verify_iat": False}
        try:
            claims = jwt.decode(assertion, key, algorithms=["RS256", "PS256"], audience=audiences, options=options)
        except jwt.InvalidAudienceError:
            raise errors[0] from None
        except jwt.InvalidTokenError:
            raise errors[1] from None
        now = time.time() + self.rules.clock_offset
        begins = max(float(claims.get("nbf", 0)), float(claims.get("iat", 0)))
        reject(not begins - 300 <= now <= float(claims["exp"]) + 300, "assertion_time")

    def _check_certificate(self, assertion: str, header: dict[str, Any], claims: dict[str, Any], url: str) -> None:
        """Check an assertion that the app signed with its certificate, which it names by thumbprint."""
        der = self._certificate.public_bytes(serialization.Encoding.DER)
        thumbprints = {base64url(hashlib.sha1(der).digest()), base64url(hashlib.sha256(der).digest())}
        reject(str(header.get("x5t#S256") or header.get("x5t", "")).rstrip("=") not in thumbprints, "unknown_certificate")
        key, names = self._certificate.public_key(), (self.tenant_id, self.domain)
        endpoints = [f"{self.origin}/{name}/oauth2/v2.0/token" for name in names]
        self._verify(assertion, key, [*endpoints, url], (AadError("assertion_audience"), AadError("unknown_certificate")))
        reject(claims.get("sub") != self.client_id, "other_app")

    def _check_federated(self, assertion: str, claims: dict[str, Any]) -> None:
        """Check an assertion of the trusted issuer for the subject that the app's federated credential names."""
        reject(claims.get("iss") != self.federated_issuer, "federated_issuer", issuer=claims.get("iss"))
        errors = AadError("federated_audience", audience=claims.get("aud")), AadError("federated_signature")
        self._verify(assertion, self._trusted_key, [FEDERATED_AUDIENCE], errors)
        reject(claims.get("sub") != self.federated_subject, "federated_subject", subject=claims.get("sub"))
