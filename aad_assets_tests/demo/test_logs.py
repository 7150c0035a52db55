"""The logs: windows of time, stable days, late rows, retention, the present moment."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest

from aad_assets.demo import DemoServer
from aad_assets.demo.logs.log import EVER, Log, LogBook, ticks
from aad_assets.demo.tenant import Directory

from .client import Client, Json, error_code

LOGS = [
    ("sign_ins", "/auditLogs/signIns", "createdDateTime"),
    ("directory_audits", "/auditLogs/directoryAudits", "activityDateTime"),
    ("provisioning_events", "/auditLogs/provisioning", "activityDateTime"),
]
NOW = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
every_log = pytest.mark.parametrize(("table", "path", "when"), LOGS)


@pytest.fixture(scope="module")
def tenant() -> Iterator[Client]:
    with DemoServer(users=100, no_quota=True, now=NOW.isoformat()) as demo:
        client = Client(demo)
        yield client
        client.close()


@pytest.fixture
def log(tenant: Client) -> Iterator[Client]:
    """A client whose tenant's clock and memory are put right after the test."""
    yield tenant
    tenant.demo.set_now(NOW)
    tenant.demo.forget_logs_before(date(2020, 1, 1))
    tenant.demo.clear_faults()


def window(client: Client, path: str, text: str, *options: str) -> list[Json]:
    return client.rows(f"{path}?{'&'.join((f'$filter={text}', *options))}")


@every_log
def test_newest_first_over_pages(log: Client, table: str, path: str, when: str) -> None:
    pages = list(log.pages(f"{path}?$top=7&$filter={when} ge 2026-11-19T00:00:00Z"))
    rows = [row for page in pages for row in page["value"]]
    assert all(len(page["value"]) == 7 for page in pages[:-1])
    times = [row[when] for row in rows]
    assert times == sorted(times, reverse=True)
    assert len({row["id"] for row in rows}) == len(rows) > 7
    newest = log.get(f"{path}?$top=1").json()["value"]
    assert newest == rows[:1]
    assert newest[0][when] <= "2026-11-20T15:30:00Z"


@every_log
def test_a_day_by_window_is_the_day_of_the_truth(log: Client, table: str, path: str, when: str) -> None:
    day = f"{when} ge 2026-11-12T00:00:00Z and {when} lt 2026-11-13T00:00:00Z"
    rows = window(log, path, day, f"$orderby={when} asc", "$top=1000")
    assert rows == [row for row in log.demo.objects(table) if row[when].startswith("2026-11-12")]
    assert rows == list(reversed(window(log, path, day, f"$orderby={when} desc", "$top=1000")))
    assert rows


@every_log
def test_bounds(log: Client, table: str, path: str, when: str) -> None:
    rows = window(log, path, f"{when} ge 2026-11-12T00:00:00Z and {when} lt 2026-11-13T00:00:00Z", f"$orderby={when}")
    first, last = rows[3][when], rows[9][when]
    for low, high, expected in (
        ("ge", "le", [row for row in rows if first <= row[when] <= last]),
        ("gt", "lt", [row for row in rows if first < row[when] < last]),
    ):
        assert window(log, path, f"{when} {low} {first} and {when} {high} {last}", f"$orderby={when}") == expected
    assert window(log, path, f"{when} eq {first}") == [row for row in rows if row[when] == first]
    halves = [f"{when} ge 2026-11-12T00:00:00Z", f"{when} lt 2026-11-12T12:00:00.500Z", f"{when} lt 2026-11-13T00:00:00Z"]
    early = window(log, path, f"{halves[0]} and {halves[1]}")
    late = window(log, path, f"{when} ge 2026-11-12T12:00:00.5Z and {halves[2]}")
    assert len(early) + len(late) == len(rows)


@every_log
def test_a_single_row_by_its_id(log: Client, table: str, path: str, when: str) -> None:
    row = log.get(f"{path}?$top=1").json()["value"][0]
    single = log.get(f"{path}/{row['id']}").json()
    assert {name: single[name] for name in row} == row
    assert log.get(f"{path}?$filter=id eq '{row['id']}'").json()["value"] == [row]
    log.demo.set_now(NOW - timedelta(days=1))
    assert error_code(log.get(f"{path}/{row['id']}")) == (404, "Request_ResourceNotFound")


def test_other_conditions_narrow_the_window(log: Client) -> None:
    path, day = "/auditLogs/signIns", "createdDateTime ge 2026-11-12T00:00:00Z and createdDateTime lt 2026-11-13T00:00:00Z"
    rows = window(log, path, day)
    user = rows[0]["userPrincipalName"].replace("#", "%23").replace("'", "''")
    found = window(log, path, f"{day} and userPrincipalName eq '{user}'")
    assert found == [row for row in rows if row["userId"] == rows[0]["userId"]]
    failed = window(log, path, f"{day} and status/errorCode eq 50126")
    assert failed == [row for row in rows if row["status"]["errorCode"] == 50126]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("$top=1001", "Request_UnsupportedQuery"),
        ("$filter=createdDateTime ge 2026-11-12", "BadRequest"),
        ("$filter=createdDateTime ge 2026-13-12T00:00:00Z", "BadRequest"),
        ("$filter=nothing eq 'x'", "BadRequest"),
        ("$filter=startsWith(createdDateTime,'2026')", "Request_UnsupportedQuery"),
        ("$filter=id eq 'x' or id eq 'y'", "Request_UnsupportedQuery"),
        ("$filter=not id eq 'x'", "Request_UnsupportedQuery"),
        ("$orderby=userId", "BadRequest"),
        ("$search=x", "Request_UnsupportedQuery"),
    ],
)
def test_refusals(log: Client, query: str, code: str) -> None:
    assert error_code(log.get(f"/auditLogs/signIns?{query}")) == (400, code)


