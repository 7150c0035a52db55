"""Directory roles and privileged identity management: assignments, eligibilities, activations."""

from collections.abc import Callable, Iterable, Iterator

from ...days.calendar import second_of_day
from ...directory.edges import target
from ...directory.roles import Grant
from .change import PIM, Change, Named, Property, Tenant, administrator, exists, value

_START, _END, _SPREAD = 300, 780, 400
"""The minutes of the day at which activations begin and end, as in data/pim.yaml."""

_Event = Callable[[Tenant, Grant, bool], Iterable[Change]]
_EDITED = 20
"""Days after which the policy of each role is edited, as there."""


def changes(before: Tenant, after: Tenant) -> Iterator[Change]:
    """Return the changes of roles on a day."""
    yield from _compared(after, set(before.roles.standing), set(after.roles.standing), _member)
    yield from _compared(after, set(before.roles.eligible), set(after.roles.eligible), _eligible)
    for grant in after.roles.activated:
        yield from _activated(after, grant)
    for group, holder, access, active in after.pim.group_assigned():
        if active:
            yield from _activated_in_group(after, group, holder, access)
    for role in after.roles.definitions.keys():  # noqa: SIM118 - not a dict
        if (after.context.day + role) % _EDITED == 0:
            yield Change(second_of_day(role * 31), "Update role setting in PIM", (_role(after, role),), (), role % 4)


def _compared(after: Tenant, old: set[Grant], new: set[Grant], event: _Event) -> Iterator[Change]:
    for grant in sorted(new - old):
        yield from event(after, grant, False)
    for grant in sorted(old - new):
        if exists(after, grant[1]):  # Otherwise it went with its holder.
            yield from event(after, grant, True)


def _role(tenant: Tenant, role: int) -> Named:
    return Named("Role", tenant.roles.definition_id(role), str(tenant.roles.definitions.rows[role]["displayName"]))


def _directory(tenant: Tenant) -> Named:
    return Named("Directory", tenant.context.tenant_id, tenant.context.domain)


def _member(tenant: Tenant, grant: Grant, ended: bool) -> Iterator[Change]:
    role, holder, scope = grant
    named, scoped = _role(tenant, role), "" if scope == "/" else "scoped "
    activity = f"Remove {scoped}member from role" if ended else f"Add {scoped}member to role"
    pairs = {"Role.ObjectID": named.id, "Role.DisplayName": named.name, "Role.TemplateId": named.id}
    if scoped:
        pairs["Role.DirectoryScopeId"] = scope
    changed = tuple(
        Property(name, *((value(content), None) if ended else (None, value(content)))) for name, content in pairs.items()
    )
    second = tenant.context.number("role", *grant, ended) % 86_400
    yield Change(second, activity, (target(holder), named), changed, administrator(tenant.context, "role", *grant))


def _eligible(tenant: Tenant, grant: Grant, ended: bool) -> Iterator[Change]:
    role, holder, scope = grant
    lasting = "permanent" if tenant.context.number("period", *grant) & 1 == 0 else "timebound"
    what = "Remove eligible member from role" if ended else "Add eligible member to role"
    second, actor = tenant.context.number("eligible", *grant, ended) % 86_000, administrator(tenant.context, "role", *grant)
    request = Named("Request", tenant.context.guid("pim", "request", "eligibility", *grant, False), None)
    subjects = (_role(tenant, role), request, target(holder), _directory(tenant))
    details = (("RoleDefinitionOriginId", tenant.roles.definition_id(role)), ("DirectoryScopeId", scope))
    for step, stage in enumerate(("requested", "completed")):
        activity = f"{what} in PIM {stage} ({lasting})"
        yield Change(second + step, activity, subjects, (), actor, f"{what} {grant}", details)


def _activated(tenant: Tenant, grant: Grant) -> Iterator[Change]:
    """Return the events of a role that somebody has activated for eight hours of the day."""
    role, holder, scope = grant
    request = Named("Request", tenant.context.guid("pim", "request", "assignment", *grant, True), None)
    subjects = (_role(tenant, role), request, target(holder), _directory(tenant))
    details = (("RoleDefinitionOriginId", tenant.roles.definition_id(role)), ("DirectoryScopeId", scope))
    yield from _activation(tenant, tenant.context.number("period", *grant), "role", holder, subjects, details)


def _activated_in_group(tenant: Tenant, group: int, holder: int, access: str) -> Iterator[Change]:
    context = tenant.context
    parts = ("group request", "assignment", group, access, holder, True, context.day)
    request = Named("Request", context.guid("pim", *parts), None)
    subjects = (Named("Role", tenant.groups.ids.guid(group), access.title()), request, target(holder), ("group", group))
    number = context.number("period", group, holder, access)
    yield from _activation(tenant, number, "group", holder, subjects, (("AccessId", access),))


def _activation(
    tenant: Tenant,
    traits: int,
    kind: str,
    holder: int,
    subjects: tuple[tuple[str, int] | Named, ...],
    details: tuple[tuple[str, str], ...],
) -> Iterator[Change]:
    minute, actor, request = traits % _SPREAD, target(holder)[1], f"activation {kind} {traits} {tenant.context.day}"
    begins, ends = second_of_day(_START + minute), second_of_day(_END + minute)
    noun = " in group" if kind == "group" else ""
    expired = f"Remove member from role (PIM activation expired){noun}"
    yield Change(begins, f"Add member to role requested (PIM activation){noun}", subjects, (), actor, request, details)
    yield Change(begins, f"Add member to role completed (PIM activation){noun}", subjects, (), actor, request, details)
    yield Change(ends, expired, subjects, (), PIM, f"{request} ends", details)
