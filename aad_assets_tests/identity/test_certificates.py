"""Certificate files: which are accepted, and that errors never show their content."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    pkcs12,
)

from aad_assets.errors import ConfigurationError
from aad_assets.identity.certificates import certificate_credential

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certified(key: Any, days: int = 1) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "aad_assets")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=days))
        .sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else SHA256())
    )


CERTIFICATE = certified(KEY)
CERTIFICATE_PEM = CERTIFICATE.public_bytes(Encoding.PEM)


def pem(key: Any = KEY, password: str = "", form: PrivateFormat = PrivateFormat.PKCS8) -> bytes:
    return bytes(key.private_bytes(Encoding.PEM, form, encryption(password)))


def pfx(key: Any = KEY, password: str = "") -> bytes:
    return pkcs12.serialize_key_and_certificates(b"app", key, certified(key), None, encryption(password))


def encryption(password: str) -> KeySerializationEncryption:
    return BestAvailableEncryption(password.encode()) if password else NoEncryption()


def written(folder: Path, content: bytes) -> str:
    path = folder / "credential"
    path.write_bytes(content)
    return str(path)


@pytest.mark.parametrize(
    ("content", "password"),
    [
        (pem() + CERTIFICATE_PEM, ""),
        (CERTIFICATE_PEM + pem(), ""),
        (b"Bag Attributes\n  localKeyID: 01\n" + CERTIFICATE_PEM + pem(form=PrivateFormat.TraditionalOpenSSL), ""),
        (pem(password="pässword") + CERTIFICATE_PEM, "pässword"),
        (pfx(), ""),
        (pfx(password="pässword"), "pässword"),
    ],
    ids=["key first", "certificate first", "with bag attributes", "encrypted PEM", "PFX", "encrypted PFX"],
)
def test_pem_and_pfx_files_are_accepted(tmp_path: Path, content: bytes, password: str) -> None:
    made = certificate_credential(written(tmp_path, content), password)
    key = load_pem_private_key(made["private_key"].encode(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.private_numbers() == KEY.private_numbers()
    assert x509.load_pem_x509_certificate(made["public_certificate"].encode()).public_key() == KEY.public_key()


@pytest.mark.parametrize(
    ("content", "password"),
    [
        (pem(), ""),
        (CERTIFICATE_PEM, ""),
        (pem(password="right") + CERTIFICATE_PEM, "wrong"),
        (pem(password="right") + CERTIFICATE_PEM, ""),
        (pem() + CERTIFICATE_PEM, "needless"),
        (pfx(password="right"), "wrong"),
        (pfx(password="right"), ""),
        (b"", ""),
        (b"not a certificate", ""),
        (b"-----BEGIN PRIVATE KEY-----\ns3cret\n-----END PRIVATE KEY-----\n", ""),
        (pfx(ec.generate_private_key(ec.SECP256R1())), ""),
        (pem(ed25519.Ed25519PrivateKey.generate()) + CERTIFICATE_PEM, ""),
    ],
    ids=[
        "no certificate", "no key", "wrong password", "no password", "needless password", "PFX with a wrong password",
        "PFX without its password", "empty", "garbage", "garbled key", "elliptic key", "Edwards key",
    ],
)  # fmt: skip
def test_other_files_are_rejected_and_name_the_settings(tmp_path: Path, content: bytes, password: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(ConfigurationError, match="AAD_CLIENT_CERTIFICATE_PATH") as caught:
        certificate_credential(path, password)
    assert path in str(caught.value)
    assert "AAD_CLIENT_CERTIFICATE_PASSWORD" in str(caught.value)
    assert not any(secret in str(caught.value) for secret in ("wrong", "needless", "s3cret"))


def test_a_missing_file_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="AAD_CLIENT_CERTIFICATE_PATH"):
        certificate_credential(str(tmp_path / "absent.pem"), "")


ISSUER, ROOT = (certified(rsa.generate_private_key(public_exponent=65537, key_size=2048), days=9) for _ in range(2))


@pytest.mark.parametrize("order", list(permutations(["key", "own", "issuer", "root"])))
def test_the_certificate_of_the_private_key_is_taken_from_any_place(tmp_path: Path, order: tuple[str, ...]) -> None:
    blocks = {"key": pem(), "own": CERTIFICATE_PEM} | {
        name: certificate.public_bytes(Encoding.PEM) for name, certificate in (("issuer", ISSUER), ("root", ROOT))
    }
    made = certificate_credential(written(tmp_path, b"".join(blocks[name] for name in order)), "")
    assert made["public_certificate"].encode() == CERTIFICATE_PEM


def test_of_two_certificates_of_the_key_the_newer_one_is_taken(tmp_path: Path) -> None:
    renewed = certified(KEY, days=30).public_bytes(Encoding.PEM)
    made = certificate_credential(written(tmp_path, CERTIFICATE_PEM + renewed + CERTIFICATE_PEM + pem()), "")
    assert made["public_certificate"].encode() == renewed


def test_a_file_without_the_certificate_of_its_key_is_rejected(tmp_path: Path) -> None:
    path = written(tmp_path, pem() + ISSUER.public_bytes(Encoding.PEM) + ROOT.public_bytes(Encoding.PEM))
    with pytest.raises(ConfigurationError, match=r"no certificate that belongs to it\. Put the key's own certificate"):
        certificate_credential(path, "")
