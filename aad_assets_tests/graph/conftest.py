"""Fixtures for the tests of the graph package."""

import asyncio

import pytest

from aad_assets_tests.fake_graph import FakeGraph


@pytest.fixture
def graph() -> FakeGraph:
    return FakeGraph()


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Record the seconds that the code sleeps, without waiting."""
    asked: list[float] = []
    really = asyncio.sleep

    async def sleep(seconds: float) -> None:
        asked.append(seconds)
        await really(0)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return asked
