"""References between tables: how many ids a column holds, and how many of them name no row."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aad_assets.catalog import CATALOG, ENTITIES, Entity
from aad_assets.catalog.references import Reference, references_of
from aad_assets.catalog.types import quoted
from aad_assets.warehouse.database.sql import ALIAS
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.options import Mode
from aad_assets.warehouse.reading.reader import reading
from aad_assets.warehouse.reading.references import ReferenceCount, count_references, reference_query
from aad_assets_tests.warehouse.support import OPEN, Lab

TABLES = set(CATALOG)
WITH_REFERENCES = [entity for entity in ENTITIES if references_of(entity, TABLES)]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection to a database with every table of the catalogue, without rows."""
    path = tmp_path_factory.mktemp("empty") / "entra.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE SCHEMA aad")
        for entity in ENTITIES:
            columns = ", ".join(f"{quoted(column.name)} {column.duckdb_type}" for column in entity.columns)
            connection.execute(f"CREATE TABLE aad.{entity.table} ({columns}, _tenant_id VARCHAR)")
    with reading(str(path)) as connection:
        yield connection


@pytest.mark.parametrize("entity", WITH_REFERENCES, ids=lambda entity: entity.table)
def test_every_reference_of_the_catalogue_can_be_counted(entity: Entity, empty: duckdb.DuckDBPyConnection) -> None:
    counts = count_references(empty, "aad", entity, TABLES)

    assert [each.problem for each in counts] == [""] * len(counts)
    assert all((each.references, each.unresolved, each.passed) == (0, 0, True) for each in counts)


def by_column(counts: list[ReferenceCount]) -> dict[str, tuple[int | None, int | None]]:
    return {each.reference.column: (each.references, each.unresolved) for each in counts}


USER = {"id": "u1", "displayName": "Anna"}


def publish(lab: Lab, target: Target, table: str, *rows: dict[str, Any]) -> None:
    lab.publish(target, list(rows), CATALOG[table])


def counted(target: Target, table: str, tables: set[str] = TABLES) -> list[ReferenceCount]:
    with reading(target.database) as connection:
        return count_references(connection, "aad", CATALOG[table], tables)


def test_ids_without_a_row_are_counted_in_edges_structs_and_lists(lab: Lab, target: Target) -> None:
    publish(lab, target, "users", USER | {"assignedLicenses": [{"skuId": "s1"}, {"skuId": "s9"}]}, {"id": "u2"})
    publish(lab, target, "groups", {"id": "g1"})
    publish(lab, target, "devices")
    publish(lab, target, "service_principals")
    publish(lab, target, "subscribed_skus", {"id": "x", "skuId": "s1"})
    publish(lab, target, "group_members", {"groupId": "g1", "id": "u1"}, {"groupId": "g1", "id": "u9"})

    assert by_column(counted(target, "users")) == {"assignedLicenses[].skuId": (2, 1)}
    members = counted(target, "group_members")
    assert by_column(members) == {"groupId": (2, 0), "memberId": (2, 1)}
    assert [each.passed for each in members] == [True, False]
    assert str(members[1]) == "memberId → users, groups, devices, service_principals: 1 of 2 ids name no row"


def test_keywords_of_policies_are_no_ids(lab: Lab, target: Target) -> None:
    users = {"includeUsers": ["All", "GuestsOrExternalUsers", "u1", "u9"], "includeGroups": [], "includeRoles": None}
    publish(lab, target, "users", USER)
    publish(lab, target, "conditional_access_policies", {"id": "p1", "conditions": {"users": users}})

    found = by_column(counted(target, "conditional_access_policies", {"conditional_access_policies", "users"}))
    assert found["conditions.users.includeUsers[]"] == (2, 1)


def test_optional_references_and_those_of_logs_never_fail(lab: Lab, target: Target) -> None:
    publish(lab, target, "users", USER)
    publish(lab, target, "risky_users", {"id": "u9"})

    (count,) = counted(target, "risky_users", {"users", "risky_users"})
    assert (count.references, count.unresolved, count.passed) == (1, 1, True)


