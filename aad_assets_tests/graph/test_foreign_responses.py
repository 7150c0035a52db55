"""Responses that are not Graph's are reported as such, at once unless they are transient, and never as anything else."""

import httpx
import pytest

from aad_assets.errors import ConfigurationError, GraphUnavailable, NotFromGraph, PermissionMissing
from aad_assets.graph.probing.preflight import preflight
from aad_assets.graph.reading.collections import fetch_count
from aad_assets.graph.reading.pagination import decode_page
from aad_assets_tests.fake_graph import BASE, FakeGraph, failure, page, run

HTML = "<!DOCTYPE html><html>Sign in, Anna</html>"


def foreign(status: int, kind: str = "text/html; charset=utf-8", **headers: str) -> httpx.Response:
    return httpx.Response(status, text=HTML, headers={"Content-Type": kind, **headers})


@pytest.mark.parametrize("status", [200, 203, 301, 302, 401, 402, 403, 404, 405, 407, 410, 451, 501, 511])
def test_a_page_of_a_proxy_is_reported_at_once_with_what_to_check(graph: FakeGraph, status: int) -> None:
    graph.handler = lambda _: foreign(status)
    with pytest.raises(NotFromGraph) as caught:
        graph.get()
    message = str(caught.value)
    assert message.startswith(f"GET /users returned {status} (text/html). The response is not from Graph")
    assert all(name in message for name in ("AAD_GATEWAY_URL", "HTTPS_PROXY", "NO_PROXY"))
    assert "Anna" not in message
    assert "ermission" not in message
    assert len(graph.requests) == 1
    assert graph.tokens.renewals == 0


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(403),
        httpx.Response(403, text="Blocked by policy of Anna", headers={"Content-Type": "text/plain"}),
        httpx.Response(403, json={"message": "Blocked by policy of Anna"}),
        httpx.Response(403, json={"error": "Anna"}),
        httpx.Response(404, json=["Anna"]),
        httpx.Response(403, text="[" * 9_000),
        httpx.Response(403, content=b"\xff\xfe", headers={"Content-Type": "?\x1b[31m"}),
    ],
)
def test_so_is_any_other_form_that_graph_does_not_use(graph: FakeGraph, response: httpx.Response) -> None:
    graph.respond_with(response)
    with pytest.raises(NotFromGraph, match=f"returned {response.status_code} ") as caught:
        graph.get()
    assert "Anna" not in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("body", [HTML, f"  \n{HTML}", f"\ufeff{HTML}"])
def test_markup_with_200_is_recognised_without_a_content_type(graph: FakeGraph, body: str) -> None:
    graph.respond_with(httpx.Response(200, content=body.encode()))
    with pytest.raises(NotFromGraph, match=r"returned 200 \(no content type\)"):
        graph.get()


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, text="Blocked by policy of Anna"),
        httpx.Response(200, text="Blocked", headers={"Content-Type": "application/octet-stream"}),
        httpx.Response(200, json={"status": "blocked", "user": "Anna"}),
    ],
)
def test_a_text_or_an_object_of_a_proxy_with_200_is_reported_at_once(graph: FakeGraph, response: httpx.Response) -> None:
    graph.respond_with(response)
    with pytest.raises(NotFromGraph, match=r"returned 200 \(\w+/[\w-]+\)") as caught:
        graph.run(lambda client: client.get(f"{BASE}/users", decode_page, graph.meter))
    assert "Anna" not in str(caught.value)


@pytest.mark.parametrize("body", ['{"value":[{"id":"a"', "", "null", '{"value":null}', '{"@odata.context":"x"}'])
def test_a_damaged_page_is_requested_again(graph: FakeGraph, body: str) -> None:
    graph.respond_with(httpx.Response(200, text=body), page(["a"]))
    assert len(graph.run(lambda client: client.get(f"{BASE}/users", decode_page, graph.meter)).value) == 1


