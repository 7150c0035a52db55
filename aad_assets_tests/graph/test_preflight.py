"""The first word to Graph: an unreachable one is a setting to mend, and the number of users sizes the quota."""

import httpx
import pytest

from aad_assets.errors import ConfigurationError
from aad_assets.graph.probing.preflight import preflight
from aad_assets_tests.fake_graph import BASE, FakeGraph, refusal, run


def greeted(graph: FakeGraph, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of users that the quota was sized for."""
    sized: list[int] = []
    monkeypatch.setattr(graph.rate_limits, "size_for", sized.append)
    run(preflight(BASE, graph.tokens, graph.transport, graph.rate_limits))
    return sized


def test_the_quota_is_sized_for_the_users_there_are(graph: FakeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    graph.answers(httpx.Response(200, text="4321"))
    assert greeted(graph, monkeypatch) == [4321]


def test_not_being_told_how_many_is_no_error(graph: FakeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    graph.answers(refusal(403, "Authorization_RequestDenied"))
    assert greeted(graph, monkeypatch) == []


@pytest.mark.parametrize("status", [429, 503])
def test_a_graph_that_asks_for_more_time_than_there_is_has_been_reached(
    graph: FakeGraph, slept: list[float], monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    graph.answers(refusal(status, "TooManyRequests", Retry_After="45"))
    assert greeted(graph, monkeypatch) == []
    assert slept == []


def test_a_graph_out_of_reach_names_the_settings(
    graph: FakeGraph, slept: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    graph.handler = lambda request: httpx.ConnectError("Name or service not known")
    with pytest.raises(ConfigurationError) as caught:
        greeted(graph, monkeypatch)
    for part in (BASE, "Name or service not known", "AAD_CLOUD", "AAD_GRAPH_BASE_URL", "AAD_GATEWAY_URL"):
        assert part in str(caught.value)
    assert len(slept) == 4
