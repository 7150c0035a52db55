"""All traffic, of sign-in and of Graph, goes through the gateway."""

import gc
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import trustme

from aad_assets.demo import DemoServer
from aad_assets.errors import ConfigurationError
from aad_assets.settings import Connection
from aad_assets_tests.gateway import PASSWORD, THREAD, USER, Gateway

from .signing_in import connection_to, domains, sign_in, true_domains, without_secret

_connections: list[list[Any]] = []


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and _connections and threading.current_thread().name != THREAD:
        _connections[-1].append(arguments[1])


sys.addaudithook(_note)  # Audit hooks cannot be removed.


@contextmanager
def connections() -> Iterator[list[Any]]:
    """Record the addresses that this process connects to meanwhile."""
    made: list[Any] = []
    _connections.append(made)
    try:
        yield made
    finally:
        _connections.remove(made)


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoServer]:
    with DemoServer(users=20, no_quota=True) as server:
        yield server


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Return the CA of the gateway's own certificate."""
    return trustme.CA()


@pytest.fixture(params=["http", "https", "socks5"])
def gateway(request: pytest.FixtureRequest, authority: trustme.CA) -> Iterator[Gateway]:
    tls = None
    if request.param == "https":
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(tls)
    with Gateway(request.param, tls) as running:
        yield running


def through(gateway: Gateway, demo: DemoServer, authority: trustme.CA, folder: Path, **changes: Any) -> Connection:
    """Return a connection that trusts the demo's CA and the gateway's."""
    both = folder / "cas.pem"
    both.write_bytes(Path(demo.ca_bundle).read_bytes() + authority.cert_pem.bytes())
    return connection_to(demo, folder, gateway_url=gateway.url, ca_bundle=str(both), **changes)


def ports(addresses: list[Any]) -> set[int]:
    return {address[1] for address in addresses if isinstance(address, tuple)}


def test_sign_in_and_graph_use_only_the_gateway(
    gateway: Gateway,
    demo: DemoServer,
    authority: trustme.CA,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "*")
    connection = through(gateway, demo, authority, tmp_path)
    with connections() as made:
        read = domains(connection)
    assert read == true_domains(demo)
    assert ports(made) == {gateway.port}, "no exceptions, whatever NO_PROXY says"
    assert set(gateway.tunnels) == {demo.authority_url.removeprefix("https://")}
    assert len(gateway.tunnels) >= 3, "discovery, sign-in, Graph"
    assert gateway.rejected == 0
    assert PASSWORD not in caplog.text


def test_a_person_signs_in_through_the_gateway(
    demo: DemoServer, authority: trustme.CA, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Gateway() as gateway:
        connection = through(gateway, demo, authority, tmp_path, auth="delegated")
        sign_in(demo, connection)
        assert len(gateway.tunnels) == 2, "to begin and to redeem the code; the browser does not use the gateway"
        assert domains(connection) == true_domains(demo)


def test_only_the_managed_identity_endpoint_bypasses_the_gateway(
    demo: DemoServer, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The endpoint is a server of its own here, so that its connections can be recognised."""
    with Gateway() as gateway, DemoServer(users=10, no_quota=True) as machine:
        monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", machine.authority_url)
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
        connection = through(gateway, demo, authority, tmp_path, **without_secret(managed_identity="system"))
        with_both = Path(connection.ca_bundle)
        with_both.write_bytes(with_both.read_bytes() + Path(machine.ca_bundle).read_bytes())
        with connections() as made, pytest.raises(ConfigurationError, match=r"is not valid|was not found"):
            domains(connection)
    assert ports(made) == {gateway.port, int(machine.authority_url.rpartition(":")[2])}
    assert not [tunnel for tunnel in gateway.tunnels if tunnel in machine.authority_url]


def test_a_gateway_that_is_down_is_named_without_its_password(demo: DemoServer, tmp_path: Path, slept: list[float]) -> None:
    connection = connection_to(demo, tmp_path, gateway_url=f"http://{USER}:{PASSWORD}@localhost:9")
    with pytest.raises(ConfigurationError, match=r"through AAD_GATEWAY_URL \(http://localhost:9\): ") as caught:
        domains(connection)
    assert PASSWORD not in str(caught.value)


# httpcore does not close the socket of a failed SOCKS handshake.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_a_gateway_that_rejects_the_password_is_named_without_it(
    demo: DemoServer, tmp_path: Path, kind: str, slept: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    wrong = "wr0ng p#ssword"
    with Gateway(kind) as gateway:
        url = f"{kind}://{USER}:{quote(wrong)}@localhost:{gateway.port}"
        with pytest.raises(ConfigurationError, match="through AAD_GATEWAY_URL") as caught:
            domains(connection_to(demo, tmp_path, gateway_url=url))
        assert gateway.rejected
        shown = str(caught.value)
        del caught  # with the frames that it references
        gc.collect()
    for text in (shown, caplog.text):
        assert wrong not in text
        assert quote(wrong) not in text
