"""The authority: retried when it is unreachable, and never left for another host."""

import logging
from pathlib import Path

import httpx
import pytest
import socksio

from aad_assets.errors import ConfigurationError, SignInError
from aad_assets.identity.credentials import MsalHttp
from aad_assets.identity.delegated import DelegatedSignIn
from aad_assets.identity.token_source import TokenSource
from aad_assets.transport import Transport
from aad_assets_tests.fake_graph import TOKEN, Clock, connection, run

from .issuer import AUTHORITY, REACH, SECRET, TENANT, FakeIdentity, Reply, assert_no_secret_shown, sign_in_failure, source


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


@pytest.mark.parametrize("status", [200, 403, 407])
@pytest.mark.parametrize("endpoint", ["discovery", "tokens"])
def test_a_page_of_a_proxy_is_reported_at_once(
    identity: FakeIdentity, monkeypatch: pytest.MonkeyPatch, endpoint: str, status: int
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://anna:p4ssword@proxy.example:8080")
    page = httpx.Response(status, text="<html>Anna</html>", headers={"Content-Type": "text/html"})
    setattr(identity, endpoint, [page])
    with pytest.raises(ConfigurationError, match=r"through HTTPS_PROXY \(http://proxy\.example:8080\): ") as caught:
        run(source(identity).token())
    assert str(status) in str(caught.value)
    assert "NO_PROXY" in str(caught.value)
    assert not any(text in str(caught.value) for text in ("p4ssword", "Anna"))


def test_an_authority_without_an_endpoint_is_reported(identity: FakeIdentity) -> None:
    found = {"issuer": identity.issuer, "token_endpoint": f"{AUTHORITY}/token"}
    identity.discovery = [httpx.Response(200, json=found), httpx.Response(200, json=found)]
    with pytest.raises(SignInError, match=r"https://login\.test/contoso\.example does not respond like an authority"):
        run(source(identity).token())


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


GOOD = {
    "issuer": f"{AUTHORITY}/{TENANT}/v2.0",
    "token_endpoint": f"{AUTHORITY}/{TENANT}/oauth2/v2.0/token",
    "authorization_endpoint": f"{AUTHORITY}/{TENANT}/oauth2/v2.0/authorize",
    "device_authorization_endpoint": f"{AUTHORITY}/{TENANT}/oauth2/v2.0/devicecode",
}
ELSEWHERE = [
    "https://evil.example/token",
    "https://login.test.evil.example/token",
    "https://login.test@evil.example/token",
    "https://login.test:8443/token",
    "https://sub.login.test/token",
    "http://login.test/token",
    "//evil.example/token",
    "/token",
    "ftp://login.test/token",
]


class Watched(FakeIdentity):
    """An identity platform that records every host that is reached."""

    def __init__(self) -> None:
        super().__init__()
        self.hosts: set[str] = set()

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.hosts.add(request.url.host)
        return super()._answer(request)


@pytest.fixture
def watched(slept: list[float]) -> Watched:
    return Watched()


@pytest.mark.parametrize("endpoint", [name for name in GOOD if name.endswith("_endpoint")])
@pytest.mark.parametrize("url", ELSEWHERE)
@pytest.mark.parametrize("which", [1, 2], ids=["our own request", "msal's request"])
def test_an_endpoint_on_another_host_gets_no_credential(watched: Watched, which: int, url: str, endpoint: str) -> None:
    bad = httpx.Response(200, json=GOOD | {endpoint: url})
    watched.discovery = [*[httpx.Response(200, json=GOOD)] * (which - 1), bad]
    with pytest.raises(SignInError, match=r"(names an endpoint at|does not respond like an authority)") as caught:
        run(source(watched).token())
    assert watched.forms == []
    assert watched.hosts == {"login.test"}
    assert SECRET not in str(caught.value)


def test_the_message_names_both_hosts_and_the_setting(watched: Watched) -> None:
    watched.discovery = [httpx.Response(200, json=GOOD | {"token_endpoint": "https://evil.example/token"})]
    with pytest.raises(SignInError) as caught:
        run(source(watched).token())
    assert str(caught.value) == (
        "Sign-in failed: the authority https://login.test names an endpoint at https://evil.example. Nothing was sent there, "
        "because it would get the credential. If that host is right, set AAD_AUTHORITY_URL to it."
    )


@pytest.mark.parametrize("token_endpoint", ["https://LOGIN.test:443/x/oauth2/token", "https://login.test/other/path"])
def test_the_authoritys_own_host_is_recognised_in_any_spelling(watched: Watched, token_endpoint: str) -> None:
    watched.discovery = [httpx.Response(200, json=GOOD | {"token_endpoint": token_endpoint})] * 2
    assert run(source(watched).token()).startswith(TOKEN)


@pytest.mark.parametrize("work", ["tenant_id", "token"])
def test_an_endpoint_elsewhere_is_reported_before_anything_is_read(watched: Watched, work: str) -> None:
    watched.discovery = [httpx.Response(200, json=GOOD | {"device_authorization_endpoint": "https://evil.example/"})]
    with pytest.raises(SignInError, match=r"names an endpoint at https://evil\.example"):
        run(getattr(source(watched), work)())


def test_a_persons_browser_is_not_sent_to_another_host(watched: Watched, tmp_path: Path) -> None:
    bad = httpx.Response(200, json=GOOD | {"authorization_endpoint": "https://evil.example/authorize"})
    watched.discovery = [httpx.Response(200, json=GOOD), bad]
    person = connection(**REACH | {"auth": "delegated", "token_cache": str(tmp_path / "sign-in.json")})
    with pytest.raises(SignInError, match=r"names an endpoint at https://evil\.example"):
        run(DelegatedSignIn(person, watched).begin("http://localhost"))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("body", [{}, {"access_token": "stolen", "token_type": "Bearer", "expires_in": 3600}])
def test_a_redirect_of_a_token_request_is_not_followed(watched: Watched, status: int, body: dict[str, object]) -> None:
    headers = {"Location": "https://evil.example/token"}
    watched.tokens = [httpx.Response(status, headers=headers, json=body)]
    with pytest.raises(SignInError, match=rf"redirects token requests to https://evil\.example \(status {status}\)"):
        run(source(watched).token())
    assert len(watched.forms) == 1, "and it is not repeated"
    assert watched.hosts == {"login.test"}


@pytest.mark.parametrize("url", ["https://login.microsoftonline.com/common/discovery/instance", *ELSEWHERE])
def test_msal_reaches_no_other_host_whatever_it_asks_for(watched: Watched, url: str) -> None:
    with watched.sync_client() as client:
        http = MsalHttp(client, AUTHORITY)
        for call in (http.get, http.post):
            with pytest.raises(SignInError, match="names an endpoint at"):
                call(url)
    assert watched.hosts == set()
