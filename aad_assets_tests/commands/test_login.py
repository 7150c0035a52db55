"""`aad-assets login` in this process: the window that opens by itself. In a real browser: `e2e/test_login.py`."""

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
    """A working directory, the demo's settings, and a screen to open windows on."""
    monkeypatch.chdir(tmp_path)
    for name, value in demo.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AAD_TOKEN_CACHE", str(tmp_path / "sign-in.json"))
    monkeypatch.setenv("DISPLAY", ":0")


@pytest.mark.usefixtures("place")
def test_the_browser_is_opened_where_there_is_one(
    demo: DemoServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []

    def browse(address: str) -> bool:
        """As a browser does: signs in, and goes where it is sent."""
        opened.append(address)
        person = Person(demo)
        back = person.sign_in(address)
        person.close()
        threading.Thread(target=lambda: httpx.get(back, trust_env=False)).start()
        return True

    monkeypatch.setattr(webbrowser, "open", browse)

    assert main(["login"]) == 0

    said = capsys.readouterr().out
    assert opened[0] in said
    assert demo.user_name in said
    assert main(["logout"]) == 0


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """A terminal as standard input: the side of the person, and that of the command."""
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
def test_what_is_pasted_is_not_shown_from_the_moment_it_is_asked_for(
    demo: DemoServer, terminal: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    person, command = terminal
    shown: list[bool] = []

    def browse(address: str) -> bool:
        """As a person does whose browser is on another machine: pastes where it was sent, and is done."""
        shown.append(echoes(command))
        visitor = Person(demo)
        os.write(person, visitor.sign_in(address).encode() + b"\n\x04")
        visitor.close()
        return True

    monkeypatch.setattr(webbrowser, "open", browse)

    assert main(["login"]) == 0

    assert shown == [False]
    assert echoes(command)


@pytest.mark.parametrize("way", [None, "workload_identity", "delegated"])
def test_variables_of_azure_do_not_decide_where_a_person_signs_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], way: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    token = tmp_path / "token"
    token.touch()
    for name, value in {"TENANT_ID": "contoso.example", "CLIENT_ID": "app", "FEDERATED_TOKEN_FILE": str(token)}.items():
        monkeypatch.setenv(f"AZURE_{name}", value)
    if way:
        monkeypatch.setenv("AAD_AUTH", way)
    assert main(["login"]) != 0
    told = capsys.readouterr().err
    assert "AAD_TENANT_ID" in told
    assert "AAD_CLIENT_ID" in told
