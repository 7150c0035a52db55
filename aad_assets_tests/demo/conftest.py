"""A demo tenant for the tests that do not break it, and one for those that do."""

from collections.abc import Iterator

import pytest

from aad_assets.demo import DemoServer

from .client import Client, PersonalClient


@pytest.fixture(scope="session")
def demo() -> Iterator[DemoServer]:
    with DemoServer(users=300, no_quota=True) as server:
        yield server


@pytest.fixture(scope="session")
def client(demo: DemoServer) -> Iterator[Client]:
    made = Client(demo)
    yield made
    made.close()


@pytest.fixture(scope="session")
def person(demo: DemoServer) -> Iterator[Client]:
    """A client with a delegated token, for what apps may not read."""
    made = PersonalClient(demo)
    yield made
    made.close()


@pytest.fixture(scope="session")
def _breakable() -> Iterator[DemoServer]:
    with DemoServer(users=60, no_quota=True, seed=2) as server:
        yield server


@pytest.fixture
def broken(_breakable: DemoServer) -> Iterator[Client]:
    """A client of a server whose faults and day are reset after the test."""
    made = Client(_breakable)
    yield made
    made.close()
    _breakable.clear_faults()
    _breakable.set_day(0)
    _breakable.set_now(None)
    assert _breakable.stderr() == ""
