"""Privileged Identity Management for groups: read for the groups on its list, or for all that could be on it."""

from collections.abc import Callable

from aad_assets.demo import DemoServer
from aad_assets_tests.reload.conftest import House

TABLES = ("groups", "group_eligibility_schedule_instances", "group_role_management_policies")


def test_without_the_list_more_groups_are_asked_and_the_load_says_so(house_of: Callable[[DemoServer], House]) -> None:
    with DemoServer(users=100, no_quota=True) as tenant:
        house = house_of(tenant)
        with_list = house.reload(*TABLES)
        rows = house.query("SELECT id, groupId FROM aad.group_eligibility_schedule_instances ORDER BY id")
        tenant.faults([{"kind": "deny", "path": "privilegedAccess/group/resources"}])
        without = house.reload(*TABLES)

    assert rows
    for table in TABLES[1:]:
        assert with_list[table].load.reason is None
        assert (load := without[table].load).status == "published"
        assert "Grant PrivilegedAccess.Read.AzureADGroup" in str(load.reason)
        assert (load.inserted, load.updated, load.deleted) == (0, 0, 0)
