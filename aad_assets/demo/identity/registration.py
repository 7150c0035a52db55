"""The apps, credentials and person of the tenant, and the rules that sign-in follows at the moment.

Two app registrations (one with credentials, one public), an issuer that the first one trusts, managed identities, and a
person.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import trustme
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ..directory.context import Context

PUBLIC_AUDIENCE = "https://graph.microsoft.com"
FEDERATED_AUDIENCE = "api://AzureADTokenExchange"
_SHOWN = (
    *("tenant_id", "client_id", "public_client_id", "client_secret", "federated_issuer", "federated_subject"),
    *("managed_identity", "user_name", "user_password"),
)
NATIVE_CLIENT = "/common/oauth2/nativeclient"
"""Microsoft's own redirect target for apps without a web server of their own."""


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
    clock_offset: float = 0.0
    """Seconds by which the service's clock is ahead of the machine's."""

    def change(self, values: dict[str, Any]) -> None:
        """Set fields by name, or raise ValueError for an unknown one."""
        if unknown := set(values) - {field.name for field in fields(self)}:
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
        self.certificate = x509.load_pem_x509_certificate(leaf.cert_chain_pems[0].bytes())
        federated = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        write(folder / "federation.pem", federated.private_bytes(*pem))
        self.federated_key = federated.public_key()
        self.federated_issuer = "https://token.ci.example"
        self.federated_subject = "repo:contoso/entra-inventory:ref:refs/heads/main"
        self.managed_identity = self.object_id("managed identity")
        """Client ID of the user-assigned one; there is a system-assigned one, too."""
        self.user_name, self.user_password = f"megan.bowen@{directory.domain}", token_urlsafe(12)
        self.shown = {
            **{name: getattr(self, name) for name in _SHOWN},
            "client_certificate": str((folder / "client.pem").resolve()),
            "federated_key": str((folder / "federation.pem").resolve()),
        }
        """The registration's part of demo.json."""

    def object_id(self, name: str) -> str:
        """Return the directory's id of a principal or person."""
        return str(uuid.uuid5(uuid.UUID(self.tenant_id), name))

    def redirects(self, url: str) -> bool:
        """Return whether `url` is one of the app's redirect URLs; the port of localhost does not count."""
        host, _, rest = url.removeprefix("http://").partition("/")
        loopback = url.startswith("http://") and host.split(":")[0] == "localhost" and not rest
        return loopback or url == self.origin + NATIVE_CLIENT
