"""Through `dagster asset materialize`: what lands is what the tenant holds, value by value."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aad_assets.catalog import CATALOG, ENTITIES, Entity
from aad_assets.catalog.types import quoted
from aad_assets.demo import DemoServer
from aad_assets_tests.e2e.conftest import Place, make_place
from aad_assets_tests.e2e.truth import expected_rows, stored_rows

# Null on live objects, or only set in tenants that differ much from an ordinary one.
RARELY_FILLED = {"deletedDateTime", "print", "partnerTenantType", "appScopeId", "condition"}


def table_rows(place: Place, entity: Entity) -> dict[tuple[str, ...], dict[str, object]]:
    columns = ", ".join(quoted(column.name) for column in entity.columns)
    return stored_rows(entity, place.query(f"SELECT {columns} FROM aad.{entity.table}"))


@pytest.fixture(scope="module")
def loaded(shared_tenant: DemoServer, tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = make_place(tmp_path_factory.mktemp("values") / "place", shared_tenant.environment())
    result = place.materialize("*")
    assert result.returncode == 0, result.stderr
    return place


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.table)
def test_table_equals_what_the_tenant_holds(loaded: Place, shared_tenant: DemoServer, entity: Entity) -> None:
    expected = expected_rows(shared_tenant, entity)
    stored = table_rows(loaded, entity)

    assert expected, "an empty entity proves nothing"
    assert stored.keys() == expected.keys()
    for key, row in expected.items():
        assert stored[key] == row


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.table)
def test_columns_have_the_declared_types(loaded: Place, entity: Entity) -> None:
    described = {row[0]: row[1] for row in loaded.query(f"DESCRIBE aad.{entity.table}")}
    types = ", ".join(f"typeof(NULL::{column.duckdb_type})" for column in entity.columns)
    declared = dict(zip((column.name for column in entity.columns), loaded.query(f"SELECT {types}")[0], strict=True))

    assert {name: described.pop(name) for name in declared} == declared
    assert described == {"_extra": "JSON", "_tenant_id": "VARCHAR", "_loaded_at": "TIMESTAMP WITH TIME ZONE"}


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.table)
def test_every_declared_column_is_filled_in_some_row(shared_tenant: DemoServer, entity: Entity) -> None:
    rows = expected_rows(shared_tenant, entity).values()
    empty = {column.name for column in entity.columns if all(row[column.name] is None for row in rows)}

    assert empty <= RARELY_FILLED, "a column that is never filled is not tested by its values"


def test_our_columns_are_filled(loaded: Place, shared_tenant: DemoServer) -> None:
    published = dict(loaded.query("SELECT entity, published_at FROM aad_meta.loads"))
    for table in CATALOG:
        rows = loaded.query(f"SELECT DISTINCT _tenant_id, _loaded_at, _extra FROM aad.{table}")
        assert rows == [(shared_tenant.tenant_id, published[table], None)]


def test_loads_tell_what_was_read(loaded: Place) -> None:
    loads = loaded.query("SELECT entity, status, mode, rows, inserted, requests > 0, bytes > 0, run_id FROM aad_meta.loads")

    assert {load[0] for load in loads} == set(CATALOG)
    assert all(load[1:3] == ("published", "compare") and load[3] == load[4] for load in loads)
    assert all(load[5] and load[6] for load in loads)
    assert len({load[7] for load in loads}) == 1


def test_one_asset_is_reloaded_alone(shared_tenant: DemoServer, place_for: Callable[[DemoServer], Place]) -> None:
    place = place_for(shared_tenant)

    result = place.materialize('key:"aad/users"')

    assert result.returncode == 0, result.stderr
    assert place.query("SELECT entity FROM aad_meta.loads") == [("users",)]
    assert table_rows(place, CATALOG["users"]) == expected_rows(shared_tenant, CATALOG["users"])


def test_children_are_reloaded_without_their_parents(
    shared_tenant: DemoServer, place_for: Callable[[DemoServer], Place]
) -> None:
    place = place_for(shared_tenant)

    result = place.materialize('key:"aad/group_members"')

    assert result.returncode == 0, result.stderr
    assert table_rows(place, CATALOG["group_members"]) == expected_rows(shared_tenant, CATALOG["group_members"])


def test_a_day_later_the_differences_are_counted_and_applied(
    loaded: Place, tenant: DemoServer, place_for: Callable[[DemoServer], Place]
) -> None:
    place = place_for(tenant)
    shutil.copy(loaded.database, place.database)  # read from a tenant that was the same, and stays as it was
    before = {table: expected_rows(tenant, entity) for table, entity in CATALOG.items()}
    tenant.set_day(1)
    after = {table: expected_rows(tenant, entity) for table, entity in CATALOG.items()}

    assert place.materialize("*").returncode == 0

    counted = place.query(
        "SELECT entity, inserted, updated, deleted, unchanged FROM aad_meta.loads "
        f"ORDER BY started_at DESC LIMIT {len(CATALOG)}"
    )
    assert {row[0] for row in counted} == set(CATALOG)
    for table, *counts in counted:
        old, new = before[table], after[table]
        common = old.keys() & new.keys()
        updated = sum(old[key] != new[key] for key in common)
        assert counts == [len(new.keys() - old.keys()), updated, len(old.keys() - new.keys()), len(common) - updated]
        assert table_rows(place, CATALOG[table]) == new
    assert sum(row[1] for row in counted) > 0
    assert sum(row[2] for row in counted) > 0
    assert sum(row[3] for row in counted) > 0


@pytest.fixture(scope="module")
def large_tenant() -> Iterator[DemoServer]:
    with DemoServer(users=12_000, no_quota=True) as server:
        yield server


def test_a_list_read_in_shards_is_complete(large_tenant: DemoServer, tmp_path: Path) -> None:
    place = make_place(tmp_path / "place", large_tenant.environment())

    assert place.materialize('key:"aad/users"').returncode == 0

    assert large_tenant.stats()["max_concurrent_requests"] > 1, "the shards were not read side by side"
    stored = {row[0] for row in place.query("SELECT id FROM aad.users")}
    assert stored == {user["id"] for user in large_tenant.objects("users")}
