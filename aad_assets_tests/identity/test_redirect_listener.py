"""The listener of the browser's return: takes the request of this sign-in, and no other."""

import socket
from collections.abc import Iterator

import httpx
import pytest

from aad_assets.errors import ConfigurationError
from aad_assets.identity.redirect_listener import RedirectListener

STATE = "st4te"


@pytest.fixture
def caught() -> list[dict[str, str]]:
    return []


@pytest.fixture
def listener(caught: list[dict[str, str]], request: pytest.FixtureRequest) -> Iterator[RedirectListener]:
    with RedirectListener(getattr(request, "param", "http://localhost")) as listener:
        listener.serve(STATE, caught.append)
        yield listener


def get(listener: RedirectListener, query: str = "", path: str = "") -> httpx.Response:
    with httpx.Client(trust_env=False) as client:
        return client.get(f"{listener.redirect_url}{path}?{query}")


def test_the_code_is_caught(
    listener: RedirectListener, caught: list[dict[str, str]], capfd: pytest.CaptureFixture[str]
) -> None:
    answer = get(listener, f"code=c0de%2B1&state={STATE}&session_state=x")
    assert answer.status_code == 200
    assert "Signed in" in answer.text
    assert caught == [{"code": "c0de+1", "state": STATE, "session_state": "x"}]
    assert "c0de" not in answer.text + "".join(capfd.readouterr())


def test_a_refusal_is_caught_without_being_shown(listener: RedirectListener, caught: list[dict[str, str]]) -> None:
    answer = get(listener, f"error=access_denied&error_description=%3Cscript%3E&state={STATE}")
    assert "Not signed in" in answer.text
    assert "script" not in answer.text
    assert caught[0]["error"] == "access_denied"


@pytest.mark.parametrize("query", ["code=c&state=other", "code=c", f"state={STATE}", ""])
def test_other_requests_are_not_taken(listener: RedirectListener, caught: list[dict[str, str]], query: str) -> None:
    assert get(listener, query).status_code == 400
    assert caught == []


def test_other_paths_are_not_taken(listener: RedirectListener, caught: list[dict[str, str]]) -> None:
    assert get(listener, f"code=c&state={STATE}", "/favicon.ico").status_code == 404
    assert caught == []


@pytest.mark.parametrize("listener", ["http://127.0.0.1/back/here"], indirect=True)
def test_host_and_path_are_as_registered(listener: RedirectListener, caught: list[dict[str, str]]) -> None:
    assert listener.redirect_url.startswith("http://127.0.0.1:")
    assert listener.redirect_url.endswith("/back/here")
    assert get(listener, f"code=c&state={STATE}").status_code == 200
    assert caught


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://localhost:{taken.getsockname()[1]}"
        with pytest.raises(ConfigurationError, match=rf"AAD_REDIRECT_URL \({url}\) cannot be listened on: Address already"):
            RedirectListener(url)
