"""The catcher of the browser's return: takes the request of this sign-in, and no other."""

import socket
from collections.abc import Iterator

import httpx
import pytest

from aad_assets.errors import ConfigurationError
from aad_assets.graph.loopback import Catcher

STATE = "st4te"


@pytest.fixture
def caught() -> list[dict[str, str]]:
    return []


@pytest.fixture
def catcher(caught: list[dict[str, str]], request: pytest.FixtureRequest) -> Iterator[Catcher]:
    with Catcher(getattr(request, "param", "http://localhost")) as catcher:
        catcher.serve(STATE, caught.append)
        yield catcher


def get(catcher: Catcher, query: str = "", path: str = "") -> httpx.Response:
    with httpx.Client(trust_env=False) as client:
        return client.get(f"{catcher.redirect_url}{path}?{query}")


def test_the_code_is_caught(catcher: Catcher, caught: list[dict[str, str]], capfd: pytest.CaptureFixture[str]) -> None:
    answer = get(catcher, f"code=c0de%2B1&state={STATE}&session_state=x")
    assert answer.status_code == 200
    assert "Signed in" in answer.text
    assert caught == [{"code": "c0de+1", "state": STATE, "session_state": "x"}]
    assert "c0de" not in answer.text + "".join(capfd.readouterr())


def test_a_refusal_is_caught_without_being_shown(catcher: Catcher, caught: list[dict[str, str]]) -> None:
    answer = get(catcher, f"error=access_denied&error_description=%3Cscript%3E&state={STATE}")
    assert "Not signed in" in answer.text
    assert "script" not in answer.text
    assert caught[0]["error"] == "access_denied"


@pytest.mark.parametrize("query", ["code=c&state=other", "code=c", f"state={STATE}", ""])
def test_other_requests_are_not_taken(catcher: Catcher, caught: list[dict[str, str]], query: str) -> None:
    assert get(catcher, query).status_code == 400
    assert caught == []


def test_other_paths_are_not_taken(catcher: Catcher, caught: list[dict[str, str]]) -> None:
    assert get(catcher, f"code=c&state={STATE}", "/favicon.ico").status_code == 404
    assert caught == []


@pytest.mark.parametrize("catcher", ["http://127.0.0.1/back/here"], indirect=True)
def test_host_and_path_are_as_registered(catcher: Catcher, caught: list[dict[str, str]]) -> None:
    assert catcher.redirect_url.startswith("http://127.0.0.1:")
    assert catcher.redirect_url.endswith("/back/here")
    assert get(catcher, f"code=c&state={STATE}").status_code == 200
    assert caught


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://localhost:{taken.getsockname()[1]}"
        with pytest.raises(ConfigurationError, match=rf"AAD_REDIRECT_URL \({url}\) cannot be listened on: Address already"):
            Catcher(url)
