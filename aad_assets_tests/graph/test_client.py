"""One request: where it may go, what it carries, and what an answer that will not pass becomes."""

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
    PageTokenExpired,
    PermissionMissing,
    RequestRejected,
)
from aad_assets.graph.requests.client import IN_FLIGHT, GraphClient
from aad_assets_tests.fake_graph import BASE, TOKEN, FakeGraph, page, refusal, streamed


def test_a_request_carries_the_token_and_the_headers_given(graph: FakeGraph) -> None:
    graph.answers(page(["a"]))
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
def test_a_link_to_another_host_is_refused_and_nothing_is_sent(graph: FakeGraph, link: str) -> None:
    async def follow(client: GraphClient) -> None:
        await client.get(link, msgspec.json.decode, graph.meter)

    with pytest.raises(InvalidResponse, match=r"nextLink leads to .*, not to https://graph\.test: refused"):
        graph.run(follow)
    assert graph.requests == []


@pytest.mark.parametrize("link", [f"{BASE}/users", "https://GRAPH.test:443/v1.0/users", "https://graph.test/beta/users"])
def test_a_link_to_the_same_host_is_followed(graph: FakeGraph, link: str) -> None:
    graph.run(lambda client: _check(client, link))


async def _check(client: GraphClient, link: str) -> None:
    client.check_host(link)


def test_a_401_is_answered_with_one_renewed_token(graph: FakeGraph) -> None:
    graph.answers(refusal(401, "InvalidAuthenticationToken"), page(["a"]))
    assert graph.get() == {"value": [{"id": "a"}]}
    assert [request.headers["Authorization"] for request in graph.requests] == [
        f"Bearer {TOKEN}-0",
        f"Bearer {TOKEN}-1",
    ]


def test_a_401_with_a_fresh_token_means_that_a_permission_is_missing(graph: FakeGraph) -> None:
    graph.handler = lambda _: refusal(401, "InvalidAuthenticationToken")
    with pytest.raises(PermissionMissing):
        graph.get()
    assert len(graph.requests) == 2
    assert graph.tokens.renewals == 1


def test_many_requests_that_meet_a_dead_token_renew_it_once(graph: FakeGraph) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return page() if request.headers["Authorization"].endswith("-1") else refusal(401)

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
        (403, "forbidden", "API requires any of the following permission(s): LicenseAssignment.Read.All.", RequestRejected),
        (403, "Forbidden", "The app does not have required permissions LicenseAssignment.Read.All", RequestRejected),
        (403, "Forbidden", "Access is blocked by policy.", RequestRejected),
        (404, "Request_ResourceNotFound", "Resource 'x' does not exist.", NotFound),
        (400, "Directory_ExpiredPageToken", "The specified page token value has expired.", PageTokenExpired),
        (400, "DirectoryPageTokenNotFoundException", "Page token not found.", PageTokenExpired),
        (400, "Request_UnsupportedQuery", "Invalid page size specified: '1000'.", RequestRejected),
        (501, "NotImplemented", "This operation target is not yet supported.", RequestRejected),
    ],
)
def test_an_answer_that_will_not_pass_becomes_the_error_that_says_what_to_do(
    graph: FakeGraph, status: int, code: str, message: str, expected: type[GraphError]
) -> None:
    graph.answers(refusal(status, code, message))
    with pytest.raises(GraphError) as caught:
        graph.get("/users?$filter=startsWith(displayName,'Anna')")
    assert type(caught.value) is expected
    assert len(graph.requests) == 1
    shown = str(caught.value)
    assert all(part in shown for part in ("GET /users", str(status), code, message, "req-7"))
    assert "Anna" not in shown, "a query may name people"


def test_a_message_is_told_in_one_line_of_bounded_length(graph: FakeGraph) -> None:
    graph.answers(refusal(400, "UnknownError", "<html>\r\n\t<title>Runtime\x1b[31m Error</title>\n" + "x" * 9_000))
    with pytest.raises(RequestRejected) as caught:
        graph.get()
    assert "UnknownError: <html> <title>Runtime [31m Error</title> xxx" in str(caught.value)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_code_message_and_request_id_stand_in_the_error_that_ends_the_retries(graph: FakeGraph, status: int) -> None:
    graph.handler = lambda _: refusal(status, "SomeCode", "Some words.")
    with pytest.raises(GraphUnavailable, match=rf"GET /users returned {status} SomeCode: Some words\. .*req-7"):
        graph.get()


def test_the_request_id_is_found_in_the_body_where_no_header_has_it(graph: FakeGraph) -> None:
    error = {"code": "C", "message": "M", "innerError": {"date": "2026-01-01", "request-id": "inner-1"}}
    graph.answers(httpx.Response(400, json={"error": error}))
    with pytest.raises(RequestRejected, match=r"\(request-id inner-1\)"):
        graph.get()


