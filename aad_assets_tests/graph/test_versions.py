"""Entities of beta: their URLs, batches and nextLinks, and those that Microsoft documents in v1.0, too."""

import httpx
import msgspec
import pytest

from aad_assets.catalog import CATALOG, Version
from aad_assets.errors import GraphError, InvalidResponse, LicenceMissing, NotFound, PermissionMissing, RequestRejected
from aad_assets.graph.reading.children import read_children
from aad_assets.graph.reading.collections import read_collection
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.rate_limits import RateLimits
from aad_assets_tests.fake_graph import BASE, BETA, FakeGraph, MemoryPart, MemorySink, batched, failure, page

RECOMMENDATIONS, IMPACTED = CATALOG["recommendations"], CATALOG["recommendation_impacted_resources"]
PIM_GROUPS = CATALOG["pim_groups"]


def with_base(graph: FakeGraph, base: str) -> GraphClient:
    return GraphClient(base, graph.tokens, graph.transport, RateLimits())


@pytest.mark.parametrize(
    ("base", "v1", "beta"),
    [
        (BASE, f"{BASE}/users", f"{BETA}/users"),
        ("https://gateway.test/graph/v1.0", "https://gateway.test/graph/v1.0/users", "https://gateway.test/graph/beta/users"),
        ("https://graph.test", "https://graph.test/users", "https://graph.test/beta/users"),
    ],
)
def test_a_version_is_part_of_the_url_and_of_messages_about_beta(graph: FakeGraph, base: str, v1: str, beta: str) -> None:
    client = with_base(graph, base)
    assert client.url("/users", {"$top": 1}) == f"{v1}?$top=1"
    assert client.url("/users", {"$top": 1}, Version.BETA) == f"{beta}?$top=1"
    assert [client.relative(f"{url}?$top=1") for url in (v1, beta)] == ["/users?$top=1"] * 2
    assert [client.path(f"{url}?$filter=name eq 'Zoe'") for url in (v1, beta)] == ["/users", "/beta/users"]


def test_a_collection_of_beta_is_read_from_beta_page_by_page(graph: FakeGraph) -> None:
    graph.respond_with(page(["a"], f"{BETA}{RECOMMENDATIONS.path}?$skiptoken=2"), page(["b"]))
    sink = MemorySink()
    graph.run(lambda client: read_collection(client, RECOMMENDATIONS, graph.meter, sink))
    assert sink.ids() == ["a", "b"]
    assert graph.urls == [f"{BETA}{RECOMMENDATIONS.path}", f"{BETA}{RECOMMENDATIONS.path}?$skiptoken=2"]


def test_an_error_of_beta_names_the_version(graph: FakeGraph) -> None:
    graph.respond_with(failure(403, "Authorization_RequestDenied"))
    with pytest.raises(PermissionMissing, match="GET /beta/directory/recommendations returned 403"):
        graph.run(lambda client: read_collection(client, RECOMMENDATIONS, graph.meter, MemorySink()))


def test_children_of_beta_are_read_in_batches_of_beta(graph: FakeGraph) -> None:
    singly: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path.startswith("/beta/")
        if "$skiptoken" in request.url.params:
            return page(["c"])
        link = f"{BETA}{IMPACTED.path.replace('{id}', 'r1')}?$skiptoken=2" if "/r1/" in request.url.path else None
        return failure(404) if "/gone/" in request.url.path else page(["a"], link)

    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            assert str(request.url) == f"{BETA}/$batch"
            urls = [item["url"] for item in msgspec.json.decode(request.content)["requests"]]
            assert all(url.startswith("/directory/recommendations/") for url in urls), "items have no version"
            return batched(request, answer)
        singly.append(request.url.path)
        return failure(404) if request.url.path.endswith("/gone") else answer(request)

    graph.handler = handler
    part = MemoryPart()
    keys = [("r1",), ("gone",), ("r2",)]
    graph.run(lambda client: read_children(client, IMPACTED, keys, graph.meter, part))
    assert sorted(part.ids) == ["a", "a", "c"]
    assert sorted(singly) == ["/beta/directory/recommendations/gone", "/beta/directory/recommendations/r1/impactedResources"]


def test_a_next_link_of_beta_must_be_on_the_same_host(graph: FakeGraph) -> None:
    graph.respond_with(page(["a"], "https://evil.example/beta/directory/recommendations?$skiptoken=2"))
    with pytest.raises(InvalidResponse, match=r"evil\.example"):
        graph.run(lambda client: read_collection(client, RECOMMENDATIONS, graph.meter, MemorySink()))


def read_pim_groups(graph: FakeGraph, *responses: httpx.Response) -> MemorySink:
    sink = MemorySink()
    graph.respond_with(*responses)
    graph.run(lambda client: read_collection(client, PIM_GROUPS, graph.meter, sink))
    return sink


def test_what_may_be_in_v1_is_read_there_if_it_is(graph: FakeGraph) -> None:
    assert read_pim_groups(graph, page(["a"])).ids() == ["a"]
    assert graph.urls == [f"{BASE}{PIM_GROUPS.path}"]


@pytest.mark.parametrize(
    "response", [failure(400, "BadRequest", "Resource not found for the segment 'x'."), failure(404), failure(501)], ids=str
)
def test_what_is_not_in_v1_yet_is_read_from_beta(graph: FakeGraph, response: httpx.Response) -> None:
    assert read_pim_groups(graph, response, page(["a"])).ids() == ["a"]
    assert graph.urls == [f"{BASE}{PIM_GROUPS.path}", f"{BETA}{PIM_GROUPS.path}"]


def test_rows_of_v1_are_dropped_before_beta_is_read(graph: FakeGraph) -> None:
    more = page(["gone"], f"{BASE}{PIM_GROUPS.path}?$skiptoken=2")
    assert read_pim_groups(graph, more, failure(400), page(["a"])).ids() == ["a"]
    assert graph.meter.rows == 1


@pytest.mark.parametrize(
    ("response", "expected"),
    [(failure(403, "Forbidden"), PermissionMissing), (failure(400, "AadPremiumLicenseRequired"), LicenceMissing)],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_refusal_of_v1_is_not_retried_in_beta(
    graph: FakeGraph, response: httpx.Response, expected: type[GraphError]
) -> None:
    with pytest.raises(expected):
        read_pim_groups(graph, response)
    assert len(graph.requests) == 1


@pytest.mark.parametrize(
    ("response", "expected"), [(failure(404), NotFound), (failure(400, "Other"), RequestRejected)], ids=str
)
def test_if_neither_version_has_it_the_error_of_beta_is_raised(
    graph: FakeGraph, response: httpx.Response, expected: type[GraphError]
) -> None:
    with pytest.raises(expected, match="/beta/"):
        read_pim_groups(graph, failure(404), response)


def test_the_sign_ins_of_beta_are_filtered_by_their_kind_and_by_the_day(graph: FakeGraph) -> None:
    graph.respond_with(page(["a"]))
    log, day = CATALOG["sign_ins_service_principal"], "createdDateTime ge 2026-11-01T00:00:00Z"
    graph.run(lambda client: read_collection(client, log, graph.meter, MemorySink(), filter_=day))
    asked = dict(graph.requests[0].url.params)
    assert graph.requests[0].url.path == "/beta/auditLogs/signIns"
    assert asked == {"$top": "1000", "$filter": f"signInEventTypes/any(t: t eq 'servicePrincipal') and {day}"}
