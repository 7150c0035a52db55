"""What the tests of the graph layer share."""

import asyncio

import pytest

from aad_assets_tests.fake_graph import FakeGraph


@pytest.fixture
def graph() -> FakeGraph:
    return FakeGraph()


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that code asked to sleep; none of them pass."""
    asked: list[float] = []
    really = asyncio.sleep

    async def sleep(seconds: float) -> None:
        asked.append(seconds)
        await really(0)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return asked
