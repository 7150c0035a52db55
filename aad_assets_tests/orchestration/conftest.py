"""A small tenant, and Dagster instances."""

from collections.abc import Iterator

import dagster as dg
import pytest

from aad_assets.demo import DemoServer


@pytest.fixture(scope="module")
def tenant() -> Iterator[DemoServer]:
    """Yield a tenant whose faults a test sets and clears."""
    with DemoServer(users=20, no_quota=True) as server:
        yield server


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    """Yield an instance that stores runs and events."""
    with dg.instance_for_test() as instance:
        yield instance
