"""Whose children are read: the parents that the list of parents names, or those that a condition on their columns leaves."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aad_assets.catalog import CATALOG, Entity
from aad_assets.errors import GraphUnavailable
from aad_assets.graph.reading.parents import Key, KeyCollector, read_parent_list
from aad_assets.graph.requests.client import GraphClient
from aad_assets.reload.read import Reader
from aad_assets.warehouse.staging.entity_stage import EntityStage
from aad_assets_tests.fake_graph import BASE, FakeGraph, batched, failure, page
from aad_assets_tests.warehouse.support import Lab

PIM = [entity for entity in CATALOG.values() if entity.parent_list == "pim_groups"]
LIST = "/identityGovernance/privilegedAccess/group/resources"
GROUPS = [
    {"id": "security", "securityEnabled": True, "groupTypes": []},
    {"id": "unified", "securityEnabled": False, "groupTypes": ["Unified"]},
    {"id": "dynamic", "securityEnabled": True, "groupTypes": ["DynamicMembership"]},
    {"id": "synchronized", "securityEnabled": True, "groupTypes": [], "onPremisesSyncEnabled": True},
    {"id": "formerly synchronized", "securityEnabled": True, "groupTypes": [], "onPremisesSyncEnabled": False},
    {"id": "distribution", "securityEnabled": False, "groupTypes": []},
    {"id": "nothing known"},
]
COULD_BE_IN_PIM = {"security", "unified", "formerly synchronized"}


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    made = Lab(tmp_path_factory.mktemp("reader"))
    yield made
    made.close()


class Tenant:
    """Groups, and the list of those in Privileged Identity Management: the response for each version."""

    def __init__(self, v1: httpx.Response, beta: httpx.Response) -> None:
        self.lists = {"v1.0": v1, "beta": beta}
        self.asked: list[str] = []
        self.filters: set[str] = set()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return batched(request, self.child)
        self.asked.append(request.url.path)
        version, _, path = request.url.path[1:].partition("/")
        if f"/{path}" == LIST:
            return self.lists[version]
        assert path == "groups"
        return page(GROUPS)

    def child(self, request: httpx.Request) -> httpx.Response:
        self.filters.add(request.url.params["$filter"])
        return page([])

    @property
    def groups(self) -> set[str]:
        """The groups that were asked for their children."""
        return {filter_.split("'")[1] for filter_ in self.filters}


def read(lab: Lab, graph: FakeGraph, *entities: Entity) -> None:
    """Read entities concurrently, as one run does."""

    async def work() -> None:
        async with GraphClient(BASE, graph.tokens, graph.transport, graph.rate_limits, graph.retry) as client:
            reader = Reader(client, entities)
            stages = [EntityStage(lab.stage, entity) for entity in entities]
            try:
                await asyncio.gather(*(reader.read(entity, stage) for entity, stage in zip(entities, stages, strict=True)))
            finally:
                await reader.close()
                for stage in stages:
                    await stage.abort()

    lab.run(work())


def test_eight_tables_are_read_for_groups_in_privileged_identity_management() -> None:
    assert len(PIM) == 8
    assert {entity.parent for entity in PIM} == {"groups"}


@pytest.mark.parametrize(
    ("v1", "beta"),
    [
        (page(["p1", "p2"]), failure(500)),
        (failure(404), page(["p1", "p2"])),
        (failure(400, "BadRequest"), page(["p1", "p2"])),
    ],
    ids=["v1.0", "404", "400"],
)
def test_the_groups_of_the_list_are_asked_and_the_list_is_read_once(
    lab: Lab, v1: httpx.Response, beta: httpx.Response
) -> None:
    graph, tenant = FakeGraph(), Tenant(v1, beta)
    graph.handler = tenant
    read(lab, graph, *PIM)
    assert tenant.groups == {"p1", "p2"}
    assert len(tenant.asked) == (1 if v1.status_code == 200 else 2)
    assert "/v1.0/groups" not in tenant.asked


def test_a_tenant_without_groups_in_it_costs_no_request_for_each_group(lab: Lab) -> None:
    graph, tenant = FakeGraph(), Tenant(page([]), failure(500))
    graph.handler = lambda request: (
        failure(404) if "filter" in str(request.url) and request.method == "GET" else tenant(request)
    )
    read(lab, graph, *PIM)
    assert tenant.groups == set()


@pytest.mark.parametrize(
    "response",
    [
        failure(403, "UnknownError", '{"errorCode":"PermissionScopeNotGranted"}'),
        failure(403, "Forbidden", "Your tenant is not licensed for this feature."),
        failure(404),
        failure(501),
    ],
    ids=["permission", "licence", "404", "501"],
)
def test_without_the_list_the_groups_that_could_be_in_it_are_asked(lab: Lab, response: httpx.Response) -> None:
    graph, tenant = FakeGraph(), Tenant(response, response)
    graph.handler = tenant
    read(lab, graph, PIM[0])
    assert tenant.groups == COULD_BE_IN_PIM


def test_a_list_that_cannot_be_reached_fails_the_read(lab: Lab) -> None:
    """Otherwise a transient fault would cost a request for each group of the tenant."""
    graph, tenant = FakeGraph(), Tenant(failure(503), failure(503))
    graph.handler = tenant
    with pytest.raises(GraphUnavailable):
        read(lab, graph, PIM[0])
    assert tenant.filters == set()


def test_an_entity_without_a_list_reads_none() -> None:
    graph = FakeGraph()
    assert graph.run(lambda client: read_parent_list(client, CATALOG["group_members"], graph.meter)) is None
    assert graph.requests == []


CONDITIONED = [entity for entity in CATALOG.values() if entity.parent_where]
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "securityEnabled": st.sampled_from([True, False, None]),
    "onPremisesSyncEnabled": st.sampled_from([True, False, None]),
    "groupTypes": st.none() | st.lists(st.sampled_from(["Unified", "DynamicMembership", "Other"]), unique=True),
    "authenticationType": st.sampled_from(["Federated", "Managed", "", None]),
    "odataType": st.sampled_from(
        ["agentIdentity", "agentIdentityBlueprint", "agentIdentityBlueprintPrincipal", "servicePrincipal", None]
    ),
}


def raw_row(values: dict[str, Any], number: int) -> dict[str, Any]:
    """Return the row as Graph sends it: a type has its full name, and a property may be missing."""
    row = {"id": f"id-{number}", **values}
    if (kind := row.pop("odataType", None)) is not None:
        row["@odata.type"] = f"#microsoft.graph.{kind}"
    return {name: value for name, value in row.items() if value is not None or number % 2}


async def keys_of_raw_rows(child: Entity, rows: list[bytes]) -> list[Key]:
    keys = KeyCollector(CATALOG[child.parent or ""], child)
    await keys.add([msgspec.Raw(row) for row in rows])
    await keys.close()
    return keys.found


async def keys_of_staged_rows(lab: Lab, child: Entity, rows: list[bytes]) -> list[Key]:
    stage = EntityStage(lab.stage, CATALOG[child.parent or ""])
    try:
        part = stage.part()
        await part.add(rows)
        await part.close()
        staged = await stage.finish()
        return child.parent_keys(await stage.values(staged.relation, child.parent_sources))
    finally:
        await stage.abort()


@pytest.mark.parametrize("child", CONDITIONED, ids=lambda entity: entity.table)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_same_parents_qualify_whether_they_are_read_or_staged(lab: Lab, child: Entity, data: st.DataObject) -> None:
    where = child.parent_where
    assert where is not None
    values = st.fixed_dictionaries({name: VALUES[name] for name in where.columns})
    drawn = data.draw(st.lists(values, min_size=1, max_size=12))
    rows = [json.dumps(raw_row(each, number)).encode() for number, each in enumerate(drawn)]
    qualified = [where.holds(*(each[name] for name in where.columns)) for each in drawn]
    wanted = [(f"id-{number}",) for number, holds in enumerate(qualified) if holds]

    assert sorted(lab.run(keys_of_raw_rows(child, rows))) == sorted(wanted)
    assert sorted(lab.run(keys_of_staged_rows(lab, child, rows))) == sorted(wanted)
