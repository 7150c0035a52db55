"""Certificate files: a PEM or PFX file, with or without a password, as the credential that msal signs assertions with."""

from typing import Any

from aad_assets.errors import ConfigurationError


def certificate_credential(path: str, password: str) -> dict[str, Any]:
    """Return msal's `client_credential` for a PEM or PFX file with a certificate and its private key.

    A PEM file may hold other certificates, such as the issuer's, in any order. Raises ConfigurationError if the file is
    neither, the password does not open it, or no certificate belongs to the private key.
    """
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        load_pem_private_key,
        pkcs12,
    )

    try:
        with open(path, "rb") as file:
            data = file.read()
        secret = password.encode() or None
        if b"-----BEGIN" in data:
            key: Any = load_pem_private_key(data, secret)
            certificates = x509.load_pem_x509_certificates(data)
        else:
            key, certificate, _ = pkcs12.load_key_and_certificates(data, secret)
            certificates = [certificate] if certificate else []
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        # The library's message may repeat the file's content, so it is not shown.
        key, certificates = None, []
    if not isinstance(key, RSAPrivateKey) or not certificates:
        raise ConfigurationError(
            f"AAD_CLIENT_CERTIFICATE_PATH ({path}) must be a PEM or PFX file with a certificate and its RSA private key, "
            "and AAD_CLIENT_CERTIFICATE_PASSWORD its password, if it has one. Check both."
        )
    own = [each for each in certificates if each.public_key() == key.public_key()]
    if not own:
        raise ConfigurationError(
            f"AAD_CLIENT_CERTIFICATE_PATH ({path}) holds a private key, but no certificate that belongs to it. Put the key's "
            "own certificate into the file."
        )
    # A renewed certificate may have the key of the old one.
    certificate = max(own, key=lambda each: each.not_valid_after_utc)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {"private_key": pem, "public_certificate": certificate.public_bytes(Encoding.PEM).decode()}
