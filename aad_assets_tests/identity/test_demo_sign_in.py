"""Sign-in and reading end to end: msal and httpx over TLS against the demo tenant on loopback."""

import logging
from collections.abc import Iterator

import pytest

from aad_assets.catalog import CATALOG
from aad_assets.demo import DemoServer
from aad_assets.errors import ConfigurationError, SignInError
from aad_assets.graph.reading.collections import read_collection
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter
from aad_assets.graph.requests.rate_limits import RateLimits
from aad_assets.identity.token_source import TokenSource
from aad_assets.settings import Connection, Settings
from aad_assets.transport import Transport
from aad_assets_tests.fake_graph import Clock, MemorySink, run

USERS = 60


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoServer]:
    with DemoServer(users=USERS, no_quota=True, token_lifetime=600) as server:
        yield server


@pytest.fixture
def connection(demo: DemoServer) -> Iterator[Connection]:
    demo.reset_stats()
    yield Settings.from_environment(demo.environment()).connection
    demo.clear_faults()


def read_users(connection: Connection, clock: Clock | None = None) -> MemorySink:
    """Read all users twice, with a client like a reload's."""

    async def main() -> MemorySink:
        connection.check()
        transport, sink = Transport(connection), MemorySink()
        tokens = TokenSource(connection, transport, clock=(clock or Clock()).now)
        async with GraphClient(connection.base_url, tokens, transport, RateLimits()) as client:
            await read_collection(client, CATALOG["users"], Meter(), sink)
            if clock:
                clock.time += 500
            await read_collection(client, CATALOG["users"], Meter(), sink)
        return sink

    return run(main())


def assert_read_twice(sink: MemorySink, demo: DemoServer) -> None:
    wanted = sorted(row["id"] for row in demo.objects("users"))
    assert sink.ids() == sorted(wanted * 2)


def test_users_are_read_with_a_client_secret_and_one_token(
    demo: DemoServer, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert_read_twice(read_users(connection), demo)
    assert demo.stats()["tokens_issued"] == 1
    assert {record.name.split(".")[0] for record in caplog.records} >= {"httpx", "httpcore", "msal"}
    assert connection.client_secret not in caplog.text
    assert "Bearer e" not in caplog.text
    assert "eyJ" not in caplog.text, "how every token and client assertion begins"


def test_users_are_read_with_a_certificate(
    demo: DemoServer, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert_read_twice(
        read_users(connection.model_copy(update={"client_secret": "", "client_certificate_path": demo.client_certificate})),
        demo,
    )
    assert "eyJ" not in caplog.text
    assert "PRIVATE KEY" not in caplog.text


def test_a_token_is_renewed_during_a_long_read(demo: DemoServer, connection: Connection) -> None:
    assert_read_twice(read_users(connection, Clock()), demo)
    assert demo.stats()["tokens_issued"] == 2


def test_a_token_that_is_revoked_early_is_replaced(demo: DemoServer, connection: Connection) -> None:
    tokens = TokenSource(connection, Transport(connection))
    first = run(tokens.token())
    demo.faults([{"kind": "expire_token"}])

    async def main() -> str:
        async with GraphClient(connection.base_url, tokens, Transport(connection), RateLimits()) as client:
            await read_collection(client, CATALOG["users"], Meter(), MemorySink())
        return await tokens.token()

    assert run(main()) != first
    assert demo.stats()["tokens_issued"] == 2


def test_a_wrong_secret_names_its_setting(connection: Connection) -> None:
    with pytest.raises(SignInError, match=r"AADSTS7000215: .*AAD_CLIENT_SECRET is wrong") as caught:
        read_users(connection.model_copy(update={"client_secret": "wr0ng"}))
    assert "wr0ng" not in str(caught.value)


def test_an_unknown_tenant_names_its_setting(connection: Connection) -> None:
    with pytest.raises(SignInError, match=r"AADSTS90002: .*AAD_TENANT_ID"):
        read_users(connection.model_copy(update={"tenant_id": "elsewhere.example"}))


def test_an_unknown_app_names_its_setting(connection: Connection) -> None:
    with pytest.raises(SignInError, match=r"AADSTS700016: .*AAD_CLIENT_ID"):
        read_users(connection.model_copy(update={"client_id": "00000000-0000-0000-0000-000000000000"}))


def test_the_tenants_guid_is_found_by_its_domain(demo: DemoServer, connection: Connection) -> None:
    named = connection.model_copy(update={"tenant_id": demo.tenant_domain})
    assert run(TokenSource(named, Transport(named)).tenant_id()) == demo.tenant_id


def test_an_unreachable_host_names_its_setting(connection: Connection, slept: list[float]) -> None:
    with pytest.raises(ConfigurationError, match=r"https://localhost:1/.* cannot be reached.*AAD_AUTHORITY_URL"):
        read_users(connection.model_copy(update={"authority_url": "https://localhost:1"}))
    assert len([seconds for seconds in slept if seconds]) == 3


def test_a_certificate_of_an_unknown_ca_is_not_trusted(connection: Connection, slept: list[float]) -> None:
    with pytest.raises(ConfigurationError, match=r"CERTIFICATE_VERIFY_FAILED.*AAD_CA_BUNDLE"):
        read_users(connection.model_copy(update={"ca_bundle": ""}))
