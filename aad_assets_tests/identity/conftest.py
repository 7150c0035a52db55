"""Fixtures that the sign-in tests share with those of the graph layer."""

from aad_assets_tests.graph.conftest import graph, slept

__all__ = ["graph", "slept"]
