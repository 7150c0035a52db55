"""The ten questions of docs/coming-from-sentinel.md, answered a second time in plain Python over the tenant's objects."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from aad_assets.catalog import CATALOG
from aad_assets.catalog.views.azure_monitor import AZURE_MONITOR_VIEWS
from aad_assets_tests.e2e.truth import Row
from aad_assets_tests.readers.days import Days

PAGE = (Path(__file__).parents[2] / "docs" / "coming-from-sentinel.md").read_text("utf-8")
QUERIES = dict(re.findall(r"\n### ([^\n]+)\n.*?```sql\n(.*?)```", PAGE, re.DOTALL))

Tables = dict[str, list[Row]]
Answer = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def reader(days: Days) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute(f"ATTACH '{days.folder / 'now.duckdb'}' AS tenant (READ_ONLY)")
        connection.execute("USE tenant; SET TimeZone = 'UTC'")
        yield connection


@pytest.fixture(scope="module")
def tables(days: Days) -> Tables:
    """Return the tenant's rows on the last day; of its logs, the days that were read."""
    found = {table: list(rows.values()) for table, rows in days.truth[-1].items()}
    for table in ("sign_ins", "directory_audits"):
        time = str(CATALOG[table].time_property)
        found[table] = [row for row in found[table] if row[time].date() >= days.first_log_day]
    return found


def failed(tables: Tables) -> Answer:
    counts = Counter(str(row["status"]["errorCode"]) for row in tables["sign_ins"] if row["status"]["errorCode"])
    return sorted(counts.items(), key=lambda each: (-each[1], each[0]))


def per_day(tables: Tables) -> Answer:
    found = defaultdict(list)
    for row in tables["sign_ins"]:
        found[row["createdDateTime"].date()].append(row["userId"])
    return sorted((day, len(users), len(set(users))) for day, users in found.items())


def many_users(tables: Tables) -> Answer:
    found = defaultdict(list)
    for row in tables["sign_ins"]:
        if row["status"]["errorCode"] == 50126:
            found[row["ipAddress"]].append(row["userId"])
    answer = [(address, len(set(users)), len(users)) for address, users in found.items() if len(set(users)) >= 2]
    return sorted(answer, key=lambda each: (-each[1], each[0]))


def clients(tables: Tables) -> Answer:
    usual = {"Browser", "Mobile Apps and Desktop clients"}
    counts = Counter(
        (row["clientAppUsed"], row["appDisplayName"])
        for row in tables["sign_ins"]
        if not row["status"]["errorCode"] and row["clientAppUsed"] not in usual
    )
    return sorted((*key, number) for key, number in counts.items())


def guests(tables: Tables) -> Answer:
    types = {row["id"]: row["userType"] for row in tables["users"]}
    found = defaultdict(set)
    for row in tables["sign_ins"]:
        if types.get(row["userId"]) == "Guest":
            found[row["appDisplayName"]].add(row["userId"])
    return sorted((app, len(users)) for app, users in found.items())


def blocked(tables: Tables) -> Answer:
    counts = Counter(
        policy["displayName"]
        for row in tables["sign_ins"]
        if row["conditionalAccessStatus"] == "failure"
        for policy in row["appliedConditionalAccessPolicies"] or []
        if policy["result"] == "failure"
    )
    return sorted(counts.items())


def actor(row: Row) -> str:
    user, app = row["initiatedBy"].get("user") or {}, row["initiatedBy"].get("app") or {}
    return str(user.get("userPrincipalName") or app.get("displayName"))


def activities(tables: Tables) -> Answer:
    counts = Counter((row["activityDisplayName"], actor(row)) for row in tables["directory_audits"])
    return sorted((*key, number) for key, number in counts.items())


def additions(tables: Tables) -> Answer:
    return sorted(
        (row["activityDateTime"], target["userPrincipalName"], row["correlationId"])
        for row in tables["directory_audits"]
        if row["activityDisplayName"] == "Add member to group" and row["result"] == "success"
        for target in row["targetResources"]
        if target["type"] == "User"
    )


def properties(tables: Tables) -> Answer:
    counts = Counter(
        (row["activityDisplayName"], each["displayName"])
        for row in tables["directory_audits"]
        for target in row["targetResources"]
        for each in target["modifiedProperties"] or []
    )
    return sorted((*key, number) for key, number in counts.items())


def risky(tables: Tables) -> Answer:
    users = {row["id"]: row for row in tables["risky_users"]}
    counts = Counter(row["userId"] for row in tables["sign_ins"] if row["userId"] in users and not row["status"]["errorCode"])
    shown = ("userPrincipalName", "riskLevel", "riskState")
    return sorted((*(users[id_][name] for name in shown), number) for id_, number in counts.items())


ANSWERS: dict[str, Callable[[Tables], Answer]] = {
    "Failed sign-ins by error": failed,
    "Users and sign-ins per day": per_day,
    "Addresses that tried many users": many_users,
    "Sign-ins by client": clients,
    "Applications that guests use": guests,
    "Sign-ins that a Conditional Access policy blocked": blocked,
    "Activities and who did them": activities,
    "Additions to groups, with the group and the member": additions,
    "Properties that were changed": properties,
    "Successful sign-ins of risky users": risky,
}


def test_every_question_of_the_page_has_a_second_answer() -> None:
    assert ANSWERS.keys() == QUERIES.keys()
    assert len(ANSWERS) == 10


def test_the_log_holds_what_the_tenant_has(reader: duckdb.DuckDBPyConnection, tables: Tables) -> None:
    for table in ("sign_ins", "directory_audits"):
        stored = reader.execute(f"SELECT id FROM aad.{table}").fetchall()
        assert {id_ for (id_,) in stored} == {row["id"] for row in tables[table]}


@pytest.mark.parametrize("question", ANSWERS)
def test_the_query_gives_the_answer(reader: duckdb.DuckDBPyConnection, tables: Tables, question: str) -> None:
    found = reader.execute(QUERIES[question]).fetchall()
    expected = ANSWERS[question](tables)
    assert expected, "nothing to compare"
    assert found == expected


@pytest.mark.parametrize("view", AZURE_MONITOR_VIEWS, ids=lambda view: view.name)
def test_the_views_are_there_with_their_columns_and_comments(reader: duckdb.DuckDBPyConnection, view: Any) -> None:
    found = dict(
        reader.execute(
            "SELECT column_name, comment FROM duckdb_columns() WHERE schema_name = 'aad_kql' AND table_name = ?", [view.name]
        ).fetchall()
    )
    for column in view.columns:
        assert found[column.name].startswith(f"{column.meaning} Personal data: "), column.name
    reader.execute(view.query).fetchall()
