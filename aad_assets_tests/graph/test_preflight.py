"""The preflight: an unreachable Graph names the settings, and the number of users decides the rate limit."""

import httpx
import pytest

from aad_assets.errors import ConfigurationError
from aad_assets.graph.probing.preflight import preflight
from aad_assets_tests.fake_graph import BASE, FakeGraph, failure, run


def preflight_sizes(graph: FakeGraph, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Run the preflight and return the tenant sizes that it set."""
    sized: list[int] = []
    monkeypatch.setattr(graph.rate_limits, "set_tenant_size", sized.append)
    run(preflight(BASE, graph.tokens, graph.transport, graph.rate_limits))
    return sized


def test_the_rate_limit_follows_the_number_of_users(graph: FakeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    graph.respond_with(httpx.Response(200, text="4321"))
    assert preflight_sizes(graph, monkeypatch) == [4321]


def test_an_unknown_number_of_users_is_no_error(graph: FakeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    graph.respond_with(failure(403, "Authorization_RequestDenied"))
    assert preflight_sizes(graph, monkeypatch) == []


@pytest.mark.parametrize("status", [429, 503])
def test_a_graph_that_asks_for_more_time_has_been_reached(
    graph: FakeGraph, slept: list[float], monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    graph.respond_with(failure(status, "TooManyRequests", Retry_After="45"))
    assert preflight_sizes(graph, monkeypatch) == []
    assert slept == []


def test_an_unreachable_graph_names_the_settings(
    graph: FakeGraph, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    graph.handler = lambda request: httpx.ConnectError("Name or service not known")
    with pytest.raises(ConfigurationError) as caught:
        preflight_sizes(graph, monkeypatch)
    for part in (BASE, "Name or service not known", "AAD_CLOUD", "AAD_GRAPH_BASE_URL", "AAD_GATEWAY_URL"):
        assert part in str(caught.value)
    assert len(slept) == 4