def test_an_expired_page(log: Client) -> None:
    log.demo.faults([{"kind": "expired_page", "path": "/auditLogs"}])
    link = log.get("/auditLogs/signIns?$top=5").json()["@odata.nextLink"]
    assert error_code(log.get(link)) == (400, "Directory_ExpiredPageToken")


@every_log
def test_a_closed_day_never_changes(log: Client, table: str, path: str, when: str) -> None:
    day = f"{when} ge 2026-11-19T00:00:00Z and {when} lt 2026-11-20T00:00:00Z"
    before = window(log, path, day)
    log.demo.set_now(NOW + timedelta(days=9))
    assert window(log, path, day) == before
    log.demo.set_day(9)
    assert window(log, path, day) == before
    log.demo.set_day(0)


@every_log
def test_retention_and_forgetting(log: Client, table: str, path: str, when: str) -> None:
    oldest = min(row[when] for row in log.demo.objects(table))
    assert oldest.startswith("2026-10-21")
    log.demo.set_now(NOW + timedelta(days=2))
    assert min(row[when] for row in log.demo.objects(table)).startswith("2026-10-23")
    log.demo.forget_logs_before(date(2026, 11, 21))
    rows = window(log, path, f"{when} ge 2026-11-18T00:00:00Z", "$top=1000", f"$orderby={when}")
    assert rows == list(log.demo.objects(table)) != []
    assert rows[0][when].startswith("2026-11-21")


def test_now_is_the_clock_unless_set(log: Client) -> None:
    log.demo.set_now(None)
    newest = log.get("/auditLogs/signIns?$top=1").json()["value"][0]["createdDateTime"]
    age = datetime.now(UTC) - datetime.fromisoformat(newest)
    assert timedelta(0) <= age < timedelta(days=1)


def at(now: datetime, users: int = 1000, **settings: Any) -> Directory:
    return Directory(1, users, 0, "contoso.example", date(2026, 11, 2), (), LogBook(now, **settings))


def kinds(directory: Directory) -> list[Log]:
    return [directory.sign_ins, directory.audits, directory.provisioning]


def test_some_rows_arrive_late_and_then_stay() -> None:
    then = datetime(2026, 11, 20, 14, tzinfo=UTC)
    moments = [then + timedelta(hours=hours) for hours in (0, 1, 2, 4)]
    # Of two days, of which the second is not over; the same of a day just over.
    for shift in (timedelta(0), timedelta(hours=10)):
        seen = []
        for log in (at(moment + shift, users=20_000).sign_ins for moment in moments):
            end = ticks(then + shift)
            seen.append(set(log.between(end - 86_400 * 10**7, end, False)))
        assert seen[0] < seen[1] < seen[2] < seen[3]
        assert len(seen[3] - seen[0]) <= len(seen[3]) // 50
        assert set(at(then + timedelta(days=3), users=20_000).sign_ins.between(end - 86_400 * 10**7, end, False)) == seen[3]


def test_a_day_has_about_as_many_sign_ins_as_asked_for() -> None:
    for wanted in (100, 1000, 100_000):
        log = at(NOW, sign_ins_per_day=wanted).sign_ins
        start = ticks(datetime(2026, 11, 12, tzinfo=UTC))
        assert abs(len(log.between(start, start + 86_400 * 10**7, False)) - wanted) <= wanted * 0.05


def test_keys_and_times_ascend_together() -> None:
    for log in kinds(at(NOW)):
        keys = log.keys()
        rows = [msgspec.json.decode(row) for row in log.render(keys[:3000], ("id", log.when))]
        times = [row[log.when] for row in rows]
        assert times == sorted(times)
        assert [log.key(row["id"]) for row in rows[:50]] == list(keys[:50])
        assert list(log.between(0, EVER, True)) == [-key for key in reversed(keys)]
        assert log.key("nonsense") is None


def test_a_slice_is_what_its_items_are() -> None:
    keys = at(datetime(2026, 11, 20, 14, tzinfo=UTC)).sign_ins.between(0, EVER, True)
    whole = list(keys)
    for start, end in ((0, 5), (0, len(whole)), (700, 3200), (len(whole) - 3, len(whole) + 5), (9, 9)):
        assert keys[start:end] == whole[start:end]
    assert keys[-1] == whole[-1]
    with pytest.raises(IndexError):
        keys[len(whole)]


def test_audits_are_kept_a_week_without_p1() -> None:
    directory = at(NOW, premium=False)
    for log, oldest in ((directory.audits, "2026-11-13"), (directory.sign_ins, "2026-10-21")):
        row = msgspec.json.decode(log.render(log.keys()[:1], (log.when,))[0])
        assert row[log.when].startswith(oldest)
