"""Whole reads of a collection: its query, its count, and what follows a rejected `$select`."""

from typing import Any

import httpx
import pytest

from aad_assets.catalog import CATALOG, Entity, Family, Shape
from aad_assets.errors import (
    GraphError,
    GraphUnavailable,
    LicenceMissing,
    NotFound,
    PermissionMissing,
    RequestRejected,
)
from aad_assets.graph.reading.collections import fetch_count, read_collection
from aad_assets.graph.reading.queries import collection_query
from aad_assets.graph.reading.select import Selection
from aad_assets_tests.fake_graph import FakeGraph, MemorySink, failure, page

from .directory import FakeDirectory

USERS, GROUPS, SKUS = CATALOG["users"], CATALOG["groups"], CATALOG["subscribed_skus"]
LISTS = [entity for entity in CATALOG.values() if entity.shape is Shape.LIST]


def people(number: int = 5) -> list[dict[str, Any]]:
    """Return users with every property set."""
    return [{name: f"{name} of {each}" for name in USERS.select} | {"id": f"u{each}"} for each in range(number)]


def read(graph: FakeGraph, entity: Entity = USERS) -> tuple[Selection, MemorySink]:
    sink = MemorySink()
    selection = graph.run(lambda client: read_collection(client, entity, graph.meter, sink))
    return selection, sink


def options(request: httpx.Request) -> dict[str, str]:
    return dict(request.url.params)


def is_list(request: httpx.Request) -> bool:
    return not request.url.path.endswith("$count")


@pytest.mark.parametrize("entity", LISTS, ids=lambda entity: entity.table)
def test_the_first_request_selects_every_property_and_the_largest_page(graph: FakeGraph, entity: Entity) -> None:
    graph.handler = lambda request: page(["a"]) if is_list(request) else httpx.Response(200, text="1")
    selection, sink = read(graph, entity)
    asked = next(request for request in graph.requests if is_list(request))
    assert asked.url.path == f"/{'v1.0' if entity.may_be_in_v1 else entity.version}{entity.path}"
    assert options(asked).get("$top") == (str(entity.page_size) if entity.page_size else None)
    assert options(asked).get("$filter") == entity.filter
    assert options(asked).get("$expand", "") == ",".join(entity.expand)
    assert set(options(asked)) <= {"$select", "$top", "$filter", "$expand"}
    if entity.needs_select:
        selected = asked.url.params["$select"].split(",")
        assert selected[0] == "id"
        assert set(selected) >= {column.source for column in entity.columns} - {"@odata.type"}
        assert len(selected) == len(set(selected))
    else:
        assert "$select" not in options(asked)
    assert selection == Selection((entity.select,))
    assert sink.ids() == ["a"]


@pytest.mark.parametrize(
    "name", ["aboutMe", "birthday", "mailboxSettings", "mySite", "skills", "signInActivity", "customSecurityAttributes"]
)
def test_properties_that_a_collection_of_users_rejects_are_never_selected(name: str) -> None:
    assert name not in USERS.select


@pytest.mark.parametrize("name", ["allowExternalSenders", "isSubscribedByMail", "unseenCount"])
def test_properties_of_single_groups_are_never_selected(name: str) -> None:
    assert name not in GROUPS.select


@pytest.mark.parametrize("table", ["subscribed_skus", "organization", "role_definitions", "role_assignments"])
def test_collections_without_paging_get_only_a_select(graph: FakeGraph, table: str) -> None:
    graph.respond_with(page(["a"]))
    read(graph, CATALOG[table])
    assert list(options(graph.requests[0])) == (["$select"] if CATALOG[table].needs_select else [])


def test_a_select_with_key_credentials_also_counts_against_their_own_limit(graph: FakeGraph) -> None:
    def families(entity: Entity) -> tuple[Family, ...]:
        async def query(client: Any) -> tuple[Family, ...]:
            return collection_query(client, entity, entity.select).families

        return graph.run(query)

    assert families(CATALOG["applications"]) == (Family.DIRECTORY, Family.KEY_CREDENTIALS)
    assert families(CATALOG["service_principals"]) == (Family.DIRECTORY, Family.KEY_CREDENTIALS)
    assert families(USERS) == (Family.DIRECTORY,)


def test_a_collection_is_read_whole(graph: FakeGraph) -> None:
    graph.handler = FakeDirectory({"/users": people(2_500)})
    selection, sink = read(graph)
    assert sink.ids() == sorted(f"u{each}" for each in range(2_500))
    assert graph.meter.rows == graph.meter.expected == 2_500
    assert selection == Selection((USERS.select,))
    assert sink.parts[0].rows[0] == people(1)[0]


def test_a_count_is_a_plain_number_requested_with_eventual_consistency(graph: FakeGraph) -> None:
    graph.respond_with(httpx.Response(200, content="\ufeff1234\r\n".encode()))
    assert graph.run(lambda client: fetch_count(client, "/users", graph.meter)) == 1234
    (asked,) = graph.requests
    assert asked.url.path == "/v1.0/users/$count"
    assert asked.headers["ConsistencyLevel"] == "eventual"
    assert asked.headers["Accept"] == "text/plain"


