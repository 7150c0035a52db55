"""The whole directory: missing licences and permissions are distinguished, and a tenant's own properties become columns."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aad_assets.catalog import CATALOG, ENTITIES, Licence
from aad_assets.catalog.views import VIEWS
from aad_assets.demo import DemoServer
from aad_assets.errors import LicenceMissing, PermissionMissing
from aad_assets.reload import Reload
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.views import ViewOutcome, ViewStatus
from aad_assets_tests.reload.conftest import House

LICENSED = [entity.table for entity in ENTITIES if entity.licence and entity.on and entity.app_only]
SKIPPED = "Skipped because it needs the licence"


@pytest.fixture(scope="module")
def poor_tenant() -> Iterator[DemoServer]:
    """Entra ID Free: no licences, and three permissions are not granted."""
    without = ("Policy.Read.All", "Domain.Read.All", "Directory.Read.All")
    with DemoServer(users=60, no_quota=True, licences=(), without_permission=without) as server:
        yield server


@pytest.fixture(scope="module")
def poor(poor_tenant: DemoServer, tmp_path_factory: pytest.TempPathFactory) -> House:
    """A reload of everything from that tenant."""
    house = House(tmp_path_factory.mktemp("poor") / "entra.duckdb", poor_tenant.environment())
    house.outcomes = house.reload(*(entity for entity in ENTITIES if entity.on))
    return house


@pytest.mark.parametrize("table", LICENSED)
def test_an_entity_without_a_licence_is_skipped_and_has_no_empty_table(poor: House, table: str) -> None:
    outcome = poor.outcomes[table]
    assert isinstance(outcome.error, LicenceMissing), outcome.load.reason
    assert outcome.load.status == "skipped"
    assert f"{SKIPPED} {CATALOG[table].licence}" in str(outcome.load.reason)
    assert poor.query(f"SELECT status FROM aad_meta.loads WHERE entity = '{table}'") == [("skipped",)]
    assert poor.query(f"SELECT 1 FROM duckdb_tables() WHERE schema_name = 'aad' AND table_name = '{table}'") == []


def test_a_missing_permission_fails_the_entity_and_its_children_and_is_named(poor: House) -> None:
    failed = {table: outcome for table, outcome in poor.outcomes.items() if outcome.load.status == "failed"}
    without = {"Policy.Read.All", "Domain.Read.All", "Directory.Read.All"}
    denied = {entity.table for entity in ENTITIES if entity.on and set(entity.permissions) & without}
    assert set(failed) == denied | {entity.table for entity in ENTITIES if entity.on and entity.parent in denied}
    for table, outcome in failed.items():
        if (parent := CATALOG[table].parent) in denied:
            assert f"not published because {parent} could not be read in this run" in str(outcome.load.reason)
        else:
            assert isinstance(outcome.error, PermissionMissing)
            assert CATALOG[table].permissions[0] in str(outcome.load.reason)


def test_everything_else_is_published(poor: House) -> None:
    others = {table for table, outcome in poor.outcomes.items() if outcome.load.status == "published"}
    assert len(others) > 40
    reasons = {table: poor.outcomes[table].load.reason for table in others}
    assert {table for table, reason in reasons.items() if reason} == {table for table in others if CATALOG[table].extensible}
    for reason in filter(None, reasons.values()):
        assert "Graph did not list the directory extension properties" in reason, "Directory.Read.All is not granted"


def test_directory_audits_need_no_licence(poor: House) -> None:
    assert poor.outcomes["directory_audits"].load.status == "published"
    assert CATALOG["directory_audits"].licence is None
    assert CATALOG["sign_ins"].licence is Licence.P1


def test_only_schema_extensions_of_this_tenant_are_kept(
    whole_tenant: DemoServer, house_of: Callable[[DemoServer], House]
) -> None:
    house = house_of(whole_tenant)
    ours = {row["appId"] for row in whole_tenant.objects("applications")}
    every = list(whole_tenant.objects("schema_extensions"))
    expected = {row["id"] for row in every if row["owner"] in ours}
    assert 0 < len(expected) < len(every)
    for tables in (["schema_extensions"], ["applications", "schema_extensions"]):
        house.reload(*tables)
        assert {row[0] for row in house.query("SELECT id FROM aad.schema_extensions")} == expected


def test_sign_in_activity_is_read_with_small_pages_where_graph_needs_them(house_of: Callable[[DemoServer], House]) -> None:
    with DemoServer(users=300, no_quota=True, sign_in_activity_page=120) as tenant:
        outcome = house_of(tenant).reload("user_sign_in_activity")["user_sign_in_activity"]
    assert outcome.load.status == "published", outcome.load.reason
    assert outcome.load.rows == 300


def test_an_entity_that_is_off_by_default_can_still_be_read(
    whole_tenant: DemoServer, house_of: Callable[[DemoServer], House]
) -> None:
    house = house_of(whole_tenant)
    outcome = house.reload("user_authentication_methods")["user_authentication_methods"]
    assert outcome.load.status == "published", outcome.load.reason
    stored = house.query("SELECT userId, id, odataType FROM aad.user_authentication_methods")
    expected = {
        (row["parent"], row["id"], row["@odata.type"].removeprefix("#microsoft.graph."))
        for row in whole_tenant.objects("user_authentication_methods")
    }
    assert set(stored) == expected
    assert len({row[2] for row in stored}) > 2


@pytest.mark.parametrize("together", [True, False])
def test_children_of_children_are_complete_with_and_without_their_parents(
    whole_tenant: DemoServer, house_of: Callable[[DemoServer], House], together: bool
) -> None:
    house = house_of(whole_tenant)
    above = ["access_review_definitions", "access_review_instances"] if together else []
    house.reload(*above, "access_review_decisions")
    stored = house.query("SELECT definitionId, instanceId, id FROM aad.access_review_decisions")
    assert set(stored) == {(*row["parents"], row["id"]) for row in whole_tenant.objects("access_review_decisions")}


def refreshed(house: House, tables: list[str]) -> dict[str, ViewOutcome]:
    reload = Reload(
        house.connection(),
        Target(str(house.database), "aad"),
        [CATALOG[table] for table in tables],
        views=VIEWS,
        run_id=f"run of {len(tables)}",
    )
    return {each.view.name: each for each in reload.outcomes() if isinstance(each, ViewOutcome)}


def test_views_are_refreshed_when_a_parent_failed_and_name_old_data(tmp_path: Path) -> None:
    tables = ["users", "groups", "subscribed_skus"]
    with DemoServer(users=60, no_quota=True) as tenant:
        house = House(tmp_path / "entra.duckdb", tenant.environment())
        first = refreshed(house, tables)
        tenant.faults([{"kind": "deny", "path": "/subscribedSkus"}])
        second = refreshed(house, tables)
        alone = refreshed(house, [])

    assert first["user_licenses"].status is ViewStatus.REFRESHED
    assert first["user_licenses"].old == ()
    assert first["application_credentials"].status is ViewStatus.SKIPPED
    assert "applications" in str(first["application_credentials"].reason)
    assert [parent.table for parent in second["user_licenses"].old] == ["subscribed_skus"]
    assert second["user_licenses"].rows == first["user_licenses"].rows > 0
    assert {parent.status for parent in alone["user_licenses"].parents} == {None}
    assert second["user_identities"].old == ()
