"""Every sign-in method from settings to a published table, and every sign-in error, with a search for secrets after each.

Dagster runs in this process, on an instance that stores its database and compute logs on disk.
"""

import base64
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import dagster as dg
import duckdb
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key, pkcs12

from aad_assets.catalog import CATALOG
from aad_assets.demo import DemoServer
from aad_assets.identity import authority
from aad_assets.orchestration import EntraResource, WarehouseResource, build_definitions
from aad_assets.settings import Settings
from aad_assets_tests.gateway import PASSWORD, Gateway
from aad_assets_tests.hunting import everything_in
from aad_assets_tests.identity.signing_in import connection_to, sign_in

CERTIFICATE_PASSWORD = "c3rt~p4ss w0rd"


@pytest.fixture(scope="module")
def shared() -> Iterator[DemoServer]:
    with DemoServer(users=20, no_quota=True) as server:
        yield server


@pytest.fixture
def demo(shared: DemoServer) -> Iterator[DemoServer]:
    before = shared.sign_in_rules()
    yield shared
    shared.sign_in_rules(**before)
    shared.clear_faults()


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    with Gateway("socks5") as running:
        yield running


@dataclass
class Place:
    """A user's settings, a folder for credentials, one for all that a run leaves behind, and secrets that must not leak."""

    demo: DemoServer
    gateway: Gateway
    instance: dg.DagsterInstance
    private: Path
    left: Path
    settings: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=set)

    def without_secret(self, **settings: str) -> None:
        self.settings |= {"AAD_CLIENT_SECRET": "", **settings}

    def refresh_tokens(self) -> set[str]:
        cache = self.private / "sign-in.json"
        return {part for part in cache.read_text().split('"') if len(part) > 300} if cache.exists() else set()


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path_factory.mktemp("left"))) as instance:
        yield instance


@pytest.fixture
def place(demo: DemoServer, gateway: Gateway, instance: dg.DagsterInstance, tmp_path: Path) -> Place:
    private, left = tmp_path / "private", Path(instance.root_directory)
    private.mkdir()
    (left / "entra.duckdb").unlink(missing_ok=True)
    settings = demo.environment() | {
        "AAD_GATEWAY_URL": gateway.url,
        "AAD_DATABASE": str(left / "entra.duckdb"),
        "AAD_TOKEN_CACHE": str(private / "sign-in.json"),
        "AZURE_POD_IDENTITY_AUTHORITY_HOST": demo.authority_url,
    }
    secret = demo.client_secret
    sent = {secret, quote_plus(secret), base64.b64encode(f"{demo.client_id}:{secret}".encode()).decode()}
    return Place(
        demo, gateway, instance, private, left, settings, {*sent, demo.user_password, PASSWORD, CERTIFICATE_PASSWORD, "eyJ"}
    )


def client_secret(place: Place) -> None:
    """Keep the secret of the demo tenant's settings."""


def certificate(place: Place) -> None:
    pem = Path(place.demo.client_certificate).read_bytes()
    key: Any = load_pem_private_key(pem, None)
    encryption = BestAvailableEncryption(CERTIFICATE_PASSWORD.encode())
    path = place.private / "client.pfx"
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(b"app", key, x509.load_pem_x509_certificate(pem), None, encryption)
    )
    place.without_secret(AAD_CLIENT_CERTIFICATE_PATH=str(path), AAD_CLIENT_CERTIFICATE_PASSWORD=CERTIFICATE_PASSWORD)


def workload_identity(place: Place) -> None:
    """Set only the `AZURE_*` variables, as Kubernetes does."""
    path = place.private / "token"
    path.write_text(place.demo.federated_token())
    place.without_secret(
        AAD_TENANT_ID="",
        AAD_CLIENT_ID="",
        AAD_AUTHORITY_URL="",
        AZURE_TENANT_ID=place.demo.tenant_id,
        AZURE_CLIENT_ID=place.demo.client_id,
        AZURE_AUTHORITY_HOST=place.demo.authority_url + "/",
        AZURE_FEDERATED_TOKEN_FILE=str(path),
    )


