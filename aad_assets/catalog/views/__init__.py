"""The declared views, which unnest what people need most often and put names beside ids.

To add a view, add a declaration and its `.sql` file. The columns that identify a row come first, then names, then the rest. A
name is NULL if the object that it belongs to is not, or no longer, in the directory.
"""

from aad_assets.catalog.enums import Group
from aad_assets.catalog.view import SourceTable, View, ViewColumn

__all__ = ["VIEWS", "SourceTable", "View", "ViewColumn"]

_TENANT = ViewColumn("_tenant_id", "The tenant's GUID.")
_USER_ID = ViewColumn("userId", "The user: `users.id`.")
_UPN = ViewColumn("userPrincipalName", "The user's sign-in name.")
_USER_NAME = ViewColumn("userDisplayName", "The user's display name.")
_USER_ENABLED = ViewColumn("accountEnabled", "Whether the user can sign in.", "BOOLEAN")
_USER = ("id", "userPrincipalName", "displayName", "accountEnabled")

_CREDENTIAL = (
    ViewColumn("displayName", "The name that was given to the credential."),
    ViewColumn("startDateTime", "When the credential becomes valid.", "TIMESTAMPTZ"),
    ViewColumn("endDateTime", "When the credential expires.", "TIMESTAMPTZ"),
    ViewColumn("type", "Type of a certificate or key: `AsymmetricX509Cert`, `X509CertAndPassword`, `Symmetric`."),
    ViewColumn("usage", "Use of a certificate or key: `Verify`, `Sign`, `Encrypt`."),
    ViewColumn("customKeyIdentifier", "Graph's value. For a certificate, its thumbprint, unless another value was given."),
)
_CREDENTIAL_KEY = (
    ViewColumn("kind", "`secret`, `certificate` or `key` (symmetric)."),
    ViewColumn("keyId", "The credential's id. The certificate and the secret of a SAML signing key have the same one."),
)

