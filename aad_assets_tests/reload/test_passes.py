"""A `$select` that is read in many passes, from Graph to one relation with every column."""

import asyncio
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from aad_assets.catalog import CATALOG
from aad_assets.catalog.extensions import ExtensionProperty, with_extensions
from aad_assets.catalog.types import quoted
from aad_assets.graph.requests.client import GraphClient
from aad_assets.reload.read import Reader
from aad_assets.warehouse.staging.entity_stage import EntityStage
from aad_assets_tests.fake_graph import BASE, FakeGraph
from aad_assets_tests.graph.directory import FakeDirectory
from aad_assets_tests.warehouse.support import Lab

EXTENSIONS = [f"extension_{uuid.UUID(int=7).hex}_attribute{number:04}" for number in range(1_500)]
USERS = with_extensions(CATALOG["users"], [ExtensionProperty(name, targets=frozenset({"User"})) for name in EXTENSIONS])


@pytest.fixture
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    made = Lab(tmp_path_factory.mktemp("passes"))
    yield made
    made.close()


def test_users_with_1500_extension_properties_are_one_relation(lab: Lab) -> None:
    rejected = EXTENSIONS[1_000]
    rows: list[dict[str, Any]] = [
        {"id": f"u{each}", "displayName": f"n{each}", EXTENSIONS[each]: "first", EXTENSIONS[-1 - each]: "last"}
        for each in range(50)
    ]
    graph = FakeGraph()
    graph.handler = FakeDirectory({"/users": rows}, longest_select=4_000, rejected=frozenset([rejected]))

    async def read() -> list[tuple[Any, ...]]:
        async with GraphClient(BASE, graph.tokens, graph.transport, graph.rate_limits, graph.retry) as client:
            staging = EntityStage(lab.stage, USERS)
            selection = await asyncio.wait_for(Reader(client, [USERS]).read(USERS, staging), 60)
            staged = await staging.finish(selection.passes)
            assert len(selection.passes) > 20
            assert (staged.rows, staged.duplicates) == (50, 0)
            columns = ["id", "displayName", *EXTENSIONS, "odataType"]
            found = lab.query(f"SELECT {', '.join(map(quoted, columns))} FROM {staged.relation} ORDER BY id")
            await staging.abort()
            return found

    found = lab.run(read())
    names = ["id", "displayName", *EXTENSIONS]
    values = [{name: value for name, value in zip(names, row, strict=False) if value is not None} for row in found]
    assert values == sorted(rows, key=lambda row: str(row["id"]))
    assert lab.query("SELECT count(*) FROM duckdb_tables() WHERE table_name LIKE '%merged%'") == [(0,)]
