"""The demo tenant's grants, raw: codes with PKCE, refresh tokens, device codes, federation, managed identities."""

import base64
import hashlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from aad_assets_tests.person import Person

from .client import Client, error_code

VERIFIER = "v" * 50
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
Json = dict[str, Any]


@pytest.fixture
def client(broken: Client) -> Iterator[Client]:
    """Of a tenant whose rules are put back after the test."""
    before = broken.demo.sign_in_rules()
    yield broken
    broken.demo.sign_in_rules(**before)


@pytest.fixture
def person(client: Client) -> Iterator[Person]:
    made = Person(client.demo)
    yield made
    made.close()


def address(client: Client, **changes: str) -> str:
    query = {
        "client_id": client.demo.client_id,
        "response_type": "code",
        "redirect_uri": "http://localhost:5000",
        "scope": f"{client.demo.authority_url}/.default offline_access openid profile",
        "state": "s1",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    given = {name: value for name, value in {**query, **changes}.items() if value}
    return f"{client.demo.authority_url}/{client.demo.tenant_id}/oauth2/v2.0/authorize?{urlencode(given)}"


def code(client: Client, person: Person, **changes: str) -> str:
    back = urlsplit(person.sign_in(address(client, **changes)))
    assert f"{back.scheme}://{back.netloc}" == "http://localhost:5000"
    answer = parse_qs(back.query)
    assert answer["state"] == ["s1"]
    return answer["code"][0]


def redeem(client: Client, code: str, **changes: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "http://localhost:5000"}
    return client.sign_in(**{**form, "code_verifier": VERIFIER, "scope": "", **changes})


def refresh(client: Client, token: str, **changes: str) -> httpx.Response:
    return client.sign_in(**{"grant_type": "refresh_token", "refresh_token": token, **changes})


def codes(answer: httpx.Response) -> list[int]:
    assert answer.status_code in (400, 401), answer.text
    return list(answer.json()["error_codes"])


def test_a_code_becomes_tokens_whose_scopes_graph_honours(client: Client, person: Person) -> None:
    answer: Json = redeem(client, code(client, person, nonce="n1")).json()
    base = client.demo.authority_url
    keys = client.http.get(f"{base}/{client.demo.tenant_id}/discovery/v2.0/keys").json()
    key = jwt.PyJWKSet.from_dict(keys).keys[0].key
    identity = jwt.decode(answer["id_token"], key, algorithms=["RS256"], audience=client.demo.client_id)
    assert (identity["nonce"], identity["preferred_username"]) == ("n1", client.demo.user_name)
    access = jwt.decode(answer["access_token"], key, algorithms=["RS256"], audience=base)
    assert "roles" not in access
    assert "User.Read" in access["scp"].split()
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    assert client.http.get(f"{client.demo.graph_base_url}/domains", headers=headers).status_code == 200


def test_scopes_can_be_fewer_than_were_consented_to(client: Client, person: Person) -> None:
    scope = f"{client.demo.authority_url}/User.Read"
    answer = redeem(client, code(client, person, scope=scope)).json()
    assert "refresh_token" not in answer, "without offline_access"
    headers = {"Authorization": f"Bearer {answer['access_token']}"}
    refused = client.http.get(f"{client.demo.graph_base_url}/domains", headers=headers)
    assert error_code(refused) == (403, "Authorization_RequestDenied")


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"code_verifier": "w" * 50}, 501481),
        ({"code_verifier": ""}, 501481),
        ({"redirect_uri": "http://localhost:5001"}, 500112),
        ({"client_secret": "wrong"}, 7000215),
        ({"code": "other"}, 9002313),
    ],
)
def test_a_code_is_for_who_began_with_it(client: Client, person: Person, changes: dict[str, str], number: int) -> None:
    assert codes(redeem(client, **{"code": code(client, person), **changes})) == [number]


def test_a_code_is_redeemed_once(client: Client, person: Person) -> None:
    value = code(client, person)
    assert redeem(client, value).status_code == 200
    assert codes(redeem(client, value)) == [54005]


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({"redirect_uri": "https://evil.example"}, 50011),
        ({"redirect_uri": "http://localhost.evil.example"}, 50011),
        ({"client_id": "00000000-0000-0000-0000-000000000001"}, 700016),
        ({"code_challenge_method": "plain"}, 501491),
    ],
)
def test_the_page_refuses_without_sending_anybody_away(client: Client, changes: dict[str, str], number: int) -> None:
    answer = client.http.get(address(client, **changes))
    assert answer.status_code == 400
    assert f"AADSTS{number}" in answer.text
    assert "Location" not in answer.headers


def test_a_public_client_needs_pkce_and_shows_no_secret(client: Client, person: Person) -> None:
    public = {"client_id": client.demo.public_client_id}
    assert client.http.get(address(client, **public, code_challenge="")).status_code == 400
    value = code(client, person, **public)
    assert codes(redeem(client, value, **public)) == [700025]
    assert redeem(client, value, **public, client_secret="").status_code == 200


def test_a_wrong_password_shows_the_form_again(client: Client, person: Person) -> None:
    answer = person.decide(address(client), password="wrong")
    assert answer.status_code == 400
    assert "AADSTS50126" in answer.text
    assert "<form" in answer.text


