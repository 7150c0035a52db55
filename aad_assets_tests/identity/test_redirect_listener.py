"""The redirect listener: accepts the request of this sign-in and no other."""

import socket
from collections.abc import Iterator

import httpx
import pytest

from aad_assets.errors import ConfigurationError
from aad_assets.identity.redirect_listener import RedirectListener

STATE = "st4te"


@pytest.fixture
def received() -> list[dict[str, str]]:
    return []


@pytest.fixture
def listener(received: list[dict[str, str]], request: pytest.FixtureRequest) -> Iterator[RedirectListener]:
    with RedirectListener(getattr(request, "param", "http://localhost")) as listener:
        listener.serve(STATE, received.append)
        yield listener


def get(listener: RedirectListener, query: str = "", path: str = "") -> httpx.Response:
    with httpx.Client(trust_env=False) as client:
        return client.get(f"{listener.redirect_url}{path}?{query}")


def test_the_code_is_received(
    listener: RedirectListener, received: list[dict[str, str]], capfd: pytest.CaptureFixture[str]
) -> None:
    response = get(listener, f"code=c0de%2B1&state={STATE}&session_state=x")
    assert response.status_code == 200
    assert "Signed in" in response.text
    assert received == [{"code": "c0de+1", "state": STATE, "session_state": "x"}]
    assert "c0de" not in response.text + "".join(capfd.readouterr())


def test_an_error_is_received_and_not_shown(listener: RedirectListener, received: list[dict[str, str]]) -> None:
    response = get(listener, f"error=access_denied&error_description=%3Cscript%3E&state={STATE}")
    assert "Not signed in" in response.text
    assert "script" not in response.text
    assert received[0]["error"] == "access_denied"


@pytest.mark.parametrize("query", ["code=c&state=other", "code=c", f"state={STATE}", ""])
def test_other_requests_are_rejected(listener: RedirectListener, received: list[dict[str, str]], query: str) -> None:
    assert get(listener, query).status_code == 400
    assert received == []


def test_other_paths_are_rejected(listener: RedirectListener, received: list[dict[str, str]]) -> None:
    assert get(listener, f"code=c&state={STATE}", "/favicon.ico").status_code == 404
    assert received == []


@pytest.mark.parametrize("listener", ["http://127.0.0.1/back/here"], indirect=True)
def test_host_and_path_are_as_registered(listener: RedirectListener, received: list[dict[str, str]]) -> None:
    assert listener.redirect_url.startswith("http://127.0.0.1:")
    assert listener.redirect_url.endswith("/back/here")
    assert get(listener, f"code=c&state={STATE}").status_code == 200
    assert received


def test_a_port_in_use_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://localhost:{taken.getsockname()[1]}"
        with pytest.raises(ConfigurationError, match=rf"Cannot listen on AAD_REDIRECT_URL \({url}\): Address already"):
            RedirectListener(url)
