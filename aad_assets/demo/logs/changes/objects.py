"""Groups, devices, applications and administrative units: added, changed, deleted, restored, purged; members and owners."""

from collections.abc import Iterable, Iterator, Mapping

from ...days.calendar import second_of_day
from ...directory.devices import Devices
from ...directory.edges import edge, target
from ...directory.well_known import ALL, AUTOMATION, DEVICES, ENGINEERING, GUESTS, HELPDESK, LICENSING, OWN_APPS, SALES
from .change import (
    ADMINISTRATORS,
    DEVICE_SERVICE,
    DIRECTORY,
    GROUP_SERVICE,
    Change,
    Property,
    Tenant,
    administrator,
    attributes,
    exists,
    included,
    row,
    value,
    values,
)  # fmt: skip

_BY_RULE = (ALL, LICENSING, GUESTS, ENGINEERING, SALES)
"""The groups that users join and leave by what they are."""
_DEVICE_NAMES = {"IsCompliant": "isCompliant", "IsManaged": "isManaged", "AccountEnabled": "accountEnabled"}


def changes(before: Tenant, after: Tenant) -> Iterator[Change]:
    """Return the changes of groups, devices, applications and administrative units on a day."""
    yield from _groups(before, after)
    yield from _devices(before, after)
    yield from _applications(before, after)
    yield from _units(before, after)
    for type_, bins, noun in (
        ("group", (before.groups.binned, after.groups.binned), "group"),
        ("application", (before.applications.binned, after.applications.binned), "application"),
        ("servicePrincipal", (before.principals.binned, after.principals.binned), "service principal"),
        ("device", (before.devices.binned, after.devices.binned), "device"),
        ("administrativeUnit", (before.units.binned, after.units.binned), "administrative unit"),
    ):
        yield from _bin(after, type_, noun, *bins)


def _bin(after: Tenant, type_: str, noun: str, old: Mapping[int, int], new: Mapping[int, int]) -> Iterator[Change]:
    """Return what was deleted, and what the recycle bin has given back or lost."""
    for index, when in new.items():
        if when == after.context.day and index not in old:
            activity = "Remove service principal" if type_ == "servicePrincipal" else f"Delete {noun}"
            yield _one(after, second_of_day(index * 37), activity, type_, index, "deleted")
    for index in old:
        living = after.objects.kind(type_).key(after.objects.id_of(type_, index)) is not None
        if index not in new and living:
            yield _one(after, second_of_day(index * 53), f"Restore {noun}", type_, index, "restored")
        elif index not in new and type_ != "device":
            activity = "Hard delete service principal" if type_ == "servicePrincipal" else f"Hard Delete {noun}"
            yield Change(second_of_day(index * 37), activity, ((type_, index),), (), DIRECTORY)


def _one(tenant: Tenant, second: int, activity: str, type_: str, index: int, why: str) -> Change:
    # An app and its service principal are deleted, and come back, by one request.
    number = index - OWN_APPS if type_ == "servicePrincipal" else index
    actor = administrator(tenant.context, why, "application" if type_ == "servicePrincipal" else type_, number)
    return Change(second, activity, ((type_, index),), (), actor, f"{why} {number} {type_}")


def _groups(before: Tenant, after: Tenant) -> Iterator[Change]:
    groups, today = after.groups, after.groups.population.today
    for group in today.joined:
        yield from _new_group(after, group)
    binned = groups.binned
    for group in today.left:
        if group not in binned:  # It has no recycle bin.
            yield _one(after, second_of_day(group * 37), "Delete group", "group", group, "deleted")
    moved = {group for group in today.moved if groups.population.alive(group) and before.groups.population.alive(group)}
    for group in sorted(moved):
        yield from _moved_group(before, after, group)
    yield from _joined_groups(after, moved)
    for group in sorted({HELPDESK, AUTOMATION} - moved):  # Others take over when members leave.
        number = after.context.number("staff", group, after.context.day)
        members = before.groups.members(group), groups.members(group)
        yield from _members(after, group, number % 86_400, *members, number % ADMINISTRATORS)
    yield from _by_rule(before, after)


