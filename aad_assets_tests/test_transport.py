"""The clients: proxy, CAs, and what they never do."""

import asyncio
from base64 import b64encode
from pathlib import Path

import pytest
import trustme

from aad_assets.errors import ConfigurationError
from aad_assets.transport import BROKEN, SIGN_IN_TIMEOUT, TIMEOUT, Transport, trusted
from aad_assets_tests.fake_graph import connection, run


def test_neither_client_follows_redirects() -> None:
    transport = Transport(connection())
    with transport.blocking() as client:
        assert not client.follow_redirects
        assert client.timeout == SIGN_IN_TIMEOUT

    async def concurrent() -> None:
        async with transport.concurrent() as client:
            assert not client.follow_redirects
            assert client.timeout == TIMEOUT
            assert client.headers["Accept"] == "application/json"

    run(concurrent())


def test_the_usual_cas_stay_trusted_beside_those_of_the_bundle(tmp_path: Path) -> None:
    usual = len(trusted(connection()).get_ca_certs())
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    assert len(trusted(connection(ca_bundle=str(tmp_path / "ca.pem"))).get_ca_certs()) == usual + 1


@pytest.mark.parametrize("content", ["", "no certificate", None])
def test_a_bundle_that_cannot_be_read_names_its_setting(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigurationError, match="AAD_CA_BUNDLE"):
        Transport(connection(ca_bundle=str(path)))


SOCKS_REPLIES = (b"\x05\x00", b"\x05\x00\x00\x01" + bytes(6))
"""No sign-in needed; connected."""


@pytest.mark.parametrize(
    ("gateway", "replies", "said"),
    [
        ("http://127.0.0.1:{port}", (), b"CONNECT graph.test:443 HTTP/1.1\r\n"),
        ("http://user:pa%23ss@127.0.0.1:{port}", (), b64encode(b"user:pa#ss")),
        ("socks5://127.0.0.1:{port}", SOCKS_REPLIES, b"graph.test\x01\xbb"),
    ],
)
def test_both_clients_go_through_the_gateway(gateway: str, replies: tuple[bytes, ...], said: bytes) -> None:
    """The gateway hangs up before the tunnel is used."""
    heard: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = await reader.read(2_000)
        for reply in replies:
            writer.write(reply)
            conversation += await reader.read(2_000)
        heard.append(conversation)
        writer.close()

    def ask_blocking(transport: Transport) -> None:
        with transport.blocking() as client, pytest.raises(BROKEN) as caught:
            client.get("https://graph.test/")
        assert "pa#ss" not in str(caught.value)

    async def main() -> None:
        server = await asyncio.start_server(proxy, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            transport = Transport(connection(gateway_url=gateway.format(port=port)))
            await asyncio.to_thread(ask_blocking, transport)
            async with transport.concurrent() as client:
                with pytest.raises(BROKEN):
                    await client.get("https://graph.test/")

    run(main())
    assert len(heard) == 2
    assert all(said in each for each in heard)
