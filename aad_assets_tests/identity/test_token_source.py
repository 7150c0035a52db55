"""Tokens: cached, renewed, never shown, and of the right tenant and cloud.

See also `test_authority.py` and `test_sign_in_errors.py`.
"""

import asyncio
import json
import logging
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.hashes import SHA256

from aad_assets.errors import ConfigurationError, SignInError
from aad_assets_tests.fake_graph import TOKEN, Clock, run

from .issuer import AUTHORITY, SCOPE, SECRET, TENANT, FakeIdentity, Reply, assert_no_secret_shown, sign_in_failure, source
from .test_certificates import CERTIFICATE, CERTIFICATE_PEM, pem


def test_a_token_request_carries_the_apps_credential_and_scope(identity: FakeIdentity) -> None:
    assert run(source(identity).token()) == f"{TOKEN}-1"
    (form,) = identity.forms
    assert form["grant_type"] == "client_credentials"
    assert form["client_id"] == "app"
    assert form["client_secret"] == SECRET
    assert form["scope"] == SCOPE


def test_many_tasks_share_one_token(identity: FakeIdentity) -> None:
    tokens = source(identity)

    async def many() -> set[str]:
        return set(await asyncio.gather(*(tokens.token() for _ in range(20))))

    assert run(many()) == {f"{TOKEN}-1"}
    assert len(identity.forms) == 1


def test_a_token_is_renewed_before_it_expires_and_not_much_earlier(identity: FakeIdentity) -> None:
    clock = Clock()
    tokens = source(identity, clock)
    seen = []
    for age in (0, 2_000, 2_879, 2_881, 3_599, 2_881 * 2):
        clock.time = 1_000 + age
        seen.append(run(tokens.token()))
    assert [token.removeprefix(f"{TOKEN}-") for token in seen] == ["1", "1", "1", "2", "2", "3"]


def test_short_lived_tokens_are_renewed_in_time(identity: FakeIdentity) -> None:
    """msal itself treats a token with less than five minutes left as expired."""
    identity.expires_in = 60
    clock = Clock()
    tokens = source(identity, clock)
    seen = []
    for age in (0, 40, 50):
        clock.time = 1_000 + age
        seen.append(run(tokens.token()))
    assert seen == [f"{TOKEN}-1", f"{TOKEN}-1", f"{TOKEN}-2"]


def test_a_rejected_token_is_replaced_once_for_all_tasks_that_use_it(identity: FakeIdentity) -> None:
    tokens = source(identity)

    async def work() -> tuple[str, set[str]]:
        first = await tokens.token()
        return first, set(await asyncio.gather(*(tokens.token(rejected=first) for _ in range(9))))

    first, others = run(work())
    assert others == {f"{TOKEN}-2"} != {first}
    assert len(identity.forms) == 2


@pytest.mark.parametrize("name", ["contoso.example", TENANT, TENANT.upper()])
def test_the_tenants_guid_is_found_whatever_name_is_configured(identity: FakeIdentity, name: str) -> None:
    assert run(source(identity, tenant_id=name).tenant_id()) == TENANT


def test_the_configured_guid_is_used_if_the_issuer_has_none(identity: FakeIdentity) -> None:
    identity.issuer = f"{AUTHORITY}/{{tenantid}}/v2.0"
    assert run(source(identity, tenant_id=TENANT.upper()).tenant_id()) == TENANT
    with pytest.raises(ConfigurationError, match="Set AAD_TENANT_ID to the GUID"):
        run(source(identity).tenant_id())


def token_response(expires_in: str) -> httpx.Response:
    content = f'{{"token_type":"Bearer","access_token":"{TOKEN}-1","expires_in":{expires_in}}}'
    return httpx.Response(200, content=content.encode())


@pytest.mark.parametrize("expires_in", ["0", "-5", "1" + "0" * 400, "1e20", '"3600"', "true"])
def test_a_token_with_an_absurd_lifetime_is_used_for_some_time(identity: FakeIdentity, expires_in: str) -> None:
    identity.tokens = [token_response(expires_in)]
    tokens = source(identity)
    assert [run(tokens.token()) for _ in range(3)] == [f"{TOKEN}-1"] * 3
    assert len(identity.forms) == 1


@pytest.mark.parametrize("expires_in", ["null", "[]", "{}", '"NaN"', '"soon"', f'"{"9" * 5_000}"'])
def test_a_lifetime_that_is_no_number_fails_the_sign_in(identity: FakeIdentity, expires_in: str) -> None:
    identity.tokens = [token_response(expires_in)]
    with pytest.raises(SignInError, match="does not respond like an authority"):
        run(source(identity).token())


def test_a_failed_sign_in_is_not_cached(identity: FakeIdentity) -> None:
    identity.tokens = [sign_in_failure(7000215, "Invalid client secret provided.")]
    tokens = source(identity)
    with pytest.raises(SignInError):
        run(tokens.token())
    assert run(tokens.token()).startswith(TOKEN)