def _new_group(tenant: Tenant, group: int) -> Iterator[Change]:
    groups, new = tenant.groups, row(tenant.groups.kind, group, ("securityEnabled", "mailEnabled"))
    created = {
        "DisplayName": (None, groups.display_name(group)),
        "SecurityEnabled": (None, new["securityEnabled"]),
        "MailEnabled": (None, new["mailEnabled"]),
    }
    actor, second = administrator(tenant.context, "group", group), second_of_day(groups.traits(group) >> 3)
    yield Change(second, "Add group", (("group", group),), attributes(created), actor, f"group {group}")
    yield from _members(tenant, group, second, (), groups.members(group), actor)
    yield from _members(tenant, group, second, (), groups.owners(group), actor, "owner")


def _moved_group(before: Tenant, after: Tenant, group: int) -> Iterator[Change]:
    groups = after.groups
    second, actor = second_of_day(groups.traits(group) >> 3), administrator(after.context, "group", group, after.context.day)
    old, new = (row(each.groups.kind, group, ("description",))["description"] for each in (before, after))
    if old != new:
        yield Change(second, "Update group", (("group", group),), attributes({"Description": (old, new)}), actor)
    if group not in _BY_RULE:
        yield from _members(after, group, second, before.groups.members(group), groups.members(group), actor)
    yield from _members(after, group, second, before.groups.owners(group), groups.owners(group), actor, "owner")


def _joined_groups(tenant: Tenant, moved: set[int]) -> Iterator[Change]:
    """Return the groups that new users have joined, except those whose members have changed anyway."""
    groups, today = tenant.groups, tenant.groups.population.today
    for user in tenant.people.population.today.joined:
        for group in sorted(set(groups.joined_by(user)) - moved - set(today.joined)):
            if groups.population.alive(group):
                actor = administrator(tenant.context, "group", group, tenant.context.day)
                yield from _members(tenant, group, tenant.people.created_second(user), (), (edge("user", user),), actor)


def _by_rule(before: Tenant, after: Tenant) -> Iterator[Change]:
    """Return who has joined or left a group because a rule says so."""
    people = after.people
    for users, second in (
        (people.population.today.joined, people.created_second),
        (people.population.today.moved, people.changed_second),
    ):
        for user in filter(people.population.alive, users):
            key, living = edge("user", user), before.people.population.alive(user)
            for group in _BY_RULE:
                was, is_ = living and before.groups.follows(group, user), after.groups.follows(group, user)
                if was != is_:
                    yield from _members(after, group, second(user), (key,) * was, (key,) * is_, GROUP_SERVICE)
    for device in filter(after.devices.is_windows, after.devices.population.today.joined):
        moment = second_of_day(after.devices.traits(device))
        yield from _members(after, DEVICES, moment, (), (edge("device", device),), GROUP_SERVICE)


def _members(
    tenant: Tenant,
    group: int,
    second: int,
    old: Iterable[int],
    new: Iterable[int],
    actor: int | str,
    noun: str = "member",
) -> Iterator[Change]:
    """Return who joined or left a group, or its owners."""
    # What ended because the other object was deleted has no event of its own.
    ended = [key for key in set(old) - set(new) if exists(tenant, key)]
    for activity, keys in ((f"Add {noun} to group", set(new) - set(old)), (f"Remove {noun} from group", ended)):
        for key in sorted(keys):
            yield _of_group(tenant, group, second, activity, key, actor)


def _of_group(tenant: Tenant, group: int, second: int, activity: str, key: int, actor: int | str) -> Change:
    pairs = {"Group.ObjectID": tenant.groups.ids.guid(group), "Group.DisplayName": tenant.groups.display_name(group)}
    removed = activity.startswith("Remove")
    changed = tuple(
        Property(name, value(content) if removed else None, None if removed else value(content))
        for name, content in pairs.items()
    )
    return Change(second, activity, (target(key), ("group", group)), changed, actor, f"{activity} {group} {second}")


