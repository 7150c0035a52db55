"""Claims challenges: read from a refusal, answered once, also in a batch; and what is read from tokens."""

import re
from base64 import b64encode
from collections.abc import Mapping

import httpx
import pytest

from aad_assets.errors import GraphError, PermissionMissing, RequestRejected
from aad_assets.graph.requests.client import GraphClient
from aad_assets.identity.claims import challenge, claims_of
from aad_assets_tests.fake_graph import FakeGraph, FakeTokens, page, refusal

CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}'


def told(claims: str = CLAIMS, error: str = "insufficient_claims") -> str:
    encoded = b64encode(claims.encode()).decode()
    return f'Bearer realm="", authorization_uri="https://login.test/x", error="{error}", claims="{encoded}"'


class Tokens(FakeTokens):
    """Remembers the claims that a new token was to answer."""

    def __init__(self) -> None:
        super().__init__()
        self.claims: list[str] = []

    async def token(self, refused: str = "", claims: str = "") -> str:
        if refused == self.current:
            self.claims.append(claims)
        return await super().token(refused, claims)


@pytest.fixture
def tokens(graph: FakeGraph) -> Tokens:
    graph.tokens = tokens = Tokens()
    return tokens


def unauthorised(header: str = "") -> httpx.Response:
    return refusal(401, "InvalidAuthenticationToken", "Continuous access evaluation.", WWW_Authenticate=header)


@pytest.mark.parametrize(
    ("headers", "claims"),
    [
        ({"WWW-Authenticate": told()}, CLAIMS),
        ({"WWW-Authenticate": re.sub('=+"$', '"', told())}, CLAIMS),
        ({"WWW-Authenticate": told(error="invalid_token")}, ""),
        ({"WWW-Authenticate": told("no JSON")}, ""),
        ({"WWW-Authenticate": told("[]")}, ""),
        ({"WWW-Authenticate": 'Bearer error="insufficient_claims", claims="a"'}, ""),
        ({}, ""),
    ],
)
def test_a_challenge_is_read_from_the_header(headers: Mapping[str, str], claims: str) -> None:
    assert challenge(headers) == claims


def test_a_challenge_is_answered_once(graph: FakeGraph, tokens: Tokens) -> None:
    graph.answers(unauthorised(told()), page())
    graph.get()
    assert tokens.claims == [CLAIMS]


def test_a_token_that_ended_and_a_challenge_after_it_are_both_answered(graph: FakeGraph, tokens: Tokens) -> None:
    graph.answers(unauthorised(), unauthorised(told()), page())
    graph.get()
    assert tokens.claims == ["", CLAIMS]


def test_a_challenge_that_stays_fails(graph: FakeGraph, tokens: Tokens) -> None:
    graph.answers(*[unauthorised(told())] * 2)
    with pytest.raises(PermissionMissing):
        graph.get()
    assert tokens.claims == [CLAIMS]
    assert graph.script_left == 0


def test_the_challenge_of_a_batchs_item_is_answered(graph: FakeGraph, tokens: Tokens) -> None:
    async def renew(client: GraphClient) -> None:
        await client.renew_token(CLAIMS)

    graph.run(renew)
    assert tokens.claims == [CLAIMS]


def test_a_token_of_another_cloud_is_named_as_such(graph: FakeGraph) -> None:
    said = "Access token validation failure. Invalid audience."
    graph.answers(*[refusal(401, "InvalidAuthenticationToken", said)] * 2)
    with pytest.raises(RequestRejected, match="for another cloud: check AAD_CLOUD") as caught:
        graph.get()
    assert isinstance(caught.value, GraphError)
    assert caught.value.advice


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJ.e30=.x", "a.W10.c", "a.\u00e9.c"])
def test_a_token_that_cannot_be_read_has_no_claims(token: str) -> None:
    assert claims_of(token) == {}
