"""One request: its host, its headers, its token, and the exception that each error becomes."""

import asyncio
import gzip
import logging

import httpx
import msgspec
import pytest

from aad_assets.errors import (
    GraphError,
    GraphUnavailable,
    InvalidResponse,
    LicenceMissing,
    NotFound,
    NotFromGraph,
    PageTokenExpired,
    PermissionMissing,
    RequestRejected,
)
from aad_assets.graph.requests.client import MAX_IN_FLIGHT, GraphClient
from aad_assets_tests.fake_graph import BASE, TOKEN, FakeGraph, failure, page, streamed


def test_a_request_carries_the_token_and_the_given_headers(graph: FakeGraph) -> None:
    graph.respond_with(page(["a"]))
    assert graph.get(headers={"ConsistencyLevel": "eventual"}) == {"value": [{"id": "a"}]}
    sent = graph.requests[0].headers
    assert sent["Authorization"] == f"Bearer {graph.tokens.current}"
    assert sent["ConsistencyLevel"] == "eventual"
    assert sent["Accept"] == "application/json"


@pytest.mark.parametrize(
    "link",
    [
        "https://graph.test.evil.example/v1.0/users",
        "https://evil.example/v1.0/users?graph.test",
        "https://graph.test@evil.example/v1.0/users",
        "https://evil.example\\@graph.test/v1.0/users",
        "https://user:password@graph.test/v1.0/users",
        "http://graph.test/v1.0/users",
        "https://graph.test:8443/v1.0/users",
        "//graph.test/v1.0/users",
        "/v1.0/users?$skiptoken=x",
        "https://graph.te\tst/v1.0/users",
        "https://[graph.test/v1.0/users",
        "",
    ],
)
def test_a_link_to_another_host_is_rejected_and_nothing_is_sent(graph: FakeGraph, link: str) -> None:
    async def follow(client: GraphClient) -> None:
        await client.get(link, msgspec.json.decode, graph.meter)

    with pytest.raises(InvalidResponse, match=r"nextLink points to .*, not to https://graph\.test\. It was not followed"):
        graph.run(follow)
    assert graph.requests == []


@pytest.mark.parametrize("link", [f"{BASE}/users", "https://GRAPH.test:443/v1.0/users", "https://graph.test/beta/users"])
def test_a_link_to_the_same_host_is_followed(graph: FakeGraph, link: str) -> None:
    graph.run(lambda client: _check(client, link))


async def _check(client: GraphClient, link: str) -> None:
    client.check_host(link)


def test_a_401_is_retried_once_with_a_renewed_token(graph: FakeGraph) -> None:
    graph.respond_with(failure(401, "InvalidAuthenticationToken"), page(["a"]))
    assert graph.get() == {"value": [{"id": "a"}]}
    assert [request.headers["Authorization"] for request in graph.requests] == [
        f"Bearer {TOKEN}-0",
        f"Bearer {TOKEN}-1",
    ]


def test_a_401_with_a_fresh_token_means_a_missing_permission(graph: FakeGraph) -> None:
    graph.handler = lambda _: failure(401, "InvalidAuthenticationToken")
    with pytest.raises(PermissionMissing):
        graph.get()
    assert len(graph.requests) == 2
    assert graph.tokens.renewals == 1


def test_many_requests_with_an_expired_token_renew_it_once(graph: FakeGraph) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return page() if request.headers["Authorization"].endswith("-1") else failure(401)

    async def many(client: GraphClient) -> None:
        await asyncio.gather(*(client.get(f"{BASE}/users", msgspec.json.decode, graph.meter) for _ in range(9)))

    graph.handler = handler
    graph.run(many)
    assert graph.tokens.renewals == 1


