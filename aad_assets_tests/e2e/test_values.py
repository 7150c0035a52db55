"""Tables loaded by `dagster asset materialize` equal what the tenant holds, value by value."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aad_assets.catalog import CATALOG, ENTITIES, Entity, Shape
from aad_assets.catalog.types import quoted
from aad_assets.catalog.views import VIEWS
from aad_assets.demo import DemoServer
from aad_assets_tests.e2e.conftest import Place, make_place
from aad_assets_tests.e2e.truth import expected_rows, known, stored_rows
from aad_assets_tests.identity.signing_in import connection_to, sign_in

# Properties that are null on live objects, or set only in unusual tenants.
RARELY_FILLED = {"deletedDateTime", "print", "partnerTenantType", "appScopeId", "condition", "customData"}
_NOT_IN_BETA_LOGS = {
    *("authenticationAppDeviceDetails", "azureResourceId", "clientAppUsed", "clientSessionId", "globalSecureAccessIpAddress"),
    *("ipAddressFromResourceProvider", "mfaDetail", "privateLinkDetails", "servicePrincipalCredentialKeyId", "sessionId"),
    *("signInIdentifier", "signInIdentifierType", "userAgent", "userDisplayName", "userPrincipalName", "userType"),
}
UNUSED: dict[str, set[str]] = {
    # Roles of entitlement management are held on catalogs (appScopeId), never on parts of the directory.
    "entitlement_role_assignments": {"directoryScopeId"},
    # Records that prove a domain are TXT and MX.
    "domain_verification_dns_records": {
        *("canonicalName", "description", "nameTarget", "port", "priority", "protocol", "service", "weight"),
    },
    "recommendation_impacted_resources": {"apiUrl"},
    # Federations with other organizations have a table of their own, external_domain_federations.
    "identity_providers": {
        *("activeSignInUri", "federatedIdpMfaBehavior", "isSignedAuthenticationRequestRequired", "issuerUri"),
        *("metadataExchangeUri", "nextSigningCertificate", "passiveSignInUri", "passwordResetUri", "signOutUri"),
        *("preferredAuthenticationProtocol", "promptLoginBehavior", "signingCertificate", "signingCertificateUpdateStatus"),
    },
    "user_flow_attributes": {"odataType"},
    "authentication_events_flows": {"onAttributeCollectionStart", "onAttributeCollectionSubmit"},
    "user_authentication_methods": {
        *("isUsable", "isUsableOnce", "lifetimeInMinutes", "methodUsabilityReason", "publicKeyCredential", "startDateTime"),
    },
    # What only sign-ins of people, or of apps, have.
    "sign_ins_non_interactive": _NOT_IN_BETA_LOGS,
    "sign_ins_service_principal": _NOT_IN_BETA_LOGS,
    "sign_ins_managed_identity": _NOT_IN_BETA_LOGS,
}

EVERYTHING = "entities: {" + ", ".join(f"{entity.table}: {{on: true}}" for entity in ENTITIES if not entity.on) + "}"
"""Turns on what is off by default."""

NOT_FOR_APPS = {entity.table for entity in ENTITIES if not entity.app_only}

# Tables with rows that hold more than the metadata declares.
BEYOND = {entity.table for entity in ENTITIES if entity.polymorphic} | {
    "conditional_access_policies",
    "conditional_access_templates",
    "lifecycle_custom_task_extensions",
}

LOGS = [entity.table for entity in ENTITIES if entity.shape is Shape.LOG]


def table_rows(place: Place, entity: Entity) -> dict[tuple[str, ...], dict[str, object]]:
    columns = ", ".join(quoted(column.name) for column in entity.columns)
    return stored_rows(entity, place.query(f"SELECT {columns} FROM aad.{entity.table}"))


def load_everything(place: Place) -> None:
    place.environment["AAD_CONNECTION_METADATA"] = str(place.folder / "metadata.yaml")
    (place.folder / "metadata.yaml").write_text(EVERYTHING, encoding="utf-8")
    result = place.materialize("*")
    assert result.returncode == 0, result.stderr


@pytest.fixture(scope="module")
def loaded_by_an_app(shared_tenant: DemoServer, tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = make_place(tmp_path_factory.mktemp("values") / "place", shared_tenant.environment())
    load_everything(place)
    return place


@pytest.fixture(scope="module")
def loaded(shared_tenant: DemoServer, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A load by a person, to whom Graph returns every table."""
    folder = tmp_path_factory.mktemp("person")
    connection = connection_to(shared_tenant, folder, auth="delegated")
    sign_in(shared_tenant, connection)
    place = make_place(folder / "place", shared_tenant.environment())
    place.environment |= {"AAD_AUTH": "delegated", "AAD_TOKEN_CACHE": connection.token_cache}
    load_everything(place)
    return place


