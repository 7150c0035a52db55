"""Every collection of Graph that the demo tenant answers: one declaration each.

A new collection is one entry here plus one generator in directory/. How a request is answered is graph.py's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from .directory import Directory
from .directory.directory import Related
from .directory.edges import TYPES
from .directory.rendering import Kind, Plain

Rows = Callable[[Directory, tuple[int, ...]], Kind]
Starts = Callable[[Directory, str], Sequence[int]]


@dataclass(frozen=True, eq=False)
class Collection:
    """One collection.

    `path` has `{id}` for parents; `rows` gives the objects on a day, given the parents' keys. `page` is the largest
    $top, None where the collection does not page (its whole answer is one page unless $top is sent). `roles`: any one
    of these permissions suffices.
    """

    table: str
    path: str
    type: str
    rows: Rows
    roles: tuple[str, ...]
    page: int | None = 999
    default_page: int = 100
    family: str = "directory"
    cost: int = 1
    context: str = ""
    select_only: bool = False
    eventual: bool = False
    """Answers advanced queries alone: ConsistencyLevel: eventual and $count=true."""
    single_only: frozenset[str] = frozenset()
    """Properties that exist on a single object only: a list that names them answers 400."""
    not_in_lists: frozenset[str] = frozenset()
    """Properties that make a list answer 501."""
    starts: tuple[str, Starts] | None = None
    """The property whose startsWith() is supported, and how it is found."""
    expands: frozenset[str] = frozenset()
    scan: bool = False
    """Comparisons on any property are supported (small collections and logs)."""
    restricted: dict[str, str] = field(default_factory=dict)
    """Properties that need a permission of their own."""
    form: Literal["list", "singleton", "action"] = "list"
    """A singleton answers one object at the path itself; an action is a list that is asked for by POST."""
    hidden: Callable[[Directory, int], bool] | None = None
    """Says whether the parent hides its members from apps without Member.Read.Hidden."""

    @property
    def segments(self) -> tuple[str, ...]:
        """The path, split."""
        return tuple(self.path.strip("/").split("/"))

    @property
    def related(self) -> bool:
        """Are the rows references to directory objects (members, owners)?"""
        return self.type in ("directoryObject", *TYPES) and "{id}" in self.path


_DIRECTORY = ("Directory.Read.All", "Directory.ReadWrite.All")


def _related(find: Callable[[Directory, int], Sequence[int]], cast: str | None = None, hide: str | None = None) -> Rows:
    """Members or owners of the parent; `hide` is a type that v1.0 leaves out."""

    def rows(directory: Directory, parents: tuple[int, ...]) -> Kind:
        keys = find(directory, parents[-1])
        if hide:
            end = TYPES.index(hide)
            keys = [key for key in keys if key >> 40 != end]
        return Related(directory, keys, cast)

    return rows


def _assigned(directory: Directory, parents: tuple[int, ...]) -> Kind:
    keys = directory.principals.assigned(parents[-1])
    return Plain("appRoleAssignment", lambda: keys, partial(directory.principals.assignment, parents[-1]))


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
_MEMBER_ROLES = ("GroupMember.Read.All", "Group.Read.All", *_DIRECTORY)
_APP_ROLES = ("Application.Read.All", *_DIRECTORY)
_UNIT_ROLES = ("AdministrativeUnit.Read.All", *_DIRECTORY)
_ROLE_ROLES = ("RoleManagement.Read.Directory", "RoleManagement.Read.All", *_DIRECTORY)

COLLECTIONS = (
    Collection(
        "users",
        "/users",
        "user",
        lambda directory, _: directory.people.kind,
        ("User.Read.All", "User.ReadWrite.All", *_DIRECTORY),
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
        ("Group.Read.All", "GroupMember.Read.All", "Group.ReadWrite.All", *_DIRECTORY),
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
        ("Device.Read.All", *_DIRECTORY),
        starts=("deviceId", lambda directory, prefix: directory.devices.starting(prefix)),
    ),
    Collection(
        "org_contacts",
        "/contacts",
        "orgContact",
        lambda directory, _: directory.tenant.contacts,
        ("OrgContact.Read.All", *_DIRECTORY),
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
        ("Organization.Read.All", "User.Read.All", *_DIRECTORY),
        page=None,
    ),
    Collection(
        "domains",
        "/domains",
        "domain",
        lambda directory, _: directory.tenant.domains,
        ("Domain.Read.All", *_DIRECTORY),
    ),
    Collection(
        "subscribed_skus",
        "/subscribedSkus",
        "subscribedSku",
        lambda directory, _: directory.tenant.skus,
        ("LicenseAssignment.Read.All", "Organization.Read.All", *_DIRECTORY),
        page=None,
        cost=3,
        select_only=True,
    ),
    Collection(
        "oauth2_permission_grants",
        "/oauth2PermissionGrants",
        "oAuth2PermissionGrant",
        lambda directory, _: directory.principals.grants,
        ("DelegatedPermissionGrant.ReadWrite.All", *_DIRECTORY),
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
        lambda directory, _: directory.applications.extensions,
        _APP_ROLES,
        page=None,
        form="action",
    ),
    Collection(
        "security_defaults_policy",
        "/policies/identitySecurityDefaultsEnforcementPolicy",
        "identitySecurityDefaultsEnforcementPolicy",
        lambda directory, _: directory.tenant.security_defaults,
        ("Policy.Read.All",),
        page=None,
        form="singleton",
    ),
    Collection(
        "group_members",
        "/groups/{id}/members",
        "directoryObject",
        _related(lambda directory, group: directory.groups.members(group), hide="servicePrincipal"),
        _MEMBER_ROLES,
        cost=3,
        hidden=lambda directory, key: directory.groups.hides_members(key),
    ),
    Collection(
        "group_members_service_principals",
        "/groups/{id}/members/microsoft.graph.servicePrincipal",
        "servicePrincipal",
        _related(lambda directory, group: directory.groups.members(group), cast="servicePrincipal"),
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
        _related(lambda directory, group: directory.groups.owners(group)),
        _MEMBER_ROLES,
    ),
    Collection(
        "application_owners",
        "/applications/{id}/owners",
        "directoryObject",
        _related(lambda directory, app: directory.applications.owners(app)),
        _APP_ROLES,
    ),
    Collection(
        "service_principal_owners",
        "/servicePrincipals/{id}/owners",
        "directoryObject",
        _related(lambda directory, principal: directory.principals.owners(principal)),
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
        _related(lambda directory, unit: directory.units.members(unit)),
        _UNIT_ROLES,
        hidden=lambda directory, key: directory.units.hides_members(key),
    ),
)

BY_TABLE = {collection.table: collection for collection in COLLECTIONS}
BY_SEGMENTS = {tuple(part.lower() for part in collection.segments): collection for collection in COLLECTIONS}
SEGMENTS = frozenset(
    tuple(part.lower() for part in collection.segments[:length])
    for collection in COLLECTIONS
    for length in range(1, len(collection.segments) + 1)
)
"""Every beginning of a path that leads somewhere, `{id}` included."""