@pytest.mark.parametrize(
    ("status", "code", "message", "expected"),
    [
        (403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.", PermissionMissing),
        (403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "Neither tenant is B2C …", LicenceMissing),
        (403, "Forbidden", "Your tenant is not licensed for this feature.", LicenceMissing),
        (403, "", "Tenant is Not Licensed For This Feature", LicenceMissing),
        (400, "AadPremiumLicenseRequired", "The tenant needs a licence.", LicenceMissing),
        (400, "", "It needs to have Microsoft Entra ID P2 or Microsoft Entra ID Governance license.", LicenceMissing),
        (403, "TenantNotLicensed", "No access. This feature requires a subscription.", LicenceMissing),
        (403, "forbidden", "API requires any of the following permission(s): LicenseAssignment.Read.All.", PermissionMissing),
        (403, "Forbidden", "The app does not have required permissions LicenseAssignment.Read.All", PermissionMissing),
        (403, "Forbidden", "Access is blocked by policy.", PermissionMissing),
        (404, "Request_ResourceNotFound", "Resource 'x' does not exist.", NotFound),
        (400, "Directory_ExpiredPageToken", "The specified page token value has expired.", PageTokenExpired),
        (400, "DirectoryPageTokenNotFoundException", "Page token not found.", PageTokenExpired),
        (400, "Request_UnsupportedQuery", "Invalid page size specified: '1000'.", RequestRejected),
        (501, "NotImplemented", "This operation target is not yet supported.", RequestRejected),
    ],
)
def test_a_permanent_error_becomes_the_exception_that_says_what_to_do(
    graph: FakeGraph, status: int, code: str, message: str, expected: type[GraphError]
) -> None:
    graph.respond_with(failure(status, code, message))
    with pytest.raises(GraphError) as caught:
        graph.get("/users?$filter=startsWith(displayName,'Anna')")
    assert type(caught.value) is expected
    assert len(graph.requests) == 1
    shown = str(caught.value)
    assert all(part in shown for part in ("GET /users", str(status), code, message, "req-7"))
    assert "Anna" not in shown, "a query may name people"


def test_a_message_is_shown_in_one_line_of_bounded_length(graph: FakeGraph) -> None:
    graph.respond_with(failure(400, "UnknownError", "<html>\r\n\t<title>Runtime\x1b[31m Error</title>\n" + "x" * 9_000))
    with pytest.raises(RequestRejected) as caught:
        graph.get()
    assert "UnknownError: <html> <title>Runtime [31m Error</title> xxx" in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_the_error_after_the_last_retry_shows_code_message_and_request_id(graph: FakeGraph, status: int) -> None:
    graph.handler = lambda _: failure(status, "SomeCode", "Some words.")
    with pytest.raises(GraphUnavailable, match=rf"GET /users returned {status} SomeCode: Some words\. .*req-7"):
        graph.get()


def test_the_request_id_is_found_in_the_body_if_no_header_has_it(graph: FakeGraph) -> None:
    error = {"code": "C", "message": "M", "innerError": {"date": "2026-01-01", "request-id": "inner-1"}}
    graph.respond_with(httpx.Response(400, json={"error": error}))
    with pytest.raises(RequestRejected, match=r"\(request-id inner-1\)"):
        graph.get()


@pytest.mark.parametrize("body", [b"<html>Gateway of Anna</html>", b'{"error": "Anna"}', b"[]", b"", b"\xff\xfe"])
def test_the_content_of_an_error_in_another_form_is_not_shown(graph: FakeGraph, body: bytes) -> None:
    graph.respond_with(httpx.Response(400, content=body))
    with pytest.raises(RequestRejected, match=r"^GET /users returned 400 no error code \(request-id none\)$"):
        graph.get()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("location", ["https://evil.example/v1.0/users", f"{BASE}/elsewhere"])
def test_redirects_are_not_followed(graph: FakeGraph, status: int, location: str) -> None:
    graph.respond_with(httpx.Response(status, headers={"Location": location}))
    with pytest.raises(NotFromGraph, match=f"{status}.*a redirect to {httpx.URL(location).host}"):
        graph.get()
    assert len(graph.requests) == 1


def test_a_url_encodes_its_options_except_odatas_own_characters(graph: FakeGraph) -> None:
    async def urls(client: GraphClient) -> list[str]:
        filter_ = "startsWith(userPrincipalName,'#&+')"
        options: dict[str, str | int] = {"$select": "id,displayName", "$top": 5, "$filter": filter_}
        return [client.url("/users"), client.url("/users", options)]

    assert graph.run(urls) == [
        f"{BASE}/users",
        f"{BASE}/users?$select=id,displayName&$top=5&$filter=startsWith(userPrincipalName,%27%23%26%2B%27)",
    ]


def test_the_number_of_concurrent_requests_is_bounded(graph: FakeGraph) -> None:
    in_flight, most = 0, 0

    async def handler(_: httpx.Request) -> httpx.Response:
        nonlocal in_flight, most
        in_flight += 1
        most = max(most, in_flight)
        for _tick in range(3):
            await asyncio.sleep(0)
        in_flight -= 1
        return page()

    async def many(client: GraphClient) -> None:
        await asyncio.gather(*(client.get(f"{BASE}/users", msgspec.json.decode, graph.meter) for _ in range(50)))

    graph.handler = handler
    graph.run(many)
    assert most == MAX_IN_FLIGHT
    assert graph.meter.requests == 50


def test_a_request_that_had_to_wait_is_sent_with_the_current_token(graph: FakeGraph) -> None:
    go_on = asyncio.Event()

    async def handler(_: httpx.Request) -> httpx.Response:
        await go_on.wait()
        return page()

    async def work(client: GraphClient) -> None:
        tasks = [
            asyncio.create_task(client.get(f"{BASE}/users", msgspec.json.decode, graph.meter))
            for _ in range(MAX_IN_FLIGHT + 1)
        ]
        while len(graph.requests) < MAX_IN_FLIGHT:
            await asyncio.sleep(0)
        await client.renew_token(graph.tokens.current)
        go_on.set()
        await asyncio.gather(*tasks)

    graph.handler = handler
    graph.run(work)
    assert [request.headers["Authorization"] for request in graph.requests] == [
        *[f"Bearer {TOKEN}-0"] * MAX_IN_FLIGHT,
        f"Bearer {TOKEN}-1",
    ]


def test_a_cancelled_request_frees_its_slot_and_leaves_no_task(graph: FakeGraph) -> None:
    async def handler(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError("never reached")

    async def cancelled(client: GraphClient) -> int:
        def ask() -> asyncio.Task[object]:
            return asyncio.create_task(client.get(f"{BASE}/users", msgspec.json.decode, graph.meter))

        for _ in range(2):
            tasks = [ask() for _ in range(MAX_IN_FLIGHT)]
            while len(graph.requests) % MAX_IN_FLIGHT or not graph.requests:
                await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        graph.handler = lambda _: page(["a"])
        response = await client.get(f"{BASE}/users", msgspec.json.decode, graph.meter)
        return len(response["value"])

    graph.handler = handler
    assert graph.run(cancelled) == 1


def test_the_meter_counts_requests_retries_and_bytes(graph: FakeGraph) -> None:
    packed = gzip.compress(b'{"value": [' + b'{"id": "a"},' * 99 + b'{"id": "a"}]}')
    graph.respond_with(streamed(packed[:-30], Content_Encoding="gzip"), streamed(packed, Content_Encoding="gzip"))
    graph.get()
    assert (graph.meter.requests, graph.meter.retries) == (2, 1)
    assert graph.meter.bytes == 2 * len(packed) - 30, "compressed"


def test_no_token_is_logged_or_shown(graph: FakeGraph, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    graph.respond_with(failure(401), httpx.ConnectError("connection refused"), failure(503), failure(403))
    with pytest.raises(PermissionMissing) as caught:
        graph.get()
    assert caplog.records, "httpx logs its requests"
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(caught.value)
    assert TOKEN not in str(caught.value)