def test_an_id_may_name_a_row_of_a_table_that_is_turned_off(lab: Lab, target: Target) -> None:
    publish(lab, target, "users", USER)
    publish(lab, target, "group_members", {"groupId": "g1", "id": "d1"})

    (member,) = counted(target, "group_members", {"users", "group_members"})
    assert (member.references, member.unresolved, member.passed) == (1, 1, True)


def test_a_table_that_was_never_loaded_is_named(lab: Lab, target: Target) -> None:
    publish(lab, target, "user_managers", {"userId": "u1", "id": "u2"})

    counts = counted(target, "user_managers")
    assert [each.problem for each in counts] == ["not checked, because users has not been loaded"] * 2
    assert all(each.passed for each in counts)


def test_a_column_that_is_turned_off_is_no_failure(lab: Lab, target: Target) -> None:
    publish(lab, target, "users", USER)
    off = replace(CATALOG["user_managers"], disabled_columns=frozenset({"managerId"}))
    lab.publish(target, [{"userId": "u1"}], off)

    with reading(target.database) as connection:
        manager = next(
            each
            for each in count_references(connection, "aad", CATALOG["user_managers"], TABLES)
            if each.reference.column == "managerId"
        )
    assert manager.problem == "not checked, because a column is not in its table"
    assert manager.passed


def test_deleted_rows_that_tables_keep_do_not_count(lab: Lab, target: Target) -> None:
    keeping = replace(OPEN, mode=Mode.COMPARE_KEEP_DELETED)
    lab.publish(target, [USER, {"id": "u2"}], CATALOG["users"], options=keeping)
    lab.publish(target, [USER], CATALOG["users"], number=1, options=keeping)
    publish(lab, target, "user_managers", {"userId": "u1", "id": "u2"})

    assert by_column(counted(target, "user_managers"))["managerId"] == (1, 1)


IDS = st.sampled_from([f"id{number}" for number in range(6)])
ROWS = st.lists(st.tuples(st.sampled_from(["t1", "t2"]), st.lists(st.none() | IDS, max_size=4)), max_size=6)
TARGETS = st.lists(st.tuples(st.sampled_from(["t1", "t2"]), IDS), max_size=6)


@settings(max_examples=60, deadline=None)
@given(ROWS, TARGETS, TARGETS)
def test_the_numbers_are_those_of_sets(
    rows: list[tuple[str, list[str | None]]], first: list[tuple[str, str]], second: list[tuple[str, str]]
) -> None:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH ':memory:' AS {ALIAS}; CREATE SCHEMA {ALIAS}.aad")
        connection.execute(f"CREATE TABLE {ALIAS}.aad.things (_tenant_id VARCHAR, deep STRUCT(ids VARCHAR[]))")
        for tenant, ids in rows:
            connection.execute(f"INSERT INTO {ALIAS}.aad.things VALUES (?, {{'ids': ?::VARCHAR[]}})", [tenant, ids])
        for name, known in (("first", first), ("second", second)):
            connection.execute(f"CREATE TABLE {ALIAS}.aad.{name} (_tenant_id VARCHAR, id VARCHAR)")
            if known:
                connection.executemany(f"INSERT INTO {ALIAS}.aad.{name} VALUES (?, ?)", known)
        statement = reference_query("aad", Reference("things", "deep.ids[]", ("first", "second")), {})
        found = connection.execute(statement).fetchone()

    expected = [(tenant, value) for tenant, ids in rows for value in ids if value is not None]
    known_ids = {*first, *second}
    assert found == (len(expected), sum(each not in known_ids for each in expected))


def test_no_statement_quotes_an_id() -> None:
    """Results are counts, so nothing personal reaches Dagster's storage."""
    count = ReferenceCount(Reference("a", "b", ("c",)), 10, 2)
    assert json.dumps(str(count)) == '"b \\u2192 c: 2 of 10 ids name no row"'
