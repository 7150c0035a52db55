"""The ten queries of docs/tutorials/access-report.md, answered a second time in plain Python over the tenant's objects."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from aad_assets_tests.e2e.truth import Row
from aad_assets_tests.readers.days import Days
from aad_assets_tests.readers.test_docs import at_a_recorded_moment

PAGE = (Path(__file__).parents[2] / "docs" / "tutorials" / "access-report.md").read_text("utf-8")
QUERIES = {
    int(number): re.findall(r"```sql\n(.*?)```", text, re.DOTALL)[0]
    for number, text in re.findall(r"\n## (\d+)\. (.*?)(?=\n## |\Z)", PAGE, re.DOTALL)
}
APPLICATION, ZERO = "Jira Cloud", "00000000-0000-0000-0000-000000000000"

Tables = dict[str, list[Row]]
Answer = list[tuple[Any, ...]]


@pytest.fixture(scope="module")
def reader(days: Days) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(days.folder / "now.duckdb"), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


def tables(days: Days, number: int) -> Tables:
    """Return what the tenant held on a day; of the sign-ins, the days that were read."""
    found = {table: list(rows.values()) for table, rows in days.truth[number].items()}
    found["sign_ins"] = [row for row in found["sign_ins"] if row["createdDateTime"].date() >= days.first_log_day]
    return found


def by_id(rows: list[Row]) -> dict[str, Row]:
    return {row["id"]: row for row in rows}


def accesses(held: Tables) -> Iterator[dict[str, Any]]:
    """Yield who has access to what, and how: directly, or as a direct member of a group."""
    members = defaultdict(list)
    for member in held["group_members"]:
        if member["memberType"] == "user":
            members[member["groupId"]].append(member["memberId"])
    users, groups, apps = (by_id(held[table]) for table in ("users", "groups", "service_principals"))
    for assignment in held["app_role_assignments"]:
        app = apps[assignment["resourceId"]]
        roles = {role["id"]: role["displayName"] for role in app["appRoles"] or []}
        role = "Default access" if assignment["appRoleId"] == ZERO else roles.get(assignment["appRoleId"])
        kind, principal = assignment["principalType"], assignment["principalId"]
        reached = {"User": [principal], "Group": members[principal]}.get(kind, [])
        for user in reached:
            yield {
                "user": users[user],
                "app": app,
                "role": role,
                "by": "direct" if kind == "User" else "group",
                "group": groups[principal]["displayName"] if kind == "Group" else None,
                "since": assignment["createdDateTime"],
            }


def nulls_last(rows: Any) -> Answer:
    return sorted(rows, key=lambda row: [(value is None, value) for value in row])


def people(held: Tables, _: Tables) -> Answer:
    found: dict[str, set[str]] = defaultdict(set)
    apps = by_id(held["service_principals"])
    for each in accesses(held):
        if each["app"]["accountEnabled"]:
            found[each["app"]["id"]].add(each["user"]["id"])
    rows = [(apps[id_]["displayName"], len(users), apps[id_]["appRoleAssignmentRequired"]) for id_, users in found.items()]
    return sorted(rows, key=lambda row: (-row[1], row[0]))


def of_application(held: Tables) -> set[tuple[Any, ...]]:
    return {
        (each["user"]["userPrincipalName"], each["role"], each["by"], each["group"])
        for each in accesses(held)
        if each["app"]["displayName"] == APPLICATION
    }


def who(held: Tables, _: Tables) -> Answer:
    return nulls_last(of_application(held))


def since(held: Tables, _: Tables) -> Answer:
    found: dict[str, list[datetime]] = defaultdict(list)
    for each in accesses(held):
        if each["app"]["displayName"] == APPLICATION:
            found[each["user"]["userPrincipalName"]].append(each["since"])
    return sorted(((name, min(moments)) for name, moments in found.items()), key=lambda row: (row[1], row[0]))


def who_then(_: Tables, before: Tables) -> Answer:
    return nulls_last(of_application(before))


def gained_and_lost(held: Tables, before: Tables) -> Answer:
    now, then = ({(each["user"]["id"], each["app"]["id"]) for each in accesses(each_day)} for each_day in (held, before))
    counts = {"gained": len(now - then), "lost": len(then - now)}
    return sorted((change, number) for change, number in counts.items() if number)


def unwanted(held: Tables, _: Tables) -> Answer:
    return nulls_last(
        {
            (each["app"]["displayName"], user["userPrincipalName"], user["accountEnabled"], user["externalUserState"])
            for each in accesses(held)
            if not (user := each["user"])["accountEnabled"] or user["externalUserState"] == "PendingAcceptance"
        }
    )


def unused(held: Tables, _: Tables) -> Answer:
    used = {(row["userId"], row["appId"]) for row in held["sign_ins"] if not row["status"]["errorCode"]}
    found: dict[str, set[str]] = defaultdict(set)
    for each in accesses(held):
        if (each["user"]["id"], each["app"]["appId"]) not in used:
            found[each["app"]["id"]].add(each["user"]["id"])
    apps = by_id(held["service_principals"])
    return sorted(((apps[id_]["displayName"], len(users)) for id_, users in found.items()), key=lambda row: (-row[1], row[0]))


def packages(held: Tables, _: Tables) -> Answer:
    users, packages = by_id(held["users"]), by_id(held["access_packages"])
    resources = {
        (row["catalogId"], row["originSystem"], row["originId"]): row["displayName"]
        for row in held["access_package_catalog_resources"]
    }
    rows = []
    for assignment in held["access_package_assignments"]:
        package = packages[assignment["accessPackageId"]]
        user = users.get(assignment["targetObjectId"], {}).get("userPrincipalName")
        for scope in held["access_package_resource_role_scopes"]:
            system, same = scope["scopeOriginSystem"], scope["accessPackageId"] == package["id"]
            if same and assignment["state"] == "delivered" and system in ("AadApplication", "AadGroup"):
                resource = resources[package["catalogId"], system, scope["scopeOriginId"]]
                rows.append((package["displayName"], user, resource, scope["roleDisplayName"]))
    return nulls_last(rows)


def decided(held: Tables, _: Tables) -> Answer:
    latest: dict[Any, Row] = {}
    for row in held["access_review_decisions"]:
        if row["decision"] == "NotReviewed":
            continue
        key = row["resource"]["id"], row["principal"]["id"]
        if key not in latest or row["reviewedDateTime"] > latest[key]["reviewedDateTime"]:
            latest[key] = row
    return nulls_last(
        (row["resource"]["displayName"], row["principal"].get("userPrincipalName"), row["decision"], row["reviewedDateTime"])
        for row in latest.values()
    )


def denied(held: Tables, _: Tables) -> Answer:
    members = {(row["groupId"], row["memberId"]) for row in held["group_members"]}
    groups = by_id(held["groups"])
    return nulls_last(
        {
            (groups[row["resource"]["id"]]["displayName"], row["principal"].get("userPrincipalName"))
            for row in held["access_review_decisions"]
            if row["decision"] == "Deny" and (row["resource"]["id"], row["principal"]["id"]) in members
        }
    )


ANSWERS: dict[int, Callable[[Tables, Tables], Answer]] = dict(
    enumerate([people, who, since, who_then, gained_and_lost, unwanted, unused, packages, decided, denied], 1)
)


def test_there_are_ten_questions() -> None:
    assert QUERIES.keys() == ANSWERS.keys()
    assert len(QUERIES) == 10


@pytest.mark.parametrize("number", ANSWERS)
def test_a_query_gives_the_answer(reader: duckdb.DuckDBPyConnection, days: Days, number: int) -> None:
    try:
        found = reader.execute(at_a_recorded_moment(QUERIES[number], days)).fetchall()
    finally:
        reader.execute("RESET VARIABLE as_of")
    expected = ANSWERS[number](tables(days, -1), tables(days, 0))
    assert expected, "nothing to compare"
    assert found == expected


def test_access_then_was_another_than_now(days: Days) -> None:
    assert who(tables(days, -1), {}) != who_then({}, tables(days, 0))
