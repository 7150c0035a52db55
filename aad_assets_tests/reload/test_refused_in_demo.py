"""A reload of the demo tenant in which one group is forbidden and one access review cannot be read."""

from pathlib import Path

from aad_assets.demo import DemoServer
from aad_assets_tests.reload.conftest import House

TABLES = ("groups", "group_members", "access_review_definitions", "access_review_instances", "access_review_decisions")
STORED = {
    "group_members": "SELECT groupId, memberId, _loaded_at FROM aad.group_members",
    "access_review_instances": "SELECT definitionId, id, _loaded_at FROM aad.access_review_instances",
    "access_review_decisions": "SELECT definitionId, instanceId, id, _loaded_at FROM aad.access_review_decisions",
}


def keys(tenant: DemoServer, table: str) -> set[tuple[str, ...]]:
    """Return the keys of the tenant's own objects."""
    return {(*(row.get("parents") or [row["parent"]]), row["id"]) for row in tenant.objects(table)}


def test_a_forbidden_group_and_a_broken_review_keep_their_rows_while_a_day_passes(tmp_path: Path) -> None:
    with DemoServer(users=60, no_quota=True) as tenant:
        house = House(tmp_path / "entra.duckdb", tenant.environment())
        house.reload(*TABLES)
        before = {table: set(house.query(statement)) for table, statement in STORED.items()}
        (group,) = house.query("SELECT groupId FROM aad.group_members GROUP BY ALL ORDER BY count(*) DESC, 1 LIMIT 1")[0]
        (review,) = house.query("SELECT definitionId FROM aad.access_review_decisions ORDER BY 1 LIMIT 1")[0]
        assert len([*tenant.objects("groups")]) > 10
        tenant.faults(
            [
                {"kind": "deny", "path": f"/groups/{group}/members"},
                {"kind": "400", "path": f"/definitions/{review}/instances"},
            ]
        )
        tenant.set_day(1)
        outcomes = house.reload(*TABLES)

        assert {table: outcome.load.status for table, outcome in outcomes.items()} == dict.fromkeys(TABLES, "published")
        assert "1 of " in str(outcomes["group_members"].reason)
        assert "(403 Authorization_RequestDenied); its stored rows are unchanged" in str(outcomes["group_members"].reason)
        assert "(400 BadRequest); its stored rows are unchanged" in str(outcomes["access_review_instances"].reason)
        assert "the stored rows below it are unchanged" in str(outcomes["access_review_decisions"].reason)
        parents = {"group_members": group, "access_review_instances": review, "access_review_decisions": review}
        for table, statement in STORED.items():
            now = set(house.query(statement))
            assert {row for row in before[table] if row[0] == parents[table]} == {
                row for row in now if row[0] == parents[table]
            }
            truth = keys(tenant, table)
            expected = {row for row in truth if row[0] != parents[table]}
            assert {row[:-1] for row in now if row[0] != parents[table]} == expected
        refused = house.query("SELECT entity, key, status FROM aad_meta.refused_parents ORDER BY ALL")
        assert refused == [("access_review_instances", review, 400), ("group_members", group, 403)]
