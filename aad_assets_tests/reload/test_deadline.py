"""The deadline of an entity: the entity fails with a message that names the setting, and the others continue."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from aad_assets.catalog import CATALOG
from aad_assets.demo import DemoServer
from aad_assets.errors import DeadlineExceeded
from aad_assets.graph.requests.client import GraphClient
from aad_assets.graph.requests.meter import Meter
from aad_assets.reload.deadline import not_counted, reading_within
from aad_assets.reload.read import Reader
from aad_assets_tests.fake_graph import FakeGraph, MemorySink, run
from aad_assets_tests.reload.conftest import House


@pytest.fixture
def tenant() -> Any:
    with DemoServer(users=60, no_quota=True) as server:
        yield server


def test_an_entity_that_takes_too_long_fails_and_the_others_are_published(
    tenant: DemoServer, house_of: Callable[[DemoServer], House]
) -> None:
    house = house_of(tenant)
    house.extra = {"entity_deadline": 1.5}
    tenant.faults([{"kind": "latency", "path": "/groups", "ms": 20_000}])

    outcomes = house.reload("groups", "group_members", "domains")

    tenant.clear_faults()
    assert outcomes["domains"].load.status == "published"
    groups, members = outcomes["groups"], outcomes["group_members"]
    assert isinstance(groups.error, DeadlineExceeded)
    assert groups.load.status == "failed"
    assert groups.reason is not None
    assert groups.reason.startswith("groups: not read within 1.5 s (AAD_ENTITY_DEADLINE): 0 ")
    assert "raise AAD_ENTITY_DEADLINE" in groups.reason
    assert groups.seconds < 5
    assert members.reason is not None
    assert "because groups could not be read" in members.reason
    assert house.query("SELECT status FROM aad_meta.loads WHERE entity = 'groups'") == [("failed",)]


def test_a_log_fails_with_the_day_that_takes_too_long(tenant: DemoServer, house_of: Callable[[DemoServer], House]) -> None:
    house = house_of(tenant)
    house.extra = {"entity_deadline": 0.5, "log_days": 1}
    tenant.faults([{"kind": "429", "path": "/auditLogs/directoryAudits", "retry_after": 60}])

    outcome = house.reload("directory_audits")["directory_audits"]

    tenant.clear_faults()
    assert outcome.reason is not None
    assert "(1 of 2 days)" in outcome.reason
    assert "AAD_ENTITY_DEADLINE" in outcome.reason


def test_the_message_says_how_far_the_read_got() -> None:
    meter = Meter(rows=1_200, expected=5_000, requests=3, retries=1)

    async def main() -> None:
        async with reading_within(0.01, meter):
            await asyncio.sleep(5)

    with pytest.raises(
        DeadlineExceeded, match=r"1,200 of 5,000 rows, .* after 3 requests and 1 retry\. Nothing of this read"
    ):
        run(main())
    assert meter.deadline is None


def test_a_timeout_of_another_kind_is_not_taken_for_the_deadline() -> None:
    async def main() -> None:
        async with reading_within(5, Meter()):
            raise TimeoutError("other")

    with pytest.raises(TimeoutError, match="other"):
        run(main())


def test_time_that_is_not_counted_does_not_expire_and_what_is_left_does() -> None:
    meter = Meter()

    async def main() -> None:
        async with reading_within(0.1, meter):
            with not_counted(meter):
                await asyncio.sleep(0.3)
            meter.rows = 7
            await asyncio.sleep(5)

    with pytest.raises(DeadlineExceeded, match="7 rows"):
        run(main())


def test_waiting_for_the_parents_does_not_count_as_reading_the_children(graph: FakeGraph) -> None:
    async def read(client: GraphClient) -> None:
        reader = Reader(client, [CATALOG["groups"], CATALOG["group_members"]])
        keys = reader.progress["groups"].keys
        none: dict[str, list[tuple[str, ...]]] = {"group_members": []}
        asyncio.get_running_loop().call_later(0.3, keys.set_result, none)
        async with reading_within(0.1, reader.progress["group_members"].meter):
            staging: Any = MemorySink()
            staging.stage = SimpleNamespace(folder=None)
            await reader.read(CATALOG["group_members"], staging)

    graph.run(read)


@pytest.fixture
def graph() -> FakeGraph:
    return FakeGraph()
