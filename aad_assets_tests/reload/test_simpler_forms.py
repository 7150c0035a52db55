"""Columns that a load did not ask for, because Graph rejects the request with them: stored values are never lost."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from aad_assets.catalog import CATALOG
from aad_assets.catalog.types import read_schema
from aad_assets.demo import DemoServer
from aad_assets_tests.reload.conftest import House

FEDERATIONS = CATALOG["external_domain_federations"]
WITH_EXPAND = replace(FEDERATIONS, embedded=(), inline=("domains", "nowhere"))
"""Requested with an `$expand` that Graph rejects. The domains come by themselves, and `nowhere` never comes."""

REJECTED = "Graph rejected the properties {}. Their stored values are unchanged."

STORED = "SELECT id, domains::VARCHAR FROM aad.external_domain_federations ORDER BY 1"


@pytest.fixture(autouse=True)
def _nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Declare a navigation property that Graph does not have."""
    navigation = read_schema()["v1.0"]["navigation"][FEDERATIONS.type]
    monkeypatch.setitem(navigation, "nowhere", "String")


@pytest.fixture
def tenant() -> Iterator[DemoServer]:
    with DemoServer(users=60, no_quota=True) as server:
        yield server


@pytest.fixture
def house(tenant: DemoServer, house_of: Callable[[DemoServer], House]) -> House:
    return house_of(tenant)


def test_what_comes_by_itself_counts_as_read(tenant: DemoServer, house: House) -> None:
    house.reload(FEDERATIONS)
    documented = house.query(STORED)
    outcome = house.reload(WITH_EXPAND)[FEDERATIONS.table]

    assert outcome.load.status == "published", outcome.reason
    assert outcome.reason == REJECTED.format("nowhere")
    assert outcome.load.unchanged == outcome.load.rows == len(documented) > 0
    assert house.query(STORED) == documented
    assert all(domains not in (None, "[]") for _, domains in documented)


def test_what_is_not_requested_and_does_not_come_keeps_its_values(tenant: DemoServer, house: House) -> None:
    house.reload(FEDERATIONS)
    documented = house.query(STORED)
    tenant.faults([{"kind": "null_property", "path": "/federationConfigurations", "property": "domains"}])
    outcome = house.reload(WITH_EXPAND)[FEDERATIONS.table]

    assert outcome.load.status == "published", outcome.reason
    assert outcome.reason == REJECTED.format("domains, nowhere")
    assert outcome.load.updated == 0
    assert house.query(STORED) == documented
    assert house.query("SELECT count(*) FROM aad_meta.changes") == [(0,)]


def test_a_column_that_was_requested_is_not_taken_for_unread(tenant: DemoServer, house: House) -> None:
    house.reload(FEDERATIONS)
    tenant.faults([{"kind": "null_property", "path": "/federationConfigurations", "property": "domains"}])
    outcome = house.reload(FEDERATIONS)[FEDERATIONS.table]
    assert outcome.load.status == "blocked"
    assert "the gate null_column blocked it: domains" in str(outcome.reason)
