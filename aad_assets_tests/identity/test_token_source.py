"""Tokens: cached, renewed and never shown; and sign-in errors that say what to do."""

import asyncio
import json
import logging
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
import socksio
from cryptography.hazmat.primitives.hashes import SHA256

from aad_assets.errors import ConfigurationError, SignInError
from aad_assets.identity.token_source import TokenSource
from aad_assets.transport import Transport
from aad_assets_tests.fake_graph import TOKEN, Clock, connection, run

from .issuer import AUTHORITY, SCOPE, SECRET, TENANT, FakeIdentity, Reply, sign_in_failure
from .test_certificates import CERTIFICATE, CERTIFICATE_PEM, pem

REACH = {"authority_url": AUTHORITY, "graph_base_url": "https://graph.test/v1.0", "client_secret": SECRET}


@pytest.fixture
def identity() -> FakeIdentity:
    return FakeIdentity()


@pytest.fixture(autouse=True)
def _no_waits(slept: list[float]) -> None:
    """Make back-off take no time in any of these tests."""


def source(identity: FakeIdentity, clock: Clock | None = None, **values: Any) -> TokenSource:
    return TokenSource(connection(**REACH | values), identity, clock=(clock or Clock()).now)


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


@pytest.mark.parametrize(
    ("code", "description", "advice"),
    [
        (7000215, "Invalid client secret provided.", "AAD_CLIENT_SECRET is wrong. Paste the secret's value, not its ID"),
        (7000222, "The provided client secret keys are expired.", "AAD_CLIENT_SECRET has expired"),
        (700016, "Application with identifier 'app' was not found.", "AAD_CLIENT_ID is not known in this tenant"),
        (700027, "The certificate is not registered.", "The certificate of AAD_CLIENT_CERTIFICATE_PATH is not"),
        (
            700027,
            "Failed [Reason - The key used is expired.]",
            "The certificate of AAD_CLIENT_CERTIFICATE_PATH is not the one uploaded to the app, or has expired. Upload",
        ),
        (65001, "The user or administrator has not consented.", "Grant admin consent"),
        (70025, "The client has no configured federated identity credentials.", "The app has no federated credential at all"),
        (7000229, "The client is missing service principal.", "The app has no service principal in this tenant"),
        (50076, "You must use multi-factor authentication.", "A conditional access policy requires multi-factor"),
        (53003, "Access has been blocked.", "A conditional access policy blocks this app"),
        (500011, "The resource principal was not found.", "AAD_GRAPH_BASE_URL or AAD_CLOUD does not belong"),
    ],
)
def test_a_failed_sign_in_says_in_one_line_what_to_do(
    identity: FakeIdentity, code: int, description: str, advice: str
) -> None:
    identity.tokens = [sign_in_failure(code, description)]
    with pytest.raises(SignInError) as caught:
        run(source(identity).token())
    shown = str(caught.value)
    assert caught.value.code == f"AADSTS{code}"
    assert shown.startswith(f"Sign-in failed: AADSTS{code}: {description.rstrip('.')} (trace id 0d1f2a1e-")
    assert f"). {advice}" in shown
    assert "\n" not in shown
    assert "Correlation" not in shown
    assert len(identity.forms) == 1, "a retry would not help"


@pytest.mark.parametrize("work", ["token", "tenant_id"])
def test_an_unknown_tenant_names_its_setting(identity: FakeIdentity, work: str) -> None:
    identity.discovery = [sign_in_failure(90002, "Tenant 'contoso.example' not found.", "invalid_tenant", 400)]
    with pytest.raises(SignInError, match=r"AADSTS90002: Tenant 'contoso.example' not found .*AAD_TENANT_ID") as caught:
        run(getattr(source(identity), work)())
    assert caught.value.code == "AADSTS90002"
    assert identity.forms == [], "no credential is sent to a tenant that does not exist"


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(404, text="<html>"),
        httpx.Response(400, json=["x"]),
        httpx.Response(200, json={}),
        httpx.Response(302, headers={"Location": "https://evil.example/"}),
    ],
)
def test_a_host_that_is_no_authority_is_reported(identity: FakeIdentity, response: httpx.Response) -> None:
    identity.discovery = [response]
    with pytest.raises(SignInError, match=rf"https://login\.test/contoso\.example returned {response.status_code}"):
        run(source(identity).tenant_id())


