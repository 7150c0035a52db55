"""Every sign-in method against the demo tenant over TLS, and what goes wrong with each."""

import json
import logging
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from aad_assets.demo import DemoServer
from aad_assets.errors import ConfigurationError, GraphError, SignInError
from aad_assets.identity.claims import read_claims
from aad_assets.identity.token_source import TokenSource
from aad_assets.settings import Connection
from aad_assets.transport import Transport
from aad_assets_tests.fake_graph import Clock, run

from .signing_in import connection_to, domains, sign_in, true_domains, without_secret


@pytest.fixture(scope="module")
def shared() -> Iterator[DemoServer]:
    with DemoServer(users=20, no_quota=True) as server:
        yield server


@pytest.fixture(scope="module")
def other() -> Iterator[DemoServer]:
    """Run another tenant."""
    with DemoServer(users=10, seed=3, no_quota=True, without_permission=["Domain.Read.All", "Directory.Read.All"]) as server:
        yield server


@pytest.fixture
def demo(shared: DemoServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[DemoServer]:
    """Restore the rules after each test, and make this machine look like one of Azure's."""
    before = shared.sign_in_rules()
    shared.reset_stats()
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", shared.authority_url)
    yield shared
    shared.sign_in_rules(**before)
    shared.clear_faults()


@pytest.fixture
def token_file(demo: DemoServer, tmp_path: Path) -> Path:
    path = tmp_path / "federated-token"
    path.write_text(demo.federated_token() + "\n")
    return path


def methods(demo: DemoServer, token_file: Path) -> dict[str, dict[str, Any]]:
    return {
        "client_secret": {},
        "certificate": without_secret(client_certificate_path=demo.client_certificate),
        "workload_identity": without_secret(federated_token_file=str(token_file)),
        "system-assigned": without_secret(managed_identity="system", client_id=""),
        "user-assigned": without_secret(managed_identity=demo.managed_identity, client_id=""),
    }


@pytest.mark.parametrize("method", ["client_secret", "certificate", "workload_identity", "system-assigned", "user-assigned"])
def test_every_method_reads_and_leaves_no_credential_in_a_log(
    demo: DemoServer, tmp_path: Path, token_file: Path, caplog: pytest.LogCaptureFixture, method: str
) -> None:
    caplog.set_level(logging.DEBUG)
    connection = connection_to(demo, tmp_path, **methods(demo, token_file)[method])
    assert domains(connection) == true_domains(demo)
    assert demo.stats()["tokens_issued"] == 1
    assert_no_secret_logged(caplog, demo)


def assert_no_secret_logged(caplog: pytest.LogCaptureFixture, demo: DemoServer, *more: str) -> None:
    for secret in ("eyJ", demo.client_secret, demo.user_password, "PRIVATE KEY", *more):
        assert secret not in caplog.text


def test_user_assigned_and_system_assigned_are_different_identities(demo: DemoServer, tmp_path: Path) -> None:
    def app_of(managed_identity: str) -> str:
        connection = connection_to(demo, tmp_path, **without_secret(managed_identity=managed_identity))
        return str(read_claims(run(TokenSource(connection, Transport(connection)).token()))["appid"])

    assert app_of(demo.managed_identity) == demo.managed_identity
    assert app_of("system") != demo.managed_identity


def test_the_federated_token_is_read_again_before_each_use(demo: DemoServer, tmp_path: Path, token_file: Path) -> None:
    connection = connection_to(demo, tmp_path, **without_secret(federated_token_file=str(token_file)))
    clock = Clock()
    tokens = TokenSource(connection, Transport(connection), clock=clock.now)
    run(tokens.token())
    token_file.write_text(demo.federated_token(exp=1))
    assert run(tokens.token()), "the present token is still valid"
    clock.time += 3_000
    with pytest.raises(SignInError, match="AADSTS700024"):
        run(tokens.token())
    token_file.write_text(demo.federated_token())
    assert run(tokens.token())


@pytest.mark.parametrize(
    ("changes", "code", "advice"),
    [
        ({"iss": "https://elsewhere.example"}, "AADSTS700211", "Compare the token's issuer, subject and audience"),
        ({"sub": "repo:fork/it"}, "AADSTS700213", "Compare the token's issuer, subject and audience"),
        ({"aud": "https://elsewhere.example"}, "AADSTS700212", "Compare the token's issuer, subject and audience"),
        ({"exp": 1000}, "AADSTS700024", "Check that the file is still being renewed"),
    ],
)
def test_a_federated_token_that_does_not_match_is_reported(
    demo: DemoServer, tmp_path: Path, token_file: Path, changes: dict[str, Any], code: str, advice: str
) -> None:
    token_file.write_text(demo.federated_token(**changes))
    connection = connection_to(demo, tmp_path, **without_secret(federated_token_file=str(token_file)))
    assert_one_line(connection, code, advice)


@pytest.mark.parametrize("content", [None, "", "no token", "a.b", b"\xff\xfe"])
def test_a_file_without_a_federated_token_is_named(demo: DemoServer, tmp_path: Path, content: str | bytes | None) -> None:
    path = tmp_path / "federated-token"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    connection = connection_to(demo, tmp_path, **without_secret(federated_token_file=str(path)))
    with pytest.raises(ConfigurationError, match=rf"AAD_FEDERATED_TOKEN_FILE \({path}\)"):
        domains(connection)


def assert_one_line(connection: Connection, code: str, advice: str) -> None:
    """Assert that the sign-in fails with one line: code, trace id and advice."""
    with pytest.raises(SignInError) as caught:
        domains(connection)
    shown = str(caught.value)
    assert caught.value.code == code
    assert code in shown
    assert "(trace id " in shown
    assert advice in shown
    assert "\n" not in shown
    assert connection.client_secret not in shown or not connection.client_secret


@pytest.mark.parametrize(
    ("rules", "code", "advice"),
    [
        ({"secret_expired": True}, "AADSTS7000222", "Create a new secret"),
        ({"blocked": True}, "AADSTS53003", "A conditional access policy blocks this app"),
    ],
)
def test_a_change_by_an_administrator_is_reported(
    demo: DemoServer, tmp_path: Path, rules: dict[str, Any], code: str, advice: str
) -> None:
    demo.sign_in_rules(**rules)
    assert_one_line(connection_to(demo, tmp_path), code, advice)


def test_a_secrets_id_in_place_of_its_value_is_recognised(demo: DemoServer, tmp_path: Path) -> None:
    connection = connection_to(demo, tmp_path, client_secret="7a3b9c10-52d8-4e6f-8b21-beef00000000")
    assert_one_line(connection, "AADSTS7000215", "AAD_CLIENT_SECRET contains the secret's ID. Paste the secret's value")


@pytest.mark.parametrize(("offset", "side"), [(3600, "60 minutes behind"), (-3600, "60 minutes ahead of")])
def test_a_wrong_clock_is_reported(demo: DemoServer, tmp_path: Path, offset: float, side: str) -> None:
    demo.sign_in_rules(clock_offset=offset)
    connection = connection_to(demo, tmp_path, **without_secret(client_certificate_path=demo.client_certificate))
    assert_one_line(connection, "AADSTS700024", f"This machine's clock is {side} the sign-in service's. Correct it.")


def test_a_certificate_of_another_app_is_reported(demo: DemoServer, other: DemoServer, tmp_path: Path) -> None:
    connection = connection_to(demo, tmp_path, **without_secret(client_certificate_path=other.client_certificate))
    assert_one_line(connection, "AADSTS700027", "is not the one uploaded to the app")


def test_an_identity_that_the_machine_does_not_have_is_reported(demo: DemoServer, tmp_path: Path) -> None:
    stranger = "00000000-1111-2222-3333-444444444444"
    connection = connection_to(demo, tmp_path, **without_secret(managed_identity=stranger))
    with pytest.raises(SignInError, match=r"Identity not found\. Check that this machine has the identity"):
        domains(connection)


def test_a_machine_outside_azure_is_reported(
    demo: DemoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slept: list[float]
) -> None:
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:9")
    with pytest.raises(
        ConfigurationError, match=r"managed identities does not respond: .*choose another method with AAD_AUTH"
    ):
        domains(connection_to(demo, tmp_path, **without_secret(managed_identity="system")))


class Machine(Transport):
    """A machine with a scripted endpoint for managed identities."""

    def __init__(self, connection: Connection, *answers: httpx.Response) -> None:
        super().__init__(connection)
        self._answers = list(answers)

    def unproxied_client(self) -> httpx.Client:
        return httpx.Client(transport=httpx.MockTransport(lambda _: self._answers.pop(0)))


ARC = {"IDENTITY_ENDPOINT": "http://arc.test/token", "IMDS_ENDPOINT": "http://arc.test"}
LEARNING = {"MSI_ENDPOINT": "http://learning.test/token", "MSI_SECRET": "s3cret"}
CHALLENGE = {"WWW-Authenticate": "Basic realm=/var/opt/azcmagent/tokens/none-of-this-name.key"}


@pytest.mark.parametrize("environment", [ARC, LEARNING], ids=["Arc", "Machine Learning"])
@pytest.mark.parametrize("token", ["eyJhidden.eyJ1.x", "0paque-hidden"])
def test_a_response_that_msal_passes_on_as_the_description_is_not_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], token: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    connection = Connection(tenant_id="contoso.example", managed_identity="system")
    machine = Machine(connection, httpx.Response(200, json={"access_token": token, "message": "Here eyJit is"}))
    with pytest.raises(SignInError, match="Check that this machine has the identity") as caught:
        run(TokenSource(connection, machine).token())
    assert "hidden" not in str(caught.value)
    assert "eyJ" not in str(caught.value)
    assert ("Sign-in failed: Here … is." in str(caught.value)) == (environment is ARC)


