"""Entities that are skipped, and columns that stay empty, because of what the token may not read."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from aad_assets.catalog import CATALOG
from aad_assets.demo import DemoServer
from aad_assets.errors import NotAvailable, PersonNeeded
from aad_assets_tests.reload.conftest import House

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
NEVER_GRANTED = "NeverGranted.Read.All"
PARENT, CHILD = CATALOG["domains"], CATALOG["domain_federation_configurations"]


@pytest.fixture
def tenant() -> Iterator[DemoServer]:
    with DemoServer(users=60, no_quota=True, sign_ins_per_day=50) as server:
        server.set_now(NOW)
        yield server


@pytest.fixture
def house(tenant: DemoServer, house_of: Callable[[DemoServer], House]) -> House:
    house = house_of(tenant)
    house.now = NOW
    return house


def test_what_needs_a_person_is_skipped_with_its_children_and_without_a_request(tenant: DemoServer, house: House) -> None:
    personal = replace(PARENT, app_only=False, permissions=(NEVER_GRANTED,))
    outcomes = house.reload(personal, CHILD)

    for outcome in outcomes.values():
        assert outcome.load.status == "skipped"
        assert isinstance(outcome.error, PersonNeeded)
        assert "Skipped because it needs a signed-in person (AAD_AUTH=delegated)" in str(outcome.reason)
        assert NEVER_GRANTED not in str(outcome.reason)
    assert not [path for path in tenant.stats()["requests"] if "domains" in path.lower()]
    assert house.query("SELECT entity, status FROM aad_meta.loads ORDER BY 1") == [
        (CHILD.table, "skipped"),
        (PARENT.table, "skipped"),
    ]


def test_an_app_with_the_permission_reads_it_if_graph_lets_it(tenant: DemoServer, house: House) -> None:
    personal = replace(PARENT, app_only=False)
    assert house.reload(personal)[PARENT.table].load.status == "published"

    tenant.faults([{"kind": "deny", "path": "/domains"}])
    outcome = house.reload(personal)[PARENT.table]

    assert outcome.load.status == "skipped"
    assert "returned 403 " in str(outcome.reason)
    assert not set(PARENT.permissions) & set(str(outcome.reason).split())


@pytest.mark.parametrize("together", [True, False])
def test_what_this_tenant_does_not_have_is_skipped_with_its_children(
    house: House, together: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = replace(PARENT, optional=True, path="/notThere")
    monkeypatch.setitem(CATALOG, PARENT.table, missing)
    outcomes = house.reload(*([missing] if together else []), CHILD)

    assert len(outcomes) == 1 + together
    for outcome in outcomes.values():
        assert outcome.load.status == "skipped"
        assert isinstance(outcome.error, NotAvailable)
        assert "returned 400 BadRequest" in str(outcome.reason)


def test_a_column_that_a_missing_permission_empties_keeps_its_values(tenant: DemoServer, house: House) -> None:
    """No version, no change, and no gate: NULL says nothing about the rows."""
    users = replace(CATALOG["users"], also_needs=(("displayName", (NEVER_GRANTED,)),))
    stored = "SELECT id, displayName FROM aad.users ORDER BY 1"
    counts = "SELECT (SELECT count(*) FROM aad_history.users), (SELECT count(*) FROM aad_meta.changes)"
    first = house.reload(users)["users"]
    before = house.query(stored), house.query(counts)
    tenant.faults([{"kind": "null_property", "path": "/users", "property": "displayName"}])
    second = house.reload(users)["users"]

    assert first.load.status == second.load.status == "published", second.reason
    assert first.reason == f"displayName may be incomplete without the permission {NEVER_GRANTED}."
    assert second.reason == (
        f"displayName is empty without the permission {NEVER_GRANTED}. Stored values of empty columns are unchanged."
    )
    assert all(name for _, name in before[0][:1])
    assert (house.query(stored), house.query(counts)) == before
    assert (second.load.updated, second.load.unchanged) == (0, second.load.rows)
    assert house.reload(CATALOG["users"])["users"].load.status == "blocked", "by the gate null_column"


def test_a_log_keeps_the_values_of_days_that_are_read_again(tenant: DemoServer, house: House) -> None:
    sign_ins = replace(CATALOG["sign_ins"], also_needs=(("appDisplayName", (NEVER_GRANTED,)),))
    stored = "SELECT id, appDisplayName FROM aad.sign_ins ORDER BY 1"
    house.reload(sign_ins)
    before = house.query(stored)
    tenant.faults([{"kind": "null_property", "path": "/signIns", "property": "appDisplayName"}])
    outcome = house.reload(sign_ins)["sign_ins"]

    assert outcome.load.status == "published", outcome.reason
    assert str(outcome.reason).count("appDisplayName is empty without the permission") == 1
    assert house.query(stored) == before
    assert {name is not None for _, name in before} == {True}
