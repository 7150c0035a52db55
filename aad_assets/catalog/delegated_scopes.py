"""Which entities a person's token can read, by its scopes.

Every permission of the catalogue exists in two forms under one name: as application permission and as delegated scope. What
else suffices is taken from the permissions that Microsoft's reference lists for each path. Beyond the scopes, a person sees
what their directory roles let them see; that is not known here.
"""

from collections.abc import Collection

from aad_assets.catalog.entity import Entity

_DIRECTORY = "Directory.Read.All"

# Permission → what reads the same objects whole, besides the same with ReadWrite.
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
    """The permissions of `entity` that none of `scopes` stands for; empty when it can be read."""
    return [permission for permission in entity.permissions if not _sufficient(permission).intersection(scopes)]


def _sufficient(permission: str) -> set[str]:
    names = {permission, *_WIDER.get(permission, ())}
    return names | {name.replace(".Read.", ".ReadWrite.") for name in names}
