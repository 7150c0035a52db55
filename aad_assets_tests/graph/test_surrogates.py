r"""Lone surrogates, such as `\ud83d`: they do not fail the page, and arrive as Graph sent them."""

import json

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aad_assets.graph.reading.pagination import decode_page, read_chain
from aad_assets.graph.reading.queries import Query
from aad_assets.graph.requests.batch import _decode_responses
from aad_assets.graph.requests.surrogates import encode_surrogates
from aad_assets_tests.fake_graph import BASE, FakeGraph, MemoryPart, batched

TEXTS = st.text(st.one_of(st.sampled_from('\ud83d\ude00\udfff\\"/ud8\x00é€😀'), st.characters()), max_size=12)


@given(rows=st.lists(st.dictionaries(TEXTS, TEXTS, max_size=3), max_size=4), link=st.text("abc\\é😀"))
def test_any_page_arrives_as_it_was_sent(rows: list[dict[str, str]], link: str) -> None:
    body = json.dumps({"value": rows, "@odata.nextLink": link}).encode()
    page = decode_page(body)
    assert [json.loads(bytes(row)) for row in page.value] == json.loads(body)["value"]
    assert page.next_link == link


@pytest.mark.parametrize("half", [r"\ud83d", r"\uDE00", r"\ud83dx", r"\ud83d\u0041", r"\\\ud83d", r"\ud83d\ud83d\ude00"])
def test_a_row_with_a_lone_surrogate_arrives_unchanged(half: str) -> None:
    row = f'{{"id":"a", "n": 1.50, "displayName": "Anna {half}"}}'
    (kept,) = decode_page(f'{{"value":[{row}]}}'.encode()).value
    assert bytes(kept).lower() == row.lower().encode()


@pytest.mark.parametrize("text", [rb'"\ud83d\ude00"', rb'"\\ud83d"', rb'"\\\\ud83d"', b'"\xf0\x9f\x98\x80"'])
def test_pairs_and_escaped_backslashes_are_not_changed(text: bytes) -> None:
    assert encode_surrogates(b'{"id":' + text + b"}") is None


@pytest.mark.parametrize("body", [b'{"value":[{"id":"\\ud83d', b'{"value":[{"id":"\\ud83d"}', b'{"valu":["\\ud83d"]}'])
def test_a_truncated_page_with_a_lone_surrogate_is_rejected(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_page(body)


def test_a_lone_surrogate_passes_through_a_batch_and_a_chain(graph: FakeGraph) -> None:
    row = rb'{"id":"a","displayName":"Anna \ud83d"}'
    response = httpx.Response(200, content=b'{"value":[' + row + b"]}")
    graph.respond_with(response)
    part = MemoryPart()
    graph.run(lambda client: read_chain(client, Query(f"{BASE}/users"), graph.meter, part))
    assert part.rows == [{"id": "a", "displayName": "Anna \ud83d"}]

    request = httpx.Request("POST", BASE, json={"requests": [{"id": "0", "method": "GET", "url": "/x"}]})
    (item,) = _decode_responses(batched(request, lambda _: response).content).responses
    assert [bytes(each) for each in decode_page(item.body).value] == [row]
