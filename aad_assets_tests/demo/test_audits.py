"""The audit log agrees with the directory: what it reports of a day is what differs between the day before and that day."""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from aad_assets.demo.directory.templates import load

from .client import Json
from .tenants import EPOCH, directory, rows

USERS, LAST, LATER = 1000, 16, 60
DAYS = range(1, LAST + 1)
ASSIGNED = {
    "User": ("Add app role assignment grant to user", "Remove app role assignment from user"),
    "Group": ("Add app role assignment to group", "Remove app role assignment from group"),
    "ServicePrincipal": (
        "Add app role assignment to service principal",
        "Remove app role assignment from service principal",
    ),
}


def table(name: str, day: int) -> list[Any]:
    return rows(name, day, USERS)


@cache
def by_id(name: str, day: int) -> dict[str, Json]:
    return {row["id"]: row for row in table(name, day)}


@cache
def audits(day: int) -> list[Json]:
    """The events of a day, read at the end of the log's last day."""
    # The log of a day shows all of it from the next day on, and is kept for 30 days.
    read = next(when for when in (LAST + 1, 40, LATER + 1) if when > day)
    return [row for row in table("directory_audits", read) if row["activityDateTime"].startswith(date_of(day))]


def date_of(day: int) -> str:
    return (EPOCH + timedelta(days=day)).isoformat()


def events(day: int, *activities: str) -> list[Json]:
    return [row for row in audits(day) if row["activityDisplayName"] in activities]


def targets(day: int, *activities: str, place: int = 0) -> Counter[str]:
    return Counter(row["targetResources"][place]["id"] for row in events(day, *activities))


def properties(event: Json) -> dict[str, tuple[Any, Any]]:
    """The modified properties with their values, out of the JSON in strings; a list of one value as that value."""

    def value(text: str | None) -> Any:
        content = None if text is None else json.loads(text)
        if isinstance(content, list):
            return content[0] if len(content) == 1 else content or None
        return content

    changed = event["targetResources"][0]["modifiedProperties"]
    return {each["displayName"]: (value(each["oldValue"]), value(each["newValue"])) for each in changed}


def once(ids: Iterable[str]) -> Counter[str]:
    return Counter(set(ids))


@pytest.mark.parametrize(
    ("name", "noun"),
    [("users", "user"), ("groups", "group"), ("applications", "application"), ("devices", "device")],
)
def test_objects_that_appear_and_disappear(name: str, noun: str) -> None:
    seen: Counter[str] = Counter()
    for day in DAYS:
        old, new = by_id(name, day - 1).keys(), by_id(name, day).keys()
        bin_before, bin_after = by_id(f"deleted_{name}", day - 1).keys(), by_id(f"deleted_{name}", day).keys()
        assert targets(day, f"Add {noun}") == once(new - old - bin_before)
        assert targets(day, f"Restore {noun}") == once((new - old) & bin_before)
        assert targets(day, f"Delete {noun}") == once(old - new)
        purged = once(bin_before - bin_after - new)
        assert targets(day, f"Hard Delete {noun}") == (Counter() if name == "devices" else purged)
        seen.update({"joined": len(new - old - bin_before), "left": len(old - new), "back": len((new - old) & bin_before)})
    assert seen["joined"]
    assert seen["left"]
    assert name != "users" or seen["back"]


def test_times_are_those_of_the_objects() -> None:
    for day in DAYS:
        for event in events(day, "Add user", "Add group", "Add application", "Add device", "Add service principal"):
            target = event["targetResources"][0]
            name = {"ServicePrincipal": "service_principals"}.get(target["type"], f"{target['type'].lower()}s")
            assert by_id(name, day)[target["id"]]["createdDateTime"][:19] == event["activityDateTime"][:19]
        for event in events(day, "Delete user", "Delete application"):
            target = event["targetResources"][0]
            row = by_id(f"deleted_{target['type'].lower()}s", day)[target["id"]]
            assert row["deletedDateTime"][:19] == event["activityDateTime"][:19]
            assert row.get("userPrincipalName") == target["userPrincipalName"]


def test_service_principals_come_and_go_with_their_apps() -> None:
    for day in DAYS:
        old, new = by_id("service_principals", day - 1).keys(), by_id("service_principals", day).keys()
        assert targets(day, "Add service principal", "Restore service principal") == once(new - old)
        assert targets(day, "Remove service principal") == once(old - new)