def assert_equal(place: Place, tenant: DemoServer, entity: Entity) -> None:
    """Assert that a table equals what the tenant holds; of a log, the days that were read."""
    entity = known(tenant, entity)
    expected = expected_rows(tenant, entity)
    stored = table_rows(place, entity)
    if entity.time_property:
        first = place.query(f"SELECT min(day) FROM aad_meta.log_days WHERE entity = '{entity.table}'")[0][0]
        expected = {key: row for key, row in expected.items() if row[entity.time_property].date() >= first}

    assert expected, "an empty entity proves nothing"
    assert stored.keys() == expected.keys()
    for key, row in expected.items():
        assert stored[key] == row


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.table)
def test_a_table_that_a_person_loads_equals_what_the_tenant_holds(
    loaded: Place, shared_tenant: DemoServer, entity: Entity
) -> None:
    assert_equal(loaded, shared_tenant, entity)


@pytest.mark.slow
@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.table)
def test_a_table_that_an_app_loads_equals_what_the_tenant_holds(
    loaded_by_an_app: Place, shared_tenant: DemoServer, entity: Entity
) -> None:
    if entity.table not in NOT_FOR_APPS:
        assert_equal(loaded_by_an_app, shared_tenant, entity)
        return
    status = loaded_by_an_app.query(f"SELECT status, reason FROM aad_meta.loads WHERE entity = '{entity.table}'")
    assert [row[0] for row in status] == ["skipped"]
    assert "AAD_AUTH=delegated" in status[0][1]


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.table)
def test_columns_have_the_declared_types(loaded: Place, shared_tenant: DemoServer, entity: Entity) -> None:
    entity = known(shared_tenant, entity)
    described = {row[0]: row[1] for row in loaded.query(f"DESCRIBE aad.{entity.table}")}
    types = ", ".join(f"typeof(NULL::{column.duckdb_type})" for column in entity.columns)
    declared = dict(zip((column.name for column in entity.columns), loaded.query(f"SELECT {types}")[0], strict=True))

    assert {name: described.pop(name) for name in declared} == declared
    assert described == {"_extra": "JSON", "_tenant_id": "VARCHAR", "_loaded_at": "TIMESTAMP WITH TIME ZONE"}


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.table)
def test_keys_are_unique_and_never_null(loaded: Place, entity: Entity) -> None:
    key = ", ".join(entity.key)
    missing = " OR ".join(f"{name} IS NULL" for name in entity.key)
    counted = loaded.query(f"SELECT count(*), count(DISTINCT ({key})), count(*) FILTER ({missing}) FROM aad.{entity.table}")
    rows, keys, nulls = counted[0]
    assert rows == keys > 0
    assert nulls == 0


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.table)
def test_every_declared_column_is_filled_in_some_row(shared_tenant: DemoServer, entity: Entity) -> None:
    alike = [entity, *(CATALOG[name] for name in [entity.table.removeprefix("deleted_")] if name != entity.table)]
    rows = [row for each in alike for row in expected_rows(shared_tenant, each).values()]
    empty = {column.name for column in entity.columns if all(row.get(column.name) is None for row in rows)}
    empty -= UNUSED.get(entity.table, set())

    assert empty <= RARELY_FILLED, "the values of a column that is never filled are not tested"


def test_our_columns_are_filled(loaded: Place, shared_tenant: DemoServer) -> None:
    moments = {table: set[object]() for table in CATALOG}
    for table, published_at in loaded.query("SELECT entity, published_at FROM aad_meta.loads"):
        moments[table].add(published_at)
    for table in CATALOG:
        rows = loaded.query(f"SELECT DISTINCT _tenant_id, _loaded_at, _extra IS NULL FROM aad.{table}")
        assert {row[0] for row in rows} == {shared_tenant.tenant_id}
        assert {row[1] for row in rows} <= moments[table]
        assert table in BEYOND or {row[2] for row in rows} == {True}, table


