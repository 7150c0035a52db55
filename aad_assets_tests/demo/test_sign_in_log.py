"""The sign-in log: disabled accounts, error codes, attacks, guests, older protocols."""

from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

from aad_assets.demo.directory.templates import load

from .client import Json
from .tenants import EPOCH, directory, rows

USERS, DAY = 1000, 31
DOCUMENTED = {0, 50053, 50055, 50057, 50074, 50076, 50126, 50158, 53003, 65001, 500121, 7000215}
"""Of learn.microsoft.com/entra/identity-platform/reference-error-codes."""
LEGACY = {"Exchange ActiveSync", "IMAP4", "POP3", "Authenticated SMTP", "Other clients"}


def log(name: str = "sign_ins") -> list[Json]:
    return rows(name, DAY, USERS)


def code(row: Json) -> int:
    return int(row["status"]["errorCode"])


def moment(row: Json) -> datetime:
    return datetime.fromisoformat(row["createdDateTime"])


@cache
def enabled(day: int) -> dict[str, bool]:
    return {row["id"]: row["accountEnabled"] for row in rows("users", day, USERS)}


@cache
def switched(day: int) -> dict[str, datetime]:
    """When accounts were enabled or disabled on a day, as the audit log says."""
    events = rows("directory_audits", DAY, USERS)
    return {
        row["targetResources"][0]["id"]: datetime.fromisoformat(row["activityDateTime"])
        for row in events
        if row["activityDisplayName"] in ("Enable account", "Disable account")
        and row["activityDateTime"].startswith(text(day))
    }


def text(day: int) -> str:
    return (EPOCH + timedelta(days=day)).isoformat()


def was_enabled(row: Json) -> bool:
    """Say whether the account was enabled at the time of a sign-in: on a day of a change, before or after it."""
    day = (date.fromisoformat(row["createdDateTime"][:10]) - EPOCH).days
    change = switched(day).get(row["userId"]) if day > 0 else None
    return enabled(max(0, day - (change is not None and moment(row) < change)))[row["userId"]]


def test_only_documented_codes_occur_and_most_sign_ins_succeed() -> None:
    for name in ("sign_ins", "sign_ins_non_interactive"):
        codes = Counter(map(code, log(name)))
        assert codes.keys() <= DOCUMENTED
        assert codes[0] > len(log(name)) * 0.75
    assert Counter(map(code, log())).keys() == DOCUMENTED - {7000215}
    reasons: dict[int, set[str]] = defaultdict(set)
    for result in load("sign_ins")["results"].rows({}):
        reasons[result["errorCode"]].add(result["failureReason"])
    assert all(len(found) == 1 for found in reasons.values())


def test_a_disabled_account_fails_and_an_enabled_one_does_not_fail_for_that() -> None:
    for name in ("sign_ins", "sign_ins_non_interactive", "sign_ins_beta"):
        seen = Counter((was_enabled(row), code(row) == 50057) for row in log(name))
        assert seen.keys() == {(True, False), (False, True)}
        assert seen[False, True] > 100


def test_some_account_is_disabled_or_enabled_in_between() -> None:
    users = {row["userId"] for row in log()}
    changed = {id_ for day in range(1, DAY) for id_ in switched(day) if id_ in users}
    assert changed
    for id_ in changed:
        codes = [code(row) == 50057 for row in log() if row["userId"] == id_]
        assert len(set(codes)) == 2, "failures on one side of the change, and on the other side none"
        assert codes == sorted(codes) or codes == sorted(codes, reverse=True)


def by_address() -> dict[tuple[str, str], list[Json]]:
    """The sign-ins of a day from one address, in order."""
    found: dict[tuple[str, str], list[Json]] = defaultdict(list)
    for row in sorted(log(), key=moment):
        found[row["createdDateTime"][:10], row["ipAddress"]].append(row)
    return found


