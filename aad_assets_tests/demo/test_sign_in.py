"""Sign-in: discovery, tokens, refusals, and what Graph makes of a bearer."""

import hashlib
import time
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from aad_assets.demo import DemoServer

from .client import Client, error_code
from .refusals import LOGS

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def test_discovery_by_domain_and_by_guid(client: Client) -> None:
    base = client.demo.authority_url
    found = [
        client.http.get(f"{base}/{tenant}/v2.0/.well-known/openid-configuration").json()
        for tenant in (client.demo.tenant_domain, client.demo.tenant_id)
    ]
    assert found[0] == found[1]
    assert found[0]["issuer"] == f"{base}/{client.demo.tenant_id}/v2.0"
    assert found[0]["token_endpoint"] == f"{base}/{client.demo.tenant_id}/oauth2/v2.0/token"


def test_token_is_signed_by_the_published_key(client: Client) -> None:
    token = client.token()
    keys = client.http.get(f"{client.demo.authority_url}/{client.demo.tenant_id}/discovery/v2.0/keys").json()
    key = next(each for each in jwt.PyJWKSet.from_dict(keys).keys if each.key_id == jwt.get_unverified_header(token)["kid"])
    claims = jwt.decode(token, key.key, algorithms=["RS256"], audience=client.demo.authority_url)
    assert claims["tid"] == client.demo.tenant_id
    assert claims["appid"] == client.demo.client_id
    assert "User.Read.All" in claims["roles"]


@pytest.mark.parametrize(
    ("tenant", "changes", "status", "error", "code"),
    [
        ("nobody.example", {}, 400, "invalid_tenant", 90002),
        (None, {"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        (None, {"client_secret": ""}, 401, "invalid_client", 7000218),
        (None, {"client_id": "00000000-0000-0000-0000-000000000001"}, 400, "unauthorized_client", 700016),
        (None, {"scope": "User.Read"}, 400, "invalid_scope", 70011),
        (None, {"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        (None, {"grant_type": ""}, 400, "invalid_request", 900144),
    ],
)
def test_refusals(client: Client, tenant: str | None, changes: dict[str, str], status: int, error: str, code: int) -> None:
    answer = client.sign_in(tenant, **changes)
    body = answer.json()
    assert (answer.status_code, body["error"], body["error_codes"]) == (status, error, [code])
    assert body["error_description"].startswith(f"AADSTS{code}: ")
    assert "Trace ID: " in body["error_description"]
    assert {"timestamp", "trace_id", "correlation_id", "error_uri"} <= set(body)


def test_public_graph_scope_is_accepted(client: Client) -> None:
    assert client.sign_in(scope="https://graph.microsoft.com/.default").status_code == 200


def _certificate(demo: DemoServer) -> tuple[rsa.RSAPrivateKey, bytes]:
    pem = Path(demo.client_certificate).read_bytes()
    key = serialization.load_pem_private_key(pem, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key, x509.load_pem_x509_certificate(pem).public_bytes(serialization.Encoding.DER)


def _assertion(demo: DemoServer, algorithm: str = "PS256", key: rsa.RSAPrivateKey | None = None, **changes: Any) -> str:
    own, der = _certificate(demo)
    thumbprint, name = (hashlib.sha256, "x5t#S256") if algorithm == "PS256" else (hashlib.sha1, "x5t")
    claims = {
        "aud": f"{demo.authority_url}/{demo.tenant_id}/oauth2/v2.0/token",
        "iss": demo.client_id,
        "sub": demo.client_id,
        "exp": int(time.time()) + 600,
        "jti": "1",
        **changes,
    }
    header = {name: urlsafe_b64encode(thumbprint(der).digest()).decode().rstrip("=")}
    return jwt.encode(claims, key or own, algorithm=algorithm, headers=header)


@pytest.mark.parametrize("algorithm", ["PS256", "RS256"])
def test_certificate(client: Client, algorithm: str) -> None:
    assertion = _assertion(client.demo, algorithm)
    answer = client.sign_in(client_secret="", client_assertion=assertion, client_assertion_type=ASSERTION_TYPE)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("changes", "code"), [({"exp": 1000}, 700024), ({"aud": "https://other.example"}, 700023), ({"iss": "me"}, 700021)]
)
def test_certificate_claims_are_checked(client: Client, changes: dict[str, Any], code: int) -> None:
    assertion = _assertion(client.demo, **changes)
    answer = client.sign_in(client_secret="", client_assertion=assertion, client_assertion_type=ASSERTION_TYPE)
    assert (answer.status_code, answer.json()["error_codes"]) == (401, [code])


def test_foreign_certificate(client: Client) -> None:
    assertion = _assertion(client.demo, key=rsa.generate_private_key(65537, 2048))
    answer = client.sign_in(client_secret="", client_assertion=assertion, client_assertion_type=ASSERTION_TYPE)
    assert (answer.status_code, answer.json()["error_codes"]) == (401, [700027])


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer nonsense", "Basic x"])
def test_graph_refuses_other_bearers(client: Client, authorization: str) -> None:
    answer = client.http.get(f"{client.demo.graph_base_url}/users", headers={"Authorization": authorization})
    assert error_code(answer) == (401, "InvalidAuthenticationToken")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    inner = answer.json()["error"]["innerError"]
    assert inner["request-id"] == answer.headers["request-id"]


def test_expired_token_and_withheld_permission() -> None:
    with DemoServer(users=20, without_permission=["AuditLog.Read.All"], token_lifetime=-10) as demo:
        client = Client(demo)
        answer = client.get("/users")
        assert error_code(answer) == (401, "InvalidAuthenticationToken")
        assert "expired" in answer.json()["error"]["message"]
        client.close()


def test_missing_permission() -> None:
    withheld = ["Group.Read.All", "GroupMember.Read.All", "Directory.Read.All", "AuditLog.Read.All"]
    with DemoServer(users=20, without_permission=withheld) as demo:
        client = Client(demo)
        assert error_code(client.get("/groups")) == (403, "Authorization_RequestDenied")
        assert error_code(client.get("/users?$select=id,signInActivity")) == LOGS
        assert client.get("/users").status_code == 200
        client.close()


def test_unreadable_and_hidden_members() -> None:
    withheld = ["Device.Read.All", "Directory.Read.All", "Member.Read.Hidden"]
    with DemoServer(users=100, without_permission=withheld, no_quota=True) as demo:
        client = Client(demo)
        members = list(demo.objects("group_members"))
        parent = next(row["parent"] for row in members if row["type"] == "device")
        rows = client.rows(f"/groups/{parent}/members?$select=id,displayName&$top=999")
        devices = [row for row in rows if row["@odata.type"] == "#microsoft.graph.device"]
        assert devices
        assert all(row["id"] and row["displayName"] is None for row in devices)
        unit = next(row["id"] for row in demo.objects("administrative_units") if row["visibility"] == "HiddenMembership")
        answer = client.get(f"/directory/administrativeUnits/{unit}/members")
        assert error_code(answer) == (403, "Authorization_RequestDenied")
        client.close()
