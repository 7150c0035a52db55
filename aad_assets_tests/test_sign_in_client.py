"""The client of sign-in: its requests end after AAD_REQUEST_TIMEOUT, and its bodies are bounded."""

import gzip
import ssl
from collections.abc import Sequence
from pathlib import Path
from time import monotonic

import httpx
import pytest
import trustme

from aad_assets.transport import MAX_BODY, TRANSPORT_ERRORS, Transport
from aad_assets_tests.fake_graph import connection
from aad_assets_tests.slow_server import serving

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

SLOW = {
    "body": [HEAD, b"Content-Length: 500\r\n\r\n", *[b" "] * 100],
    "headers": [HEAD, b"X-Slow: ", *[b"x"] * 100],
    "nothing": [b""] * 100,
}


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize("pieces", SLOW.values(), ids=SLOW)
def test_a_response_that_never_ends_is_given_up(pieces: Sequence[bytes], tls: bool, tmp_path: Path) -> None:
    context, settings = None, {}
    if tls:
        ca, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert("127.0.0.1").configure_cert(context)
        ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
        settings = {"ca_bundle": str(tmp_path / "ca.pem")}
    transport = Transport(connection(request_timeout=0.3, **settings))
    started = monotonic()
    message = r"no complete response within 0\.3 s \(AAD_REQUEST_TIMEOUT\)"
    with (
        serving(pieces, 0.05, context) as url,
        transport.sync_client() as client,
        pytest.raises(httpx.ReadTimeout, match=message),
    ):
        client.get(url)
    assert monotonic() - started < 4


def test_a_response_in_time_is_read() -> None:
    body = gzip.compress(b'{"token":"x"}')
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body)
    with serving([head, body]) as url, Transport(connection()).sync_client() as client:
        assert client.get(url).json() == {"token": "x"}


def test_a_body_that_is_too_large_is_an_error_of_the_transport() -> None:
    bomb = gzip.compress(bytes(MAX_BODY + 1), 1)
    head = HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    with (
        serving([head, bomb]) as url,
        Transport(connection()).sync_client() as client,
        pytest.raises(TRANSPORT_ERRORS, match="larger than 128 MiB"),
    ):
        client.get(url)


@pytest.mark.parametrize("length", [b"9" * 5_000, b"-1", b"x", b"1e3"])
def test_an_absurd_content_length_is_an_error_of_the_transport(length: bytes) -> None:
    with (
        serving([HEAD, b"Content-Length: " + length + b"\r\n\r\n{}"]) as url,
        Transport(connection()).sync_client() as client,
        pytest.raises(TRANSPORT_ERRORS),
    ):
        client.get(url)
