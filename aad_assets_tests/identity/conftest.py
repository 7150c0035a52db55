"""Fixtures shared with the tests of the graph package."""

from aad_assets_tests.graph.conftest import graph, slept

__all__ = ["graph", "slept"]
