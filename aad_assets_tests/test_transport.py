"""The HTTP clients: proxy, CAs, timeouts, no redirects."""

import asyncio
from base64 import b64encode
from pathlib import Path

import pytest
import trustme

from aad_assets.errors import ConfigurationError
from aad_assets.transport import SIGN_IN_TIMEOUT, TIMEOUT, TRANSPORT_ERRORS, Transport, tls_context
from aad_assets_tests.fake_graph import connection, run


def test_neither_client_follows_redirects() -> None:
    transport = Transport(connection())
    with transport.sync_client() as client:
        assert not client.follow_redirects
        assert client.timeout == SIGN_IN_TIMEOUT

    async def concurrent() -> None:
        async with transport.async_client() as client:
            assert not client.follow_redirects
            assert client.timeout == TIMEOUT
            assert client.headers["Accept"] == "application/json"

    run(concurrent())


def test_the_usual_cas_stay_trusted_with_a_bundle(tmp_path: Path) -> None:
    usual = len(tls_context(connection()).get_ca_certs())
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    assert len(tls_context(connection(ca_bundle=str(tmp_path / "ca.pem"))).get_ca_certs()) == usual + 1


@pytest.mark.parametrize("content", ["", "no certificate", None])
def test_an_unreadable_bundle_names_its_setting(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigurationError, match="AAD_CA_BUNDLE"):
        Transport(connection(ca_bundle=str(path)))


SOCKS_REPLIES = (b"\x05\x00", b"\x05\x00\x00\x01" + bytes(6))
"""No authentication required; connected."""


@pytest.mark.parametrize(
    ("gateway", "replies", "sent"),
    [
        ("http://127.0.0.1:{port}", (), b"CONNECT graph.test:443 HTTP/1.1\r\n"),
        ("http://user:pa%23ss@127.0.0.1:{port}", (), b64encode(b"user:pa#ss")),
        ("socks5://127.0.0.1:{port}", SOCKS_REPLIES, b"graph.test\x01\xbb"),
    ],
)
def test_both_clients_use_the_gateway(gateway: str, replies: tuple[bytes, ...], sent: bytes) -> None:
    """The gateway disconnects before the tunnel is used."""
    received: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = await reader.read(2_000)
        for reply in replies:
            writer.write(reply)
            conversation += await reader.read(2_000)
        received.append(conversation)
        writer.close()

    def ask_blocking(transport: Transport) -> None:
        with transport.sync_client() as client, pytest.raises(TRANSPORT_ERRORS) as caught:
            client.get("https://graph.test/")
        assert "pa#ss" not in str(caught.value)

    async def main() -> None:
        server = await asyncio.start_server(proxy, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            transport = Transport(connection(gateway_url=gateway.format(port=port)))
            await asyncio.to_thread(ask_blocking, transport)
            async with transport.async_client() as client:
                with pytest.raises(TRANSPORT_ERRORS):
                    await client.get("https://graph.test/")

    run(main())
    assert len(received) == 2
    assert all(sent in each for each in received)