def test_accounts_are_disabled_and_enabled_when_the_log_says_so() -> None:
    found = 0
    for day in range(1, LATER + 1):
        old, new = by_id("users", day - 1), by_id("users", day)
        both = old.keys() & new.keys()
        changed = {id_ for id_ in both if old[id_]["accountEnabled"] != new[id_]["accountEnabled"]}
        log = events(day, "Enable account", "Disable account")
        said = {(row["targetResources"][0]["id"], row["activityDisplayName"] == "Enable account") for row in log}
        assert said == {(id_, new[id_]["accountEnabled"]) for id_ in changed}
        found += len(changed)
    assert found


def test_modified_properties_of_users_are_the_values_before_and_after() -> None:
    names = {"JobTitle": "jobTitle", "Department": "department", "Mobile": "mobilePhone"}
    seen: Counter[str] = Counter()
    for day in DAYS:
        updates = {}
        for event in events(day, "Update user"):
            id_, changed = event["targetResources"][0]["id"], properties(event)
            listed = changed.pop("Included Updated Properties")[1].split(", ")
            assert listed == list(changed)
            for name in changed.keys() & names.keys():
                values = (by_id("users", day - 1)[id_][names[name]], by_id("users", day)[id_][names[name]])
                assert changed[name] == values
                seen[name] += 1
            updates[id_] = changed
        for id_ in by_id("users", day - 1).keys() & by_id("users", day).keys():
            for name, own in names.items():
                if by_id("users", day - 1)[id_][own] != by_id("users", day)[id_][own]:
                    assert name in updates[id_]
    assert seen["JobTitle"]
    assert seen["Department"]


def test_licences_and_passwords_change_with_an_event() -> None:
    found = 0
    for day in DAYS:
        old, new = by_id("deleted_users", day - 1) | by_id("users", day - 1), by_id("users", day)

        nothing: Json = {"assignedLicenses": []}
        changed = {id_ for id_, row in new.items() if row["assignedLicenses"] != old.get(id_, nothing)["assignedLicenses"]}
        assert targets(day, "Change user license") == once(changed)
        found += len(changed)
        members = {id_ for id_ in old.keys() & new.keys() if new[id_]["userType"] == "Member"}
        resets = {id_ for id_ in members if old[id_]["lastPasswordChangeDateTime"] != new[id_]["lastPasswordChangeDateTime"]}
        assert targets(day, "Reset password") == once(resets)
    assert found


def test_guests_are_invited_and_redeem() -> None:
    invited = redeemed = 0
    for day in range(1, LATER + 1):
        old, new = by_id("users", day - 1), by_id("users", day)
        joined = [new[id_] for id_ in new.keys() - old.keys() if new[id_]["createdDateTime"].startswith(date_of(day))]
        by_invitation = [row for row in joined if row["creationType"] == "Invitation"]
        accepted = [row["id"] for row in by_invitation if row["externalUserState"] == "Accepted"]
        assert targets(day, "Invite external user") == once(row["id"] for row in by_invitation)
        assert targets(day, "Redeem external user invite") == once(accepted)
        invited, redeemed = invited + len(by_invitation), redeemed + len(accepted)
        for row in events(day, "Redeem external user invite"):
            guest = new[row["targetResources"][0]["id"]]
            assert row["initiatedBy"]["user"]["id"] == guest["id"]
            assert row["activityDateTime"][:19] == guest["externalUserStateChangeDateTime"][:19]
            assert guest["externalUserStateChangeDateTime"] >= guest["createdDateTime"]
    assert invited > redeemed > 0


def test_members_and_owners_of_groups() -> None:
    seen: Counter[str] = Counter()
    for day in DAYS:
        for noun, name in (("member", "group_members"), ("owner", "group_owners")):
            old, new = ({(row["parent"], row["id"]) for row in table(name, when)} for when in (day - 1, day))
            added, removed = events(day, f"Add {noun} to group"), events(day, f"Remove {noun} from group")
            for log, now, before in ((added, new, old), (removed, old, new)):
                pairs = [(row["targetResources"][1]["id"], row["targetResources"][0]["id"]) for row in log]
                assert set(pairs) <= now - before
                assert len(pairs) == len(set(pairs))
                seen[noun] += len(pairs)
        ids = {
            (row["targetResources"][1]["id"], row["targetResources"][0]["id"]) for row in events(day, "Add member to group")
        }
        joined = targets(day, "Add user")
        members = {(row["parent"], row["id"]) for row in table("group_members", day)}
        assert {pair for pair in members if pair[1] in joined} <= ids
    assert seen["member"]
    assert seen["owner"]