VIEWS: tuple[View, ...] = (
    View(
        name="user_licenses",
        group=Group.DIRECTORY,
        description="One row per user, licence and assignment, which is direct or through a group. Failed assignments are "
        "included; `isAssigned` says whether the user has the licence.",
        sources=(
            SourceTable("users", (*_USER, "assignedLicenses", "licenseAssignmentStates")),
            SourceTable("subscribed_skus", ("skuId", "skuPartNumber", "servicePlans")),
            SourceTable("groups", ("id", "displayName")),
        ),
        columns=(
            _TENANT,
            _USER_ID,
            ViewColumn("skuId", "The licence: `subscribed_skus.skuId`."),
            ViewColumn("groupId", "The group that it is assigned through: `groups.id`. NULL if assigned directly."),
            _UPN,
            _USER_NAME,
            _USER_ENABLED,
            ViewColumn(
                "skuPartNumber", "The licence's name, such as `SPE_E5`. NULL if the tenant no longer subscribes to it."
            ),
            ViewColumn("isAssigned", "Whether the user has the licence, through any assignment.", "BOOLEAN"),
            ViewColumn("assignedBy", "`direct` or `group`. NULL if Graph does not say."),
            ViewColumn("groupDisplayName", "The group's name."),
            ViewColumn("state", "The state of this assignment: `Active`, `ActiveWithError`, `Disabled`, `Error`."),
            ViewColumn("error", "Why the assignment failed, such as `CountViolation`. `None` if it did not."),
            ViewColumn("lastUpdatedDateTime", "When the assignment last changed.", "TIMESTAMPTZ"),
            ViewColumn("disabledPlans", "The ids of the service plans that this assignment leaves out.", "VARCHAR[]"),
            ViewColumn("disabledPlanNames", "The names of these service plans, in the same order.", "VARCHAR[]"),
        ),
        purpose="Licences of accounts that cannot sign in, by licence.",
        query="SELECT skuPartNumber, count(DISTINCT userId) AS users\nFROM aad.user_licenses\n"
        "WHERE isAssigned AND NOT accountEnabled\nGROUP BY skuPartNumber\nORDER BY users DESC",
    ),
    View(
        name="user_service_plans",
        group=Group.DIRECTORY,
        description="One row per user and service plan (Exchange, Teams, Entra ID P2, …) that Graph lists for the user, with "
        "the licences that include it. Removed plans stay listed with the status `Deleted`.",
        sources=(
            SourceTable("users", (*_USER, "assignedPlans", "assignedLicenses")),
            SourceTable("subscribed_skus", ("skuId", "skuPartNumber", "servicePlans")),
        ),
        columns=(
            _TENANT,
            _USER_ID,
            ViewColumn("servicePlanId", "The service plan's id."),
            _UPN,
            _USER_NAME,
            _USER_ENABLED,
            ViewColumn(
                "servicePlanName",
                "The plan's name, such as `EXCHANGE_S_ENTERPRISE`. NULL if no licence of the tenant includes it.",
            ),
            ViewColumn("service", "The service that the plan belongs to, such as `exchange`."),
            ViewColumn("capabilityStatus", "`Enabled`, `Warning`, `Suspended`, `Deleted`, `LockedOut`."),
            ViewColumn("assignedDateTime", "When the plan was assigned.", "TIMESTAMPTZ"),
            ViewColumn("skuPartNumbers", "The user's licences that include the plan and have it turned on.", "VARCHAR[]"),
        ),
        purpose="How many users have each plan, and through which licences.",
        query="SELECT servicePlanName, skuPartNumbers, count(DISTINCT userId) AS users\nFROM aad.user_service_plans\n"
        "WHERE capabilityStatus = 'Enabled'\nGROUP BY ALL\nORDER BY users DESC",
    ),
    View(
        name="user_identities",
        group=Group.DIRECTORY,
        description="One row per user and sign-in identity: user principal name, e-mail, federated and social identities.",
        sources=(SourceTable("users", (*_USER, "userType", "externalUserState", "identities")),),
        columns=(
            _TENANT,
            _USER_ID,
            ViewColumn("signInType", "`userPrincipalName`, `emailAddress`, `userName`, `federated`, …"),
            ViewColumn("issuer", "The issuer of the identity: a domain of the tenant, `facebook.com`, `ExternalAzureAD`, …"),
            ViewColumn("issuerAssignedId", "The user's name or id at the issuer. NULL for some guests."),
            _UPN,
            _USER_NAME,
            _USER_ENABLED,
            ViewColumn("userType", "`Member` or `Guest`."),
            ViewColumn("externalUserState", "State of a guest's invitation: `PendingAcceptance` or `Accepted`."),
        ),
        purpose="Where guests come from.",
        query="SELECT issuer, signInType, count(*) AS guests\nFROM aad.user_identities\nWHERE userType = 'Guest'\n"
        "GROUP BY ALL\nORDER BY guests DESC",
    ),
    View(
        name="user_proxy_addresses",
        group=Group.DIRECTORY,
        description="One row per user and proxy address, split into its parts.",
        sources=(SourceTable("users", (*_USER, "mail", "proxyAddresses")),),
        columns=(
            _TENANT,
            _USER_ID,
            ViewColumn("proxyAddress", "Graph's value, such as `SMTP:anna@contoso.com`."),
            ViewColumn("protocol", "The part before the colon, in lower case: `smtp`, `sip`, `x500`. NULL if there is none."),
            ViewColumn("address", "The part after the colon."),
            ViewColumn("domain", "The domain of an `smtp` or `sip` address, in lower case."),
            ViewColumn(
                "isPrimary", "Whether it is the primary address of its protocol, which Graph writes in upper case.", "BOOLEAN"
            ),
            _UPN,
            _USER_NAME,
            _USER_ENABLED,
            ViewColumn("mail", "The user's mail address."),
        ),
        purpose="Addresses that prevent the removal of a domain.",
        query="SELECT domain, protocol, isPrimary, count(*) AS addresses, count(DISTINCT userId) AS users\n"
        "FROM aad.user_proxy_addresses\nWHERE domain IS NOT NULL\nGROUP BY ALL\nORDER BY ALL",
    ),
    View(
        name="application_credentials",
        group=Group.ACCESS,
        description="One row per secret and certificate of an app registration, with its dates. Graph never returns the "
        "secret itself.",
        sources=(SourceTable("applications", ("id", "appId", "displayName", "passwordCredentials", "keyCredentials")),),
        columns=(
            _TENANT,
            ViewColumn("applicationId", "The app registration: `applications.id`."),
            *_CREDENTIAL_KEY,
            ViewColumn("appId", "The app's client id."),
            ViewColumn("applicationDisplayName", "The app's name."),
            *_CREDENTIAL,
        ),
        purpose="Credentials that expire within 30 days, and the owners to notify.",
        query="SELECT c.applicationDisplayName, c.kind, c.displayName, c.endDateTime, list(u.mail) AS owners\n"
        "FROM aad.application_credentials AS c\n"
        "LEFT JOIN aad.application_owners AS o USING (_tenant_id, applicationId)\n"
        "LEFT JOIN aad.users AS u ON u._tenant_id = c._tenant_id AND u.id = o.ownerId\n"
        "WHERE c.endDateTime BETWEEN now() AND now() + INTERVAL 30 DAYS\nGROUP BY ALL\nORDER BY c.endDateTime",
    ),
    View(
        name="service_principal_credentials",
        group=Group.ACCESS,
        description="One row per secret and certificate of a service principal: SAML signing certificates, credentials of "
        "managed identities, and secrets that were added to it instead of to the app registration.",
        sources=(
            SourceTable(
                "service_principals",
                (
                    "id",
                    "appId",
                    "displayName",
                    "servicePrincipalType",
                    "accountEnabled",
                    "passwordCredentials",
                    "keyCredentials",
                ),
            ),
        ),
        columns=(
            _TENANT,
            ViewColumn("servicePrincipalId", "The service principal: `service_principals.id`."),
            *_CREDENTIAL_KEY,
            ViewColumn("appId", "The client id of its application."),
            ViewColumn("servicePrincipalDisplayName", "The service principal's name."),
            ViewColumn("servicePrincipalType", "`Application`, `ManagedIdentity`, `Legacy`, …"),
            ViewColumn("accountEnabled", "Whether the service principal can sign in.", "BOOLEAN"),
            *_CREDENTIAL,
        ),
        purpose="SAML signing certificates, the next to expire first.",
        query="SELECT servicePrincipalDisplayName, endDateTime, date_diff('day', now(), endDateTime) AS daysLeft\n"
        "FROM aad.service_principal_credentials\n"
        "WHERE kind = 'certificate' AND usage = 'Sign' AND servicePrincipalType <> 'ManagedIdentity'\nORDER BY endDateTime",
    ),
    View(
        name="app_role_definitions",
        group=Group.ACCESS,
        description="One row per app role that a service principal offers. `app_role_assignments` refers to it by "
        "`resourceId` and `appRoleId`. An `appRoleId` of 00000000-0000-0000-0000-000000000000 means access without a "
        "role, and has no definition.",
        sources=(SourceTable("service_principals", ("id", "appId", "displayName", "appRoles")),),
        columns=(
            _TENANT,
            ViewColumn("servicePrincipalId", "The service principal that offers the role: `service_principals.id`."),
            ViewColumn("appRoleId", "The role's id."),
            ViewColumn("appId", "The client id of the application that offers the role."),
            ViewColumn("servicePrincipalDisplayName", "The service principal's name."),
            ViewColumn("value", "The value in tokens, such as `User.Read.All`."),
            ViewColumn("displayName", "The role's name."),
            ViewColumn("description", "What the role allows."),
            ViewColumn(
                "allowedMemberTypes",
                "Who the role can be assigned to: `User` (users and groups), `Application`.",
                "VARCHAR[]",
            ),
            ViewColumn("isEnabled", "Whether the role can be assigned.", "BOOLEAN"),
            ViewColumn("origin", "Where the role is defined: `Application` or `ServicePrincipal`."),
        ),
        purpose="Granted application permissions, by name.",
        query="SELECT a.principalDisplayName, a.resourceDisplayName, d.value\nFROM aad.app_role_assignments AS a\n"
        "LEFT JOIN aad.app_role_definitions AS d\n"
        "    ON d._tenant_id = a._tenant_id AND d.servicePrincipalId = a.resourceId AND d.appRoleId = a.appRoleId\n"
        "WHERE a.principalType = 'ServicePrincipal'\nORDER BY ALL",
    ),
    View(
        name="application_required_permissions",
        group=Group.ACCESS,
        description="One row per permission that an app registration requests, with its name. Requested does not mean "
        "granted: see `app_role_assignments` and `oauth2_permission_grants` for granted permissions.",
        sources=(
            SourceTable("applications", ("id", "appId", "displayName", "requiredResourceAccess")),
            SourceTable("service_principals", ("id", "appId", "displayName", "appRoles", "oauth2PermissionScopes")),
        ),
        columns=(
            _TENANT,
            ViewColumn("applicationId", "The app registration: `applications.id`."),
            ViewColumn("resourceAppId", "The client id of the API."),
            ViewColumn("permissionType", "`application` (Graph's `Role`) or `delegated` (`Scope`)."),
            ViewColumn("permissionId", "The permission's id."),
            ViewColumn("appId", "The client id of the app registration."),
            ViewColumn("applicationDisplayName", "The app's name."),
            ViewColumn("resourceId", "The API: `service_principals.id`. NULL if it is not in this tenant."),
            ViewColumn("resourceDisplayName", "The API's name."),
            ViewColumn(
                "value", "The permission, such as `User.Read.All`. NULL if the API does not offer it, or no longer does."
            ),
            ViewColumn("displayName", "What the permission allows, in words."),
            ViewColumn("isEnabled", "Whether the API still offers the permission.", "BOOLEAN"),
        ),
        purpose="Applications that request application permissions to write.",
        query="SELECT applicationDisplayName, resourceDisplayName, value\nFROM aad.application_required_permissions\n"
        "WHERE permissionType = 'application' AND value LIKE '%.ReadWrite.%'\nORDER BY ALL",
    ),
    View(
        name="conditional_access_assignments",
        group=Group.POLICIES,
        description="One row per conditional access policy and item that it includes or excludes: users, groups, roles, "
        "guests, applications, locations, platforms, client apps, risk levels and filters.",
        sources=(
            SourceTable("conditional_access_policies", ("id", "displayName", "state", "conditions")),
            SourceTable("users", ("id", "displayName")),
            SourceTable("groups", ("id", "displayName")),
            SourceTable("role_definitions", ("id", "displayName")),
            SourceTable("service_principals", ("id", "appId", "displayName")),
            SourceTable("named_locations", ("id", "displayName")),
            SourceTable("authentication_context_class_references", ("id", "displayName")),
        ),
        columns=(
            _TENANT,
            ViewColumn("policyId", "The policy: `conditional_access_policies.id`."),
            ViewColumn(
                "kind",
                "`user`, `group`, `role`, `guest`, `application`, `applicationFilter`, `userAction`, "
                "`authenticationContext`, `servicePrincipal`, `servicePrincipalFilter`, `location`, `platform`, "
                "`deviceFilter`, `clientAppType`, "
                "`signInRisk`, `userRisk`, `servicePrincipalRisk`, `insiderRisk`, `authenticationFlow`.",
            ),
            ViewColumn("mode", "`include` or `exclude`."),
            ViewColumn(
                "value",
                "The id, the rule of a filter, or the keyword in the policy: `All`, `None`, `GuestsOrExternalUsers`, "
                "`Office365`, `AllTrusted`, `mobileAppsAndDesktopClients`, `high`, …",
            ),
            ViewColumn("policyDisplayName", "The policy's name."),
            ViewColumn("policyState", "`enabled`, `disabled`, `enabledForReportingButNotEnforced`."),
            ViewColumn("displayName", "The name of the object whose id is `value`."),
            ViewColumn("externalTenants", "The tenants that the guests of this row come from.", "JSON"),
        ),
        purpose="Exclusions from enforced policies. The name is NULL if the object has been deleted since.",
        query="SELECT policyDisplayName, kind, displayName, value\nFROM aad.conditional_access_assignments\n"
        "WHERE policyState = 'enabled' AND mode = 'exclude' AND kind IN ('user', 'group', 'role')\nORDER BY ALL",
    ),
)
"""The views, in the order of their creation. They read only tables, never views."""
