"""`aad-assets login` and `logout` in a real browser and a real terminal, and a reload with the sign-in."""

import os
import pty
import re
import stat
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from aad_assets.demo import DemoServer
from aad_assets_tests.e2e.browser import chromium
from aad_assets_tests.e2e.conftest import BIN, Place, make_place
from aad_assets_tests.gateway import PASSWORD, Gateway
from aad_assets_tests.hunting import everything_in
from aad_assets_tests.identity.signing_in import NATIVE_CLIENT
from aad_assets_tests.person import Person


@pytest.fixture(scope="module")
def demo() -> Iterator[DemoServer]:
    with DemoServer(users=20, no_quota=True) as server:
        yield server


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(ignore_https_errors=True)
    yield page
    page.close()


@pytest.fixture
def place(demo: DemoServer, tmp_path: Path) -> Place:
    cache = tmp_path / "private" / "sign-in.json"
    return make_place(tmp_path / "place", demo.environment() | {"AAD_TOKEN_CACHE": str(cache)})


class Login:
    """A running `aad-assets login`. `printed` is its output so far."""

    def __init__(self, place: Place, *options: str, stdin: int = subprocess.PIPE, **settings: str) -> None:
        self.process = subprocess.Popen(
            [str(BIN / "aad-assets"), "login", "--no-browser", *options],
            env=place.changed(PYTHONUNBUFFERED="1", **settings),
            cwd=place.folder,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.printed = ""
        self._watchdog = threading.Timer(120, self.process.kill)
        self._watchdog.start()

    def until(self, pattern: str) -> str:
        """Read until a line matches, and return the match."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.printed += line
            if found := re.search(pattern, line):
                return found[0]
        raise AssertionError(self.printed)

    def answer(self, text: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()

    def end(self) -> int:
        assert self.process.stdout
        if self.process.stdout.closed:
            return self.process.returncode
        self.printed += self.process.stdout.read()
        code = self.process.wait()
        self.process.stdout.close()
        if self.process.stdin:
            self.process.stdin.close()
        self._watchdog.cancel()
        return code


@contextmanager
def login(place: Place, *options: str, **settings: Any) -> Iterator[Login]:
    running = Login(place, *options, **settings)
    try:
        yield running
    finally:
        running.process.kill()
        running.end()


def fill_in(page: Page, demo: DemoServer, address: str) -> None:
    page.goto(address)
    page.locator("input[name=login]").fill(demo.user_name)
    page.locator("input[name=passwd]").fill(demo.user_password)
    page.get_by_role("button", name="Sign in").click()


def aad_assets(place: Place, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(BIN / "aad-assets"), *arguments],
        env=place.changed(**settings),
        cwd=place.folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_pasted_code_signs_in(page: Page, demo: DemoServer, place: Place) -> None:
    with login(place, AAD_REDIRECT_URL=demo.authority_url + NATIVE_CLIENT, AAD_AUTH="delegated") as running:
        fill_in(page, demo, running.until(r"https://\S+"))
        code = page.locator("#code").input_value()
        running.answer("this is no code")
        running.until("neither a code nor the address")
        running.answer(code)
        assert running.end() == 0, running.printed
    output = running.printed
    assert f"Signed in  Megan Bowen <{demo.user_name}>" in output
    assert f"Tenant     Contoso (demo tenant) ({demo.tenant_id})" in output
    assert re.search(r"Scopes .*Directory\.Read\.All, .*User\.Read\.All", output)
    assert re.search(r"Readable +(\d+) of \1 entities", output)
    cache = Path(place.environment["AAD_TOKEN_CACHE"])
    assert str(cache) in output
    assert stat.S_IMODE(cache.stat().st_mode) == 0o600
    assert code not in output
    assert "Traceback" not in output

    first = aad_assets(place, "logout", AAD_AUTH="delegated")
    assert (first.returncode, first.stdout) == (0, f"Signed out: {cache} was deleted.\n")
    assert not cache.exists()
    assert aad_assets(place, "logout", AAD_AUTH="delegated").stdout == "Nobody was signed in.\n"


def titles() -> set[str]:
    """Return the command lines of all processes."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.add(path.read_text("utf-8", "replace").replace("\0", " "))
        except OSError:  # it has just ended
            continue
    return found


def test_a_received_code_signs_in_and_a_reload_uses_the_sign_in(page: Page, demo: DemoServer, place: Place) -> None:
    """Sign in, reload through a gateway, and find no secret anywhere except in the stored sign-in."""
    seen = set()
    with login(place, stdin=subprocess.DEVNULL) as running:
        address = running.until(r"https://\S+")
        assert "redirect_uri=http%3A%2F%2Flocalhost%3A" in address
        seen |= titles()
        fill_in(page, demo, address)
        expect(page.get_by_role("heading", name="Signed in")).to_be_visible()
        code = page.url.split("code=")[1].split("&")[0]
        assert running.end() == 0, running.printed
    assert "Set AAD_AUTH=delegated" in running.printed

    with Gateway() as gateway:
        process = place.start('key:"aad/domains"', AAD_AUTH="delegated", AAD_GATEWAY_URL=gateway.url)
        output: list[str] = []
        reader = threading.Thread(target=lambda: output.append(process.stdout.read() if process.stdout else ""))
        reader.start()
        while reader.is_alive():
            reader.join(0.2)
            seen |= titles()
        assert process.wait() == 0, output
        if process.stdout:
            process.stdout.close()
        assert set(gateway.tunnels) == {demo.authority_url.removeprefix("https://")}
    assert place.query("SELECT count(*) FROM aad.domains")[0][0] == len(list(demo.objects("domains")))

    cache = Path(place.environment["AAD_TOKEN_CACHE"])
    refresh_tokens = [part for part in cache.read_text().split('"') if len(part) > 300]
    secrets = [demo.client_secret, demo.user_password, PASSWORD, code, "eyJ", *refresh_tokens]
    left = everything_in(place.folder) | {
        "login": running.printed.encode(),
        "run": output[0].encode(),
        "titles": "\n".join(seen).encode(),
    }
    for secret in secrets:
        assert [name for name, content in left.items() if secret.encode() in content] == []


def test_a_device_code_signs_in(page: Page, demo: DemoServer, place: Place) -> None:
    settings = {"AAD_CLIENT_ID": demo.public_client_id, "AAD_CLIENT_SECRET": ""}
    with login(place, "--device-code", **settings) as running:
        line = running.until("open the page .* and enter the code .*")
        found = re.search(r"page (\S+) .* code (\w+)", line)
        assert found
        page.goto(found[1])
        page.locator("input[name=otc]").fill(found[2])
        page.locator("input[name=login]").fill(demo.user_name)
        page.locator("input[name=passwd]").fill(demo.user_password)
        page.get_by_role("button", name="Continue").click()
        expect(page.get_by_text("You have signed in on your device.")).to_be_visible()
        assert running.end() == 0, running.printed
    assert demo.user_name in running.printed


def test_a_device_code_with_a_secret_is_rejected(place: Place) -> None:
    result = aad_assets(place, "login", "--device-code")
    assert result.returncode == 1
    assert "public client" in result.stderr
    assert "Traceback" not in result.stderr


def test_login_ends_when_nobody_can_paste(demo: DemoServer, place: Place) -> None:
    with login(place, stdin=subprocess.DEVNULL, AAD_REDIRECT_URL=demo.authority_url + NATIVE_CLIENT) as running:
        assert running.end() == 1
    assert "No code was received. Run aad-assets login again." in running.printed


def test_a_terminal_accepts_long_addresses_and_does_not_echo_them(demo: DemoServer, place: Place) -> None:
    """Terminals in line mode cut lines at 4,096 characters."""
    controller, terminal = pty.openpty()
    try:
        with login(place, stdin=terminal, AAD_REDIRECT_URL=demo.authority_url + NATIVE_CLIENT) as running:
            address = running.until(r"https://\S+")
            running.until("Then paste")
            person = Person(demo)
            back = person.sign_in(address) + "&session_state=" + "x" * 6_000
            person.close()
            for at in range(0, len(back), 1_000):
                os.write(controller, back[at : at + 1_000].encode())
            os.write(controller, b"\n")
            assert running.end() == 0, running.printed
        os.set_blocking(controller, False)
        with pytest.raises(BlockingIOError):
            os.read(controller, 100)
    finally:
        os.close(controller)
        os.close(terminal)
