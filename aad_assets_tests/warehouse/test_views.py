"""Views in the database: made whole or not at all, wherever the file is opened, and honest about how old their tables are."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from aad_assets.catalog import CATALOG, Entity
from aad_assets.catalog.types import quoted
from aad_assets.catalog.view import View
from aad_assets.catalog.views import VIEWS
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.loads import record_load
from aad_assets.warehouse.publishing.options import Mode
from aad_assets.warehouse.publishing.views import ParentData, ViewOutcome, ViewStatus, refresh_views
from aad_assets_tests.warehouse.support import OPEN, TENANT, Lab, MemoryTarget, new_load, read_alone

IDENTITIES = next(view for view in VIEWS if view.name == "user_identities")
PROXY_ADDRESSES = next(view for view in VIEWS if view.name == "user_proxy_addresses")
LICENSES = next(view for view in VIEWS if view.name == "user_licenses")
USERS = CATALOG["users"]
ANNA = {"id": "anna", "displayName": "Anna", "identities": [{"signInType": "userPrincipalName", "issuer": "contoso.com"}]}


def refreshed(lab: Lab, target: Target, views: Sequence[View] = (IDENTITIES,), **options: Any) -> list[ViewOutcome]:
    with lab.stage.cursor() as cursor:
        return list(refresh_views(cursor, target, views, **{"run_id": "run-0", "tenant_id": TENANT, **options}))


def names(lab: Lab, target: Target) -> list[str]:
    schema = target.schema.split(".")[1]
    found = lab.stored(target, f"SELECT view_name FROM duckdb_views() WHERE schema_name = '{schema}' ORDER BY 1")
    return [row[0] for row in found]


@pytest.fixture(scope="module")
def empty() -> Iterator[duckdb.DuckDBPyConnection]:
    """Every table of the catalogue, without a row."""
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA aad")
        for entity in CATALOG.values():
            create(connection, entity, [column.name for column in entity.columns])
        yield connection


def create(connection: duckdb.DuckDBPyConnection, entity: Entity, names: Sequence[str], schema: str = "aad") -> None:
    columns = ", ".join(f"{quoted(c.name)} {c.duckdb_type}" for c in entity.columns if c.name in names)
    connection.execute(f"CREATE TABLE {schema}.{quoted(entity.table)} ({columns}, _tenant_id VARCHAR)")


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_has_the_columns_and_types_that_are_declared(empty: duckdb.DuckDBPyConnection, view: View) -> None:
    described = empty.execute(f"DESCRIBE {view.select('aad')}").fetchall()
    spelled = [empty.execute(f"SELECT typeof(NULL::{column.type})").fetchall()[0][0] for column in view.columns]

    assert [row[0] for row in described] == [column.name for column in view.columns]
    assert [row[1] for row in described] == spelled


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_the_query_that_is_shown_runs(empty: duckdb.DuckDBPyConnection, view: View) -> None:
    empty.execute(f"CREATE OR REPLACE VIEW aad.{view.name} AS {view.select('aad')}")

    assert empty.execute(view.query).fetchall() == []


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_reads_exactly_the_tables_and_columns_that_are_declared(view: View) -> None:
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA narrow")
        for parent in view.sources:
            create(connection, CATALOG[parent.table], parent.columns, "narrow")
        connection.execute(f"DESCRIBE {view.select('narrow')}")
        for parent in view.sources:
            for column in parent.columns:
                connection.execute("BEGIN")
                connection.execute(f"ALTER TABLE narrow.{parent.table} RENAME {column} TO another")
                with pytest.raises(duckdb.BinderException, match=f"(?i){column}"):
                    connection.execute(f"DESCRIBE {view.select('narrow')}")
                connection.execute("ROLLBACK")


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_keeps_its_columns_and_types_without_any_column(
    shared_lab: Lab, empty: duckdb.DuckDBPyConnection, view: View
) -> None:
    target = MemoryTarget(shared_lab)
    expected = empty.execute(f"DESCRIBE {view.select('aad')}").fetchall()
    for source in view.sources:
        create_empty(shared_lab, target, CATALOG[source.table])
    for source in view.sources:
        for column in source.columns:
            entity = replace(CATALOG[source.table], disabled_columns=frozenset({column}))
            kept = refreshed(shared_lab, target, [view], entities={source.table: entity})
            assert shared_lab.stored(target, f"DESCRIBE {{schema}}.{view.name}") == expected
            shared_lab.stored(target, f"ALTER TABLE {{schema}}.{source.table} RENAME {quoted(column)} TO _lost")
            lost = refreshed(shared_lab, target, [view])
            assert shared_lab.stored(target, f"DESCRIBE {{schema}}.{view.name}") == expected
            shared_lab.stored(target, f"ALTER TABLE {{schema}}.{source.table} RENAME _lost TO {quoted(column)}")
            assert [outcome.missing for outcome in (*kept, *lost)] == [(f"{source.table}.{column}",)] * 2


def create_empty(lab: Lab, target: Target, entity: Entity) -> None:
    columns = ", ".join(f"{quoted(column.name)} {column.duckdb_type}" for column in entity.columns)
    lab.stored(target, f"CREATE TABLE {{schema}}.{quoted(entity.table)} ({columns}, _tenant_id VARCHAR)")


def test_a_view_shows_its_table_whatever_the_file_is_called_when_it_is_opened(
    lab: Lab, target: Target, database: Path
) -> None:
    lab.publish(target, [ANNA], USERS)
    [outcome] = refreshed(lab, target)
    query = "SELECT userId, issuer FROM {schema}.user_identities"
    expected = [("anna", "contoso.com")]

    assert (outcome.status, outcome.rows, outcome.reason) == (ViewStatus.REFRESHED, 1, None)
    assert read_alone(database, query.format(schema="aad")) == expected
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{database}' AS renamed (READ_ONLY)")
        connection.execute("CREATE SCHEMA aad; CREATE TABLE aad.users (id INTEGER); CREATE TEMP TABLE users (id INTEGER)")
        assert connection.execute(query.format(schema="renamed.aad")).fetchall() == expected


def test_a_view_follows_its_table(lab: Lab, target: Target) -> None:
    lab.publish(target, [ANNA], USERS)
    refreshed(lab, target)
    lab.publish(target, [ANNA, {**ANNA, "id": "bob"}], USERS, number=1)

    assert lab.stored(target, "SELECT count(*) FROM {schema}.user_identities") == [(2,)]
    assert [outcome.rows for outcome in refreshed(lab, target)] == [2]


def test_a_view_shows_no_deleted_rows_that_its_table_keeps(lab: Lab, target: Target, database: Path) -> None:
    for number, mode in enumerate([Mode.COMPARE_KEEP_DELETED, Mode.COMPARE_KEEP_DELETED, Mode.RECREATE]):
        people = [ANNA] if number == 1 else [ANNA, {**ANNA, "id": "bob"}]
        lab.publish(target, people, USERS, number=number, options=replace(OPEN, mode=mode))
        if mode is not Mode.RECREATE:
            assert [outcome.rows for outcome in refreshed(lab, target)] == [len(people)]
        assert read_alone(database, "SELECT count(*) FROM aad.user_identities") == [(len(people),)]


def test_a_view_of_a_table_that_was_never_loaded_is_not_made_and_the_others_are(lab: Lab, target: Target) -> None:
    lab.publish(target, [ANNA], USERS)
    first, second = refreshed(lab, target, [LICENSES, IDENTITIES])

    assert (first.status, first.rows, first.parents) == (ViewStatus.SKIPPED, 0, ())
    assert first.reason == (
        "user_licenses was not created because subscribed_skus and groups have never been loaded. "
        "Reload subscribed_skus and groups with the view, or before it."
    )
    assert second.status is ViewStatus.REFRESHED
    assert names(lab, target) == ["user_identities"]


def test_a_column_that_was_never_read_is_null(lab: Lab, target: Target) -> None:
    users = replace(USERS, disabled_columns=frozenset({"userprincipalname", "userType"}))
    lab.publish(target, [{"id": "anna", "identities": ANNA["identities"]}], users)
    first, second = refreshed(lab, target, [IDENTITIES, PROXY_ADDRESSES], entities={"users": users})

    assert (first.status, first.rows) == (ViewStatus.REFRESHED, 1)
    assert first.missing == ("users.userPrincipalName", "users.userType")
    assert first.reason == (
        "user_identities shows NULL for users.userPrincipalName and users.userType, which are turned off for this connection "
        "or not loaded yet. Turn them on in the connection metadata (AAD_CONNECTION_METADATA), and reload users."
    )
    assert (second.status, second.missing) == (ViewStatus.REFRESHED, ("users.userPrincipalName",))
    assert lab.stored(target, "SELECT userId, userType, issuer FROM {schema}.user_identities") == [
        ("anna", None, "contoso.com")
    ]


def test_a_column_turned_off_later_is_null_at_once(lab: Lab, target: Target, database: Path) -> None:
    query = "SELECT userId, userDisplayName FROM aad.user_identities"
    lab.publish(target, [ANNA], USERS)
    refreshed(lab, target)
    users = replace(USERS, disabled_columns=frozenset({"displayName"}))
    [outcome] = refreshed(lab, target, entities={"users": users})
    assert outcome.missing == ("users.displayName",)
    assert read_alone(database, query) == [("anna", None)]

    refreshed(lab, target)
    lab.publish(target, [ANNA], users, number=1)
    assert read_alone(database, query) == [("anna", None)]
    lab.publish(target, [ANNA], USERS, number=2)
    assert read_alone(database, query) == [("anna", "Anna")]


def test_a_view_that_cannot_follow_its_table_does_not_stop_the_load(lab: Lab, target: Target) -> None:
    lab.publish(target, [ANNA], USERS)
    refreshed(lab, target)
    lab.stored(target, "CREATE OR REPLACE VIEW {schema}.user_identities AS SELECT 1 AS theirs")
    lab.stored(target, "CREATE TABLE {schema}.user_proxy_addresses AS SELECT 2 AS theirs")
    load = lab.publish(target, [ANNA], replace(USERS, disabled_columns=frozenset({"identities"})), number=1)

    assert load.status == "published"
    assert lab.stored(target, "SELECT theirs FROM {schema}.user_proxy_addresses") == [(2,)]
    assert lab.stored(target, "SELECT count(*) FROM {schema}.user_identities") == [(0,)]


def test_someones_own_table_is_left_alone(lab: Lab, target: Target) -> None:
    lab.publish(target, [ANNA], USERS)
    lab.stored(target, "CREATE TABLE {schema}.User_Identities AS SELECT 42 AS theirs")
    first, second = refreshed(lab, target, [IDENTITIES, PROXY_ADDRESSES])

    assert first.status is ViewStatus.FAILED
    assert str(first.reason).startswith("user_identities: the table aad.user_identities has the name of a view")
    assert second.status is ViewStatus.REFRESHED
    assert lab.stored(target, "SELECT theirs FROM {schema}.user_identities") == [(42,)]


def test_a_view_that_the_database_rejects_stays_unchanged_and_the_others_are_refreshed(lab: Lab, target: Target) -> None:
    lab.publish(target, [ANNA], USERS)
    refreshed(lab, target)
    lab.stored(target, "ALTER TABLE {schema}.users ALTER identities TYPE VARCHAR")
    before = lab.stored(target, "SELECT sql FROM duckdb_views() WHERE view_name = 'user_identities'")
    first, second = refreshed(lab, target, [IDENTITIES, PROXY_ADDRESSES])

    assert first.status is ViewStatus.FAILED
    assert str(first.reason).startswith(
        f"user_identities: The database {target.database} (AAD_DATABASE) cannot take the load"
    )
    assert second.status is ViewStatus.REFRESHED
    assert lab.stored(target, "SELECT sql FROM duckdb_views() WHERE view_name = 'user_identities'") == before


def test_a_database_in_use_fails_every_view_and_says_so(lab: Lab, target: Target, database: Path) -> None:
    lab.publish(target, [ANNA], USERS)
    with duckdb.connect(str(database)):
        outcomes = refreshed(lab, target, [IDENTITIES, PROXY_ADDRESSES])

    assert [outcome.status for outcome in outcomes] == [ViewStatus.FAILED] * 2
    assert all("is in use by this process itself" in str(outcome.reason) for outcome in outcomes)


def test_how_old_each_table_is_and_why(lab: Lab) -> None:
    target = MemoryTarget(lab)
    for table in LICENSES.tables:
        lab.publish(target, [], CATALOG[table])
    lab.publish(target, [ANNA], USERS, number=1)
    failed = replace(new_load(1, CATALOG["groups"]), status="failed", reason="for a test")
    with lab.stage.cursor() as cursor:
        record_load(cursor, target, failed)
    [outcome] = refreshed(lab, target, [LICENSES], run_id="run-1")
    users, skus, groups = outcome.parents

    assert users == ParentData("users", datetime(2026, 1, 2, tzinfo=UTC), "published")
    assert skus == ParentData("subscribed_skus", datetime(2026, 1, 1, tzinfo=UTC), None)
    assert groups == ParentData("groups", datetime(2026, 1, 1, tzinfo=UTC), "failed")
    assert outcome.old == (skus, groups)
    assert [str(parent) for parent in outcome.parents] == [
        "users: of 2026-01-02 00:00 UTC",
        "subscribed_skus: of 2026-01-01 00:00 UTC (not part of this run)",
        "groups: of 2026-01-01 00:00 UTC (failed in this run)",
    ]


def test_a_table_that_the_bookkeeping_does_not_know_is_of_an_unknown_day(lab: Lab) -> None:
    target = MemoryTarget(lab)
    lab.publish(target, [ANNA], USERS)
    lab.stored(target, "DELETE FROM {meta}.loads")
    [outcome] = refreshed(lab, target)

    assert outcome.status is ViewStatus.REFRESHED
    assert [str(parent) for parent in outcome.parents] == ["users: of an unknown day (not part of this run)"]
