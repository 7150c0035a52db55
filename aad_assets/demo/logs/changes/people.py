"""Users: who was added, invited, changed, disabled, deleted, restored and purged."""

from collections.abc import Iterator
from typing import Any

from ...days.calendar import second_of_day
from ...directory import licences
from ...directory.people import GUEST, PERSON
from .change import (
    DIRECTORY,
    LICENSING,
    Change,
    Property,
    Tenant,
    administrator,
    attributes,
    clock,
    included,
    row,
    value,
    values,
)  # fmt: skip

_ATTRIBUTES = {
    "JobTitle": "jobTitle",
    "Department": "department",
    "TelephoneNumber": "businessPhones",
    "Mobile": "mobilePhone",
    "PhysicalDeliveryOfficeName": "officeLocation",
}
"""The names of properties of users in the audit log."""
_NAMES = (
    *("accountEnabled", "assignedLicenses", "creationType", "externalUserState", "externalUserStateChangeDateTime"),
    *("lastPasswordChangeDateTime", "mail", "userType", *_ATTRIBUTES.values()),
)


def changes(before: Tenant, after: Tenant) -> Iterator[Change]:
    """Return the changes of users on a day."""
    for user in after.people.population.today.joined:
        yield from _joined(after, user)
    for user in after.people.population.today.moved:
        if after.people.population.alive(user):
            yield from _moved(before, after, user)
    yield from _left(before, after)


def _joined(tenant: Tenant, user: int) -> Iterator[Change]:
    people, new = tenant.people, row(tenant.people.kind, user, _NAMES)
    second, request, subject = people.created_second(user), f"joined {user}", (("user", user),)
    guest = people.sort(user) == GUEST
    actor = administrator(tenant.context, "user", user)
    if guest:
        address, self_service = (("invitedUserEmailAddress", new["mail"]),), new["creationType"] == "EmailVerified"
        activity = "Viral user creation" if self_service else "Invite external user"
        actor = people.inviter(user)
        yield Change(second, activity, subject, (), user if self_service else actor, request, address)
        actor = user if self_service else actor
    elif people.sort(user) != PERSON:
        actor = -1
    created = {
        "AccountEnabled": (None, new["accountEnabled"]),
        "DisplayName": (None, people.display_name(user)),
        "UserPrincipalName": (None, people.principal_name(user)),
        "UserType": (None, new["userType"]),
    }
    yield Change(second, "Add user", subject, attributes(created), actor, request)
    if guest and new["externalUserState"] == "Accepted" and not self_service:
        accepted, request = clock(new["externalUserStateChangeDateTime"]), f"redeemed {user}"
        stamp = new["externalUserStateChangeDateTime"]
        state = {"UserState": ("PendingAcceptance", "Accepted"), "UserStateChangedOn": (None, stamp)}
        yield Change(accepted, "Update user", subject, attributes(state), DIRECTORY, request)
        yield Change(accepted, "Redeem external user invite", subject, (), user, request, address)
    if new["assignedLicenses"]:
        yield _licensed(tenant, user, {"assignedLicenses": []}, new, second, f"joined {user}")
    manager = people.manager(user)
    if manager is not None:
        yield _managed(tenant, user, None, manager, second, actor)


def _moved(before: Tenant, after: Tenant, user: int) -> Iterator[Change]:
    old, new = row(before.people.kind, user, _NAMES), row(after.people.kind, user, _NAMES)
    second, request, subject = after.people.changed_second(user), f"moved {user} {after.context.day}", (("user", user),)
    actor = administrator(after.context, "user", user, after.context.day)
    if old["accountEnabled"] != new["accountEnabled"]:
        activity = "Enable account" if new["accountEnabled"] else "Disable account"
        flag = {"AccountEnabled": (old["accountEnabled"], new["accountEnabled"])}
        yield Change(second, activity, subject, attributes(flag), actor, request)
    changed = {name: (_flat(old[own]), _flat(new[own])) for name, own in _ATTRIBUTES.items() if old[own] != new[own]}
    if old["externalUserStateChangeDateTime"] != new["externalUserStateChangeDateTime"]:
        changed["UserStateChangedOn"] = old["externalUserStateChangeDateTime"], new["externalUserStateChangeDateTime"]
    if changed:
        yield Change(second, "Update user", subject, attributes(changed), actor, request)
    if old["assignedLicenses"] != new["assignedLicenses"]:
        yield _licensed(after, user, old, new, second, request)
    manager, earlier = after.people.manager(user), before.people.manager(user)
    if manager is not None and manager != earlier:
        yield _managed(after, user, earlier, manager, second, actor)
    if old["lastPasswordChangeDateTime"] != new["lastPasswordChangeDateTime"] and after.people.sort(user) != GUEST:
        yield Change(second, "Reset password", subject, (), actor, f"reset {request}")
        stamps = {"StsRefreshTokensValidFrom": (old["lastPasswordChangeDateTime"], new["lastPasswordChangeDateTime"])}
        activity = "Update StsRefreshTokenValidFrom Timestamp"
        yield Change(second, activity, subject, attributes(stamps), actor, f"reset {request}")


def _left(before: Tenant, after: Tenant) -> Iterator[Change]:
    context, people, day = after.context, after.people, after.context.day
    hard = Property("Is Hard Deleted", None, value("False"))
    for user, when in people.binned.items():
        if when == day:
            actor = administrator(context, "deleted", user)
            yield Change(second_of_day(user * 37), "Delete user", (("user", user),), (hard,), actor, deleted=True)
    for user in people.population.today.restored:
        if people.population.alive(user):
            actor = administrator(context, "restored", user)
            yield Change(second_of_day(user * 53), "Restore user", (("user", user),), (), actor)
    hard = Property("Is Hard Deleted", None, value("True"))
    for user in before.people.binned:
        if user not in people.binned and not people.population.alive(user):
            # The bin is emptied 30 days to the minute after the deletion.
            yield Change(second_of_day(user * 37), "Hard Delete user", (("user", user),), (hard,), DIRECTORY, deleted=True)


def _licensed(tenant: Tenant, user: int, old: Any, new: Any, second: int, request: str) -> Change:
    products = {sku["sku"]: sku["part_number"] for sku in licences.SKUS}
    names = [
        [
            f"[SkuName={products[each['skuId']]}, SkuId={each['skuId']}, DisabledPlans=[{', '.join(each['disabledPlans'])}]]"
            for each in holder["assignedLicenses"]
        ]
        for holder in (old, new)
    ]
    changed = Property("AssignedLicense", values(*names[0]), values(*names[1])), included("AssignedLicense")
    by_group = tenant.people.holding(user) == licences.BY_GROUP
    actor = LICENSING if by_group else administrator(tenant.context, "licence", user)
    return Change(second, "Change user license", (("user", user),), changed, actor, request)


def _managed(tenant: Tenant, user: int, old: int | None, new: int, second: int, actor: int) -> Change:
    ids = [None if each is None else tenant.people.ids.guid(each) for each in (old, new)]
    changed = (Property("Manager.ObjectID", value(ids[0]), value(ids[1])), included("Manager"))
    return Change(second, "Set user manager", (("user", user), ("user", new)), changed, actor, f"manager {user}")


def _flat(content: object) -> object:
    """Return the only value of a list, or the value itself."""
    return (content[0] if content else None) if isinstance(content, list) else content
