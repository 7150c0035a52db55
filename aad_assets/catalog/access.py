"""Access: which entities and columns a token can read, and what an error means for an entity.

Every permission of the catalogue exists under the same name as an application permission and as a delegated scope. The wider
permissions that also suffice come from those that Microsoft's reference lists for each path. What a person can read also
depends on their directory roles, which the scopes do not show.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from aad_assets.catalog import CATALOG
from aad_assets.catalog.entity import Entity
from aad_assets.catalog.enums import Version
from aad_assets.errors import (
    EntitySkipped,
    GraphError,
    NotAvailable,
    NotFound,
    PermissionMissing,
    PersonNeeded,
    RequestRejected,
)

ErrorT = TypeVar("ErrorT", bound=Exception)

_DIRECTORY = "Directory.Read.All"
_LIFECYCLE = "LifecycleWorkflows.Read.All"
_ORGANIZATION = "Organization.Read.All"
_ROLES = ("RoleManagement.Read.Directory", "RoleManagement.Read.All")

# Permission → wider permissions that read the same objects in full. The ReadWrite form of each suffices as well.
_WIDER = {
    "AdministrativeUnit.Read.All": (_DIRECTORY,),
    "Application.Read.All": (_DIRECTORY,),
    "AuthenticationContext.Read.All": ("Policy.Read.ConditionalAccess",),
    "BitlockerKey.ReadBasic.All": ("BitlockerKey.Read.All",),
    "Device.Read.All": (_DIRECTORY,),
    "DeviceLocalCredential.ReadBasic.All": ("DeviceLocalCredential.Read.All",),
    "Domain.Read.All": (_DIRECTORY,),
    "Group.Read.All": (_DIRECTORY,),
    "GroupMember.Read.All": ("Group.Read.All", _DIRECTORY),
    "GroupSettings.Read.All": (_DIRECTORY,),
    "LicenseAssignment.Read.All": (_ORGANIZATION, _DIRECTORY),
    "LifecycleWorkflows-Reports.Read.All": (_LIFECYCLE,),
    "LifecycleWorkflows-Workflow.Read.All": (_LIFECYCLE,),
    "OrgContact.Read.All": (_DIRECTORY,),
    "Organization.Read.All": (_DIRECTORY,),
    "OrganizationalBranding.Read.All": (_ORGANIZATION,),
    "Policy.Read.AuthenticationMethod": ("Policy.Read.All",),
    "RoleAssignmentSchedule.Read.Directory": _ROLES,
    "RoleEligibilitySchedule.Read.Directory": _ROLES,
    "RoleManagement.Read.Directory": (_DIRECTORY,),
    "User.Read.All": (_DIRECTORY,),
}


@dataclass(frozen=True)
class Access:
    """The access that a token gives."""

    granted: frozenset[str] | None = None
    """The permissions in the token. None if it cannot be read. Nothing is then known to be missing."""
    delegated: bool = False
    """True if a person has signed in."""

    def check(self, entity: Entity) -> None:
        """Raise PersonNeeded if `entity` needs a signed-in person and no request is worth a try.

        An app that was granted the permission tries: some of these APIs are reported to answer apps anyway.
        """
        if self.delegated or self.granted is None or not needs_person(entity):
            return
        if missing_permissions(entity, self.granted):
            raise PersonNeeded

    def judge(self, entity: Entity, error: ErrorT) -> ErrorT | EntitySkipped:
        """Return what `error` means for `entity`: the error itself, or one that skips it."""
        if isinstance(error, PermissionMissing) and not self.delegated and needs_person(entity):
            return PersonNeeded(error.response)
        if isinstance(error, NotFound | RequestRejected) and _may_be_missing(entity, error):
            return NotAvailable(error.response, error.advice)
        return error

    def missing(self, entity: Entity) -> tuple[str, ...]:
        """Return the permissions of `entity` that the token does not name. A wider one may still suffice."""
        return tuple(name for name in entity.permissions if name not in (self.granted or ()))

    def empty_columns(self, entity: Entity) -> dict[str, tuple[str, ...]]:
        """Return the columns that stay empty because a permission of their own is missing, each with its alternatives."""
        if self.granted is None:
            return {}
        needs = dict(entity.also_needs)
        return {
            column.name: needs[column.source]
            for column in entity.columns
            if column.source in needs and not any(_sufficient(name) & self.granted for name in needs[column.source])
        }


def needs_person(entity: Entity) -> bool:
    """Return whether Graph gives `entity`, or the parents whose children it has, to a signed-in person only."""
    return not all(each.app_only for each in with_parents(entity))


def with_parents(entity: Entity) -> Iterator[Entity]:
    """Yield `entity`, its parent, the parent of that, and so on."""
    yield entity
    while entity.parent:
        entity = CATALOG[entity.parent]
        yield entity


def required_permissions(entity: Entity) -> tuple[str, ...]:
    """Return the permissions of `entity` and of its parents, whose keys are read even if they are off or in another run."""
    return tuple(dict.fromkeys(name for each in with_parents(entity) for name in each.permissions))


def permissions_to_grant(entities: Iterable[Entity], *, delegated: bool) -> list[str]:
    """Return the permissions that read `entities` with all of their columns, and lists that save requests for parents.

    An app is granted none for entities that need a person. Of alternatives, one that is needed anyway is enough.
    """
    readable = [entity for entity in entities if delegated or not needs_person(entity)]
    needed = {name for entity in readable for name in required_permissions(entity)}
    # Optional, but without it children are requested for many more parents.
    needed.update(name for entity in readable if entity.parent_list for name in CATALOG[entity.parent_list].permissions)
    for entity in readable:
        needed.update(names[0] for names in Access(frozenset(needed)).empty_columns(entity).values())
    return sorted(needed)


def missing_permissions(entity: Entity, granted: Collection[str]) -> list[str]:
    """Return the permissions of `entity` that none of `granted` covers; empty if those suffice to read it."""
    return [permission for permission in entity.permissions if not _sufficient(permission).intersection(granted)]


def _sufficient(permission: str) -> set[str]:
    names = {permission, *_WIDER.get(permission, ())}
    return names | {name.replace(".Read.", ".ReadWrite.") for name in names}


def _may_be_missing(entity: Entity, error: GraphError) -> bool:
    """Return whether `error` can mean that this tenant or cloud does not have the entity."""
    optional = any(each.optional or each.version is Version.BETA for each in with_parents(entity))
    return optional and error.response.status in (400, 404, 501)
