"""A list read whole: what is asked for, what is counted, and what a refused `$select` leads to."""

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
from aad_assets.graph.reading.collections import collection_query, count, read_collection
from aad_assets.graph.reading.select import Selection
from aad_assets_tests.fake_graph import FakeGraph, MemorySink, page, refusal

from .directory import FakeDirectory

USERS, GROUPS, SKUS = CATALOG["users"], CATALOG["groups"], CATALOG["subscribed_skus"]
LISTS = [entity for entity in CATALOG.values() if entity.shape is Shape.LIST]


def people(number: int = 5) -> list[dict[str, Any]]:
    """Users with every property set."""
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
def test_select_names_every_property_key_first_and_top_is_the_largest_page(graph: FakeGraph, entity: Entity) -> None:
    graph.handler = lambda request: page(["a"]) if is_list(request) else httpx.Response(200, text="1")
    selection, sink = read(graph, entity)
    asked = next(request for request in graph.requests if is_list(request))
    assert asked.url.path == f"/v1.0{entity.path}"
    assert options(asked).get("$top") == (str(entity.page_size) if entity.page_size else None)
    assert options(asked).get("$filter") == entity.filter
    assert set(options(asked)) <= {"$select", "$top", "$filter"}
    if entity.selected:
        selected = asked.url.params["$select"].split(",")
        assert selected[0] == "id"
        assert set(selected) >= {column.source for column in entity.columns}
        assert len(selected) == len(set(selected))
    else:
        assert "$select" not in options(asked)
    assert selection == Selection((entity.select,))
    assert sink.ids() == ["a"]


@pytest.mark.parametrize(
    "name", ["aboutMe", "birthday", "mailboxSettings", "mySite", "skills", "signInActivity", "customSecurityAttributes"]
)
def test_properties_that_make_a_list_of_users_fail_are_never_named(name: str) -> None:
    assert name not in USERS.select


@pytest.mark.parametrize("name", ["allowExternalSenders", "isSubscribedByMail", "unseenCount"])
def test_properties_of_a_single_group_are_never_named_in_a_list(name: str) -> None:
    assert name not in GROUPS.select


@pytest.mark.parametrize("table", ["subscribed_skus", "organization", "role_definitions", "role_assignments"])
def test_collections_that_do_not_page_are_sent_select_alone(graph: FakeGraph, table: str) -> None:
    graph.answers(page(["a"]))
    read(graph, CATALOG[table])
    assert list(options(graph.requests[0])) == (["$select"] if CATALOG[table].selected else [])


def test_a_select_with_key_credentials_spends_its_own_quota_as_well(graph: FakeGraph) -> None:
    def of(entity: Entity) -> tuple[Family, ...]:
        async def query(client: Any) -> tuple[Family, ...]:
            return collection_query(client, entity, entity.select).families

        return graph.run(query)

    assert of(CATALOG["applications"]) == (Family.DIRECTORY, Family.KEY_CREDENTIALS)
    assert of(CATALOG["service_principals"]) == (Family.DIRECTORY, Family.KEY_CREDENTIALS)
    assert of(USERS) == (Family.DIRECTORY,)


def test_a_list_is_read_whole(graph: FakeGraph) -> None:
    graph.handler = FakeDirectory({"/users": people(2_500)})
    selection, sink = read(graph)
    assert sink.ids() == sorted(f"u{each}" for each in range(2_500))
    assert graph.meter.rows == graph.meter.expected == 2_500
    assert selection == Selection((USERS.select,))
    assert sink.parts[0].rows[0] == people(1)[0]


def test_count_is_a_plain_number_asked_for_with_eventual_consistency(graph: FakeGraph) -> None:
    graph.answers(httpx.Response(200, content="\ufeff1234\r\n".encode()))
    assert graph.run(lambda client: count(client, "/users", graph.meter)) == 1234
    (asked,) = graph.requests
    assert asked.url.path == "/v1.0/users/$count"
    assert asked.headers["ConsistencyLevel"] == "eventual"
    assert asked.headers["Accept"] == "text/plain"


@pytest.mark.parametrize(
    "answer",
    [
        refusal(400, "Request_BadRequest", "$count is not currently supported."),
        refusal(404),
        refusal(501),
        httpx.Response(200, text="many"),
        httpx.Response(200, text="-1"),
        httpx.Response(200, text=""),
        httpx.Response(200, json={"value": []}),
    ],
    ids=str,
)
def test_a_count_that_is_not_answered_is_none(graph: FakeGraph, answer: httpx.Response) -> None:
    graph.answers(answer)
    assert graph.run(lambda client: count(client, "/users", graph.meter)) is None


