"""A 429 pauses the APIs whose quota it is about, and no others."""

import asyncio
from collections.abc import Sequence

import httpx
import pytest

from aad_assets.catalog import CATALOG, Family
from aad_assets.errors import ErrorResponse
from aad_assets.graph.reading.children import read_children
from aad_assets.graph.reading.pagination import decode_page
from aad_assets.graph.reading.queries import collection_query
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.throttling import throttled_families
from aad_assets_tests.fake_graph import FakeGraph, MemoryPart, batched, failure, page

SCOPE = "Tenant_Application/ReadWrite/9a3d526c-b3c1-4479-ba74-197b5c5751ae/0785ef7c-2d7a-4542-b048-95bcab406e0b"


@pytest.mark.parametrize(
    ("tables", "family"),
    [
        (["access_review_definitions", "access_review_instances", "access_review_decisions"], Family.ACCESS_REVIEWS),
        (["access_packages", "access_package_assignments", "entitlement_role_assignments"], Family.ENTITLEMENT_MANAGEMENT),
        (["role_eligibility_schedules", "group_assignment_schedules", "pim_groups"], Family.PRIVILEGED_ACCESS),
        (["role_management_policies", "group_role_management_policies"], Family.PRIVILEGED_ACCESS),
        (["lifecycle_workflows", "lifecycle_workflow_runs", "lifecycle_settings"], Family.LIFECYCLE_WORKFLOWS),
        (["terms_of_use_acceptances"], Family.TERMS_OF_USE),
        (["synchronization_jobs"], Family.SYNCHRONIZATION),
        (["users", "groups", "role_definitions", "role_assignments", "token_lifetime_policies"], Family.DIRECTORY),
    ],
)
def test_each_service_behind_graph_has_a_family_of_its_own(tables: Sequence[str], family: Family) -> None:
    assert {CATALOG[table].family for table in tables} == {family}


def test_identity_governance_is_never_the_directorys() -> None:
    governed = [entity for entity in CATALOG.values() if entity.path.startswith("/identityGovernance/")]
    assert len(governed) > 20
    assert [entity.table for entity in governed if entity.family is Family.DIRECTORY] == []


@pytest.mark.parametrize("table", ["access_review_definitions", "access_packages", "role_eligibility_schedules"])
def test_a_429_leaves_the_directory_alone(graph: FakeGraph, table: str) -> None:
    """The users are read while the other service is paused."""
    left = [failure(429, "TooManyRequests", "Too many requests.", Retry_After="300")]

    def handler(request: httpx.Request) -> httpx.Response:
        return left.pop() if left and "/users" not in request.url.path else page(["a"])

    async def read(client: GraphClient, name: str) -> None:
        query = collection_query(client, CATALOG[name], ())
        await client.get(query.url, decode_page, graph.meter, families=query.families)

    async def users_meanwhile(client: GraphClient) -> None:
        throttled = asyncio.create_task(read(client, table))
        while not graph.requests:
            await asyncio.sleep(0)
        await read(client, "users")
        await throttled

    graph.handler = handler
    graph.run(users_meanwhile)
    asked = dict(zip(graph.paths[1:], graph.times[1:], strict=True))
    assert asked["/users"] - graph.times[0] < 1
    assert max(asked.values()) - graph.times[0] == pytest.approx(300)


def test_so_does_the_429_of_an_item_of_a_batch(graph: FakeGraph) -> None:
    entity = CATALOG["access_review_instances"]
    left = [failure(429, "TooManyRequests", Retry_After="300")]
    graph.handler = lambda request: batched(request, lambda _: left.pop() if left else page(["i"]))

    async def read(client: GraphClient) -> tuple[float, float]:
        await read_children(client, entity, [("d1",), ("d2",)], graph.meter, MemoryPart())
        return graph.rate_limits._buckets[Family.DIRECTORY]._paused_until, graph.clock.time

    directory, now = graph.run(read)
    assert directory == 0
    assert now - 1000 == pytest.approx(300)


def test_children_of_a_service_without_a_number_are_read_in_full_batches(graph: FakeGraph) -> None:
    graph.handler = lambda request: batched(request, lambda _: page())
    entity, part = CATALOG["access_review_instances"], MemoryPart()
    parents = [(f"d{number}",) for number in range(100)]
    graph.run(lambda client: read_children(client, entity, parents, graph.meter, part))
    assert len(graph.requests) == 5
    assert graph.clock.time == 1000, "there is no number that would pace them"


REVIEWS, BOTH = (Family.ACCESS_REVIEWS,), (Family.DIRECTORY, Family.KEY_CREDENTIALS)


@pytest.mark.parametrize(
    ("message", "headers", "families", "paused"),
    [
        ("", {}, REVIEWS, {Family.ACCESS_REVIEWS}),
        ("Too many requests.", {}, BOTH, {Family.KEY_CREDENTIALS}),
        ("under category:throttle.msgraph.accessreviews.app.10s. Try later.", {}, REVIEWS, {Family.ACCESS_REVIEWS}),
        ("under category:throttle.msgraph.accessreviews. Try", {}, (Family.DIRECTORY,), {*REVIEWS, Family.DIRECTORY}),
        ("under category:aadgraph.app.tenant_large. Try", {}, BOTH, {Family.DIRECTORY}),
        ("under category:aadgraph.app.tenant_large. Try", {}, REVIEWS, {*REVIEWS, Family.DIRECTORY}),
        ("under category:throttle.aad.ags.neverseen.app. Try", {}, REVIEWS, {Family.ACCESS_REVIEWS}),
        ("", {"x-ms-throttle-scope": SCOPE}, REVIEWS, {Family.ACCESS_REVIEWS}),
        ("", {"x-ms-throttle-scope": "Tenant/Read/accessReviews"}, REVIEWS, {Family.ACCESS_REVIEWS}),
        ("", {"x-ms-throttle-information": "ResourceUnitLimitExceeded"}, BOTH, {Family.DIRECTORY}),
        ("", {"x-ms-throttle-information": "ResourceUnitLimitExceeded"}, REVIEWS, {Family.ACCESS_REVIEWS}),
    ],
)
def test_the_quota_that_a_429_names_is_paused(
    message: str, headers: dict[str, str], families: tuple[Family, ...], paused: set[Family]
) -> None:
    response = ErrorResponse(429, "TooManyRequests", message, "req-7", "GET /x")
    assert throttled_families(response, httpx.Headers(headers), families) == paused