def test_a_redirect_names_the_host_that_it_leads_to_and_nothing_else(graph: FakeGraph) -> None:
    graph.respond_with(foreign(302, Location="https://anna:secret@portal.example/login?user=anna"))
    with pytest.raises(NotFromGraph, match=r"returned 302 \(text/html\), a redirect to portal\.example\. ") as caught:
        graph.get()
    assert "anna" not in str(caught.value)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_load_balancer_that_is_busy_is_retried(graph: FakeGraph, status: int) -> None:
    graph.respond_with(foreign(status), page(["a"]))
    assert graph.get() == {"value": [{"id": "a"}]}


def test_a_load_balancer_that_stays_busy_is_named(graph: FakeGraph) -> None:
    graph.handler = lambda _: foreign(502)
    with pytest.raises(GraphUnavailable, match=r"502 .*: the response is not from Graph \(text/html\).*Gave up after 8"):
        graph.get()


@pytest.mark.parametrize("headers", [{"request-id": "req-7"}, {"x-ms-ags-diagnostic": "{}"}])
def test_an_empty_403_of_graph_is_a_missing_permission(graph: FakeGraph, headers: dict[str, str]) -> None:
    graph.respond_with(httpx.Response(403, headers=headers))
    with pytest.raises(PermissionMissing):
        graph.get()


def test_an_error_in_graphs_form_is_graphs_even_without_a_request_id(graph: FakeGraph) -> None:
    graph.respond_with(httpx.Response(403, json={"error": {"code": "Forbidden", "message": ""}}))
    with pytest.raises(PermissionMissing):
        graph.get()


@pytest.mark.parametrize("why", ["407 Proxy Authentication Required", "403 Forbidden\x1b[31m", "Invalid username/password"])
def test_a_proxy_that_rejects_the_tunnel_is_not_asked_again(graph: FakeGraph, why: str) -> None:
    graph.handler = lambda _: httpx.ProxyError(why)
    with pytest.raises(NotFromGraph, match=r"the proxy rejected the connection: .*AAD_GATEWAY_URL, HTTPS_PROXY") as caught:
        graph.get()
    assert str(caught.value).isprintable()
    assert len(graph.requests) == 1


@pytest.mark.parametrize("why", ["503 Service Unavailable", "429 Too Many Requests", "Proxy Server could not connect: …"])
def test_a_proxy_that_is_busy_is_asked_again(graph: FakeGraph, why: str) -> None:
    graph.respond_with(httpx.ProxyError(why), page(["a"]))
    assert graph.get() == {"value": [{"id": "a"}]}


@pytest.mark.parametrize("response", [foreign(200), foreign(403), httpx.ProxyError("407 Proxy Authentication Required")])
def test_a_run_ends_before_it_begins_if_the_network_answers_for_graph(
    graph: FakeGraph, response: httpx.Response | Exception
) -> None:
    graph.handler = lambda _: response
    with pytest.raises(ConfigurationError, match="AAD_GATEWAY_URL, HTTPS_PROXY"):
        run(preflight(BASE, graph.tokens, graph.transport, graph.rate_limits))
    assert len(graph.requests) == 1


@pytest.mark.parametrize("text", ["9" * 5_000, "-1", "1.5", "1e3", "٣", "NaN", "", "many"])
def test_a_count_that_is_no_number_counts_nothing(graph: FakeGraph, text: str) -> None:
    graph.respond_with(httpx.Response(200, text=text))
    assert graph.run(lambda client: fetch_count(client, "/users", graph.meter)) is None


def test_a_count_that_a_proxy_rejects_is_no_count(graph: FakeGraph) -> None:
    graph.respond_with(failure(403), foreign(403))
    assert graph.run(lambda client: fetch_count(client, "/users", graph.meter)) is None
    with pytest.raises(NotFromGraph):
        graph.run(lambda client: fetch_count(client, "/users", graph.meter))
