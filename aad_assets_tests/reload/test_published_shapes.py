"""Every entity with rows that hold more than the metadata declares: nothing is lost, and nothing crashes."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from aad_assets.catalog import CATALOG, ENTITIES, Entity, Shape
from aad_assets.catalog.columns import ODATA_TYPE
from aad_assets.catalog.types import quoted
from aad_assets.graph.requests.client import GraphClient
from aad_assets.reload.read import Reader
from aad_assets.warehouse.publishing.publish import publish
from aad_assets.warehouse.staging.entity_stage import EntityStage
from aad_assets_tests.fake_graph import BASE, FakeGraph, batched, page
from aad_assets_tests.reload.published_shapes import Shapes, lost
from aad_assets_tests.warehouse.support import Lab, MemoryTarget, new_load

ROWS = 40
LINK = "$skiptoken=2"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    made = Lab(tmp_path_factory.mktemp("staging"))
    yield made
    made.close()


class Live:
    """A Graph with rows of one entity, and a parent for each level above it, or for each row if a parent has only one."""

    def __init__(self, entity: Entity) -> None:
        self.entity = entity
        shapes = Shapes(entity)
        self.rows = [shapes.row() for _ in range(1 if entity.shape is Shape.SINGLETON else ROWS)]
        self.parents = [f"parent{number}" for number in range(ROWS)] if entity.one_per_parent else ["parent"]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/$batch"):
            return batched(request, self.answer)
        return self.answer(request)

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/v1.0").removeprefix("/beta")
        if path.endswith("/$count"):
            return httpx.Response(200, text=str(len(self.rows)))
        if self.entity.parent and self._is_above(path):
            return page([self._parent(id_) for id_ in self.parents])
        if found := re.search(r"/parent(\d+)(/|$)", path):
            return httpx.Response(200, json={"@odata.context": "https://graph/$metadata#x"} | self.rows[int(found[1])])
        if self.entity.shape is Shape.SINGLETON:
            return httpx.Response(200, json={"@odata.context": "https://graph/$metadata#x"} | self.rows[0])
        if self.entity.shape is Shape.STRINGS:
            return httpx.Response(200, json={"value": [row["value"] for row in self.rows]})
        if "microsoft.graph.servicePrincipal" in path and self.entity.casts:
            return page([])
        half = len(self.rows) // 2
        if "skiptoken" in str(request.url):
            return page(self.rows[half:])
        return page(self.rows[:half], f"{BASE}{path}?{LINK}")

    def _parent(self, id_: str) -> dict[str, Any]:
        """Return an object that can have children of every kind, of the type that the path names."""
        typed = re.search(r"/(microsoft\.graph\.\w+)/", self.entity.path)
        names = {"id": id_, "appId": id_, "tenantId": id_, "authenticationType": "Federated"}
        return {**names, "groupTypes": ["Unified"]} | ({"@odata.type": f"#{typed[1]}"} if typed else {})

    def _is_above(self, path: str) -> bool:
        if self.entity.shape is not Shape.CHILDREN or self.entity.filter:
            return path != self.entity.path
        return path.count("/") < self.entity.path.count("/")


async def load(graph: FakeGraph, lab: Lab, entity: Entity, target: MemoryTarget) -> Any:
    async with GraphClient(BASE, graph.tokens, graph.transport, graph.rate_limits, graph.retry) as client:
        reader = Reader(client, [entity])
        staging = EntityStage(lab.stage, entity)
        try:
            selection = await reader.read(entity, staging)
            staged = await staging.finish(selection.passes)
            assert selection.rejected == ()
            assert staged.duplicates == 0
            made = new_load(0, entity)
            with lab.stage.cursor() as cursor:
                publish(cursor, target, entity, staged, made)
            return made
        finally:
            await staging.abort()
            await reader.close()


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.table)
def test_nothing_that_a_live_graph_sends_is_lost(lab: Lab, entity: Entity) -> None:
    graph, live, target = FakeGraph(), Live(entity), MemoryTarget(lab)
    if entity.owner_column:
        for row in live.rows:
            row[entity.owner_column] = "parent"
    graph.handler = live

    made = lab.run(asyncio.wait_for(load(graph, lab, entity, target), 30))

    assert (made.rows, made.rejected) == (len(live.rows), 0)
    columns = ", ".join(quoted(column.name) for column in entity.columns)
    found = lab.stored(target, f"SELECT to_json(t)::VARCHAR FROM (SELECT {columns}, _extra FROM {{schema}}.{entity.table}) t")
    stored = {tuple(row[name] for name in entity.key): row for row in map(json.loads, (row[0] for row in found))}
    assert len(stored) == len(live.rows)
    parents = live.parents if entity.one_per_parent else live.parents * len(live.rows)
    rows = zip(live.rows, parents, strict=True)
    problems = [problem for row, parent in rows for problem in missing(entity, row, parent, stored)]
    assert problems == []


def missing(entity: Entity, row: dict[str, Any], parent: str, stored: dict[tuple[str, ...], dict[str, Any]]) -> list[str]:
    if entity.shape is Shape.EXPAND:
        row = row[entity.edge or ""]
        row = {"id": row["id"], ODATA_TYPE: row[ODATA_TYPE], entity.parent_columns[0]: row["id"].replace("related", "key")}
    sources = {column.name: column.source for column in entity.columns}
    key = tuple(row.get(sources[name], parent) for name in entity.key)
    found, extra = stored[key], stored[key]["_extra"] or {}
    problems = []
    declared = {column.source: column for column in entity.columns}
    for name, value in row.items():
        if column := declared.get(name):
            if name == ODATA_TYPE:
                value = value.removeprefix("#microsoft.graph.")
            problems += lost(value, column.type, found[column.name], extra.get(name), name)
        elif not (entity.edge or "@odata" in name) and extra.get(name) != value:
            problems.append(f"{name}: lost")
    return problems


def test_a_row_that_names_its_own_type_has_nothing_undeclared(lab: Lab, tmp_path: Path) -> None:
    entity = CATALOG["deleted_users"]
    graph = FakeGraph()
    row = {ODATA_TYPE: "#microsoft.graph.user", "id": "a", "displayName": "A"}
    graph.handler = lambda request: httpx.Response(200, text="1") if request.url.path.endswith("$count") else page([row])
    target = MemoryTarget(lab)

    made = lab.run(load(graph, lab, entity, target))

    assert made.schema_changes == []
    assert lab.stored(target, "SELECT displayName, _extra FROM {schema}.deleted_users") == [("A", None)]
