"""The recycle bin: what vanished from a live list is there for 30 days, and may come back."""

from datetime import datetime, timedelta

import pytest

from aad_assets.demo.collections import BY_TABLE, Collection
from aad_assets.demo.days.population import KEPT
from aad_assets.demo.directory.rendering import SCHEMA

from .client import Client
from .tenants import EPOCH, ask, by_id, directory, in_areas, rows

LIVE = ["users", "groups", "applications", "service_principals", "devices", "administrative_units"]
DAYS = range(46)


@pytest.mark.parametrize("table", LIVE)
@pytest.mark.parametrize("day", [0, 7, 45])
def test_there_are_rows_and_none_is_alive(table: str, day: int) -> None:
    live, deleted = by_id(table, day), by_id(f"deleted_{table}", day)
    assert deleted
    assert not live.keys() & deleted.keys()
    today = datetime.combine(EPOCH, datetime.min.time()) + timedelta(days=day)
    for row in deleted.values():
        when = datetime.fromisoformat(row["deletedDateTime"]).replace(tzinfo=None)
        assert today - timedelta(days=KEPT - 1) <= when < today + timedelta(days=1)
        assert row.get("createdDateTime") is None or row["createdDateTime"][:10] <= row["deletedDateTime"][:10]
        assert set(row) >= {*SCHEMA[BY_TABLE[table].type]} - {"signInActivity"}


def lives(table: str) -> list[tuple[set[str], set[str]]]:
    """The ids that are alive and in the bin on each day."""
    live, deleted = BY_TABLE[table], BY_TABLE[f"deleted_{table}"]
    found = []
    for day in DAYS:
        kinds = (each.rows(directory(day), ()) for each in (live, deleted))
        found.append(tuple({kind.render((key,), ("id",))[0] for key in kind.keys()} for kind in kinds))  # noqa: SIM118
    return found  # type: ignore[return-value]


@pytest.mark.parametrize("table", LIVE)
def test_what_vanishes_is_in_the_bin_and_what_leaves_it_was_restored_or_purged(table: str) -> None:
    days = lives(table)
    entered: dict[str, int] = {}
    restored = 0
    for day in DAYS[1:]:
        (live_before, bin_before), (live, in_bin) = days[day - 1], days[day]
        vanished = live_before - live
        assert in_bin - bin_before <= vanished
        # Groups with an address are deleted at once; of everything else nothing is.
        assert table == "groups" or vanished <= in_bin
        entered |= dict.fromkeys(in_bin - bin_before, day)
        for id_ in bin_before - in_bin:
            if id_ in live:
                restored += 1
            elif id_ in entered:
                assert day - entered[id_] == KEPT
    assert entered
    assert restored or table == "administrative_units"


def test_a_deleted_group_can_be_a_group_without_an_address_or_a_team_only() -> None:
    for row in rows("deleted_groups"):
        assert "Unified" in row["groupTypes"] or not row["mailEnabled"]
        assert not row["onPremisesSyncEnabled"]


def test_a_deleted_users_name_is_free_again() -> None:
    for row in rows("deleted_users"):
        assert row["userPrincipalName"].startswith(row["id"].replace("-", ""))


def test_an_application_goes_with_its_service_principal() -> None:
    for day in (0, 45):
        apps = {row["appId"] for row in rows("deleted_applications", day)}
        principals = rows("deleted_service_principals", day)
        assert apps == {row["appId"] for row in principals if row["servicePrincipalType"] == "Application"}


@pytest.mark.parametrize("collection", in_areas("bin"), ids=lambda each: each.table)
def test_the_wire(client: Client, collection: Collection) -> None:
    path = collection.path
    found = client.rows(f"{path}?$select=id,deletedDateTime&$top=10")
    truths = list(client.demo.objects(collection.table))
    shown = ("@odata.type", "id", "deletedDateTime")
    assert found == [{name: row[name] for name in shown if name in row} for row in truths]
    counted = client.get(f"{path}?$count=true&$top=1", ConsistencyLevel="eventual").json()
    assert counted["@odata.count"] == len(truths)
    single = client.get(f"{path}/{truths[0]['id']}?$select=displayName").json()
    assert single["displayName"] == truths[0]["displayName"]
    alive = next(client.demo.objects(collection.table.removeprefix("deleted_")))
    assert client.get(f"{path}/{alive['id']}").status_code == 404
    live = BY_TABLE[collection.table.removeprefix("deleted_")]
    assert client.get(f"{live.path}/{truths[0]['id']}").status_code == 404
    assert len(ask(f"{path}?$top=999", live.roles[:1])["value"]) == len(truths)
