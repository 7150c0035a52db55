"""The entities that a person's token can read, judged by its delegated scopes.

Every permission of the catalogue exists under the same name as an application permission and as a delegated scope. The wider
scopes that also suffice come from the permissions that Microsoft's reference lists for each path. What a person can read also
depends on their directory roles, which the scopes do not show.
"""

from collections.abc import Collection

from aad_assets.catalog.entity import Entity

_DIRECTORY = "Directory.Read.All"

# Permission → wider permissions that read the same objects in full. The ReadWrite form of each suffices as well.
_WIDER = {
    "AdministrativeUnit.Read.All": (_DIRECTORY,),
    "Application.Read.All": (_DIRECTORY,),
    "Device.Read.All": (_DIRECTORY,),
    "Domain.Read.All": (_DIRECTORY,),
    "Group.Read.All": (_DIRECTORY,),
    "GroupMember.Read.All": ("Group.Read.All", _DIRECTORY),
    "LicenseAssignment.Read.All": ("Organization.Read.All", _DIRECTORY),
    "OrgContact.Read.All": (_DIRECTORY,),
    "Organization.Read.All": (_DIRECTORY,),
    "RoleManagement.Read.Directory": (_DIRECTORY,),
    "User.Read.All": (_DIRECTORY,),
}


def missing_permissions(entity: Entity, scopes: Collection[str]) -> list[str]:
    """Return the permissions of `entity` that none of `scopes` covers; empty if the scopes suffice to read it."""
    return [permission for permission in entity.permissions if not _sufficient(permission).intersection(scopes)]


def _sufficient(permission: str) -> set[str]:
    names = {permission, *_WIDER.get(permission, ())}
    return names | {name.replace(".Read.", ".ReadWrite.") for name in names}