def test_each_day_has_a_password_spray() -> None:
    sprays: Counter[str] = Counter()
    for (day, _), tries in by_address().items():
        users = Counter(row["userId"] for row in tries)
        if len(users) >= 10 and max(users.values()) <= 2 and moment(tries[-1]) - moment(tries[0]) < timedelta(minutes=10):
            codes = Counter(map(code, tries))
            assert codes[0] == 0
            assert codes[50126] > len(tries) / 2
            assert len({row["clientAppUsed"] for row in tries}) == 1
            sprays[day] += 1
    assert set(sprays.values()) == {1}
    assert len(sprays) >= 29


def test_each_day_has_bursts_of_requests_for_approval() -> None:
    bursts, approved = 0, 0
    for tries in by_address().values():
        asked = [row for row in tries if code(row) == 500121]
        if len(asked) < 7 or len({row["userId"] for row in tries}) > 1:
            continue
        assert moment(tries[-1]) - moment(tries[0]) < timedelta(minutes=10)
        assert all(row["conditionalAccessStatus"] == "failure" for row in asked)
        last = [row for row in tries if code(row) == 0]
        assert last in ([], tries[-1:])
        assert all(row["status"]["additionalDetails"] == "MFA completed in Azure AD" for row in last)
        bursts, approved = bursts + 1, approved + len(last)
    assert bursts >= 29
    assert 0 < approved < bursts / 2


def test_guests_come_from_their_own_tenants() -> None:
    users = {row["id"]: row for row in rows("users", DAY, USERS)}
    homes: dict[str, set[str]] = defaultdict(set)
    for row in log("sign_ins_beta"):
        guest = users[row["userId"]]["userType"] == "Guest"
        assert (row["homeTenantId"] != row["resourceTenantId"]) == guest
        assert row["resourceTenantId"] == directory(DAY, USERS).context.tenant_id
        assert row["userType"] == ("guest" if guest else "member")
        assert row["crossTenantAccessType"] == ("b2bCollaboration" if guest else "none")
        assert bool(row["homeTenantName"]) == guest
        if guest:
            homes[row["homeTenantId"]].add(users[row["userId"]]["mail"].rpartition("@")[2])
    assert len(homes) > 3
    assert all(len(domains) == 1 for domains in homes.values())
    partners = {row["tenantId"] for row in rows("cross_tenant_access_partners", DAY, USERS)}
    assert partners & homes.keys()


def test_older_protocols_are_blocked_except_for_services() -> None:
    legacy = [row for row in log() if row["clientAppUsed"] in LEGACY]
    assert {row["clientAppUsed"] for row in legacy} == LEGACY
    names = {row["id"]: row["displayName"] for row in rows("conditional_access_policies", DAY, USERS)}
    people = {row["id"] for row in rows("users", DAY, USERS) if row["employeeId"]}
    blocked = 0
    for row in legacy:
        assert row["userId"] not in people or code(row) != 0
        if code(row) == 53003:
            failed = [each["id"] for each in row["appliedConditionalAccessPolicies"] if each["result"] == "failure"]
            assert ["Legacy authentication" in names[id_] for id_ in failed] == [True]
            blocked += 1
    assert blocked
    assert any(code(row) == 0 for row in legacy)


def test_the_policies_of_a_row_explain_its_status() -> None:
    for row in log():
        results: list[Any] = [each["result"] for each in row["appliedConditionalAccessPolicies"]]
        worst = "failure" if "failure" in results else "success" if "success" in results else "notApplied"
        assert row["conditionalAccessStatus"] == worst
        if code(row) in (53003, 50074, 50076, 500121):
            assert worst == "failure"
        if code(row) in (50126, 50053, 50057):
            assert worst == "notApplied"


def test_v1_and_beta_have_the_same_rows() -> None:
    beta = {row["id"]: row for row in log("sign_ins_beta")}
    assert beta.keys() == {row["id"] for row in log()}
    for row in log():
        other = beta[row["id"]]
        assert {name: other[name] for name in row if name in other} == {name: row[name] for name in row if name in other}


def test_rows_are_the_same_on_a_later_day() -> None:
    now, later = (directory(day, USERS).sign_ins_beta for day in (DAY, DAY + 20))
    keys = now.keys()[-5000:]
    assert now.render(keys, now.properties) == later.render(keys, later.properties)