@pytest.mark.parametrize("error", ["not_found", {"code": "NotFound", "message": "not_found"}])
def test_an_error_in_an_object_is_shown(monkeypatch: pytest.MonkeyPatch, error: Any) -> None:
    for name, value in ARC.items():
        monkeypatch.setenv(name, value)
    connection = Connection(tenant_id="contoso.example", managed_identity="system")
    with pytest.raises(SignInError, match=r"Sign-in failed: not_found\. Check"):
        run(TokenSource(connection, Machine(connection, httpx.Response(400, json={"error": error}))).token())


def test_an_unreadable_key_file_of_azure_arc_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ARC.items():
        monkeypatch.setenv(name, value)
    connection = Connection(tenant_id="contoso.example", managed_identity="system")
    machine = Machine(connection, httpx.Response(401, headers=CHALLENGE))
    with pytest.raises(ConfigurationError, match=r"none-of-this-name\.key cannot be read \(No such file.*group himds"):
        run(TokenSource(connection, machine).token())


def test_an_identity_of_another_tenant_is_rejected(
    demo: DemoServer, other: DemoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise its rows would be stored under the wrong tenant."""
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", other.authority_url)
    both = tmp_path / "both.pem"
    both.write_text(Path(demo.ca_bundle).read_text() + Path(other.ca_bundle).read_text())
    # Graph's public name is what both tenants issue tokens for.
    public = {"ca_bundle": str(both), "graph_base_url": "https://graph.microsoft.com/v1.0"}
    connection = connection_to(demo, tmp_path, **without_secret(managed_identity="system", **public))

    async def main() -> None:
        tokens = TokenSource(connection, Transport(connection))
        await tokens.tenant_id()
        await tokens.token()

    with pytest.raises(SignInError, match=rf"the token belongs to the tenant {other.tenant_id}, but AAD_TENANT_ID is"):
        run(main())


def test_a_claims_challenge_is_answered_once(demo: DemoServer, tmp_path: Path) -> None:
    demo.faults([{"kind": "claims_challenge"}])
    assert domains(connection_to(demo, tmp_path)) == true_domains(demo)
    assert demo.stats()["tokens_issued"] == 2
    assert demo.faults()[0]["hits"] == 1


def test_a_claims_challenge_that_comes_again_ends_the_read(demo: DemoServer, tmp_path: Path) -> None:
    """A managed identity cannot pass claims on, so that Graph keeps rejecting its tokens."""
    demo.faults([{"kind": "claims_challenge"}])
    with pytest.raises(GraphError, match="401"):
        domains(connection_to(demo, tmp_path, **without_secret(managed_identity="system")))
    assert demo.stats()["tokens_issued"] < 5


def test_short_lived_tokens_are_kept_for_most_of_their_lifetime(demo: DemoServer, tmp_path: Path) -> None:
    demo.sign_in_rules(token_lifetime=60)
    connection, clock = connection_to(demo, tmp_path), Clock()

    async def main() -> list[str]:
        tokens = TokenSource(connection, Transport(connection), clock=clock.now)
        seen = []
        for second in range(0, 180, 5):
            clock.time = 1_000 + second
            seen.append(await tokens.token())
        return seen

    seen = run(main())
    assert len(set(seen)) == demo.stats()["tokens_issued"] == 4, "at 0, 50, 100 and 150 s"


def test_scopes_decide_what_a_person_can_read(other: DemoServer, tmp_path: Path) -> None:
    connection = connection_to(other, tmp_path, auth="delegated")
    signed_in = sign_in(other, connection)
    assert "User.Read" in signed_in.scopes
    assert "Domain.Read.All" not in signed_in.scopes
    with pytest.raises(GraphError, match="403 Authorization_RequestDenied"):
        domains(connection)


def test_the_demo_sends_the_claims_that_it_demands(demo: DemoServer, tmp_path: Path) -> None:
    """The wording is Microsoft's. Another test shows that the challenge is answered."""
    demo.faults([{"kind": "claims_challenge"}])
    connection = connection_to(demo, tmp_path)
    token = run(TokenSource(connection, Transport(connection)).token())
    with Transport(connection).sync_client() as client:
        response: httpx.Response = client.get(f"{demo.graph_base_url}/domains", headers={"Authorization": f"Bearer {token}"})
    header = response.headers["WWW-Authenticate"]
    assert response.status_code == 401
    assert 'error="insufficient_claims"' in header
    assert json.loads(b64decode(header.split('claims="')[1].rstrip('"')))["access_token"]["nbf"]["essential"] is True