@pytest.mark.parametrize("body", [b"<html>Gateway of Anna</html>", b'{"error": "Anna"}', b"[]", b"", b"\xff\xfe"])
def test_an_error_that_is_not_worded_as_graph_words_it_is_told_without_its_content(graph: FakeGraph, body: bytes) -> None:
    graph.answers(httpx.Response(400, content=body))
    with pytest.raises(RequestRejected, match=r"^GET /users returned 400 no error code \(request-id none\)$"):
        graph.get()


@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize("location", ["https://evil.example/v1.0/users", f"{BASE}/elsewhere"])
def test_redirects_are_not_followed(graph: FakeGraph, status: int, location: str) -> None:
    graph.answers(httpx.Response(status, headers={"Location": location}))
    with pytest.raises(RequestRejected, match=str(status)):
        graph.get()
    assert len(graph.requests) == 1


def test_a_url_keeps_what_odata_needs_readable_and_encodes_the_rest(graph: FakeGraph) -> None:
    async def urls(client: GraphClient) -> list[str]:
        filter_ = "startsWith(userPrincipalName,'#&+')"
        options: dict[str, str | int] = {"$select": "id,displayName", "$top": 5, "$filter": filter_}
        return [client.url("/users"), client.url("/users", options)]

    assert graph.run(urls) == [
        f"{BASE}/users",
        f"{BASE}/users?$select=id,displayName&$top=5&$filter=startsWith(userPrincipalName,%27%23%26%2B%27)",
    ]


def test_a_bounded_number_of_requests_is_under_way_at_once(graph: FakeGraph) -> None:
    under_way, most = 0, 0

    async def handler(_: httpx.Request) -> httpx.Response:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _tick in range(3):
            await asyncio.sleep(0)
        under_way -= 1
        return page()

    async def many(client: GraphClient) -> None:
        await asyncio.gather(*(client.get(f"{BASE}/users", msgspec.json.decode, graph.meter) for _ in range(50)))

    graph.handler = handler
    graph.run(many)
    assert most == IN_FLIGHT
    assert graph.meter.requests == 50


def test_a_request_that_waited_for_its_turn_is_sent_with_the_token_of_then(graph: FakeGraph) -> None:
    go_on = asyncio.Event()

    async def handler(_: httpx.Request) -> httpx.Response:
        await go_on.wait()
        return page()

    async def work(client: GraphClient) -> None:
        tasks = [
            asyncio.create_task(client.get(f"{BASE}/users", msgspec.json.decode, graph.meter)) for _ in range(IN_FLIGHT + 1)
        ]
        while len(graph.requests) < IN_FLIGHT:
            await asyncio.sleep(0)
        await client.renew_token()
        go_on.set()
        await asyncio.gather(*tasks)

    graph.handler = handler
    graph.run(work)
    assert [request.headers["Authorization"] for request in graph.requests] == [
        *[f"Bearer {TOKEN}-0"] * IN_FLIGHT,
        f"Bearer {TOKEN}-1",
    ]


def test_a_cancelled_request_leaves_no_slot_and_no_task_behind(graph: FakeGraph) -> None:
    async def handler(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError("never reached")

    async def cancelled(client: GraphClient) -> int:
        def ask() -> asyncio.Task[object]:
            return asyncio.create_task(client.get(f"{BASE}/users", msgspec.json.decode, graph.meter))

        for _ in range(2):
            tasks = [ask() for _ in range(IN_FLIGHT)]
            while len(graph.requests) % IN_FLIGHT or not graph.requests:
                await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        graph.handler = lambda _: page(["a"])
        answer = await client.get(f"{BASE}/users", msgspec.json.decode, graph.meter)
        return len(answer["value"])

    graph.handler = handler
    assert graph.run(cancelled) == 1


def test_the_meter_counts_requests_retries_and_bytes(graph: FakeGraph) -> None:
    packed = gzip.compress(b'{"value": [' + b'{"id": "a"},' * 99 + b'{"id": "a"}]}')
    graph.answers(streamed(packed[:-30], Content_Encoding="gzip"), streamed(packed, Content_Encoding="gzip"))
    graph.get()
    assert (graph.meter.requests, graph.meter.retries) == (2, 1)
    assert graph.meter.bytes == 2 * len(packed) - 30, "as compressed"


def test_no_token_is_logged_or_told(graph: FakeGraph, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    graph.answers(refusal(401), httpx.ConnectError("connection refused"), refusal(503), refusal(403))
    with pytest.raises(RequestRejected) as caught:
        graph.get()
    assert caplog.records, "httpx logs its requests"
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(caught.value)
    assert TOKEN not in str(caught.value)
