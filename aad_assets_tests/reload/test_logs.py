"""The logs: complete days, merged, caught up, and never removed."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from aad_assets.catalog import CATALOG
from aad_assets.demo import DemoServer
from aad_assets.errors import ConfigurationError
from aad_assets_tests.reload.conftest import House

LOGS = [entity.table for entity in CATALOG.values() if entity.time_property]
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
TODAY = NOW.date()


A_DAY = 1_000


@pytest.fixture
def tenant(request: pytest.FixtureRequest) -> Iterator[DemoServer]:
    a_day = getattr(request, "param", 100)
    with DemoServer(users=300, no_quota=True, sign_ins_per_day=a_day) as server:
        server.set_now(NOW)
        yield server


@pytest.fixture
def house(tenant: DemoServer, house_of: Callable[[DemoServer], House]) -> House:
    house = house_of(tenant)
    house.now = NOW
    house.extra = {"log_days": 7}
    return house


def days(house: House, table: str = "sign_ins") -> list[date]:
    """Return the days with rows in the table."""
    time = CATALOG[table].time_property
    return [row[0] for row in house.query(f"SELECT DISTINCT {time}::DATE FROM aad.{table} ORDER BY 1")]


def ids(house: House, table: str = "sign_ins") -> set[str]:
    return {row[0] for row in house.query(f"SELECT id FROM aad.{table}")}


def back(number: int) -> date:
    return TODAY - timedelta(days=number)


@pytest.mark.parametrize("table", LOGS)
def test_a_first_load_goes_back_a_week_and_records_each_day(tenant: DemoServer, house: House, table: str) -> None:
    outcome = house.reload(table)[table]

    assert outcome.load.status == "published", outcome.load.reason
    assert outcome.note == f"The first load asked for events from {back(7)} on."
    assert days(house, table) == [back(number) for number in range(7, -1, -1)]
    loads = house.query(f"SELECT status, mode, deleted, rows FROM aad_meta.loads WHERE entity = '{table}'")
    assert len(loads) == 8
    assert house.query(f"SELECT status FROM aad_meta.loads WHERE load_id = '{outcome.load.load_id}'") == [("published",)]
    assert {load[:3] for load in loads} == {("published", "merge", 0)}
    assert outcome.load.rows == outcome.table_rows == sum(load[3] for load in loads) == len(ids(house, table))
    recorded = house.query(
        f"SELECT day, whole, load_id IS NOT NULL FROM aad_meta.log_days WHERE entity = '{table}' ORDER BY 1"
    )
    assert recorded == [(back(number), number > 0, True) for number in range(7, -1, -1)]
    since = {row["id"] for row in tenant.objects(table) if row[CATALOG[table].time_property or ""][:10] >= str(back(7))}
    assert ids(house, table) == since
    assert house.reload(table)[table].note == ""


@pytest.mark.parametrize("tenant", [A_DAY], indirect=True)
def test_an_interrupted_month_is_continued_and_keeps_what_graph_deletes(tenant: DemoServer, house: House) -> None:
    house.extra = {"log_days": 30}
    tenant.faults([{"kind": "deny", "path": "/auditLogs/signIns", "page": 2}])
    # Only days with more than a thousand rows have a second page.
    first = house.reload("sign_ins")["sign_ins"]
    assert (first.load.status, len(days(house)) < 31) == ("failed", True)
    assert "AuditLog.Read.All" in str(first.load.reason)
    recorded = house.query("SELECT status, rows, requests FROM aad_meta.loads ORDER BY started_at, status DESC")
    assert [status for status, _, _ in recorded] == ["published"] * (len(recorded) - 1) + ["failed"]
    assert recorded[-1][1] < 2 * A_DAY, "the failed day alone, not all days"
    assert sum(requests for _, _, requests in recorded) == first.load.requests
    before = ids(house)
    tenant.clear_faults()

    outcome = house.reload("sign_ins")["sign_ins"]

    assert outcome.load.status == "published", outcome.load.reason
    assert days(house) == [back(number) for number in range(30, -1, -1)]
    month = ids(house)
    assert before <= month
    assert len(month) == outcome.table_rows
    assert len(month) > 28 * A_DAY
    days_read = house.query("SELECT count(*) FROM aad_meta.loads WHERE status = 'published'")[0][0]
    assert days_read <= 32, "the last complete day twice, every other one once"

    tenant.forget_logs_before(back(10))
    again = house.reload("sign_ins", log_days=[f"{back(30)}..{TODAY}"])["sign_ins"]

    assert again.load.status == "published"
    assert again.load.rows < len(month), "the tenant no longer keeps twenty days"
    assert ids(house) == month


def test_missed_days_are_caught_up_and_late_events_found(tenant: DemoServer, house: House) -> None:
    house.reload("sign_ins")
    house.now = NOW + timedelta(days=4)
    tenant.set_now(house.now)

    outcome = house.reload("sign_ins")["sign_ins"]

    assert days(house) == [back(number) for number in range(7, -5, -1)]
    assert outcome.load.deleted == outcome.load.updated == 0
    since = {row["id"] for row in tenant.objects("sign_ins") if row["createdDateTime"][:10] >= str(back(7))}
    assert ids(house) == since, "rows of the incomplete day, and late ones, are there"


def test_an_unchanged_day_writes_nothing(house: House) -> None:
    house.reload("directory_audits")
    again = house.reload("directory_audits")["directory_audits"].load
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, again.rows)


def test_a_day_that_graph_no_longer_keeps_is_rejected_with_the_reason(house: House) -> None:
    with pytest.raises(ConfigurationError, match="keeps events for 30 days"):
        house.reload("sign_ins", log_days=["2026-10-01"])
