"""The directory's objects, and what ties them together."""

from collections.abc import Callable, Sequence
from functools import partial

from ..directory.edges import TYPES
from ..directory.objects import Related
from ..directory.rendering import Kind, Plain
from ..tenant import Directory
from .declaration import DIRECTORY_ROLES, Collection, Rows


def related(find: Callable[[Directory, int], Sequence[int]], cast: str | None = None, hide: str | None = None) -> Rows:
    """Members or owners of the parent; `hide` is a type that v1.0 leaves out."""

    def rows(directory: Directory, parents: tuple[int, ...]) -> Kind:
        keys = find(directory, parents[-1])
        if hide:
            end = TYPES.index(hide)
            keys = [key for key in keys if key >> 40 != end]
        return Related(directory.objects, keys, cast)

    return rows


def _assigned(directory: Directory, parents: tuple[int, ...]) -> Kind:
    keys = directory.grants.assigned(parents[-1])
    return Plain("appRoleAssignment", lambda: keys, partial(directory.grants.assignment, parents[-1]))


_PROFILE = frozenset(
    [
        "aboutMe",
        "birthday",
        "hireDate",
        "interests",
        "mySite",
        "pastProjects",
        "preferredName",
        "responsibilities",
        "schools",
        "skills",
        "mailboxSettings",
    ]
)
_SINGLE_GROUP = frozenset(
    [
        "allowExternalSenders",
        "autoSubscribeNewMembers",
        "hideFromAddressLists",
        "hideFromOutlookClients",
        "isSubscribedByMail",
        "unseenCount",
    ]
)
_MEMBER_ROLES = ("GroupMember.Read.All", "Group.Read.All", *DIRECTORY_ROLES)
_APP_ROLES = ("Application.Read.All", *DIRECTORY_ROLES)
_UNIT_ROLES = ("AdministrativeUnit.Read.All", *DIRECTORY_ROLES)
_ROLE_ROLES = ("RoleManagement.Read.Directory", "RoleManagement.Read.All", *DIRECTORY_ROLES)

