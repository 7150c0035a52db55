"""A gateway carries everything, sign-in and Graph alike, and nothing goes around it."""

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


sys.addaudithook(_note)  # for good: hooks cannot be taken away again


@contextmanager
def connections() -> Iterator[list[Any]]:
    """The addresses that this process connects to meanwhile."""
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
    """Of the gateway's own certificate."""
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
    """A connection that trusts the demo's CA and the gateway's."""
    both = folder / "cas.pem"
    both.write_bytes(Path(demo.ca_bundle).read_bytes() + authority.cert_pem.bytes())
    return connection_to(demo, folder, gateway_url=gateway.url, ca_bundle=str(both), **changes)


def ports(addresses: list[Any]) -> set[int]:
    return {address[1] for address in addresses if isinstance(address, tuple)}


def test_sign_in_and_graph_go_through_the_gateway_alone(
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
    assert ports(made) == {gateway.port}, "no exceptions, NO_PROXY or not"
    assert set(gateway.tunnels) == {demo.authority_url.removeprefix("https://")}
    assert len(gateway.tunnels) >= 3, "discovery, sign-in, Graph"
    assert gateway.refused == 0
    assert PASSWORD not in caplog.text


def test_a_person_signs_in_through_the_gateway(
    demo: DemoServer, authority: trustme.CA, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Gateway() as gateway:
        connection = through(gateway, demo, authority, tmp_path, auth="delegated")
        sign_in(demo, connection)
        assert len(gateway.tunnels) == 2, "to begin and to redeem the code; the browser has a proxy of its own"
        assert domains(connection) == true_domains(demo)


def test_only_the_machines_own_endpoint_is_reached_past_the_gateway(
    demo: DemoServer, authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The machine's endpoint is another server here, so that the two can be told apart."""
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


# httpcore forgets the socket of a SOCKS handshake that fails.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("kind", ["http", "socks5"])
def test_a_gateway_that_does_not_know_the_password_is_named_without_it(
    demo: DemoServer, tmp_path: Path, kind: str, slept: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    wrong = "wr0ng p#ssword"
    with Gateway(kind) as gateway:
        url = f"{kind}://{USER}:{quote(wrong)}@localhost:{gateway.port}"
        with pytest.raises(ConfigurationError, match="through AAD_GATEWAY_URL") as caught:
            domains(connection_to(demo, tmp_path, gateway_url=url))
        assert gateway.refused
        said = str(caught.value)
        del caught  # and the frames that it holds
        gc.collect()
    for told in (said, caplog.text):
        assert wrong not in told
        assert quote(wrong) not in told
