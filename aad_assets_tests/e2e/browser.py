"""A real browser, for the tests that need one. No test in here."""

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
    """For a module at most: while it is open, no test can use asyncio. Skips the test where there is no Chromium."""
    if _CHROMIUM is None and not os.environ.get("CI"):
        pytest.skip("no Chromium here: install it to test in a browser")
    expect.set_options(timeout=30_000)  # Playwright's own five seconds are short for a machine that does three things at once
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=_FLAGS)
        yield browser
        browser.close()