COLLECTIONS = (
    Collection(
        "users",
        "/users",
        "user",
        lambda directory, _: directory.people.kind,
        ("User.Read.All", "User.ReadWrite.All", *DIRECTORY_ROLES),
        cost=2,
        not_in_lists=_PROFILE,
        starts=("userPrincipalName", lambda directory, prefix: directory.people.starting(prefix)),
        expands=frozenset({"manager"}),
        restricted={
            "signInActivity": "AuditLog.Read.All",
            "customSecurityAttributes": "CustomSecAttributeAssignment.Read.All",
        },
    ),
    Collection(
        "groups",
        "/groups",
        "group",
        lambda directory, _: directory.groups.kind,
        ("Group.Read.All", "GroupMember.Read.All", "Group.ReadWrite.All", *DIRECTORY_ROLES),
        single_only=_SINGLE_GROUP,
        starts=("mailNickname", lambda directory, prefix: directory.groups.starting(prefix)),
    ),
    Collection(
        "applications",
        "/applications",
        "application",
        lambda directory, _: directory.applications.kind,
        _APP_ROLES,
        cost=2,
    ),
    Collection(
        "service_principals",
        "/servicePrincipals",
        "servicePrincipal",
        lambda directory, _: directory.principals.kind,
        _APP_ROLES,
        starts=("appId", lambda directory, prefix: directory.principals.starting(prefix)),
        restricted={"customSecurityAttributes": "CustomSecAttributeAssignment.Read.All"},
    ),
    Collection(
        "devices",
        "/devices",
        "device",
        lambda directory, _: directory.devices.kind,
        ("Device.Read.All", *DIRECTORY_ROLES),
        starts=("deviceId", lambda directory, prefix: directory.devices.starting(prefix)),
    ),
    Collection(
        "org_contacts",
        "/contacts",
        "orgContact",
        lambda directory, _: directory.tenant.contacts,
        ("OrgContact.Read.All", *DIRECTORY_ROLES),
    ),
    Collection(
        "administrative_units",
        "/directory/administrativeUnits",
        "administrativeUnit",
        lambda directory, _: directory.units.kind,
        _UNIT_ROLES,
    ),
    Collection(
        "organization",
        "/organization",
        "organization",
        lambda directory, _: directory.tenant.organization,
        ("Organization.Read.All", "User.Read.All", *DIRECTORY_ROLES),
        page=None,
    ),
    Collection(
        "domains",
        "/domains",
        "domain",
        lambda directory, _: directory.tenant.domains,
        ("Domain.Read.All", *DIRECTORY_ROLES),
    ),
    Collection(
        "subscribed_skus",
        "/subscribedSkus",
        "subscribedSku",
        lambda directory, _: directory.tenant.skus,
        ("LicenseAssignment.Read.All", "Organization.Read.All", *DIRECTORY_ROLES),
        page=None,
        cost=3,
        select_only=True,
    ),
    Collection(
        "oauth2_permission_grants",
        "/oauth2PermissionGrants",
        "oAuth2PermissionGrant",
        lambda directory, _: directory.grants.delegated,
        ("DelegatedPermissionGrant.ReadWrite.All", *DIRECTORY_ROLES),
        cost=2,
    ),
    Collection(
        "role_definitions",
        "/roleManagement/directory/roleDefinitions",
        "unifiedRoleDefinition",
        lambda directory, _: directory.roles.definitions,
        _ROLE_ROLES,
        page=None,
        scan=True,
    ),
    Collection(
        "role_assignments",
        "/roleManagement/directory/roleAssignments",
        "unifiedRoleAssignment",
        lambda directory, _: directory.roles.assignments,
        _ROLE_ROLES,
        page=None,
        scan=True,
    ),
    Collection(
        "extension_properties",
        "/directoryObjects/getAvailableExtensionProperties",
        "extensionProperty",
        lambda directory, _: directory.extensions.kind,
        _APP_ROLES,
        page=None,
        form="action",
    ),
    Collection(
        "group_members",
        "/groups/{id}/members",
        "directoryObject",
        related(lambda directory, group: directory.groups.members(group), hide="servicePrincipal"),
        _MEMBER_ROLES,
        cost=3,
        hidden=lambda directory, key: directory.groups.hides_members(key),
    ),
    Collection(
        "group_members_service_principals",
        "/groups/{id}/members/microsoft.graph.servicePrincipal",
        "servicePrincipal",
        related(lambda directory, group: directory.groups.members(group), cast="servicePrincipal"),
        _MEMBER_ROLES,
        cost=3,
        context="servicePrincipals",
        eventual=True,
        hidden=lambda directory, key: directory.groups.hides_members(key),
    ),
    Collection(
        "group_owners",
        "/groups/{id}/owners",
        "directoryObject",
        related(lambda directory, group: directory.groups.owners(group)),
        _MEMBER_ROLES,
    ),
    Collection(
        "application_owners",
        "/applications/{id}/owners",
        "directoryObject",
        related(lambda directory, app: directory.applications.owners(app)),
        _APP_ROLES,
    ),
    Collection(
        "service_principal_owners",
        "/servicePrincipals/{id}/owners",
        "directoryObject",
        related(lambda directory, principal: directory.principals.owners(principal)),
        _APP_ROLES,
    ),
    Collection(
        "app_role_assignments",
        "/servicePrincipals/{id}/appRoleAssignedTo",
        "appRoleAssignment",
        _assigned,
        _APP_ROLES,
    ),
    Collection(
        "administrative_unit_members",
        "/directory/administrativeUnits/{id}/members",
        "directoryObject",
        related(lambda directory, unit: directory.units.members(unit)),
        _UNIT_ROLES,
        hidden=lambda directory, key: directory.units.hides_members(key),
    ),
)
