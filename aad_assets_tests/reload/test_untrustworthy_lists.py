"""Lists that never end, from the demo tenant to the database: each table stays as it was, and the others are published."""

from collections.abc import Callable

from aad_assets.demo import DemoServer
from aad_assets_tests.reload.conftest import House

ENDLESS = ("users", "domains")
"""A list with a count, and one without."""


def test_a_list_that_never_ends_costs_only_its_table(house_of: Callable[[DemoServer], House]) -> None:
    with DemoServer(users=20, no_quota=True) as tenant:
        house = house_of(tenant)
        house.reload(*ENDLESS)
        before = {table: house.query(f"SELECT count(*) FROM aad.{table}") for table in ENDLESS}
        assert all(rows > [(0,)] for rows in before.values())

        tenant.faults([{"kind": "endless", "path": path} for path in ("/users", "/domains")])
        outcomes = house.reload(*ENDLESS, "organization")

        assert outcomes["organization"].load.status == "published"
        for table in ENDLESS:
            load = outcomes[table].load
            assert load.status == "failed"
            assert "paging loop after" in str(load.reason)
            assert str(load.reason).endswith("Reload later. If it happens again, report it to Microsoft.")
            assert load.requests < 300
            assert house.query(f"SELECT count(*) FROM aad.{table}") == before[table]