def test_an_authority_without_an_endpoint_is_reported(identity: FakeIdentity) -> None:
    found = {"issuer": identity.issuer, "token_endpoint": f"{AUTHORITY}/token"}
    identity.discovery = [httpx.Response(200, json=found), httpx.Response(200, json=found)]
    with pytest.raises(SignInError, match=r"https://login\.test/contoso\.example does not respond like an authority"):
        run(source(identity).token())


def test_an_oauth_error_without_a_code_is_shown_as_it_is(identity: FakeIdentity) -> None:
    identity.tokens = [httpx.Response(400, json={"error": "invalid_scope"})]
    with pytest.raises(
        SignInError, match=r"^Sign-in failed: invalid_scope\. Check AAD_TENANT_ID, .*AAD_AUTHORITY_URL\.$"
    ) as caught:
        run(source(identity).token())
    assert caught.value.code == "invalid_scope"


def transient_faults() -> list[Reply]:
    """Return one fault of each transient kind."""
    cut = httpx.Response(200, content=f'{{"token_type": "Bearer", "access_token": "{TOKEN}-cut'.encode())
    return [
        httpx.Response(503, text="busy"),
        httpx.Response(500, json={"error": "server_error"}),
        httpx.Response(429, json={"error": "throttled"}, headers={"Retry-After": "1"}),
        httpx.ConnectError("[Errno 111] Connection refused"),
        httpx.ReadTimeout("timed out"),
        httpx.RemoteProtocolError("Server disconnected"),
        socksio.ProtocolError("Malformed reply"),
        cut,
        sign_in_failure(
            90033, "A transient error has occurred. Please try again.", error="temporarily_unavailable", status=400
        ),
        httpx.Response(400, json={"error": "invalid_grant", "error_codes": [90033]}),
    ]


@pytest.mark.parametrize("fault", range(len(transient_faults())))
@pytest.mark.parametrize("where", ["tokens", "discovery"])
def test_a_transient_fault_of_the_sign_in_is_retried(identity: FakeIdentity, where: str, fault: int) -> None:
    setattr(identity, where, [transient_faults()[fault]])
    assert run(source(identity).token()).startswith(TOKEN)


@pytest.mark.parametrize("fault", range(len(transient_faults())))
def test_a_transient_fault_of_msals_own_discovery_is_retried(identity: FakeIdentity, fault: int) -> None:
    first = identity._discover(httpx.Request("GET", f"{AUTHORITY}/v2.0/.well-known/openid-configuration"))[1]()
    identity.discovery = [first, transient_faults()[fault]]
    assert run(source(identity).token()).startswith(TOKEN)


@pytest.mark.parametrize("fault", range(len(transient_faults())))
def test_an_authority_that_stays_unreachable_names_the_settings(
    identity: FakeIdentity, fault: int, slept: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    identity.tokens = [response for _ in range(9) for response in [transient_faults()[fault]]]
    with pytest.raises(ConfigurationError, match=r"https://login\.test/contoso\.example cannot be reached") as caught:
        run(source(identity).token())
    assert "AAD_AUTHORITY_URL" in str(caught.value)
    assert "AAD_CA_BUNDLE" in str(caught.value)
    assert len(identity.forms) == 4
    assert sum(slept) < 10
    assert_no_secret_shown(caplog, caught.value)


def test_no_further_attempt_is_made_after_15_seconds(identity: FakeIdentity) -> None:
    clock = Clock()

    class Stalled(FakeIdentity):
        def _answer(self, request: httpx.Request) -> httpx.Response:
            clock.time += 8
            self.discoveries += 1
            raise httpx.ReadTimeout("timed out")

    stalled = Stalled()
    with pytest.raises(ConfigurationError, match="cannot be reached: timed out"):
        run(source(stalled, clock).token())
    assert stalled.discoveries == 2


def test_a_gateway_that_rejects_the_request_is_named_without_a_retry(identity: FakeIdentity) -> None:
    identity.discovery = [httpx.ProxyError("407 Proxy Authentication Required")]
    with pytest.raises(
        ConfigurationError, match=r"through AAD_GATEWAY_URL \(http://gateway\.test:80\): 407 Proxy Authentication Required"
    ) as caught:
        run(source(identity, gateway_url="http://user:p4ssword@gateway.test:80").token())
    assert "p4ssword" not in str(caught.value)


def test_a_header_that_cannot_be_sent_is_not_quoted(identity: FakeIdentity) -> None:
    identity.tokens = [httpx.LocalProtocolError(f"Illegal header value b'{SECRET}\\n'")] * 9
    with pytest.raises(ConfigurationError, match="LocalProtocolError") as caught:
        run(source(identity).token())
    assert SECRET not in str(caught.value)


def test_an_unsupported_proxy_in_the_environment_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "ftp://me:p4ssword@proxy.example")
    reach = connection(**REACH)
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY") as caught:
        run(TokenSource(reach, Transport(reach)).token())
    assert "p4ssword" not in str(caught.value)