@pytest.mark.parametrize(
    "response",
    [
        failure(400, "Request_BadRequest", "$count is not currently supported."),
        failure(404),
        failure(501),
        httpx.Response(200, text="many"),
        httpx.Response(200, text="-1"),
        httpx.Response(200, text=""),
        httpx.Response(200, json={"value": []}),
    ],
    ids=str,
)
def test_a_count_that_graph_does_not_support_is_none(graph: FakeGraph, response: httpx.Response) -> None:
    graph.respond_with(response)
    assert graph.run(lambda client: fetch_count(client, "/users", graph.meter)) is None


def test_a_collection_without_a_count_is_still_read(graph: FakeGraph) -> None:
    graph.handler = FakeDirectory({"/users": people(7)}, uncountable=True)
    _, sink = read(graph)
    assert len(sink.ids()) == 7
    assert graph.meter.expected is None


@pytest.mark.parametrize(
    "rejected",
    [
        ["displayName"],
        [USERS.select[1]],
        [USERS.select[-1]],
        ["accountEnabled", "usageLocation"],
        ["accountEnabled", "ageGroup", "mail", "passwordProfile", "userType"],
    ],
    ids=len,
)
def test_rejected_properties_are_omitted_and_reported(graph: FakeGraph, rejected: list[str]) -> None:
    graph.handler = FakeDirectory({"/users": people()}, rejected=frozenset(rejected))
    selection, sink = read(graph)
    assert sorted(selection.rejected) == sorted(rejected)
    assert selection.passes == (tuple(name for name in USERS.select if name not in rejected),)
    assert sink.ids() == [f"u{each}" for each in range(5)]
    assert sink.resets == 1
    assert graph.meter.rows == 5
    assert len(graph.requests) <= 20 * len(rejected)


def test_requests_that_test_a_select_ask_for_one_row_each(graph: FakeGraph) -> None:
    directory = FakeDirectory({"/users": people()}, rejected=frozenset(["mail"]))
    graph.handler = directory
    read(graph)
    first, *probes, last = directory.asked
    assert {request.url.params["$top"] for request in probes} == {"1"}
    assert {first.url.params["$top"], last.url.params["$top"]} == {"999"}
    assert all(request.url.params["$select"].split(",")[0] == "id" for request in directory.asked)


def test_a_select_that_is_too_long_is_split_into_passes_that_all_have_the_key(graph: FakeGraph) -> None:
    graph.handler = FakeDirectory({"/users": people(3_000)}, longest_select=len(",".join(USERS.select)) - 1)
    selection, sink = read(graph)
    assert len(selection.passes) == 2
    assert all(names[0] == "id" for names in selection.passes)
    assert selection.rejected == ()
    assert [name for names in selection.passes for name in names[1:]] == list(USERS.select[1:])
    assert sink.ids(0) == sink.ids(1) == sorted(f"u{each}" for each in range(3_000))
    for number, names in enumerate(selection.passes):
        assert {tuple(row) for part in sink.parts if part.pass_ == number for row in part.rows} == {names}


def test_a_select_can_be_too_long_and_have_rejected_properties(graph: FakeGraph) -> None:
    graph.handler = FakeDirectory({"/users": people()}, rejected=frozenset(["mail", "city"]), longest_select=600)
    selection, sink = read(graph)
    assert set(selection.rejected) == {"mail", "city"}
    assert len(selection.passes) > 1
    assert len({tuple(sink.ids(number)) for number in range(len(selection.passes))}) == 1


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (failure(400, "SomeCode", "About something else."), RequestRejected),
        (failure(501, "NotImplemented", "This cloud has no such API."), RequestRejected),
        (failure(403, "Authorization_RequestDenied", "Insufficient privileges."), PermissionMissing),
        (failure(401, "InvalidAuthenticationToken", "No."), PermissionMissing),
    ],
    ids=str,
)
def test_an_error_that_is_not_about_the_select_is_raised_unchanged(
    graph: FakeGraph, response: httpx.Response, expected: type[GraphError]
) -> None:
    graph.handler = lambda request: response if is_list(request) else httpx.Response(200, text="5")
    with pytest.raises(expected, match=r"GET /users returned .*req-7") as caught:
        read(graph)
    assert type(caught.value) is expected
    # The request itself, one that selects only the id, and after a 400 or 501 one without a `$select`.
    expected_requests = {400: 3, 501: 3, 403: 2, 401: 4}[response.status_code]
    assert len([request for request in graph.requests if is_list(request)]) == expected_requests


def test_an_error_of_a_later_page_is_raised_if_the_select_is_accepted(graph: FakeGraph) -> None:
    directory = FakeDirectory({"/users": people(2_000)})

    def handler(request: httpx.Request) -> httpx.Response:
        return failure(400, "SomeCode") if "$skiptoken" in request.url.params else directory(request)

    graph.handler = handler
    sink = MemorySink()
    with pytest.raises(RequestRejected, match="SomeCode"):
        graph.run(lambda client: read_collection(client, USERS, graph.meter, sink))
    assert not any(part.closed for part in sink.parts)
    assert sink.resets == 0, "the collection is not read a second time"


