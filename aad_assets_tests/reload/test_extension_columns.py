"""Directory extension properties as columns: none is lost while their list is empty, denied or blocked."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from aad_assets.catalog import CATALOG, ENTITIES
from aad_assets.demo import DemoServer
from aad_assets_tests.reload.conftest import House

LIST = "getAvailableExtensionProperties"
KEPT = "Columns of directory extension properties that Graph did not list are unchanged."


@pytest.fixture
def tenant() -> Iterator[DemoServer]:
    with DemoServer(users=100, no_quota=True) as server:
        yield server


def test_extension_properties_are_typed_columns_from_the_first_load(
    whole_tenant: DemoServer, house_of: Callable[[DemoServer], House]
) -> None:
    house = house_of(whole_tenant)
    targets = [entity.table for entity in ENTITIES if entity.extensible]
    outcomes = house.reload(*targets)

    declared = list(whole_tenant.objects("extension_properties"))
    kinds = {"String": "VARCHAR", "Integer": "INTEGER", "Boolean": "BOOLEAN", "LargeInteger": "BIGINT"}
    for table in targets:
        own = [each for each in declared if CATALOG[table].type.lower() in {name.lower() for name in each["targetObjects"]}]
        assert own, table
        described = {name: type_ for name, type_, *_ in house.query(f"DESCRIBE aad.{table}")}
        rows = {row["id"]: row for row in whole_tenant.objects(table)}
        for each in own:
            kind = kinds.get(each["dataType"], "TIMESTAMP WITH TIME ZONE") + ("[]" if each["isMultiValued"] else "")
            assert described[each["name"]] == kind
            filled = house.query(f'SELECT id FROM aad.{table} WHERE "{each["name"]}" IS NOT NULL')
            assert {row[0] for row in filled} == {key for key, row in rows.items() if row.get(each["name"]) is not None}
        assert outcomes[table].entity.columns != CATALOG[table].columns
        assert outcomes[table].load.reason is None


def extension_values(house: House, table: str) -> dict[str, list[tuple[Any, ...]]]:
    names = [name for name, *_ in house.query(f"DESCRIBE aad.{table}") if name.startswith("extension_")]
    return {name: house.query(f'SELECT id, "{name}" FROM aad.{table} ORDER BY id') for name in names}


def test_an_emptied_list_loses_no_column_and_no_value(tenant: DemoServer, house_of: Callable[[DemoServer], House]) -> None:
    house = house_of(tenant)
    house.reload("users", "groups", "extension_properties")
    before = {table: extension_values(house, table) for table in ("users", "groups")}
    assert all(before.values())

    tenant.faults([{"kind": "shrink", "share": 0.0, "path": LIST}])
    outcomes = house.reload("users", "groups", "extension_properties")

    assert outcomes["extension_properties"].load.status == "blocked"
    for table in ("users", "groups"):
        assert extension_values(house, table) == before[table]
        assert (load := outcomes[table].load).status == "published"
        assert load.reason == KEPT
        assert (load.inserted, load.updated, load.deleted) == (0, 0, 0)
    assert house.query("SELECT count(*) FROM aad_history.users WHERE _valid_to IS NOT NULL") == [(0,)]
    assert house.reload("users")["users"].load.reason == KEPT, "also without the table of the properties"


def test_a_list_that_lost_a_property_drops_its_column_unless_the_list_was_blocked(
    tenant: DemoServer, house_of: Callable[[DemoServer], House]
) -> None:
    house = house_of(tenant)
    house.reload("users", "extension_properties")
    before = extension_values(house, "users")
    tenant.faults([{"kind": "shrink", "share": 0.2, "path": LIST}])
    assert house.reload("users")["users"].load.reason is None
    assert extension_values(house, "users").keys() < before.keys()


def test_a_list_that_is_denied_is_replaced_by_the_applications_own(
    tenant: DemoServer, house_of: Callable[[DemoServer], House]
) -> None:
    house = house_of(tenant)
    house.reload("organization")
    before = extension_values(house, "organization")
    tenant.faults([{"kind": "deny", "path": LIST}])
    load = house.reload("organization")["organization"].load
    assert load.status == "published"
    assert "Only those of this tenant's own applications were read." in str(load.reason)
    assert extension_values(house, "organization") == before