def test_app_role_assignments_appear_and_disappear_with_an_event() -> None:
    added = removed = 0
    for day in DAYS:
        old, new = by_id("app_role_assignments", day - 1), by_id("app_role_assignments", day)
        living = by_id("users", day).keys() | by_id("groups", day).keys() | by_id("service_principals", day).keys()
        restored = targets(day, "Restore user", "Restore group", "Restore service principal")

        def key(row: Json) -> tuple[str, str, str]:
            return row["resourceId"], row["principalId"], row["appRoleId"]

        def said(place: int, day: int = day) -> Counter[tuple[str, str, str]]:
            found = Counter[tuple[str, str, str]]()
            for type_, activities in ASSIGNED.items():
                for row in events(day, activities[place]):
                    resource, principal = row["targetResources"][:2]
                    role = properties(row)["AppRole.Id"]
                    assert (principal["type"], resource["type"]) == (type_, "ServicePrincipal")
                    assert properties(row)[f"{type_}.ObjectID"][1 - place] == principal["id"]
                    found[resource["id"], principal["id"], role[1 - place]] += 1
            return found

        both = ("principalId", "resourceId")
        appeared = [row for id_, row in new.items() if id_ not in old and not {row[name] for name in both} & restored.keys()]
        assert said(0) == Counter(map(key, appeared))
        assert {row["createdDateTime"][:10] for row in appeared} <= {date_of(day)}
        ended = [row for id_, row in old.items() if id_ not in new and {row["principalId"], row["resourceId"]} <= living]
        assert said(1) == Counter(map(key, ended))
        added, removed = added + len(appeared), removed + len(ended)
    # A few of each hundred change each day: enough to see, too few to be noise.
    assert 0.001 < added / len(DAYS) / len(new) < 0.04
    assert 0.001 < removed / len(DAYS) / len(new) < 0.04


def test_delegated_grants_appear_change_and_disappear_with_an_event() -> None:
    graph = next(row["id"] for row in table("service_principals", 0) if row["displayName"] == "Microsoft Graph")
    found = 0
    for day in DAYS:
        old, new = by_id("oauth2_permission_grants", day - 1), by_id("oauth2_permission_grants", day)
        back = targets(day, "Restore user", "Restore service principal")
        changed = {
            (row["clientId"], row["principalId"], old[id_]["scope"] if id_ in old else None, row["scope"])
            for id_, row in new.items()
            if old.get(id_, {}).get("scope") != row["scope"] and not {row["clientId"], row["principalId"]} & back.keys()
        }
        said = set()
        for event in events(day, "Add delegated permission grant"):
            about = properties(event)
            assert event["targetResources"][0]["id"] == graph
            user = about.get("User.ObjectID", (None, None))[1]
            said.add((about["ServicePrincipal.ObjectID"][1], user, *about["DelegatedPermissionGrant.Scope"]))
            consents = [
                row for row in events(day, "Consent to application") if row["correlationId"] == event["correlationId"]
            ]
            assert [row["targetResources"][0]["id"] for row in consents] == [about["ServicePrincipal.ObjectID"][1]]
        assert said == changed
        living = by_id("users", day).keys() | by_id("service_principals", day).keys() | {None}
        ended = {
            (row["clientId"], row["principalId"])
            for id_, row in old.items()
            if id_ not in new and {row["clientId"], row["principalId"]} <= living
        }
        removed = [properties(event) for event in events(day, "Remove delegated permission grant")]
        assert {(row["ServicePrincipal.ObjectID"][1], row.get("User.ObjectID", (None, None))[1]) for row in removed} == ended
        found += len(changed)
    assert found


def test_activations_are_the_active_assignments_of_the_day() -> None:
    for day in DAYS:
        schedules = [row for row in table("role_assignment_schedules", day) if row["assignmentType"] == "Activated"]
        assert schedules
        begins, ends = "startDateTime", "endDateTime"
        for activity, moment in (
            ("Add member to role completed (PIM activation)", begins),
            ("Remove member from role (PIM activation expired)", ends),
        ):
            said = Counter(
                (row["targetResources"][0]["id"], row["targetResources"][2]["id"], row["activityDateTime"][:19])
                for row in events(day, activity)
                if row["category"] == "RoleManagement"
            )
            times = ({**row["scheduleInfo"]["expiration"], begins: row["scheduleInfo"][begins]} for row in schedules)
            who = ((row["roleDefinitionId"], row["principalId"]) for row in schedules)
            assert said == Counter((*each, when[moment][:19]) for each, when in zip(who, times, strict=True))


