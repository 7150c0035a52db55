"""The redirect listener: accepts the request of this sign-in and no other."""

import queue
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import httpx
import pytest

from aad_assets.errors import ConfigurationError
from aad_assets.identity import redirect_listener
from aad_assets.identity.redirect_listener import RedirectListener

STATE = "st4te"


class Received(queue.SimpleQueue[dict[str, str]]):
    """The parameters that the listener passes on. It does so after it has shown the page, so `next` waits for them."""

    def next(self) -> dict[str, str]:
        return self.get(timeout=5)


@pytest.fixture
def received() -> Received:
    return Received()


@pytest.fixture
def listener(received: Received, request: pytest.FixtureRequest) -> Iterator[RedirectListener]:
    with RedirectListener(getattr(request, "param", "http://localhost")) as listener:
        listener.serve(STATE, received.put)
        yield listener


def get(listener: RedirectListener, query: str = "", path: str = "") -> httpx.Response:
    with httpx.Client(trust_env=False) as client:
        return client.get(f"{listener.redirect_url}{path}?{query}")


def test_the_code_is_received(listener: RedirectListener, received: Received, capfd: pytest.CaptureFixture[str]) -> None:
    response = get(listener, f"code=c0de%2B1&state={STATE}&session_state=x")
    assert response.status_code == 200
    assert "Signed in" in response.text
    assert received.next() == {"code": "c0de+1", "state": STATE, "session_state": "x"}
    assert "c0de" not in response.text + "".join(capfd.readouterr())


def test_an_error_is_received_and_not_shown(listener: RedirectListener, received: Received) -> None:
    response = get(listener, f"error=access_denied&error_description=%3Cscript%3E&state={STATE}")
    assert "Not signed in" in response.text
    assert "script" not in response.text
    assert received.next()["error"] == "access_denied"


@pytest.mark.parametrize("query", ["code=c&state=other", "code=c", f"state={STATE}", ""])
def test_other_requests_are_rejected(listener: RedirectListener, received: Received, query: str) -> None:
    assert get(listener, query).status_code == 400
    assert received.empty()


def test_other_paths_are_rejected(listener: RedirectListener, received: Received) -> None:
    assert get(listener, f"code=c&state={STATE}", "/favicon.ico").status_code == 404
    assert received.empty()


@pytest.mark.parametrize("listener", ["http://127.0.0.1/back/here"], indirect=True)
def test_host_and_path_are_as_registered(listener: RedirectListener, received: Received) -> None:
    assert listener.redirect_url.startswith("http://127.0.0.1:")
    assert listener.redirect_url.endswith("/back/here")
    assert get(listener, f"code=c&state={STATE}").status_code == 200
    assert received.next()


def test_a_port_in_use_is_reported() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://localhost:{taken.getsockname()[1]}"
        with pytest.raises(ConfigurationError, match=rf"Cannot listen on AAD_REDIRECT_URL \({url}\): Address already"):
            RedirectListener(url)


def spare(listener: RedirectListener) -> socket.socket:
    """Open a connection as browsers do in advance."""
    parts = httpx.URL(listener.redirect_url)
    return socket.create_connection(("127.0.0.1", parts.port or 0), timeout=5)


@pytest.mark.parametrize("sent", [b"", b"GET /?co", b"GET / HTTP/1.1\r\nHost: localhost\r\n"])
def test_connections_that_send_nothing_or_not_all_do_not_delay_the_code(
    listener: RedirectListener, received: Received, sent: bytes
) -> None:
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(closing(spare(listener))).sendall(sent)
        began = time.monotonic()
        assert get(listener, f"code=c0de&state={STATE}").status_code == 200
        assert time.monotonic() - began < 4
    assert received.next() == {"code": "c0de", "state": STATE}


def test_the_number_of_connections_is_bounded_and_the_newest_is_served(
    listener: RedirectListener, received: Received
) -> None:
    before = threading.active_count()
    with ExitStack() as stack:
        connections = [stack.enter_context(closing(spare(listener))) for _ in range(60)]
        assert get(listener, f"code=c0de&state={STATE}").status_code == 200
        assert connections[0].recv(1) == b"", "the oldest was ended"
        # A thread and a timer for each connection. Those of ended connections take a moment to end.
        deadline = time.monotonic() + 5
        while threading.active_count() - before > 2 * redirect_listener._MAX_CONNECTIONS:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert received.next()


def test_a_connection_ends_after_a_time_however_slowly_it_sends(
    monkeypatch: pytest.MonkeyPatch, listener: RedirectListener
) -> None:
    monkeypatch.setattr(redirect_listener, "_CONNECTION_SECONDS", 0.3)
    with closing(spare(listener)) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nX: ")
        assert slow.recv(1) == b""


def test_a_probe_does_not_take_the_code(listener: RedirectListener, received: Received) -> None:
    with httpx.Client(trust_env=False) as client:
        response = client.head(f"{listener.redirect_url}?code=c0de&state={STATE}")
        assert (response.status_code, response.content) == (200, b"")
        assert client.head(f"{listener.redirect_url}/favicon.ico").status_code == 404
        assert client.post(listener.redirect_url).status_code == 501
    assert received.empty()
    assert get(listener, f"code=c0de&state={STATE}").status_code == 200
    assert received.next()


def test_the_end_does_not_wait_for_open_connections(received: Received) -> None:
    with ExitStack() as stack:
        with RedirectListener("http://localhost") as listener:
            listener.serve(STATE, received.put)
            open_one = stack.enter_context(closing(spare(listener)))
            get(listener)
            began = time.monotonic()
        assert time.monotonic() - began < 4
        assert open_one.recv(1) == b""