def test_rows_from_before_the_select_was_rejected_are_dropped(graph: FakeGraph) -> None:
    directory = FakeDirectory({"/users": people(1_500)})

    def handler(request: httpx.Request) -> httpx.Response:
        if "$skiptoken" in request.url.params:
            directory.rejected = frozenset(["mail"])
        return directory(request)

    graph.handler = handler
    selection, sink = read(graph)
    assert selection.rejected == ("mail",)
    assert len(sink.ids()) == graph.meter.rows == 1_500


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (failure(404, "Request_ResourceNotFound"), NotFound),
        (failure(503), GraphUnavailable),
    ],
    ids=str,
)
def test_other_errors_are_raised_without_further_requests(
    graph: FakeGraph, response: httpx.Response, expected: type[GraphError]
) -> None:
    graph.handler = lambda _: response
    with pytest.raises(expected):
        read(graph, SKUS)
    assert len(graph.requests) == (8 if response.status_code == 503 else 1)


def test_a_missing_licence_is_reported_after_one_further_request(graph: FakeGraph) -> None:
    graph.handler = lambda _: failure(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant")
    with pytest.raises(LicenceMissing):
        read(graph, SKUS)
    assert len(graph.requests) == 2, "the second one selects only the id"


@pytest.mark.parametrize(
    "response",
    [failure(403, "Authorization_RequestDenied"), failure(403, "AadPremiumLicenseRequired"), failure(400), failure(503)],
    ids=str,
)
def test_a_failed_count_does_not_fail_the_read(graph: FakeGraph, response: httpx.Response) -> None:
    directory = FakeDirectory({"/groups": [{"id": f"g{each}"} for each in range(20)]})
    graph.handler = lambda request: response if request.url.path.endswith("$count") else directory(request)
    _, sink = read(graph, GROUPS)
    assert len(sink.ids()) == 20
    assert graph.meter.expected is None


def test_a_tenant_that_accepts_only_smaller_pages_gets_them(graph: FakeGraph) -> None:
    activity = CATALOG["user_sign_in_activity"]

    def handler(request: httpx.Request) -> httpx.Response:
        if int(request.url.params["$top"]) > 120:
            return failure(400, "Request_BadRequest")
        return page(["a", "b"])

    graph.handler = handler
    selection, sink = read(graph, activity)
    assert sink.ids() == ["a", "b"]
    assert selection.passes == (("id", "signInActivity"),)
    assert [options(request)["$top"] for request in graph.requests] == ["500", "120"]


@pytest.mark.parametrize("code", ["Authentication_RequestFromNonPremiumTenantOrB2CTenant", "Authorization_RequestDenied"])
def test_a_table_is_not_read_without_its_only_property(graph: FakeGraph, code: str) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return failure(403, code) if "signInActivity" in request.url.params["$select"] else page(["a"])

    graph.handler = handler
    with pytest.raises((LicenceMissing, PermissionMissing)):
        read(graph, CATALOG["user_sign_in_activity"])


def test_a_required_filter_is_part_of_the_first_request(graph: FakeGraph) -> None:
    policies = CATALOG["role_management_policies"]
    graph.respond_with(page(["a"]))
    read(graph, policies)
    assert options(graph.requests[0]) == {"$expand": "rules", "$filter": policies.filter}


@pytest.mark.parametrize("code", ["Authorization_RequestDenied", "Forbidden", "UnknownError", ""])
@pytest.mark.parametrize("allowed", [{"id"}, {"id", "displayName", "mail"}])
def test_a_permission_that_covers_few_properties_fails_the_read(graph: FakeGraph, code: str, allowed: set[str]) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("$count"):
            return failure(403, code)
        return page(["a"]) if set(request.url.params["$select"].split(",")) <= allowed else failure(403, code)

    graph.handler = handler
    with pytest.raises(PermissionMissing):
        read(graph)


def test_a_missing_permission_for_a_whole_collection_takes_one_further_request(graph: FakeGraph) -> None:
    graph.handler = lambda _: failure(403, "UnknownError")
    with pytest.raises(PermissionMissing):
        read(graph, SKUS)
    assert len(graph.requests) == 2, "the second one selects only the id"


def test_a_collection_without_top_is_read_without(graph: FakeGraph) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return (
            failure(400, "BadRequest", "Query option 'Top' is not allowed.") if "$top" in request.url.params else page(["a"])
        )

    graph.handler = handler
    assert read(graph, CATALOG["domains"])[1].ids() == ["a"]


@pytest.mark.parametrize(
    "message",
    [
        "Invalid page size specified: '999'. Must be between 1 and 100 inclusive.",
        "The limit of '100' for Top query has been exceeded. The value from the incoming request is '999'.",
    ],
)
def test_a_collection_with_smaller_pages_is_read_in_those(graph: FakeGraph, message: str) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        too_large = int(request.url.params.get("$top", 0)) > 100
        return failure(400, "Request_UnsupportedQuery", message) if too_large else page(["a"])

    graph.handler = handler
    assert read(graph, CATALOG["domains"])[1].ids() == ["a"]
    assert [request.url.params["$top"] for request in graph.requests] == ["999", "100"]
