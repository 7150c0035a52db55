"""Names beside ids."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from aad_assets.catalog import CATALOG
from aad_assets.catalog.types import Scalar
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.reading.names import Names, ids_in
from aad_assets.warehouse.reading.reader import reading
from aad_assets_tests.warehouse.support import OPEN, Lab, entity

STRING = Scalar("String")
USERS = entity({"id": STRING, "displayName": STRING, "userPrincipalName": STRING}, table="users")
SKUS = entity({"skuId": STRING, "skuPartNumber": STRING}, table="subscribed_skus", key=("skuId",))
PLAIN = entity({"id": STRING, "size": STRING}, table="groups")


@pytest.fixture
def names(lab: Lab, target: Target) -> Iterator[Names]:
    lab.publish(target, [{"id": "u1", "displayName": "Anna"}, {"id": "u2", "userPrincipalName": "bob@x"}], USERS)
    lab.publish(target, [{"id": "u2", "displayName": "Bob", "userPrincipalName": "bob@x"}], USERS, number=1)
    lab.publish(target, [{"skuId": "s1", "skuPartNumber": "E5"}], SKUS, options=replace(OPEN, history=False))
    lab.publish(target, [{"id": "g1", "size": "1"}], PLAIN)
    with reading(target.database) as connection:
        yield Names(connection, "aad")


def test_an_object_has_its_latest_name_also_after_it_was_deleted(names: Names) -> None:
    asked = [("users", "id", "u1"), ("users", "id", "u2"), ("users", "id", "u9")]

    assert names.of(asked) == {asked[0]: "Anna", asked[1]: "Bob"}


def test_tables_without_history_or_names_and_missing_tables_are_no_problem(names: Names) -> None:
    asked = [("subscribed_skus", "skuId", "s1"), ("groups", "id", "g1"), ("devices", "id", "d1"), ("users", "none", "u1")]

    assert names.of(asked) == {asked[0]: "E5"}


def test_a_history_that_was_turned_off_hides_no_name(lab: Lab, target: Target) -> None:
    lab.publish(target, [{"id": "u1", "displayName": "Anna"}], USERS)
    lab.publish(target, [{"id": "u3", "displayName": "Carla"}], USERS, number=1, options=replace(OPEN, history=False))
    asked = [("users", "id", "u1"), ("users", "id", "u3")]

    with reading(target.database) as connection:
        assert Names(connection, "aad").of(asked) == {asked[0]: "Anna", asked[1]: "Carla"}


def change(table: str, key: str, **values: Any) -> dict[str, Any]:
    return {"entity": table, "key": key, "column_name": None, "old_value": None, "new_value": None} | values


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (change("users", "u1", column_name="jobTitle", new_value='"Boss"'), {"u1": {"users"}}),
        (
            change("group_members", "g1|u1", new_value=json.dumps({"groupId": "g1", "memberId": "u1"})),
            {"g1": {"groups"}, "u1": {"users", "groups", "devices", "service_principals"}},
        ),
        (
            change("user_managers", "u1", column_name="managerId", old_value='"u2"', new_value='"u3"'),
            {"u1": {"users"}, "u2": {"users"}, "u3": {"users"}},
        ),
        (
            change(
                "role_assignments", "r1", old_value=json.dumps({"id": "r1", "roleDefinitionId": "d1", "principalId": None})
            ),
            {"r1": {"role_assignments"}, "d1": {"role_definitions"}},
        ),
        (change("group_members", "g|1|u|1", new_value="{}"), {}),
        (change("removed_in_a_later_release", "x", new_value='{"id": "x"}'), {}),
    ],
)
def test_ids_are_in_keys_references_and_changed_references(row: dict[str, Any], expected: dict[str, set[str]]) -> None:
    found = ids_in(row)

    assert {id_: {table for table, _, _ in candidates} for id_, candidates in found.items()} == expected


def test_a_row_of_any_table_is_understood() -> None:
    for each in CATALOG.values():
        whole = {column.name: "x" for column in each.columns}
        ids_in(change(each.table, "|".join("x" for _ in each.key), new_value=json.dumps(whole)))
