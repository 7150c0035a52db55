"""Fixtures of the tests of sign-in, some shared with those of the graph package."""

import pytest

from aad_assets_tests.graph.conftest import graph, slept

from .issuer import FakeIdentity

__all__ = ["graph", "slept"]


@pytest.fixture
def identity(slept: list[float]) -> FakeIdentity:
    """Return an identity platform, and make back-off take no time."""
    return FakeIdentity()
