"""Grants on service principals: app role assignments, delegated permissions, consent."""

from collections.abc import Iterable, Iterator, Mapping

from ...directory.edges import edge
from ...directory.grants import Consent
from ...directory.well_known import GALLERY, GRAPH
from .change import Change, Property, Tenant, administrator, exists, value

_ASSIGNED = {
    "user": ("Add app role assignment grant to user", "Remove app role assignment from user", "User"),
    "group": ("Add app role assignment to group", "Remove app role assignment from group", "Group"),
    "servicePrincipal": (
        "Add app role assignment to service principal",
        "Remove app role assignment from service principal",
        "ServicePrincipal",
    ),
}
"""By type of the principal: what a new assignment and the end of one are called, and how properties name the principal."""


def changes(before: Tenant, after: Tenant) -> Iterator[Change]:
    """Return the changes of grants on a day."""
    for resource in after.principals.keys:
        if resource == GALLERY:  # So many that their days are computed, not compared.
            new, ended = _gallery(before, after)
        else:
            old = before.grants.held(resource) if before.principals.alive(resource) else {}
            held = after.grants.held(resource)
            new = [key for key, since in held.items() if since == after.context.day and key not in old]
            ended = sorted(old.keys() - held.keys())
        for key in new:
            yield _assignment(after, resource, key, False)
        for key in ended:
            if exists(after, edge(*after.grants.holder(key))):  # Otherwise it was deleted with its holder, without an event.
                yield _assignment(after, resource, key, True)
    yield from _consents(before, after)


def _gallery(before: Tenant, after: Tenant) -> tuple[list[int], list[int]]:
    """Return the keys of assignments on the first gallery app that are new, and that have ended."""
    key, has = after.grants.gallery_key, after.grants.has_gallery
    begun, ended = after.grants.gallery_turns
    new = {user for users in (begun, after.people.population.today.joined) for user in users if has(user)}
    return [key(user) for user in sorted(new)], [key(user) for user in ended if before.people.population.alive(user)]


def _assignment(tenant: Tenant, resource: int, key: int, ended: bool) -> Change:
    grants, context = tenant.grants, tenant.context
    row, (type_, index) = grants.assignment(resource, key), grants.holder(key)
    added, removed, noun = _ASSIGNED[type_]
    role = next((each for each in tenant.principals.app_roles(resource) if each["id"] == row["appRoleId"]), {})
    pairs = {
        "AppRole.Id": row["appRoleId"],
        "AppRole.Value": role.get("value") or "",
        "AppRole.DisplayName": role.get("displayName") or "",
        "AppRoleAssignment.CreatedDateTime": None if ended else row["createdDateTime"],
        f"{noun}.ObjectID": row["principalId"],
        f"{noun}.DisplayName": row["principalDisplayName"],
    }
    if type_ == "user":
        pairs["User.UPN"] = tenant.people.principal_name(index)
    elif type_ == "servicePrincipal":
        pairs["ServicePrincipal.AppId"] = tenant.principals.app_id(index)
    second = grants.second(resource, key)
    actor = administrator(context, "assignment", resource, key, context.day)
    subjects = (("servicePrincipal", resource), (type_, index))
    return Change(second, removed if ended else added, subjects, _properties(pairs, ended), actor)


def _properties(pairs: Mapping[str, str | None], ended: bool = False) -> tuple[Property, ...]:
    known = {name: value(content) for name, content in pairs.items() if content is not None}
    return tuple(Property(name, *((content, None) if ended else (None, content))) for name, content in known.items())


def _consents(before: Tenant, after: Tenant) -> Iterator[Change]:
    old, new = (_by_holder(tenant.grants.consents) for tenant in (before, after))
    for who, consent in new.items():
        earlier = old.get(who)
        if (earlier is None and consent.since == after.context.day) or (earlier and earlier.scopes != consent.scopes):
            yield from _consented(after, consent, earlier)
    for who, consent in old.items():
        client_exists = exists(after, edge("servicePrincipal", consent.client))
        user_exists = consent.user is None or after.people.population.alive(consent.user)
        if who not in new and client_exists and user_exists:
            second = _second(after, consent, "withdrawn")
            actor = administrator(after.context, "withdrawn", *who) if consent.user is None else consent.user
            properties = _delegated(after, consent, None)
            yield Change(second, "Remove delegated permission grant", (("servicePrincipal", GRAPH),), properties, actor)


def _by_holder(consents: Iterable[Consent]) -> dict[tuple[int, int | None], Consent]:
    return {(each.client, each.user): each for each in consents}


def _consented(tenant: Tenant, consent: Consent, earlier: Consent | None) -> Iterator[Change]:
    """Return the two events of a consent: the one of the app, and the one of the permissions."""
    second, grants = _second(tenant, consent, "consent"), tenant.grants
    everyone = consent.user is None
    who = administrator(tenant.context, "consent", consent.client) if consent.user is None else consent.user
    request = f"consent {consent.client} {consent.user} {tenant.context.day}"
    grant = (
        f"Id: {grants.consent_id(consent)}, ClientId: {tenant.principals.ids.guid(consent.client)}, "
        f"PrincipalId: {'' if consent.user is None else tenant.people.ids.guid(consent.user)}, "
        f"ResourceId: {tenant.principals.ids.guid(GRAPH)}, ConsentType: {'AllPrincipals' if everyone else 'Principal'}, "
        f"Scope: {grants.scope(consent)}"
    )
    context = {
        "ConsentContext.IsAdminConsent": str(everyone),
        "ConsentContext.IsAppOnly": "False",
        "ConsentContext.OnBehalfOfAll": str(everyone),
        "ConsentAction.Permissions": f"[] => [[{grant}]]; ",
    }
    # Every scope of the demo's apps is one of Microsoft Graph.
    graph, client = (("servicePrincipal", GRAPH),), (("servicePrincipal", consent.client),)
    granted = _delegated(tenant, consent, earlier)
    yield Change(second, "Add delegated permission grant", graph, granted, who, request)
    yield Change(second, "Consent to application", client, _properties(context), who, request)


def _delegated(tenant: Tenant, consent: Consent, earlier: Consent | None) -> tuple[Property, ...]:
    scopes = Property(
        "DelegatedPermissionGrant.Scope",
        None if earlier is None else value(tenant.grants.scope(earlier)),
        value(tenant.grants.scope(consent)),
    )
    pairs = {
        "DelegatedPermissionGrant.ConsentType": "AllPrincipals" if consent.user is None else "Principal",
        "ServicePrincipal.ObjectID": tenant.principals.ids.guid(consent.client),
        "ServicePrincipal.DisplayName": tenant.principals.name(consent.client),
        "ServicePrincipal.AppId": tenant.principals.app_id(consent.client),
        "User.ObjectID": None if consent.user is None else tenant.people.ids.guid(consent.user),
    }
    return (scopes, *_properties(pairs))


def _second(tenant: Tenant, consent: Consent, what: str) -> int:
    return tenant.context.number(what, consent.client, consent.user) % 86_400
