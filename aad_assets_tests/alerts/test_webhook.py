"""Posting to a webhook: attempts, pauses, and what a message about a failure shows."""

import logging
import socket
import threading
import time

import pytest

from aad_assets.alerts import post, webhook
from aad_assets.settings import AlertFields
from aad_assets_tests.receiver import PATH, Receiver

MESSAGE = {"text": "1 table failed"}


def test_a_message_is_posted_once_as_json() -> None:
    with Receiver() as receiver:
        assert post(receiver.url, MESSAGE) == ""

    assert receiver.received == [MESSAGE]


@pytest.mark.parametrize("status", [429, 500, 503])
def test_an_attempt_that_may_succeed_later_is_repeated(status: int) -> None:
    waits: list[float] = []
    with Receiver(status, status) as receiver:
        assert post(receiver.url, MESSAGE, sleep=waits.append) == ""

    assert len(receiver.received) == 3
    assert waits == [1.0, 2.0]


def test_it_gives_up_after_three_attempts_and_waits_as_the_server_asks_within_bounds() -> None:
    waits: list[float] = []
    with Receiver(429, 429, 429, 429, headers={"Retry-After": "86400"}) as receiver:
        problem = post(receiver.url, MESSAGE, sleep=waits.append)

    assert (len(receiver.received), waits) == (3, [10.0, 10.0])
    assert problem.startswith("The alert could not be posted to AAD_ALERT_WEBHOOK: HTTP 429. Check the URL")


@pytest.mark.parametrize("status", [302, 400, 403, 404, 410])
def test_a_rejection_and_a_redirect_are_final(status: int) -> None:
    with Receiver(status, headers={"Location": "/elsewhere"}) as receiver:
        problem = post(receiver.url, MESSAGE, sleep=lambda _: pytest.fail("it waited"))

    assert len(receiver.received) == 1
    assert f"HTTP {status}" in problem


def test_a_failure_and_the_logs_do_not_show_the_address(caplog: pytest.LogCaptureFixture) -> None:
    with Receiver() as receiver, caplog.at_level(logging.DEBUG):
        settings = AlertFields(alert_webhook=receiver.url)  # which remembers the address as a secret
        assert post(settings.alert_webhook, MESSAGE) == ""
    with caplog.at_level(logging.DEBUG):
        problem = post(settings.alert_webhook, MESSAGE, sleep=lambda _: None)

    assert "no response (ConnectError)" in problem
    assert PATH not in problem
    assert "POST" in caplog.text
    assert PATH not in caplog.text


def test_a_receiver_that_never_ends_its_response_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook, "_ATTEMPT_SECONDS", 0.3)
    monkeypatch.setattr(webhook, "_ATTEMPTS", 1)
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = threading.Event()

        def drip() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not stop.wait(0.05):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        began = time.monotonic()
        problem = post(f"http://127.0.0.1:{server.getsockname()[1]}/", MESSAGE)
        stop.set()
        thread.join()

    assert "ReadTimeout" in problem
    assert time.monotonic() - began < 10
