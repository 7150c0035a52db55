"""Masking: a known secret is recognised in every spelling, and nothing else is."""

import html
import json
import logging
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import pytest

from aad_assets import masking
from aad_assets.cli import main
from aad_assets.errors import ErrorResponse, GraphError, SignInError
from aad_assets.graph.requests.error_responses import read_error_response
from aad_assets.masking import MASK, mask_logs, masked, remember, remember_userinfo

SECRET = 'xY8~Q&"+/ %\\<ä>aBcDeFgHiJkLmNoPqRsTuVwXyZ'
"""A client secret with every character that some encoding changes."""
OPAQUE = "1.AXoAvT-oWG-ImEWIU9fdBEwDs" + "kQz7Jp" * 60
"""A refresh token, which is no JWT."""


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    """Let each test begin with an empty memory, and restore that of the process."""
    before = list(masking._spellings)
    masking._spellings.clear()
    yield
    masking._spellings.clear()
    remember(*before)


@pytest.mark.parametrize(
    "spell",
    [
        str,
        quote,
        quote_plus,
        lambda text: quote(text, safe=""),
        lambda text: re.sub("%..", lambda found: found[0].lower(), quote_plus(text)),
        lambda text: json.dumps(text)[1:-1],
        lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
        lambda text: repr(text)[1:-1],
        html.escape,
    ],
)
def test_a_secret_is_masked_in_every_encoding(spell: "type[str]") -> None:
    remember(SECRET)
    spelled = spell(SECRET)
    assert masked(f"The secret '{spelled}' is wrong.") == f"The secret '{MASK}' is wrong."


@pytest.mark.parametrize("before", ["", "u", "us", "app:", "a:b:c"])
@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
def test_a_secret_is_masked_in_basic_credentials_whatever_stands_before_it(encode: "type[bytes]", before: str) -> None:
    remember(SECRET)
    encoded = encode(f"{before}{SECRET}".encode()).decode()
    shown = masked(f"Authorization: Basic {encoded}")
    assert MASK in shown
    left = shown.removeprefix("Authorization: Basic ").replace(MASK, "")
    assert len(left) <= len(encode(before.encode())) + 4, "only what encodes other characters, too, may be left"


@pytest.mark.parametrize("secret", [SECRET, OPAQUE])
@pytest.mark.parametrize("length", [16, 25, 39])
def test_the_start_of_a_secret_that_a_server_has_cut_is_masked(secret: str, length: int) -> None:
    remember(secret)
    assert masked(f"got {secret[:length]}… and {secret[:length]}") == f"got {MASK}… and {MASK}"


def test_a_jwt_is_masked_even_if_it_was_never_seen() -> None:
    assert masked("token eyJ0eXAiOiJKV1Qi.eyJhdWQi.c2ln is bad") == f"token {MASK} is bad"
    assert masked("cut: eyJ0eX") == f"cut: {MASK}"
    assert masked("the property keyJitter") == "the property keyJitter"


@pytest.mark.parametrize("short", ["", "a", "pw", "12345", "     x     "])
def test_a_short_value_does_not_turn_messages_into_asterisks(short: str) -> None:
    remember(short)
    text = "a password of 12345 characters, pw"
    assert masked(text) == text


def test_what_is_no_text_is_ignored() -> None:
    remember(None, 7, b"bytes-secret")
    assert masked("None 7 bytes-secret") == f"None 7 {MASK}"


@pytest.mark.parametrize(
    "shown", ["http://me:p%40ss@proxy.example:80", "me:p@ss", b64encode(b"me:p@ss").decode(), "user me:p%40ss"]
)
def test_even_a_short_password_of_a_gateway_is_masked_with_its_user(shown: str) -> None:
    remember_userinfo("http://me:p%40ss@proxy.example:80")
    assert "ss" not in masked(shown)
    assert masked("me and pass") == "me and pass"


def test_memory_is_bounded_and_the_latest_are_kept() -> None:
    for number in range(1_000):
        remember(f"token-number-{number:04}")
    assert len(masking._spellings) <= 128
    assert len(masking._by_length) <= 128 * 16
    assert masked("token-number-0999") == MASK


def test_a_secret_in_use_outlives_many_tokens() -> None:
    for number in range(1_000):
        remember("the-secret-in-use", f"token-number-{number:04}")
    assert masked("the-secret-in-use") == MASK


def test_errors_mask_what_a_server_repeats() -> None:
    remember(SECRET, OPAQUE)
    body = json.dumps({"error": {"code": OPAQUE, "message": f"Bearer {OPAQUE} of {SECRET} expired"}}).encode()
    response = read_error_response("GET /users", 403, {"request-id": OPAQUE}, body)
    graph_error, failed = GraphError(response, SECRET), SignInError(f"AADSTS1: {SECRET}")
    made = ErrorResponse(0, "ConnectError", f"proxy {SECRET}", "", f"GET /users/{quote(SECRET)}")
    for text in (str(response), repr(response), str(graph_error), repr(graph_error), repr(failed), str(made), repr(made)):
        assert SECRET[:20] not in text
        assert quote(SECRET)[:20] not in text
        assert OPAQUE[:20] not in text
        assert MASK in text


def test_a_secret_at_the_end_of_a_shortened_message_is_masked() -> None:
    remember(OPAQUE)
    body = json.dumps({"error": {"code": "x", "message": "y" * 470 + " " + OPAQUE}}).encode()
    assert OPAQUE[:10] not in read_error_response("GET /users", 400, {}, body).message


def test_libraries_log_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    remember(SECRET)
    caplog.set_level(logging.DEBUG)
    logger = logging.getLogger("msal.of_this_test")
    mask_logs("msal")
    logger.debug("sending %s to %s", SECRET, {"secret": SECRET})
    try:
        raise ValueError(f"cannot read {SECRET}")
    except ValueError:
        logger.exception("failed")
    logger.info("%d of %d", 1, 2)
    assert "1 of 2" in caplog.text
    assert "ValueError" in caplog.text
    assert SECRET[:20] not in caplog.text
    assert repr(SECRET)[1:20] not in caplog.text


def test_a_command_that_crashes_prints_no_secret(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    remember(SECRET)

    def crash() -> None:
        raise RuntimeError(f"unexpected {SECRET}")

    monkeypatch.setattr("aad_assets.commands.prune.read_settings", crash)
    assert main(["prune"]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"RuntimeError: unexpected {MASK}" in captured.err
    assert SECRET[:20] not in captured.err
