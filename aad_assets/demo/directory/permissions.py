"""The permissions that Microsoft Graph offers in this tenant: application roles and delegated scopes.

GUIDs from Microsoft's permissions reference where `_KNOWN` has them; the others are made up, as their values identify
nothing outside the tenant.
"""

from .chance import guid
from .rendering import Object

GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"

APPLICATION = [
    "User.Read.All",
    "Group.Read.All",
    "GroupMember.Read.All",
    "Application.Read.All",
    "Device.Read.All",
    "OrgContact.Read.All",
    "AdministrativeUnit.Read.All",
    "Organization.Read.All",
    "Domain.Read.All",
    "Domain-InternalFederation.Read.All",
    "Directory.Read.All",
    "LicenseAssignment.Read.All",
    "CustomSecAttributeDefinition.Read.All",
    "OnPremDirectorySynchronization.Read.All",
    "AuditLog.Read.All",
    "UserAuthenticationMethod.Read.All",
    "Policy.Read.PermissionGrant",
    "RoleManagement.Read.Directory",
    "RoleAssignmentSchedule.Read.Directory",
    "RoleEligibilitySchedule.Read.Directory",
    "RoleManagementPolicy.Read.Directory",
    "PrivilegedEligibilitySchedule.Read.AzureADGroup",
    "PrivilegedAssignmentSchedule.Read.AzureADGroup",
    "GroupSettings.Read.All",
    "Policy.Read.All",
    "Policy.Read.AuthenticationMethod",
    "Policy.Read.DeviceConfiguration",
    "IdentityProvider.Read.All",
    "EntitlementManagement.Read.All",
    "AccessReview.Read.All",
    "Agreement.Read.All",
    "LifecycleWorkflows.Read.All",
    "DelegatedAdminRelationship.Read.All",
    "ProvisioningLog.Read.All",
    "IdentityRiskyUser.Read.All",
    "IdentityRiskEvent.Read.All",
    "IdentityRiskyServicePrincipal.Read.All",
    "Member.Read.Hidden",
    "CustomSecAttributeAssignment.Read.All",
]
"""What the demo's own app is granted: everything that some collection of Graph asks for."""

OTHER = ["Mail.Send", "Mail.Read", "Sites.Read.All", "User.ReadWrite.All", "Directory.ReadWrite.All", "Group.ReadWrite.All"]
SCOPES = [
    "User.Read",
    "openid",
    "profile",
    "email",
    "offline_access",
    "Mail.Read",
    "Calendars.Read",
    "Files.Read.All",
    "Group.Read.All",
]

_KNOWN = {
    "User.Read.All": "df021288-bdef-4463-88db-98f22de89214",
    "Group.Read.All": "5b567255-7703-4780-807c-7be8301ae99b",
    "GroupMember.Read.All": "98830695-27a2-44f7-8c18-0c3ebc9698f6",
    "Application.Read.All": "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
    "Device.Read.All": "7438b122-aefc-4978-80ed-43db9fcc7715",
    "Directory.Read.All": "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
    "AuditLog.Read.All": "b0afded3-3588-46d8-8b3d-9842eff778da",
    "Policy.Read.All": "246dd0d5-5bd0-4def-940b-0421030a5b68",
    "Organization.Read.All": "498476ce-e0fe-48b0-b801-37ba7e2685c6",
    "RoleManagement.Read.Directory": "483bed4a-2ad3-4361-a73b-c83ccdbdc53c",
    "Mail.Send": "b633e1c5-b582-4048-a93e-9f11b44c7e96",
    "User.ReadWrite.All": "741f803b-c850-494e-b5df-cde7c675a1ca",
    "Directory.ReadWrite.All": "19dbc75e-c2e2-444c-a770-ec69d8559fc7",
    "Group.ReadWrite.All": "62a82d76-70ea-41e2-9197-370581804d09",
    "scope:User.Read": "e1fe6dd8-ba31-4d61-89e7-88639da4683d",
    "scope:openid": "37f7f235-527c-4136-accd-4a02d197296e",
    "scope:profile": "14dad69e-099b-42c9-810b-d002981feec1",
    "scope:email": "64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0",
    "scope:offline_access": "7427e0e9-2fba-42fe-b0c0-848c9e6a8182",
}

ROLES = (*APPLICATION, *OTHER)


def role_id(permission: str) -> str:
    """The id of an application permission."""
    return _KNOWN.get(permission) or guid(0, "role", permission)


def scope_id(scope: str) -> str:
    """The id of a delegated permission."""
    return _KNOWN.get(f"scope:{scope}") or guid(0, "scope", scope)


def app_role(id_: str, value: str | None, name: str, members: list[str], enabled: bool = True) -> Object:
    """An appRole."""
    return {
        "allowedMemberTypes": members,
        "description": f"Allows the app to work with {name}.",
        "displayName": name,
        "id": id_,
        "isEnabled": enabled,
        "origin": "Application",
        "value": value,
    }


def scope(id_: str, value: str) -> Object:
    """A permissionScope (a delegated permission)."""
    return {
        "adminConsentDescription": f"Allows the app to use {value} on behalf of the signed-in user.",
        "adminConsentDisplayName": f"Use {value}",
        "id": id_,
        "isEnabled": True,
        "type": "User",
        "userConsentDescription": f"Allows the app to use {value} for you.",
        "userConsentDisplayName": f"Use {value}",
        "value": value,
    }