def standing(day: int) -> set[tuple[str, str, str]]:
    held = [row for row in table("role_assignment_schedules", day) if row["assignmentType"] == "Assigned"]
    return {(row["roleDefinitionId"], row["principalId"], row["directoryScopeId"]) for row in held}


def test_roles_that_are_given_and_taken() -> None:
    found = 0
    for day in DAYS:
        new = standing(day) - standing(day - 1)
        said = set()
        for row in events(day, "Add member to role", "Add scoped member to role"):
            holder, role = row["targetResources"]
            _, scope = properties(row).get("Role.DirectoryScopeId", (None, "/"))
            said.add((role["id"], holder["id"], scope))
        assert said == new
        found += len(new)
    assert found


def own(policy: Json) -> Json:
    """A policy without the authentication strength that it refers to, which is edited by itself."""
    grant = policy["grantControls"] or {}
    return {**policy, "grantControls": {name: grant[name] for name in grant if name != "authenticationStrength"}}


def test_edits_of_policies_show_them_before_and_after() -> None:
    found = 0
    for day in DAYS:
        old, new = by_id("conditional_access_policies", day - 1), by_id("conditional_access_policies", day)
        changed = {id_ for id_ in new if own(old[id_]) != own(new[id_])}
        log = events(day, "Update Conditional Access policy")
        assert Counter(row["targetResources"][0]["id"] for row in log) == once(changed)
        for row in log:
            before, after = properties(row)["ConditionalAccessPolicy"]
            id_ = row["targetResources"][0]["id"]
            assert before == {name: old[id_][name] for name in before}
            assert after == {name: new[id_][name] for name in after}
            assert row["activityDateTime"][:19] == new[id_]["modifiedDateTime"][:19]
        found += len(changed)
    assert found


def test_access_packages_are_asked_for_and_given() -> None:
    found = 0
    for day in DAYS:
        requests = table("access_package_assignment_requests", day)
        asked = {row["id"] for row in requests if row["createdDateTime"].startswith(date_of(day))}
        log = targets(
            day,
            "User requests access package assignment",
            "Administrator directly assigns user to access package",
            "Entitlement Management creates access package assignment request for user",
        )
        assert log == once(asked)
        done = [row for row in requests if (row["completedDateTime"] or "").startswith(date_of(day))]
        denied = {row["id"] for row in done if row["state"] == "denied"}
        assert targets(day, "Deny access package assignment request") == once(denied)
        given = {row["id"] for row in done} - denied
        outcomes = ("Fulfill access package assignment request", "Failed access package assignment request")
        assert targets(day, *outcomes) == once(given)
        found += len(given)
    assert found


def test_the_other_events_name_no_modified_property() -> None:
    quiet = {row["name"] for row in load("audits")["quiet"].rows({})}
    log = [row for day in DAYS for row in audits(day)]
    changes = [row for row in log if row["activityDisplayName"] not in quiet]
    assert len(log) > len(changes) > 0
    for row in log:
        if row["activityDisplayName"] in quiet:
            assert not any(target["modifiedProperties"] for target in row["targetResources"])


def test_requests_share_a_correlation_and_rows_are_unique() -> None:
    log = [row for day in DAYS for row in audits(day)]
    assert len({row["id"] for row in log}) == len(log)
    joined = [row for row in log if row["activityDisplayName"] == "Add application"]
    for row in joined:
        same = {each["activityDisplayName"] for each in log if each["correlationId"] == row["correlationId"]}
        assert same >= {"Add application", "Add service principal"}


def test_every_day_reads_the_same_on_later_days() -> None:
    now, later = (directory(day, USERS).audits for day in (LAST + 1, LAST + 9))
    texts = now.render(now.keys(), now.properties)
    kept = [later.key(json.loads(text)["id"]) for text in texts]
    both = [(key, text) for key, text in zip(kept, texts, strict=True) if key is not None]
    # Eight days have passed, and 30 are kept.
    assert len(both) > len(texts) * 2 // 3
    assert later.render([key for key, _ in both], later.properties) == [text for _, text in both]
