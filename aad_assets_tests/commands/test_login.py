"""`aad-assets login` in this process: the browser that it opens. See also: `e2e/test_login.py`, with a real browser."""

import os
import pty
import termios
import threading
import webbrowser
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from aad_assets.cli import main
from aad_assets.demo import DemoServer
from aad_assets_tests.person import Person


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoServer]:
    with DemoServer(users=20, no_quota=True) as server:
        yield server


@pytest.fixture
def place(demo: DemoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use an empty working directory, the demo's settings, and a display for windows."""
    monkeypatch.chdir(tmp_path)
    for name, value in demo.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AAD_TOKEN_CACHE", str(tmp_path / "sign-in.json"))
    monkeypatch.setenv("DISPLAY", ":0")


@pytest.mark.usefixtures("place")
def test_the_browser_is_opened_if_there_is_one(
    demo: DemoServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []

    def browse(address: str) -> bool:
        """Sign in and follow the redirect, as a browser does."""
        opened.append(address)
        person = Person(demo)
        back = person.sign_in(address)
        person.close()
        threading.Thread(target=lambda: httpx.get(back, trust_env=False)).start()
        return True

    monkeypatch.setattr(webbrowser, "open", browse)

    assert main(["login"]) == 0

    output = capsys.readouterr().out
    assert opened[0] in output
    assert demo.user_name in output
    assert main(["logout"]) == 0


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Yield a terminal that is standard input: the person's side, and the command's."""
    person, command = pty.openpty()
    before = os.dup(0)
    os.dup2(command, 0)
    yield person, command
    os.dup2(before, 0)
    for descriptor in (before, person, command):
        os.close(descriptor)


def echoes(terminal: int) -> bool:
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


@pytest.mark.usefixtures("place")
def test_pasted_text_is_not_echoed_from_the_first_prompt_on(
    demo: DemoServer, terminal: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    person, command = terminal
    echoed: list[bool] = []

    def browse(address: str) -> bool:
        """Sign in and paste the redirected address, as a person does whose browser is on another machine."""
        echoed.append(echoes(command))
        visitor = Person(demo)
        os.write(person, visitor.sign_in(address).encode() + b"\n\x04")
        visitor.close()
        return True

    monkeypatch.setattr(webbrowser, "open", browse)

    assert main(["login"]) == 0

    assert echoed == [False]
    assert echoes(command)


@pytest.mark.parametrize("method", [None, "workload_identity", "delegated"])
def test_variables_of_azure_do_not_affect_the_sign_in_of_a_person(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], method: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    token = tmp_path / "token"
    token.touch()
    for name, value in {"TENANT_ID": "contoso.example", "CLIENT_ID": "app", "FEDERATED_TOKEN_FILE": str(token)}.items():
        monkeypatch.setenv(f"AZURE_{name}", value)
    if method:
        monkeypatch.setenv("AAD_AUTH", method)
    assert main(["login"]) != 0
    message = capsys.readouterr().err
    assert "AAD_TENANT_ID" in message
    assert "AAD_CLIENT_ID" in message
