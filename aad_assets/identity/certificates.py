"""Certificate files: PEM or PFX, with password, turned into what msal signs assertions with.

Not here: how an assertion is sent (`credentials.py`).
"""

from typing import Any

from aad_assets.errors import ConfigurationError


def certificate_credential(path: str, password: str) -> dict[str, Any]:
    """What msal takes for a PEM or PFX file with certificate and private key. ConfigurationError when it is neither."""
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
            certificate: x509.Certificate | None = x509.load_pem_x509_certificate(data)
        else:
            key, certificate, _ = pkcs12.load_key_and_certificates(data, secret)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        # The library's own text may repeat what was in the file.
        key = certificate = None
    if not isinstance(key, RSAPrivateKey) or certificate is None:
        raise ConfigurationError(
            f"AAD_CLIENT_CERTIFICATE_PATH ({path}) is not a PEM or PFX file with certificate and RSA private key, "
            "or AAD_CLIENT_CERTIFICATE_PASSWORD is not its password."
        )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {"private_key": pem, "public_certificate": certificate.public_bytes(Encoding.PEM).decode()}
