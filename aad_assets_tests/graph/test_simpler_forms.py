"""Requests for related objects, and the simpler forms that follow when Graph rejects one."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from aad_assets.catalog import CATALOG, Entity, Shape
from aad_assets.catalog.columns import Link
from aad_assets.errors import GraphError, LicenceMissing, NotFound, PermissionMissing, RequestRejected
from aad_assets.graph.reading.children import read_children
from aad_assets.graph.reading.collections import read_collection
from aad_assets.graph.reading.row_adapters import read_singleton
from aad_assets.graph.reading.select import Selection
from aad_assets_tests.fake_graph import BASE, FakeGraph, MemoryPart, MemorySink, batched, failure, page

ASSIGNMENTS = CATALOG["access_package_assignments"]
SCOPES = CATALOG["access_package_resource_role_scopes"]
METHODS = CATALOG["authentication_methods_policy"]
EVERYTHING = replace(
    CATALOG["access_package_catalog_resources"],
    path="/resources",
    shape=Shape.LIST,
    key=("id",),
    parent=None,
    parent_columns=(),
    needs_select=True,
)
"""A collection that is requested with all options."""

NESTED = "target($select=id,objectId),accessPackage($select=id),assignmentPolicy($select=id)"
RELATED = ("environmentId", "roles", "scopes")
"""The columns of EVERYTHING that `$expand` fills."""

Reject = Callable[[httpx.Request], bool]


def nested(request: httpx.Request) -> bool:
    return "(" in request.url.params.get("$expand", "")


def expanded(request: httpx.Request) -> bool:
    return "$expand" in request.url.params


def selected(request: httpx.Request) -> bool:
    return "$select" in request.url.params


def any_option(request: httpx.Request) -> bool:
    return expanded(request) or selected(request)


class Strict:
    """A Graph that rejects some requests, and then responds with `response`."""

    def __init__(self, reject: Reject, response: httpx.Response) -> None:
        self.reject, self.response = reject, response
        self.received: list[dict[str, str]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        return batched(request, self.answer) if request.method == "POST" else self.answer(request)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.received.append(dict(request.url.params))
        return failure(400, "BadRequest", f"Form {len(self.received)}.") if self.reject(request) else self.response


def read(graph: FakeGraph, entity: Entity, handler: Callable[[httpx.Request], httpx.Response]) -> Selection:
    """Read an entity of any shape; a parent is called `p`."""
    graph.handler = handler

    async def work(client: Any) -> Selection:
        match entity.shape:
            case Shape.SINGLETON:
                return await read_singleton(client, entity, graph.meter, MemoryPart())
            case Shape.CHILDREN:
                return await read_children(client, entity, [("p",)], graph.meter, MemoryPart())
            case _:
                return await read_collection(client, entity, graph.meter, MemorySink())

    return graph.run(work)


@pytest.mark.parametrize(
    ("table", "expand"),
    [
        ("access_package_assignments", NESTED),
        ("access_packages", "catalog($select=id)"),
        ("role_assignment_schedules", "activatedUsing($select=id)"),
        ("feature_rollout_policies", "appliesTo($select=id)"),
        ("permission_grant_policies", "includes,excludes"),
        ("authentication_methods_policy", "authenticationMethodConfigurations"),
        ("group_role_management_policies", "rules"),
        ("access_package_catalog_resources", "environment($select=id),roles,scopes"),
        (
            "access_package_resource_role_scopes",
            "role($select=id,displayName,originId,originSystem),scope($select=id,displayName,originId,originSystem,isRootScope)",
        ),
    ],
)
def test_related_objects_are_requested_in_the_first_request(graph: FakeGraph, table: str, expand: str) -> None:
    entity = CATALOG[table]
    response = httpx.Response(200, json={"id": "x"}) if entity.shape is Shape.SINGLETON else page(["x"])
    lenient = Strict(lambda _: False, response)
    assert read(graph, entity, lenient).unrequested == ()
    assert [received["$expand"] for received in lenient.received] == [expand]


@pytest.mark.parametrize("table", ["conditional_access_policies", "external_domain_federations", "user_consent_requests"])
def test_what_comes_by_itself_is_not_requested(graph: FakeGraph, table: str) -> None:
    lenient = Strict(lambda _: False, page(["x"]))
    read(graph, CATALOG[table], lenient)
    assert "$expand" not in lenient.received[0]


@pytest.mark.parametrize(
    ("reject", "expand", "select", "unrequested"),
    [
        (nested, "environment,roles,scopes", EVERYTHING.select, ()),
        (expanded, None, EVERYTHING.select, RELATED),
        (any_option, None, (), (*RELATED, *EVERYTHING.select[1:])),
    ],
)
def test_a_collection_is_read_in_the_fullest_form_that_it_accepts(
    graph: FakeGraph, reject: Reject, expand: str | None, select: tuple[str, ...], unrequested: tuple[str, ...]
) -> None:
    strict = Strict(reject, page(["x"]))
    selection = read(graph, EVERYTHING, strict)
    assert strict.received[-1].get("$expand") == expand
    assert strict.received[-1].get("$select", "") == ",".join(select)
    assert selection == Selection((select,), (), unrequested)
    assert graph.meter.rows == 1


def test_a_collection_without_a_documented_select_is_read_without(graph: FakeGraph) -> None:
    skus = CATALOG["subscribed_skus"]
    selection = read(graph, skus, Strict(selected, page(["x"])))
    assert selection == Selection(((),), (), skus.select[1:])
    assert len(graph.requests) == 4, "the request, the key alone, no $select, and the read"


def test_properties_are_rejected_within_the_form_that_is_accepted(graph: FakeGraph) -> None:
    def reject(request: httpx.Request) -> bool:
        return nested(request) or "displayName" in request.url.params.get("$select", "").split(",")

    selection = read(graph, EVERYTHING, Strict(reject, page(["x"])))
    assert selection.rejected == ("displayName",)
    assert selection.passes == (tuple(name for name in EVERYTHING.select if name != "displayName"),)
    assert selection.unrequested == ()


@pytest.mark.parametrize(
    ("reject", "expand", "unrequested"),
    [
        (nested, "role,scope", ()),
        (
            expanded,
            None,
            tuple(f"role{name}" for name in ("Id", "DisplayName", "OriginId", "OriginSystem"))
            + tuple(f"scope{name}" for name in ("Id", "DisplayName", "OriginId", "OriginSystem", "IsRootScope")),
        ),
    ],
)
def test_children_are_read_in_the_fullest_form_that_graph_accepts(
    graph: FakeGraph, reject: Reject, expand: str | None, unrequested: tuple[str, ...]
) -> None:
    strict = Strict(reject, page([{"id": "a"}]))
    graph.handler = strict
    part = MemoryPart()
    keys = [(f"p{number}",) for number in range(45)]
    selection = graph.run(lambda client: read_children(client, SCOPES, keys, graph.meter, part))
    assert strict.received[-1].get("$expand") == expand
    assert selection.unrequested == unrequested
    assert sorted(row["accessPackageId"] for row in part.rows) == sorted(key for (key,) in keys)
    assert (graph.meter.rows, graph.meter.parents) == (45, 45)


def test_a_single_parent_that_rejects_a_request_costs_only_itself(graph: FakeGraph) -> None:
    strict = Strict(lambda request: expanded(request) and "p44" in request.url.path, page([{"id": "a"}]))
    graph.handler = strict
    part = MemoryPart()
    keys = [(f"p{number}",) for number in range(45)]
    selection = graph.run(lambda client: read_children(client, SCOPES, keys, graph.meter, part))
    assert len(part.rows) == graph.meter.rows == 44
    assert part.discarded == 0, "the others are not read again in a simpler form"
    assert [parent.key for parent in selection.refused] == [("p44",)]
    assert selection.unrequested == ()


def test_rows_from_before_a_rejection_of_a_whole_form_are_dropped(graph: FakeGraph) -> None:
    strict = Strict(lambda request: expanded(request), page([{"id": "a"}]))
    graph.handler = strict
    part = MemoryPart()
    keys = [(f"p{number}",) for number in range(45)]
    graph.run(lambda client: read_children(client, SCOPES, keys, graph.meter, part))
    assert len(part.rows) == graph.meter.rows == 45
    assert part.discarded == 2


@pytest.mark.parametrize(("reject", "unrequested"), [(expanded, METHODS.inline), (nested, ())])
def test_a_singleton_is_read_in_the_fullest_form_that_graph_accepts(
    graph: FakeGraph, reject: Reject, unrequested: tuple[str, ...]
) -> None:
    strict = Strict(reject, httpx.Response(200, json={"id": "x"}))
    assert read(graph, METHODS, strict).unrequested == unrequested
    assert len(strict.received) == (2 if unrequested else 1)


@pytest.mark.parametrize("entity", [EVERYTHING, ASSIGNMENTS, SCOPES, METHODS], ids=lambda entity: entity.shape)
@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (failure(403, "Authorization_RequestDenied"), PermissionMissing),
        (failure(403, "Forbidden", "Your tenant is not licensed for this feature."), LicenceMissing),
    ],
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_missing_permission_or_licence_is_raised_whatever_form_meets_it(
    graph: FakeGraph, entity: Entity, response: httpx.Response, expected: type[GraphError]
) -> None:
    with pytest.raises(expected):
        read(graph, entity, Strict(lambda _: False, response))
    assert len(graph.requests) <= 2, "no simpler form is tried"
    with pytest.raises(expected):
        read(graph, entity, Strict(expanded, response))


@pytest.mark.parametrize(
    ("entity", "requests"),
    [(EVERYTHING, 5), (ASSIGNMENTS, 4), (SCOPES, 3), (METHODS, 2), (CATALOG["risky_users"], 1), (CATALOG["domains"], 3)],
    ids=lambda each: each.table if isinstance(each, Entity) else "",
)
def test_the_first_rejection_is_raised_if_no_form_is_accepted(graph: FakeGraph, entity: Entity, requests: int) -> None:
    strict = Strict(lambda _: True, page())
    with pytest.raises(RequestRejected, match=r"Form 1\."):
        read(graph, entity, strict)
    assert len(strict.received) == requests


@pytest.mark.parametrize("entity", [EVERYTHING, ASSIGNMENTS, CATALOG["users"]], ids=lambda entity: str(entity.needs_select))
def test_an_error_of_a_later_page_leads_to_no_simpler_form(graph: FakeGraph, entity: Entity) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("$count"):
            return httpx.Response(200, text="5")
        if "$skiptoken" in request.url.params:
            return failure(400, "SomeCode", "About the second page.")
        return page(["a"], f"{BASE}{entity.path}?{request.url.query.decode()}&$skiptoken=2")

    with pytest.raises(RequestRejected, match="About the second page"):
        read(graph, entity, handler)
    assert all(expanded(request) == bool(entity.expand) for request in graph.requests if "$count" not in request.url.path)


def test_a_collection_that_does_not_exist_is_requested_once(graph: FakeGraph) -> None:
    with pytest.raises(NotFound):
        read(graph, ASSIGNMENTS, Strict(lambda _: False, failure(404)))
    assert len(graph.requests) == 1


def test_an_entity_without_options_has_no_simpler_form(graph: FakeGraph) -> None:
    children = CATALOG["app_role_assignments"]
    with pytest.raises(RequestRejected):
        read(graph, children, Strict(selected, page()))
    assert len(graph.requests) == 1, "other rejections are not worth reading all parents again"


def test_links_without_properties_are_requested_whole() -> None:
    assert Link("target", ()).expand == "target"
