"""Collections under one object of the directory that core.py does not have."""

from .core import related
from .declaration import DIRECTORY_ROLES, Collection

_DEVICES = ("Device.Read.All", *DIRECTORY_ROLES)
_USERS = ("User.Read.All", "User.ReadWrite.All", *DIRECTORY_ROLES)

COLLECTIONS = (
    Collection(
        "user_managers",
        "/users/{id}/manager",
        "directoryObject",
        related(lambda directory, user: directory.people.managers(user)),
        _USERS,
        page=None,
        form="singleton",
    ),
    Collection(
        "application_federated_identity_credentials",
        "/applications/{id}/federatedIdentityCredentials",
        "federatedIdentityCredential",
        lambda directory, parents: directory.applications.federated_credentials(parents[-1]),
        ("Application.Read.All", *DIRECTORY_ROLES),
    ),
    Collection(
        "delegated_permission_classifications",
        "/servicePrincipals/{id}/delegatedPermissionClassifications",
        "delegatedPermissionClassification",
        lambda directory, parents: directory.principals.classifications(parents[-1]),
        ("Policy.Read.PermissionGrant", "Application.Read.All", *DIRECTORY_ROLES),
    ),
    Collection(
        "device_registered_owners",
        "/devices/{id}/registeredOwners",
        "directoryObject",
        related(lambda directory, device: directory.devices.registered_owners(device)),
        _DEVICES,
    ),
    Collection(
        "device_registered_users",
        "/devices/{id}/registeredUsers",
        "directoryObject",
        related(lambda directory, device: directory.devices.registered_users(device)),
        _DEVICES,
    ),
)