def test_who_cancels_is_sent_back_with_an_error(client: Client, person: Person) -> None:
    answer = parse_qs(urlsplit(person.sign_in(address(client), "cancel")).query)
    assert answer["error"] == ["access_denied"]
    assert answer["state"] == ["s1"]
    assert "code" not in answer


def test_what_is_shown_is_escaped(client: Client) -> None:
    page = client.http.get(address(client, state='"><script>')).text
    assert "<script>" not in page
    assert "<script>" not in client.http.get(f"{client.demo.authority_url}/common/oauth2/nativeclient?code=<script>").text


def test_refresh_tokens_rotate_and_are_revoked_when_told_so(client: Client, person: Person) -> None:
    first: str = redeem(client, code(client, person)).json()["refresh_token"]
    second: str = refresh(client, first).json()["refresh_token"]
    assert second != first
    assert refresh(client, first).status_code == 200, "Microsoft lets the old one live"
    client.demo.sign_in_rules(revoke_rotated=True)
    assert codes(refresh(client, first)) == [70000]
    assert refresh(client, second).status_code == 200
    assert codes(refresh(client, second)) == [70000]


def test_a_refresh_token_is_of_one_app(client: Client, person: Person) -> None:
    token: str = redeem(client, code(client, person)).json()["refresh_token"]
    assert codes(refresh(client, token, client_id=client.demo.public_client_id, client_secret="")) == [70000]
    assert codes(refresh(client, token, client_secret="")) == [7000218]


def device(client: Client, **changes: str) -> Json:
    form = {"client_id": client.demo.public_client_id, "scope": f"{client.demo.authority_url}/.default", **changes}
    url = f"{client.demo.authority_url}/{client.demo.tenant_id}/oauth2/v2.0/devicecode"
    return dict(client.http.post(url, data=form).json())


def poll(client: Client, begun: Json) -> httpx.Response:
    return client.sign_in(
        grant_type="urn:ietf:params:oauth:grant-type:device_code",
        client_id=client.demo.public_client_id,
        client_secret="",
        device_code=begun["device_code"],
        scope="",
    )


def test_a_device_waits_until_the_code_is_entered(client: Client, person: Person) -> None:
    begun = device(client)
    assert poll(client, begun).json()["error"] == "authorization_pending"
    assert person.enter("WRONG").status_code == 400
    assert person.enter(begun["user_code"]).status_code == 200
    assert poll(client, begun).json()["access_token"]
    assert poll(client, begun).json()["error"] == "bad_verification_code"


def test_a_device_that_is_declined_or_late_is_told_so(client: Client, person: Person) -> None:
    begun = device(client)
    assert person.enter(begun["user_code"], "cancel").status_code == 200
    assert poll(client, begun).json()["error"] == "authorization_declined"
    client.demo.sign_in_rules(device_lifetime=-1)
    late = device(client)
    assert poll(client, late).json()["error"] == "expired_token"
    assert person.enter(late["user_code"]).status_code == 400


@pytest.mark.parametrize(
    ("changes", "number"),
    [
        ({}, None),
        ({"iss": "https://elsewhere.example"}, 700211),
        ({"sub": "somebody"}, 700213),
        ({"aud": "https://elsewhere.example"}, 700212),
        ({"exp": 1000}, 700024),
        ({"nbf": 32503680000}, 700024),
    ],
)
def test_a_federated_assertion_is_checked(client: Client, changes: dict[str, Any], number: int | None) -> None:
    token = client.demo.federated_token(**changes)
    answer = client.sign_in(client_secret="", client_assertion=token, client_assertion_type=ASSERTION_TYPE)
    assert answer.status_code == 200 if number is None else codes(answer) == [number]


def test_a_federated_assertion_of_another_key_is_refused(client: Client) -> None:
    claims = jwt.decode(client.demo.federated_token(), options={"verify_signature": False})
    forged = jwt.encode(claims, rsa.generate_private_key(65537, 2048), algorithm="RS256")
    answer = client.sign_in(client_secret="", client_assertion=forged, client_assertion_type=ASSERTION_TYPE)
    assert codes(answer) == [5000811]


@pytest.mark.parametrize(
    ("changes", "headers", "status"),
    [
        ({}, {"Metadata": "true"}, 200),
        ({}, {}, 400),
        ({}, {"Metadata": "true", "X-Forwarded-For": "10.0.0.1"}, 400),
        ({"resource": "https://vault.azure.net"}, {"Metadata": "true"}, 400),
        ({"client_id": "00000000-0000-0000-0000-000000000001"}, {"Metadata": "true"}, 400),
    ],
)
def test_the_managed_identities_endpoint(
    client: Client, changes: dict[str, str], headers: dict[str, str], status: int
) -> None:
    query = {"api-version": "2018-02-01", "resource": client.demo.authority_url, **changes}
    url = f"{client.demo.authority_url}/metadata/identity/oauth2/token"
    answer = client.http.get(url, params=query, headers=headers)
    assert answer.status_code == status
    assert ("access_token" in answer.json()) is (status == 200)


def test_rules_that_are_none_are_refused(client: Client) -> None:
    answer = client.http.patch(f"{client.demo.authority_url}/_demo/sign-in", json={"nonsense": 1})
    assert answer.status_code == 400
