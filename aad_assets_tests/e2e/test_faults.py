"""Under all transient faults at once, the tables still equal what the tenant holds."""

from collections.abc import Callable

import pytest

from aad_assets.catalog import CATALOG, Shape
from aad_assets.demo import DemoServer
from aad_assets_tests.e2e.conftest import NOW, Place
from aad_assets_tests.e2e.test_values import table_rows
from aad_assets_tests.e2e.truth import expected_rows, known

TRANSIENT = [
    {"kind": "empty_page", "path": "/users", "times": 1},
    {"kind": "429", "rate": 0.05, "retry_after": 1},
    {"kind": "429", "path": "/members", "times": 3, "retry_after": None},
    {"kind": "503", "rate": 0.03},
    {"kind": "504", "rate": 0.02},
    {"kind": "cut", "rate": 0.02},
    {"kind": "drop", "rate": 0.02},
    {"kind": "garbage", "rate": 0.02},
    {"kind": "expired_page", "times": 2},
    {"kind": "repeat_row", "rate": 0.5},
    {"kind": "503", "times": 1, "path": "oauth2"},
]


# Every shape and every family of quotas, long lists, and children and grandchildren.
TABLES = [
    "users",
    "groups",
    "service_principals",
    "group_members",
    "group_owners",
    "app_role_assignments",
    "oauth2_permission_grants",
    "user_managers",
    "user_registration_details",
    "directory_audits",
    "extension_properties",
    "available_identity_provider_types",
    "authorization_policy",
    "named_locations",
    "access_review_definitions",
    "access_review_instances",
    "access_review_decisions",
]


@pytest.mark.slow
def test_every_shape_is_complete_under_faults(place_for: Callable[[DemoServer], Place]) -> None:
    with DemoServer(users=2_500, no_quota=True, token_lifetime=3, now=NOW) as tenant:
        place = place_for(tenant)
        tenant.faults(TRANSIENT)

        result = place.materialize(" or ".join(f'key:"aad/{table}"' for table in TABLES))

        assert result.returncode == 0, result.stderr[-3000:]
        hits = {rule["kind"]: rule["hits"] for rule in tenant.faults()}
        tokens = tenant.stats()["tokens_issued"]
        tenant.clear_faults()
        for entity in (known(tenant, CATALOG[table]) for table in TABLES):
            expected, stored = expected_rows(tenant, entity), table_rows(place, entity)
            if entity.shape is Shape.LOG:
                expected = {key: row for key, row in expected.items() if key in stored}
                assert len(expected) > 1_000
            assert stored == expected, entity.table
    retries, duplicates = place.query("SELECT sum(retries), sum(duplicates) FROM aad_meta.loads")[0]
    assert retries > 0
    assert duplicates > 0
    assert tokens > 1, "the token was not renewed during the run"
    assert {"429", "503", "expired_page", "repeat_row", "empty_page"} <= {kind for kind, n in hits.items() if n}


@pytest.mark.slow
def test_a_large_tenant_is_complete_under_faults(place_for: Callable[[DemoServer], Place]) -> None:
    """Read 100,000 users in shards of many pages, some of which expire, break or are throttled."""
    with DemoServer(users=100_000, no_quota=True, token_lifetime=10) as tenant:
        place = place_for(tenant)
        tenant.faults([rule | {"rate": 0.002} if rule.get("rate") else rule for rule in TRANSIENT])

        result = place.materialize('key:"aad/users" or key:"aad/groups" or key:"aad/group_members"')

        assert result.returncode == 0, result.stderr[-3000:]
        tenant.clear_faults()
        for table in ("users", "groups", "group_members"):
            key = ", ".join(CATALOG[table].key)
            stored = set(place.query(f"SELECT {key} FROM aad.{table}"))
            expected = {(item["parent"], item["id"]) if "parent" in item else (item["id"],) for item in tenant.objects(table)}
            assert stored == expected, table