def test_loads_record_what_was_read(loaded: Place) -> None:
    loads = loaded.query("SELECT entity, status, mode, rows, inserted, requests > 0, bytes > 0, run_id FROM aad_meta.loads")

    assert {load[0] for load in loads} == set(CATALOG)
    for load in loads:
        assert load[1:3] == ("published", "merge" if load[0] in LOGS else "compare")
        assert load[3] == load[4]
    assert all(load[5] and load[6] for load in loads)
    assert len({load[7] for load in loads}) == 1


def test_every_view_has_rows(loaded: Place) -> None:
    for view in VIEWS:
        described = [row[0] for row in loaded.query(f"DESCRIBE aad.{view.name}")]
        assert described == [column.name for column in view.columns]
        assert loaded.query(f"SELECT count(*) > 0 FROM aad.{view.name}") == [(True,)], view.name


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.table)
def test_the_query_on_the_reference_page_runs(loaded: Place, entity: Entity) -> None:
    loaded.query(entity.query)


def test_the_queries_in_the_readme_run(loaded: Place) -> None:
    page = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
    statements = [
        each for block in re.findall(r"```sql\n(.*?)```", page, re.DOTALL) for each in block.split(";") if each.strip()
    ]
    assert len(statements) >= 3
    for statement in statements:
        loaded.query(statement)


def test_one_asset_can_be_reloaded_alone(shared_tenant: DemoServer, place_for: Callable[[DemoServer], Place]) -> None:
    place = place_for(shared_tenant)

    result = place.materialize('key:"aad/users"')

    assert result.returncode == 0, result.stderr
    assert place.query("SELECT entity FROM aad_meta.loads") == [("users",)]
    users = known(shared_tenant, CATALOG["users"])
    assert table_rows(place, users) == expected_rows(shared_tenant, users)


def test_children_can_be_reloaded_without_their_parents(
    shared_tenant: DemoServer, place_for: Callable[[DemoServer], Place]
) -> None:
    place = place_for(shared_tenant)

    result = place.materialize('key:"aad/group_members"')

    assert result.returncode == 0, result.stderr
    assert table_rows(place, CATALOG["group_members"]) == expected_rows(shared_tenant, CATALOG["group_members"])


def without_volatile(entity: Entity, row: dict[str, object]) -> dict[str, object]:
    """Return the columns whose differences count as changes."""
    return {name: value for name, value in row.items() if name not in entity.volatile}


def test_a_day_later_the_differences_are_counted_and_applied(
    loaded: Place, tenant: DemoServer, place_for: Callable[[DemoServer], Place]
) -> None:
    place = place_for(tenant)
    shutil.copy(loaded.database, place.database)  # read from an identical tenant, which does not change
    logs = [table for table in LOGS if CATALOG[table].on]
    entities = {
        table: known(tenant, entity)
        for table, entity in CATALOG.items()
        if entity.on and table not in LOGS and table not in NOT_FOR_APPS
    }
    before = {table: expected_rows(tenant, entity) for table, entity in entities.items()}
    tenant.set_day(1)
    after = {table: expected_rows(tenant, entity) for table, entity in entities.items()}

    assert place.materialize("*").returncode == 0

    counted = place.query(
        "SELECT entity, sum(inserted), sum(updated), sum(deleted), sum(unchanged) FROM aad_meta.loads "
        "WHERE run_id = (SELECT arg_max(run_id, started_at) FROM aad_meta.loads) AND status = 'published' GROUP BY entity"
    )
    assert {row[0] for row in counted} == {*entities, *logs}
    for table, *counts in counted:
        if table in LOGS:
            assert counts[2] == 0
            continue
        old, new = before[table], after[table]
        common = old.keys() & new.keys()
        updated = sum(
            without_volatile(CATALOG[table], old[key]) != without_volatile(CATALOG[table], new[key]) for key in common
        )
        assert counts == [len(new.keys() - old.keys()), updated, len(old.keys() - new.keys()), len(common) - updated], table
        assert table_rows(place, entities[table]) == new
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

    assert large_tenant.stats()["max_concurrent_requests"] > 1, "the shards were not read concurrently"
    stored = {row[0] for row in place.query("SELECT id FROM aad.users")}
    assert stored == {user["id"] for user in large_tenant.objects("users")}