def system_assigned(place: Place) -> None:
    place.without_secret(AAD_CLIENT_ID="", AAD_MANAGED_IDENTITY="system")


def user_assigned(place: Place) -> None:
    place.without_secret(AAD_CLIENT_ID="", AAD_MANAGED_IDENTITY=place.demo.managed_identity)


def delegated(place: Place) -> None:
    sign_in(place.demo, connection_to(place.demo, place.private, auth="delegated"))
    place.settings |= {"AAD_AUTH": "delegated"}
    place.secrets |= place.refresh_tokens()


def materialize(place: Place, monkeypatch: pytest.MonkeyPatch) -> dg.ExecuteInProcessResult:
    """Run one asset."""
    for name in [*os.environ]:
        if name.startswith(("AAD_", "AZURE_")):
            monkeypatch.delenv(name)
    for name, value in place.settings.items():
        if value:
            monkeypatch.setenv(name, value)
    definitions = build_definitions(entities=[CATALOG["domains"]])
    job = definitions.resolve_implicit_global_asset_job_def()
    return job.execute_in_process(instance=place.instance, raise_on_error=False)


def assert_no_secret(place: Place, result: dg.ExecuteInProcessResult, *output: str) -> None:
    """Assert that no secret is in the files and events of the run, its output, or the command line of this process."""
    left = everything_in(place.left)
    assert any(name.endswith(".db dumped") for name in left), "Dagster's database is searched"
    texts = [*output, *(str(event) for event in result.all_events), Path("/proc/self/cmdline").read_text()]
    content = left | {"output": "\n".join(texts).encode()}
    for secret in place.secrets | place.refresh_tokens():
        assert [name for name, text in content.items() if secret.encode() in text] == [], secret[:4]


Prepare = Callable[[Place], None]
METHODS = (client_secret, certificate, workload_identity, system_assigned, user_assigned, delegated)


