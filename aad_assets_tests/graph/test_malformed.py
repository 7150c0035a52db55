"""Bodies that stay malformed fail at once with the decoder's reason. Damaged ones are requested again."""

from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

from aad_assets.errors import GraphUnavailable, InvalidResponse
from aad_assets.graph.reading.pagination import decode_page, decode_single
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.malformed import decoding_problem
from aad_assets_tests.fake_graph import BASE, FakeGraph, page, streamed

ROW = b'{"id":"anna","n":-12.5e+10,"b":true,"c":null,"t":"\\u00e9\\ud83d\\ude00","l":[1,2,{}]}'
PAGE = b'{"@odata.context":"h\xc3\xa9","value":[' + ROW + b'],"x":1.5}'


def fetch(graph: FakeGraph, decode: Callable[[bytes], Any] = decode_page) -> Any:
    async def get(client: GraphClient) -> Any:
        return await client.get(f"{BASE}/users", decode, graph.meter)

    return graph.run(get)


PERMANENT = {
    "nested too deeply": b'{"value":[' + b"[" * 9_000,
    "invalid character": b'{"value":[{"id":"anna","n":NaN}]}',
    "invalid character (byte 28)": b'{"value":[{"id":"anna","n":-Infinity}]}',
    "trailing characters": b'{"value":[]} anna',
    "trailing characters (byte 13)": b'{"value":[]}{"value":[]}',
    "object keys must be strings": b"{'value':['anna']}",
    "trailing comma": b'{"value":[{"id":"anna"},]}',
    "invalid character (byte 13)": b'{"value":[1, undefined]}',
    "invalid UTF-8": b'{"value":[],"@odata.nextLink":"\xff anna"}',
    "expected ',' or '}'": b'{"value":[{"id":"anna" "n":1}]}',
    "invalid escape": b'{"value":[{"id":"ann\\a"}]}',
}


@pytest.mark.parametrize("reason", PERMANENT)
def test_a_malformed_body_fails_at_once_with_the_reason(graph: FakeGraph, reason: str) -> None:
    graph.handler = lambda _: streamed(PERMANENT[reason], Content_Type="application/json", request_id="req-7")
    with pytest.raises(InvalidResponse) as caught:
        fetch(graph)
    message = str(caught.value)
    assert message.startswith("GET /users returned 200 (application/json) with a body that cannot be decoded: ")
    assert reason in message
    assert "req-7" in message
    assert "anna" not in message
    assert len(graph.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        b'{"value":[{"id":"a"},{"id":"\x01,,]',
        b'{"value":[{"id":"a"},{"id":}]}',
        b'{"value":[{"id":"a"},{"error":{"code":"ServerBusy"}}',
        b'{"value":[{"id":"a"}]}{"error":{"code":"ServerBusy"}}',
        b'{"value":[{"id":"a"}],"error":{"code":"ServerBusy"}}',
        b"{}",
    ],
)
def test_a_damaged_body_is_requested_again_and_its_reason_is_shown_in_the_end(graph: FakeGraph, body: bytes) -> None:
    graph.respond_with(streamed(body), page(["a"]))
    assert len(fetch(graph).value) == 1
    graph.handler = lambda _: streamed(body)
    with pytest.raises(GraphUnavailable, match=r"not of the expected form \(.+\) \(request-id none\)\. Gave up after 8"):
        fetch(graph)


@pytest.mark.parametrize("decode", [decode_page, decode_single, msgspec.json.decode])
def test_a_body_is_incomplete_wherever_it_is_cut(decode: Callable[[bytes], Any]) -> None:
    for end in range(len(PAGE)):
        with pytest.raises(ValueError, match=r".") as caught:
            decode(PAGE[:end])
        assert not decoding_problem(PAGE[:end], caught.value)[1], PAGE[:end]


@pytest.mark.parametrize("decode", [decode_page, msgspec.json.decode])
def test_a_byte_order_mark_is_skipped(graph: FakeGraph, decode: Callable[[bytes], Any]) -> None:
    graph.respond_with(httpx.Response(200, content=b'\xef\xbb\xbf{"value":[]}'))
    assert fetch(graph, decode) in ({"value": []}, decode_page(b'{"value":[]}'))


def test_an_error_after_a_byte_order_mark_is_read(graph: FakeGraph) -> None:
    body = b'\xef\xbb\xbf{"error":{"code":"BadThing","message":"No."}}'
    graph.respond_with(httpx.Response(409, content=body))
    with pytest.raises(Exception, match="returned 409 BadThing: No"):
        fetch(graph)