def test_a_list_without_a_count_is_read_all_the_same(graph: FakeGraph) -> None:
    graph.handler = FakeDirectory({"/users": people(7)}, uncountable=True)
    _, sink = read(graph)
    assert len(sink.ids()) == 7
    assert graph.meter.expected is None


@pytest.mark.parametrize(
    "refused",
    [
        ["displayName"],
        [USERS.select[1]],
        [USERS.select[-1]],
        ["accountEnabled", "usageLocation"],
        ["accountEnabled", "ageGroup", "mail", "passwordProfile", "userType"],
    ],
    ids=len,
)
def test_properties_that_a_tenant_refuses_are_left_out_and_named(graph: FakeGraph, refused: list[str]) -> None:
    graph.handler = FakeDirectory({"/users": people()}, refused=frozenset(refused))
    selection, sink = read(graph)
    assert sorted(selection.rejected) == sorted(refused)
    assert selection.passes == (tuple(name for name in USERS.select if name not in refused),)
    assert sink.ids() == [f"u{each}" for each in range(5)]
    assert sink.resets == 1
    assert graph.meter.rows == 5
    assert len(graph.requests) <= 20 * len(refused)


def test_questions_about_the_select_ask_for_one_row_each(graph: FakeGraph) -> None:
    directory = FakeDirectory({"/users": people()}, refused=frozenset(["mail"]))
    graph.handler = directory
    read(graph)
    first, *probes, last = directory.asked
    assert {request.url.params["$top"] for request in probes} == {"1"}
    assert {first.url.params["$top"], last.url.params["$top"]} == {"999"}
    assert all(request.url.params["$select"].split(",")[0] == "id" for request in directory.asked)


def test_a_select_that_is_too_long_is_read_in_passes_that_all_have_the_key(graph: FakeGraph) -> None:
    graph.handler = FakeDirectory({"/users": people(3_000)}, longest_select=len(",".join(USERS.select)) - 1)
    selection, sink = read(graph)
    assert len(selection.passes) == 2
    assert all(names[0] == "id" for names in selection.passes)
    assert selection.rejected == ()
    assert [name for names in selection.passes for name in names[1:]] == list(USERS.select[1:])
    assert sink.ids(0) == sink.ids(1) == sorted(f"u{each}" for each in range(3_000))
    for number, names in enumerate(selection.passes):
        assert {tuple(row) for part in sink.parts if part.pass_ == number for row in part.rows} == {names}


def test_a_select_can_be_both_too_long_and_refused_in_parts(graph: FakeGraph) -> None:
    graph.handler = FakeDirectory({"/users": people()}, refused=frozenset(["mail", "city"]), longest_select=600)
    selection, sink = read(graph)
    assert set(selection.rejected) == {"mail", "city"}
    assert len(selection.passes) > 1
    assert len({tuple(sink.ids(number)) for number in range(len(selection.passes))}) == 1


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (refusal(400, "SomeCode", "About something else."), RequestRejected),
        (refusal(501, "NotImplemented", "This cloud has no such API."), RequestRejected),
        (refusal(403, "Authorization_RequestDenied", "Insufficient privileges."), PermissionMissing),
        (refusal(401, "InvalidAuthenticationToken", "No."), PermissionMissing),
    ],
    ids=str,
)
def test_a_refusal_that_is_not_about_the_select_is_raised_unchanged(
    graph: FakeGraph, answer: httpx.Response, expected: type[GraphError]
) -> None:
    graph.handler = lambda request: answer if is_list(request) else httpx.Response(200, text="5")
    with pytest.raises(expected, match=r"GET /users returned .*req-7") as caught:
        read(graph)
    assert type(caught.value) is expected
    assert len([request for request in graph.requests if is_list(request)]) <= 2 * (2 if answer.status_code == 401 else 1)


def test_a_refusal_of_a_later_page_is_raised_when_the_select_is_answered(graph: FakeGraph) -> None:
    directory = FakeDirectory({"/users": people(2_000)})

    def handler(request: httpx.Request) -> httpx.Response:
        return refusal(400, "SomeCode") if "$skiptoken" in request.url.params else directory(request)

    graph.handler = handler
    sink = MemorySink()
    with pytest.raises(RequestRejected, match="SomeCode"):
        graph.run(lambda client: read_collection(client, USERS, graph.meter, sink))
    assert not any(part.closed for part in sink.parts)
    assert sink.resets == 0, "read once, not in vain again"