def test_an_address_that_no_request_can_reach_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    reach = connection(**REACH | {"authority_url": "https://xn--"})
    with pytest.raises(ConfigurationError, match="no request can be sent to this address"):
        run(TokenSource(reach, Transport(reach)).token())


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


def assert_no_secret_shown(caplog: pytest.LogCaptureFixture, error: BaseException | None) -> None:
    shown = [caplog.text, repr(error), str(error)]
    while error := error and (error.__cause__ or error.__context__):
        shown += [repr(error), str(error)]
    assert not any(secret in text for text in shown for secret in (SECRET, TOKEN, "p4ssword"))


def test_a_token_that_has_not_expired_is_used_while_the_authority_is_unreachable(
    identity: FakeIdentity, slept: list[float]
) -> None:
    clock = Clock()
    tokens = source(identity, clock)
    first = run(tokens.token())
    identity.tokens = [transient_faults()[0]] * 99
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


@pytest.mark.parametrize(
    ("cloud", "there", "advice"),
    [
        ("global", "login.microsoftonline.us", "Set AAD_CLOUD to usgov or usgov_dod"),
        ("usgov", "login.partner.microsoftonline.cn", "Set AAD_CLOUD to china"),
        ("china", "login.microsoftonline.com", "Set AAD_CLOUD to global"),
    ],
)
def test_a_tenant_in_another_cloud_is_reported_before_a_credential_is_sent(
    identity: FakeIdentity, cloud: str, there: str, advice: str
) -> None:
    found = {"issuer": identity.issuer, "token_endpoint": f"https://{there}/{TENANT}/oauth2/v2.0/token"}
    identity.discovery = [httpx.Response(200, json=found)]
    with pytest.raises(SignInError, match=rf"in another cloud, which signs in at {there}\. {advice}"):
        run(source(identity, cloud=cloud).token())
    assert identity.forms == []


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


def test_the_trace_id_is_also_found_in_the_description(identity: FakeIdentity) -> None:
    description = "AADSTS50105: Not assigned. Trace ID: abc-1 Correlation ID: 2 Timestamp: 2026-01-01 00:00:00Z"
    identity.tokens = [httpx.Response(400, json={"error": "invalid_grant", "error_description": description})]
    with pytest.raises(SignInError, match=r"AADSTS50105: Not assigned \(trace id abc-1\)\. The account is not"):
        run(source(identity).token())


def test_an_assertion_names_its_certificate_by_the_sha256_thumbprint(identity: FakeIdentity, tmp_path: Path) -> None:
    path = tmp_path / "client.pem"
    path.write_bytes(pem() + CERTIFICATE_PEM)
    run(source(identity, client_secret="", client_certificate_path=str(path)).token())
    (form,) = identity.forms
    header = jwt.get_unverified_header(form["client_assertion"])
    assert header["x5t#S256"].rstrip("=") == urlsafe_b64encode(CERTIFICATE.fingerprint(SHA256())).decode().rstrip("=")
    assert header["alg"] == "PS256"
    assert "x5t" not in header
