"""Claims challenges: read from a 401, answered once, also in a batch; and claims read from tokens."""

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping

import httpx
import pytest

from aad_assets.errors import GraphError, PermissionMissing, RequestRejected
from aad_assets.graph.requests.client import GraphClient
from aad_assets.identity.claims import claims_challenge, granted_permissions, read_claims
from aad_assets_tests.fake_graph import FakeGraph, FakeTokens, failure, page

CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}'


def header(claims: str = CLAIMS, error: str = "insufficient_claims") -> str:
    encoded = b64encode(claims.encode()).decode()
    return f'Bearer realm="", authorization_uri="https://login.test/x", error="{error}", claims="{encoded}"'


class Tokens(FakeTokens):
    """Records the challenges that new tokens had to answer."""

    def __init__(self) -> None:
        super().__init__()
        self.claims: list[str] = []

    async def token(self, rejected: str = "", claims: str = "") -> str:
        if rejected == self.current:
            self.claims.append(claims)
        return await super().token(rejected, claims)


@pytest.fixture
def tokens(graph: FakeGraph) -> Tokens:
    graph.tokens = tokens = Tokens()
    return tokens


def unauthorised(challenge: str = "") -> httpx.Response:
    return failure(401, "InvalidAuthenticationToken", "Continuous access evaluation.", WWW_Authenticate=challenge)


@pytest.mark.parametrize(
    ("headers", "claims"),
    [
        ({"WWW-Authenticate": header()}, CLAIMS),
        ({"WWW-Authenticate": re.sub('=+"$', '"', header())}, CLAIMS),
        ({"WWW-Authenticate": header(error="invalid_token")}, ""),
        ({"WWW-Authenticate": header("no JSON")}, ""),
        ({"WWW-Authenticate": header("[]")}, ""),
        ({"WWW-Authenticate": 'Bearer error="insufficient_claims", claims="a"'}, ""),
        ({}, ""),
    ],
)
def test_a_challenge_is_read_from_the_header(headers: Mapping[str, str], claims: str) -> None:
    assert claims_challenge(headers) == claims


def test_a_challenge_is_answered_once(graph: FakeGraph, tokens: Tokens) -> None:
    graph.respond_with(unauthorised(header()), page())
    graph.get()
    assert tokens.claims == [CLAIMS]


def test_an_expired_token_and_a_challenge_after_it_are_both_answered(graph: FakeGraph, tokens: Tokens) -> None:
    graph.respond_with(unauthorised(), unauthorised(header()), page())
    graph.get()
    assert tokens.claims == ["", CLAIMS]


def test_a_challenge_that_comes_again_fails(graph: FakeGraph, tokens: Tokens) -> None:
    graph.respond_with(*[unauthorised(header())] * 2)
    with pytest.raises(PermissionMissing):
        graph.get()
    assert tokens.claims == [CLAIMS]
    assert graph.script_left == 0


def test_the_challenge_of_a_batch_item_is_answered(graph: FakeGraph, tokens: Tokens) -> None:
    async def renew(client: GraphClient) -> None:
        await client.renew_token(await tokens.token(), CLAIMS)

    graph.run(renew)
    assert tokens.claims == [CLAIMS]


def test_a_token_for_another_cloud_names_the_settings(graph: FakeGraph) -> None:
    message = "Access token validation failure. Invalid audience."
    graph.respond_with(*[failure(401, "InvalidAuthenticationToken", message)] * 2)
    with pytest.raises(RequestRejected, match=r"for another cloud\. Check AAD_CLOUD") as caught:
        graph.get()
    assert isinstance(caught.value, GraphError)
    assert caught.value.advice


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJ.e30=.x", "a.W10.c", "a.\u00e9.c"])
def test_a_token_that_cannot_be_read_has_no_claims(token: str) -> None:
    assert read_claims(token) == {}


def token(claims: object) -> str:
    return "e30." + urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=") + ".signature"


@pytest.mark.parametrize(
    ("text", "permissions"),
    [
        (token({"roles": ["User.Read.All", "Group.Read.All"]}), {"User.Read.All", "Group.Read.All"}),
        (token({"scp": "User.Read.All openid"}), {"User.Read.All", "openid"}),
        (token({"aud": "nothing granted"}), set()),
        (token({"roles": "text"}), None),
        (token([]), None),
        ("opaque", None),
        ("a.b.c", None),
        ("a.é.c", None),
    ],
)
def test_granted_permissions_are_read_from_a_token(text: str, permissions: set[str] | None) -> None:
    assert granted_permissions(text) == permissions