def _devices(before: Tenant, after: Tenant) -> Iterator[Change]:
    devices = after.devices
    for device in devices.population.today.joined:
        second, request = second_of_day(devices.traits(device)), f"device {device}"
        subject = (("device", device),)
        created = {"DisplayName": (None, devices.name(device)), "DeviceOSType": (None, devices.system(device))}
        yield Change(second, "Add device", subject, attributes(created), DEVICE_SERVICE, request)
        owner = devices.owner(device)
        yield Change(second, "Register device", subject, (), owner, request)
        for activity, keys in (
            ("Add registered owner to device", devices.registered_owners(device)),
            ("Add registered users to device", devices.registered_users(device)),
        ):
            for key in keys:
                named = Property("Device.ObjectID", None, value(devices.ids.guid(device)))
                yield Change(second, activity, (target(key), *subject), (named,), DEVICE_SERVICE, request)
    for device in devices.population.today.moved:
        if devices.population.alive(device):
            yield from _managed(before.devices, devices, device)


def _managed(before: Devices, after: Devices, device: int) -> Iterator[Change]:
    names = tuple(_DEVICE_NAMES.values())
    old, new = row(before.kind, device, names), row(after.kind, device, names)
    changed = {name: (old[own], new[own]) for name, own in _DEVICE_NAMES.items() if old[own] != new[own]}
    if not changed:
        return
    second = second_of_day(after.traits(device) >> 4)
    yield Change(second, "Update device", (("device", device),), attributes(changed), DEVICE_SERVICE, f"managed {device}")
    for name, activity in (("isCompliant", "Device no longer compliant"), ("isManaged", "Device no longer managed")):
        if old[name] and not new[name]:
            yield Change(second, activity, (("device", device),), (), DEVICE_SERVICE, f"managed {device}")


def _applications(before: Tenant, after: Tenant) -> Iterator[Change]:
    apps, context = after.applications, after.context
    for app in apps.population.today.joined:
        actor, request = administrator(context, "application", app), f"application {app}"
        second, name = second_of_day(apps.traits(app)), {"DisplayName": (None, apps.name(app))}
        app_id = {"AppId": (None, apps.app_ids.guid(app))}
        yield Change(second, "Add application", (("application", app),), attributes(app_id | name), actor, request)
        for key in apps.owners(app):
            of = Property("Application.ObjectID", None, value(apps.ids.guid(app)))
            yield Change(second, "Add owner to application", (target(key), ("application", app)), (of,), actor, request)
        principal = OWN_APPS + app
        second = second_of_day(after.principals.ids.traits(principal))
        properties = (*attributes(name), Property("ServicePrincipal.AppId", None, value(apps.app_ids.guid(app))))
        yield Change(second, "Add service principal", (("servicePrincipal", principal),), properties, actor, request)
    for app in apps.population.today.moved:
        if apps.population.alive(app):
            old, new = (row(each.applications.kind, app, ("passwordCredentials",)) for each in (before, after))
            keys = [[_key(each) for each in holder["passwordCredentials"]] for holder in (old, new)]
            changed = (Property("KeyDescription", values(*keys[0]), values(*keys[1])), included("KeyDescription"))
            actor = administrator(context, "secret", app, context.day)
            activity = "Update application - Certificates and secrets management"
            yield Change(second_of_day(apps.traits(app)), activity, (("application", app),), changed, actor)


def _key(secret: dict[str, object]) -> str:
    """Return a secret as the audit log describes it."""
    name = secret["displayName"] or ""
    return f"[KeyIdentifier={secret['keyId']},KeyType=Password,KeyUsage=Verify,DisplayName={name}]"


def _units(before: Tenant, after: Tenant) -> Iterator[Change]:
    for unit in after.units.active:
        subject, actor = (("administrativeUnit", unit),), administrator(after.context, "unit", unit)
        second = second_of_day(unit * 41)
        new = row(after.units.kind, unit, ("displayName", "description"))
        if unit not in before.units.active:
            named = {"DisplayName": (None, new["displayName"]), "Description": (None, new["description"])}
            yield Change(second, "Add administrative unit", subject, attributes(named), actor)
            continue
        old = row(before.units.kind, unit, ("description",))
        if old["description"] != new["description"]:
            edited = attributes({"Description": (old["description"], new["description"])})
            yield Change(second, "Update administrative unit", subject, edited, actor)