@pytest.mark.parametrize(
    "answers",
    [
        [],
        [sign_in_failure(7000215, "Invalid client secret provided.")],
        [httpx.Response(503)] * 9,
        [httpx.Response(200, text=f'{{"access_token": "{TOKEN}-cut')] * 9,
        [httpx.Response(200, text=f'["{TOKEN}"]')] * 9,
    ],
    ids=["granted", "rejected", "busy", "truncated", "a list"],
)
def test_no_secret_and_no_token_is_logged_or_shown(
    identity: FakeIdentity, caplog: pytest.LogCaptureFixture, answers: Sequence[Reply]
) -> None:
    caplog.set_level(logging.DEBUG)
    identity.tokens = list(answers)
    tokens = source(identity, gateway_url="http://user:p4ssword@gateway.test:80")
    error: Exception | None = None
    try:
        run(tokens.token())
    except ConfigurationError as caught:
        error = caught
    assert bool(error) == bool(answers)
    assert caplog.records
    assert_no_secret_shown(caplog, error)
    for shown in (repr(tokens), repr(tokens._connection), repr(vars(tokens)["_connection"]), str(tokens)):
        assert SECRET not in shown
        assert TOKEN not in shown
        assert "p4ssword" not in shown


def test_a_token_that_has_not_expired_is_used_while_the_authority_is_unreachable(
    identity: FakeIdentity, slept: list[float]
) -> None:
    clock = Clock()
    tokens = source(identity, clock)
    first = run(tokens.token())
    identity.tokens = [httpx.Response(503)] * 99
    clock.time = 1_000 + 3_000
    assert run(tokens.token()) == first
    asked = len(identity.forms)
    assert run(tokens.token()) == first
    assert len(identity.forms) == asked, "the next attempt is a minute later"
    clock.time = 1_000 + 3_601
    with pytest.raises(ConfigurationError, match="cannot be reached"):
        run(tokens.token())


def test_a_token_that_no_header_can_carry_is_rejected_without_being_shown(identity: FakeIdentity) -> None:
    identity.tokens = [httpx.Response(200, json={"access_token": "eyJhidden\n", "expires_in": 3600})]
    with pytest.raises(SignInError) as caught:
        run(source(identity).token())
    assert "eyJhidden" not in str(caught.value)


def test_a_token_for_another_cloud_is_reported(identity: FakeIdentity) -> None:
    issued = token_with(aud="https://graph.microsoft.us")
    identity.tokens = [httpx.Response(200, json={"access_token": issued, "expires_in": 3600})]
    with pytest.raises(SignInError, match=r"for another cloud \(graph\.microsoft\.us, .*Set AAD_CLOUD to usgov\.") as caught:
        run(source(identity, graph_base_url="https://graph.microsoft.com/v1.0").token())
    assert issued not in str(caught.value)


@pytest.mark.parametrize("tid", [TENANT, TENANT.upper()])
def test_a_token_of_this_tenant_is_accepted_in_any_letter_case(identity: FakeIdentity, tid: str) -> None:
    tokens = source(identity)
    issued = token_with(tid=tid)
    identity.tokens = [httpx.Response(200, json={"access_token": issued, "expires_in": 3600})]

    async def main() -> str:
        await tokens.tenant_id()
        return await tokens.token()

    assert run(main()) == issued


def test_a_token_of_another_tenant_is_rejected(identity: FakeIdentity) -> None:
    tokens = source(identity)
    other = "11111111-886f-4598-8853-d7dd044c03b3"
    identity.tokens = [httpx.Response(200, json={"access_token": token_with(tid=other), "expires_in": 3600})]

    async def main() -> None:
        await tokens.tenant_id()
        await tokens.token()

    with pytest.raises(SignInError, match=rf"belongs to the tenant {other}, but AAD_TENANT_ID is {TENANT}\. Set AAD_TENANT"):
        run(main())


def token_with(**claims: str) -> str:
    body = urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJ0.{body}.x"


def test_token_requests_declare_that_challenges_are_answered(identity: FakeIdentity) -> None:
    run(source(identity).token())
    assert json.loads(identity.forms[0]["claims"]) == {"access_token": {"xms_cc": {"values": ["cp1"]}}}


def test_a_challenge_is_passed_on_with_the_capability(identity: FakeIdentity) -> None:
    tokens = source(identity)
    first = run(tokens.token())
    run(tokens.token(rejected=first, claims='{"access_token": {"nbf": {"essential": true, "value": "1"}}}'))
    sent = json.loads(identity.forms[1]["claims"])["access_token"]
    assert sent == {"nbf": {"essential": True, "value": "1"}, "xms_cc": {"values": ["cp1"]}}


def test_an_assertion_names_its_certificate_by_the_sha256_thumbprint(identity: FakeIdentity, tmp_path: Path) -> None:
    path = tmp_path / "client.pem"
    path.write_bytes(pem() + CERTIFICATE_PEM)
    run(source(identity, client_secret="", client_certificate_path=str(path)).token())
    (form,) = identity.forms
    header = jwt.get_unverified_header(form["client_assertion"])
    assert header["x5t#S256"].rstrip("=") == urlsafe_b64encode(CERTIFICATE.fingerprint(SHA256())).decode().rstrip("=")
    assert header["alg"] == "PS256"
    assert "x5t" not in header
