"""`aad-assets login` in this process: the window that opens by itself. In a real browser: `e2e/test_login.py`."""

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


def test_the_browser_is_opened_where_there_is_one(
    demo: DemoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
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

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(webbrowser, "open", browse)
    for name, value in demo.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AAD_TOKEN_CACHE", str(tmp_path / "sign-in.json"))
    monkeypatch.setenv("DISPLAY", ":0")

    assert main(["login"]) == 0

    said = capsys.readouterr().out
    assert opened[0] in said
    assert demo.user_name in said
    assert main(["logout"]) == 0


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