@pytest.mark.parametrize("prepare", METHODS, ids=lambda method: str(method.__name__))
def test_every_method_publishes_a_table_and_leaks_no_secret(
    place: Place,
    prepare: Prepare,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level("DEBUG")
    prepare(place)
    before = len(place.gateway.tunnels)

    result = materialize(place, monkeypatch)

    assert result.success
    with duckdb.connect(str(place.left / "entra.duckdb"), read_only=True) as database:
        found = database.execute("SELECT id FROM aad.domains ORDER BY id").fetchall()
    assert [row[0] for row in found] == sorted(row["id"] for row in place.demo.objects("domains"))
    assert len(place.gateway.tunnels) > before, "through the gateway"
    assert_no_secret(place, result, caplog.text, *capfd.readouterr())


def changed(rules: dict[str, Any] | None = None, method: Prepare = client_secret, **settings: str) -> Prepare:
    """Return a sign-in method after which the tenant's rules or the settings change."""

    def prepare(place: Place) -> None:
        method(place)
        place.settings |= settings
        place.demo.sign_in_rules(**rules or {})

    return prepare


def stale_federation(place: Place) -> None:
    workload_identity(place)
    (place.private / "token").write_text(place.demo.federated_token(exp=1000))


def wrong_certificate_password(place: Place) -> None:
    certificate(place)
    place.settings |= {"AAD_CLIENT_CERTIFICATE_PASSWORD": "wr0ng~p4ssword"}
    place.secrets.add("wr0ng~p4ssword")


def denied(place: Place) -> None:
    place.demo.faults([{"kind": "deny", "path": "/domains"}])


def gateway_down(place: Place) -> None:
    place.settings |= {"AAD_GATEWAY_URL": f"socks5://gateway-user:{quote(PASSWORD)}@localhost:9"}


ERRORS: dict[str, tuple[Prepare, str]] = {
    "wrong secret": (changed(AAD_CLIENT_SECRET="wr0ng~s3cret"), "AADSTS7000215"),
    "ID of the secret": (changed(AAD_CLIENT_SECRET="5f0c7b1e-8d42-4c1b-9e57-3a1b2c4d5e6f"), "contains the secret's ID"),
    "expired secret": (changed({"secret_expired": True}), "AADSTS7000222"),
    "unknown app": (changed(AAD_CLIENT_ID="00000000-1111-2222-3333-444444444444"), "AADSTS700016"),
    "unknown tenant": (changed(AAD_TENANT_ID="nobody.example"), "AADSTS90002"),
    "wrong cloud": (changed(AAD_GRAPH_BASE_URL="https://graph.elsewhere.example/v1.0"), "AADSTS70011"),
    "no consent": (changed({"consented": False}, delegated), "AADSTS65001"),
    "conditional access": (changed({"blocked": True}), "AADSTS53003"),
    "wrong certificate password": (wrong_certificate_password, "AAD_CLIENT_CERTIFICATE_PASSWORD"),
    "clock skew": (changed({"clock_offset": 7200}, certificate), "120 minutes behind"),
    "stale federated token": (stale_federation, "AADSTS700024"),
    "strange identity": (changed(AAD_MANAGED_IDENTITY="00000000-1111-2222-3333-444444444444", AAD_AUTH="managed_identity"),
                         "Identity not found"),
    "revoked sign-in": (changed({"sessions_revoked_at": 4e9}, delegated), "Run aad-assets login again"),
    "gateway down": (gateway_down, "through AAD_GATEWAY_URL (socks5://localhost:9)"),
    "permission missing": (denied, "Authorization_RequestDenied"),
}  # fmt: skip


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_is_one_message_and_leaks_no_secret(
    place: Place,
    error: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level("DEBUG")
    prepare, message = ERRORS[error]
    prepare(place)
    monkeypatch.setattr(authority, "_MAX_SECONDS", 0.0)  # without waiting for the network to come back
    if error == "wrong secret":
        place.secrets.add("wr0ng~s3cret")

    result = materialize(place, monkeypatch)

    assert not result.success
    failures = [str(event.step_failure_data.error) for event in result.get_step_failure_events()]
    assert len(failures) == 1
    assert message in failures[0]
    assert_no_secret(place, result, caplog.text, *failures, *capfd.readouterr())


def test_two_connections_with_their_own_credentials_share_a_code_location(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate(place)
    demo = place.demo
    monkeypatch.setenv("CONTOSO_SECRET", demo.client_secret)
    monkeypatch.setenv("FABRIKAM_PASSWORD", CERTIFICATE_PASSWORD)
    reach: dict[str, Any] = {
        "tenant_id": demo.tenant_id,
        "client_id": demo.client_id,
        "authority_url": demo.authority_url,
        "graph_base_url": demo.graph_base_url,
        "ca_bundle": demo.ca_bundle,
    }
    credentials: dict[str, dict[str, Any]] = {
        "contoso": {"client_secret": dg.EnvVar("CONTOSO_SECRET")},
        "fabrikam": {
            "client_certificate_path": place.settings["AAD_CLIENT_CERTIFICATE_PATH"],
            "client_certificate_password": dg.EnvVar("FABRIKAM_PASSWORD"),
        },
    }
    database = str(place.left / "tenants.duckdb")
    both = dg.Definitions.merge(
        *(
            build_definitions(
                Settings(connection_name=name),
                entra=EntraResource(**reach, **credential),
                warehouse=WarehouseResource(database=database),
                entities=[CATALOG["domains"]],
                environment={},
            )
            for name, credential in credentials.items()
        )
    )
    job = both.resolve_implicit_global_asset_job_def()
    keys = [dg.AssetKey([name, "domains"]) for name in credentials]
    result = job.execute_in_process(instance=place.instance)

    assert result.success
    assert {key for event in result.get_asset_materialization_events() if (key := event.asset_key)} == set(keys)
    assert_no_secret(place, result)