def test_rows_that_came_before_the_select_was_refused_count_for_nothing(graph: FakeGraph) -> None:
    directory = FakeDirectory({"/users": people(1_500)})

    def handler(request: httpx.Request) -> httpx.Response:
        if "$skiptoken" in request.url.params:
            directory.refused = frozenset(["mail"])
        return directory(request)

    graph.handler = handler
    selection, sink = read(graph)
    assert selection.rejected == ("mail",)
    assert len(sink.ids()) == graph.meter.rows == 1_500


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (refusal(404, "Request_ResourceNotFound"), NotFound),
        (refusal(503), GraphUnavailable),
    ],
    ids=str,
)
def test_other_errors_of_a_list_are_raised_without_further_questions(
    graph: FakeGraph, answer: httpx.Response, expected: type[GraphError]
) -> None:
    graph.handler = lambda _: answer
    with pytest.raises(expected):
        read(graph, SKUS)
    assert len(graph.requests) == (8 if answer.status_code == 503 else 1)


def test_an_unlicensed_list_is_told_after_one_further_question(graph: FakeGraph) -> None:
    graph.handler = lambda _: refusal(403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant")
    with pytest.raises(LicenceMissing):
        read(graph, SKUS)
    assert len(graph.requests) == 2, "whether it answers to the id alone"


@pytest.mark.parametrize(
    "answer",
    [refusal(403, "Authorization_RequestDenied"), refusal(403, "AadPremiumLicenseRequired"), refusal(400), refusal(503)],
    ids=str,
)
def test_a_count_that_is_not_answered_does_not_cost_the_list(graph: FakeGraph, answer: httpx.Response) -> None:
    directory = FakeDirectory({"/groups": [{"id": f"g{each}"} for each in range(20)]})
    graph.handler = lambda request: answer if request.url.path.endswith("$count") else directory(request)
    _, sink = read(graph, GROUPS)
    assert len(sink.ids()) == 20
    assert graph.meter.expected is None


def test_a_tenant_that_takes_smaller_pages_alone_gets_them(graph: FakeGraph) -> None:
    activity = CATALOG["user_sign_in_activity"]

    def handler(request: httpx.Request) -> httpx.Response:
        if int(request.url.params["$top"]) > 120:
            return refusal(400, "Request_BadRequest")
        return page(["a", "b"])

    graph.handler = handler
    selection, sink = read(graph, activity)
    assert sink.ids() == ["a", "b"]
    assert selection.passes == (("id", "signInActivity"),)
    assert [options(request)["$top"] for request in graph.requests] == ["500", "120"]


@pytest.mark.parametrize("code", ["Authentication_RequestFromNonPremiumTenantOrB2CTenant", "Authorization_RequestDenied"])
def test_a_table_is_not_published_without_the_only_property_it_is_for(graph: FakeGraph, code: str) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return refusal(403, code) if "signInActivity" in request.url.params["$select"] else page(["a"])

    graph.handler = handler
    with pytest.raises((LicenceMissing, PermissionMissing)):
        read(graph, CATALOG["user_sign_in_activity"])


def test_a_filter_that_graph_demands_is_part_of_every_first_request(graph: FakeGraph) -> None:
    policies = CATALOG["role_management_policies"]
    graph.answers(page(["a"]))
    read(graph, policies)
    assert options(graph.requests[0]) == {"$filter": policies.filter}


def test_a_permission_that_is_too_small_for_most_properties_fails_the_list(graph: FakeGraph) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("$count"):
            return refusal(403, "Authorization_RequestDenied")
        few = set(request.url.params["$select"].split(",")) <= {"id", "displayName", "mail"}
        return page(["a"]) if few else refusal(403, "Authorization_RequestDenied")

    graph.handler = handler
    with pytest.raises(PermissionMissing):
        read(graph)


def test_a_list_that_takes_no_top_is_read_without(graph: FakeGraph) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        return (
            refusal(400, "BadRequest", "Query option 'Top' is not allowed.") if "$top" in request.url.params else page(["a"])
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
def test_a_list_whose_pages_are_smaller_is_read_in_those(graph: FakeGraph, message: str) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        too_large = int(request.url.params.get("$top", 0)) > 100
        return refusal(400, "Request_UnsupportedQuery", message) if too_large else page(["a"])

    graph.handler = handler
    assert read(graph, CATALOG["domains"])[1].ids() == ["a"]
    assert [request.url.params["$top"] for request in graph.requests] == ["999", "100"]
