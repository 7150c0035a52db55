r"""Halves of characters, `\ud83d` alone: they must not cost the page, and must arrive as Graph sent them."""

import json

import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aad_assets.graph.reading.pagination import Query, decode_page, read_chain
from aad_assets.graph.requests.surrogates import hidden
from aad_assets_tests.fake_graph import BASE, FakeGraph, MemoryPart, batched

TEXTS = st.text(st.one_of(st.sampled_from('\ud83d\ude00\udfff\\"/ud8\x00é€😀'), st.characters()), max_size=12)


@given(rows=st.lists(st.dictionaries(TEXTS, TEXTS, max_size=3), max_size=4), link=st.text("abc\\é😀"))
def test_any_page_arrives_as_it_was_sent(rows: list[dict[str, str]], link: str) -> None:
    body = json.dumps({"value": rows, "@odata.nextLink": link}).encode()
    page = decode_page(body)
    assert [json.loads(bytes(row)) for row in page.value] == json.loads(body)["value"]
    assert page.next_link == link


@pytest.mark.parametrize("half", [r"\ud83d", r"\uDE00", r"\ud83dx", r"\ud83d\u0041", r"\\\ud83d", r"\ud83d\ud83d\ude00"])
def test_half_a_character_keeps_its_row_as_it_came(half: str) -> None:
    row = f'{{"id":"a", "n": 1.50, "displayName": "Anna {half}"}}'
    (kept,) = decode_page(f'{{"value":[{row}]}}'.encode()).value
    assert bytes(kept).lower() == row.lower().encode()


@pytest.mark.parametrize("text", [rb'"\ud83d\ude00"', rb'"\\ud83d"', rb'"\\\\ud83d"', b'"\xf0\x9f\x98\x80"'])
def test_whole_characters_and_text_that_looks_like_an_escape_are_left_alone(text: bytes) -> None:
    assert hidden(b'{"id":' + text + b"}") is None


@pytest.mark.parametrize("body", [b'{"value":[{"id":"\\ud83d', b'{"value":[{"id":"\\ud83d"}', b'{"valu":["\\ud83d"]}'])
def test_a_page_that_is_cut_off_is_refused_all_the_same(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode_page(body)


def test_half_a_character_passes_through_a_batch_and_a_chain(graph: FakeGraph) -> None:
    row = rb'{"id":"a","displayName":"Anna \ud83d"}'
    answer = httpx.Response(200, content=b'{"value":[' + row + b"]}")
    graph.answers(answer)
    part = MemoryPart()
    graph.run(lambda client: read_chain(client, Query(f"{BASE}/users"), graph.meter, part))
    assert part.rows == [{"id": "a", "displayName": "Anna \ud83d"}]

    from aad_assets.graph.requests.batch import _decode_responses

    request = httpx.Request("POST", BASE, json={"requests": [{"id": "0", "method": "GET", "url": "/x"}]})
    (item,) = _decode_responses(batched(request, lambda _: answer).content).responses
    assert [bytes(each) for each in decode_page(item.body).value] == [row]
