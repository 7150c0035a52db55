"""Collections under one object of the directory that core.py does not have."""

from ..directory import children
from .core import related
from .declaration import DIRECTORY_ROLES, Collection

_DEVICES = ("Device.Read.All", *DIRECTORY_ROLES)
_USERS = ("User.Read.All", "User.ReadWrite.All", *DIRECTORY_ROLES)

COLLECTIONS = (
    Collection(
        "user_managers",
        "/users/{id}/manager",
        "directoryObject",
        related(children.manager),
        _USERS,
        page=None,
        form="singleton",
    ),
    Collection(
        "application_federated_identity_credentials",
        "/applications/{id}/federatedIdentityCredentials",
        "federatedIdentityCredential",
        lambda directory, parents: children.federated_credentials(directory, parents[-1]),
        ("Application.Read.All", *DIRECTORY_ROLES),
    ),
    Collection(
        "delegated_permission_classifications",
        "/servicePrincipals/{id}/delegatedPermissionClassifications",
        "delegatedPermissionClassification",
        lambda directory, parents: children.classifications(directory, parents[-1]),
        ("Policy.Read.PermissionGrant", "Application.Read.All", *DIRECTORY_ROLES),
    ),
    Collection(
        "device_registered_owners",
        "/devices/{id}/registeredOwners",
        "directoryObject",
        related(children.registered_owners),
        _DEVICES,
    ),
    Collection(
        "device_registered_users",
        "/devices/{id}/registeredUsers",
        "directoryObject",
        related(children.registered_users),
        _DEVICES,
    ),
)
