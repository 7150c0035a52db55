"""A real browser for the tests that need one."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

_CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield Chromium, or skip the test if it is not installed. Keep it open for one module at most: asyncio cannot run
    meanwhile.
    """
    if _CHROMIUM is None and not os.environ.get("CI"):
        pytest.skip("Chromium is not installed. Install it to run the tests in a browser.")
    expect.set_options(timeout=30_000)  # Playwright's default of 5 s is too short while tests run in parallel.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=_FLAGS)
        yield browser
        browser.close()
