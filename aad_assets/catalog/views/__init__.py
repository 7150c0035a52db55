"""The views: what people unnest daily, a row each, with names beside the ids. A new view is one more, and its `.sql` file.

First come the columns that say which row it is, then names, then the rest. A name is NULL when what it would name is not in
the directory any more, or never was. Not here: what a declaration says (`aad_assets.catalog.view`).
"""

from aad_assets.catalog.entity import Group
from aad_assets.catalog.view import SourceTable, View, ViewColumn

__all__ = ["VIEWS", "SourceTable", "View", "ViewColumn"]

_TENANT = ViewColumn("_tenant_id", "GUID of the tenant.")
_USER_ID = ViewColumn("userId", "The user: `users.id`.")
_UPN = ViewColumn("userPrincipalName", "Name that the user signs in with.")
_USER_NAME = ViewColumn("userDisplayName", "The user's name.")
_USER_ENABLED = ViewColumn("accountEnabled", "Whether the user can sign in.", "BOOLEAN")
_USER = ("id", "userPrincipalName", "displayName", "accountEnabled")

_CREDENTIAL = (
    ViewColumn("displayName", "What the credential was called by who added it."),
    ViewColumn("startDateTime", "From when on it is valid.", "TIMESTAMPTZ"),
    ViewColumn("endDateTime", "When it expires.", "TIMESTAMPTZ"),
    ViewColumn("type", "Type of a certificate or key: `AsymmetricX509Cert`, `X509CertAndPassword`, `Symmetric`."),
    ViewColumn("usage", "Use of a certificate or key: `Verify`, `Sign`, `Encrypt`."),
    ViewColumn("customKeyIdentifier", "As Graph has it; of a certificate, its thumbprint unless something else was given."),
)
_CREDENTIAL_KEY = (
    ViewColumn("kind", "`secret`, `certificate`, or `key` (symmetric)."),
    ViewColumn("keyId", "The credential; the certificate and the secret of a SAML signing key share it."),
)

VIEWS: tuple[View, ...] = (
    View(
        name="user_licenses",
        group=Group.DIRECTORY,
        description="A row per user, licence and way in which it was assigned: directly or through a group. Assignments that "
        "failed are here too; `isAssigned` says whether the user has the licence.",
        sources=(
            SourceTable("users", (*_USER, "assignedLicenses", "licenseAssignmentStates")),
            SourceTable("subscribed_skus", ("skuId", "skuPartNumber", "servicePlans")),
            SourceTable("groups", ("id", "displayName")),
        ),
        columns=(
            _TENANT,
            _USER_ID,
            ViewColumn("skuId", "The licence: `subscribed_skus.skuId`."),
            ViewColumn("groupId", "The group that it was assigned through: `groups.id`; NULL when directly."),
            _UPN,
            _USER_NAME,
            _USER_ENABLED,
            ViewColumn(
                "skuPartNumber", "Name of the licence, such as `SPE_E5`; NULL when the tenant no longer subscribes to it."
            ),
            ViewColumn("isAssigned", "Whether the user has the licence, in whatever way.", "BOOLEAN"),
            ViewColumn("assignedBy", "`direct` or `group`; NULL when Graph does not say."),
            ViewColumn("groupDisplayName", "Name of that group."),
            ViewColumn("state", "State of this assignment: `Active`, `ActiveWithError`, `Disabled`, `Error`."),
            ViewColumn("error", "Why it failed, such as `CountViolation`; `None` when it did not."),
            ViewColumn("lastUpdatedDateTime", "When the assignment last changed.", "TIMESTAMPTZ"),
            ViewColumn("disabledPlans", "Service plans that this assignment leaves out, by id.", "VARCHAR[]"),
            ViewColumn("disabledPlanNames", "The same by name, in the same order.", "VARCHAR[]"),
        ),
        purpose="Licences of accounts that cannot sign in, by licence.",
        query="SELECT skuPartNumber, count(DISTINCT userId) AS users\nFROM aad.user_licenses\n"
        "WHERE isAssigned AND NOT accountEnabled\nGROUP BY skuPartNumber\nORDER BY users DESC",
    ),
    View(
        name="user_service_plans",
        group=Group.DIRECTORY,
        description="A row per user and service plan (Exchange, Teams, Entra ID P2, …) that Graph lists among the user's "
        "plans, with the licences that it comes from. Plans taken away again stay listed, with the status `Deleted`.",
        sources=(
            SourceTable("users", (*_USER, "assignedPlans", "assignedLicenses")),
            SourceTable("subscribed_skus", ("skuId", "skuPartNumber", "servicePlans")),
        ),
        columns=(
            _TENANT,
            _USER_ID,
            ViewColumn("servicePlanId", "The service plan."),
            _UPN,
            _USER_NAME,
            _USER_ENABLED,
            ViewColumn(
                "servicePlanName", "Its name, such as `EXCHANGE_S_ENTERPRISE`; NULL when no licence of the tenant has it."
            ),
            ViewColumn("service", "The service that it belongs to, such as `exchange`."),
            ViewColumn("capabilityStatus", "`Enabled`, `Warning`, `Suspended`, `Deleted`, `LockedOut`."),
            ViewColumn("assignedDateTime", "When the plan was assigned.", "TIMESTAMPTZ"),
            ViewColumn("skuPartNumbers", "The user's licences that contain the plan and leave it switched on.", "VARCHAR[]"),
        ),
        purpose="How many users have each plan, and from which licences.",
        query="SELECT servicePlanName, skuPartNumbers, count(DISTINCT userId) AS users\nFROM aad.user_service_plans\n"
        "WHERE capabilityStatus = 'Enabled'\nGROUP BY ALL\nORDER BY users DESC",
    ),
    View(
        name="user_identities",
        group=Group.DIRECTORY,
        description="A row per user and way to sign in: the user principal name, e-mail, federated and social identities.",
        sources=(SourceTable("users", (*_USER, "userType", "externalUserState", "identities")),),
        columns=(
            _TENANT,
            _USER_ID,
            ViewColumn("signInType", "`userPrincipalName`, `emailAddress`, `userName`, `federated`, …"),
            ViewColumn("issuer", "Who vouches for it: a domain of the tenant, `facebook.com`, `ExternalAzureAD`, …"),
            ViewColumn("issuerAssignedId", "The user's name or id there; NULL for some guests."),
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
        description="A row per user and proxy address, taken apart.",
        sources=(SourceTable("users", (*_USER, "mail", "proxyAddresses")),),
        columns=(
            _TENANT,
            _USER_ID,
            ViewColumn("proxyAddress", "As Graph has it: `SMTP:anna@contoso.com`."),
            ViewColumn(
                "protocol", "What stands before the colon, in small letters: `smtp`, `sip`, `x500`; NULL when nothing."
            ),
            ViewColumn("address", "What stands after it."),
            ViewColumn("domain", "Domain of an `smtp` or `sip` address, in small letters."),
            ViewColumn(
                "isPrimary", "Whether it is the primary address of its protocol (then that is in capitals).", "BOOLEAN"
            ),
            _UPN,
            _USER_NAME,
            _USER_ENABLED,
            ViewColumn("mail", "The user's mail address."),
        ),
        purpose="What stands in the way of removing a domain.",
        query="SELECT domain, protocol, isPrimary, count(*) AS addresses, count(DISTINCT userId) AS users\n"
        "FROM aad.user_proxy_addresses\nWHERE domain IS NOT NULL\nGROUP BY ALL\nORDER BY ALL",
    ),
    View(
        name="application_credentials",
        group=Group.ACCESS,
        description="A row per secret and certificate of the app registrations, with its dates. Graph never returns what is "
        "secret of them.",
        sources=(SourceTable("applications", ("id", "appId", "displayName", "passwordCredentials", "keyCredentials")),),
        columns=(
            _TENANT,
            ViewColumn("applicationId", "The app registration: `applications.id`."),
            *_CREDENTIAL_KEY,
            ViewColumn("appId", "Its client id."),
            ViewColumn("applicationDisplayName", "Its name."),
            *_CREDENTIAL,
        ),
        purpose="What expires within 30 days, and whom to tell.",
        query="SELECT c.applicationDisplayName, c.kind, c.displayName, c.endDateTime, list(u.mail) AS owners\n"
        "FROM aad.application_credentials AS c\n"
        "LEFT JOIN aad.application_owners AS o USING (_tenant_id, applicationId)\n"
        "LEFT JOIN aad.users AS u ON u._tenant_id = c._tenant_id AND u.id = o.ownerId\n"
        "WHERE c.endDateTime BETWEEN now() AND now() + INTERVAL 30 DAYS\nGROUP BY ALL\nORDER BY c.endDateTime",
    ),
    View(
        name="service_principal_credentials",
        group=Group.ACCESS,
        description="A row per secret and certificate of the service principals: SAML signing certificates, credentials of "
        "managed identities, and secrets that were added here rather than to an app registration.",
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
            ViewColumn("appId", "Client id of its application."),
            ViewColumn("servicePrincipalDisplayName", "Its name."),
            ViewColumn("servicePrincipalType", "`Application`, `ManagedIdentity`, `Legacy`, …"),
            ViewColumn("accountEnabled", "Whether it can sign in.", "BOOLEAN"),
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
        description="A row per app role that a service principal offers: what `app_role_assignments` refer to by "
        "`resourceId` and `appRoleId`. The id 00000000-0000-0000-0000-000000000000 there means access without a role, and is "
        "in no definition.",
        sources=(SourceTable("service_principals", ("id", "appId", "displayName", "appRoles")),),
        columns=(
            _TENANT,
            ViewColumn("servicePrincipalId", "Who offers the role: `service_principals.id`."),
            ViewColumn("appRoleId", "The role."),
            ViewColumn("appId", "Client id of the application that offers it."),
            ViewColumn("servicePrincipalDisplayName", "Its name."),
            ViewColumn("value", "What stands in tokens, such as `User.Read.All`."),
            ViewColumn("displayName", "Name of the role."),
            ViewColumn("description", "What it allows."),
            ViewColumn("allowedMemberTypes", "Who can have it: `User` (users and groups), `Application`.", "VARCHAR[]"),
            ViewColumn("isEnabled", "Whether it can be assigned.", "BOOLEAN"),
            ViewColumn("origin", "Where it is defined: `Application` or `ServicePrincipal`."),
        ),
        purpose="Application permissions that were granted, by name.",
        query="SELECT a.principalDisplayName, a.resourceDisplayName, d.value\nFROM aad.app_role_assignments AS a\n"
        "LEFT JOIN aad.app_role_definitions AS d\n"
        "    ON d._tenant_id = a._tenant_id AND d.servicePrincipalId = a.resourceId AND d.appRoleId = a.appRoleId\n"
        "WHERE a.principalType = 'ServicePrincipal'\nORDER BY ALL",
    ),
    View(
        name="application_required_permissions",
        group=Group.ACCESS,
        description="A row per permission that an app registration asks for, with its name. Asked for does not mean granted: "
        "that stands in `app_role_assignments` and `oauth2_permission_grants`.",
        sources=(
            SourceTable("applications", ("id", "appId", "displayName", "requiredResourceAccess")),
            SourceTable("service_principals", ("id", "appId", "displayName", "appRoles", "oauth2PermissionScopes")),
        ),
        columns=(
            _TENANT,
            ViewColumn("applicationId", "The app registration: `applications.id`."),
            ViewColumn("resourceAppId", "Client id of the API."),
            ViewColumn("permissionType", "`application` (Graph's `Role`) or `delegated` (`Scope`)."),
            ViewColumn("permissionId", "The permission."),
            ViewColumn("appId", "Client id of the app registration."),
            ViewColumn("applicationDisplayName", "Its name."),
            ViewColumn("resourceId", "The API: `service_principals.id`; NULL when it is not in this tenant."),
            ViewColumn("resourceDisplayName", "The API's name."),
            ViewColumn("value", "The permission, such as `User.Read.All`; NULL when the API does not offer it (any more)."),
            ViewColumn("displayName", "What it allows, in words."),
            ViewColumn("isEnabled", "Whether the API still offers it.", "BOOLEAN"),
        ),
        purpose="Applications that ask to write to the directory without a user.",
        query="SELECT applicationDisplayName, resourceDisplayName, value\nFROM aad.application_required_permissions\n"
        "WHERE permissionType = 'application' AND value LIKE '%.ReadWrite.%'\nORDER BY ALL",
    ),
    View(
        name="conditional_access_assignments",
        group=Group.POLICIES,
        description="A row per conditional access policy and thing that it includes or excludes: users, groups, roles, "
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
                "The id, the rule of a filter, or the word that the policy uses: `All`, `None`, `GuestsOrExternalUsers`, "
                "`Office365`, `AllTrusted`, `mobileAppsAndDesktopClients`, `high`, …",
            ),
            ViewColumn("policyDisplayName", "Name of the policy."),
            ViewColumn("policyState", "`enabled`, `disabled`, `enabledForReportingButNotEnforced`."),
            ViewColumn("displayName", "Name of what `value` is the id of."),
            ViewColumn("externalTenants", "Tenants that the guests of this row come from.", "JSON"),
        ),
        purpose="Who is excluded from policies that are enforced; NULL for what was deleted meanwhile.",
        query="SELECT policyDisplayName, kind, displayName, value\nFROM aad.conditional_access_assignments\n"
        "WHERE policyState = 'enabled' AND mode = 'exclude' AND kind IN ('user', 'group', 'role')\nORDER BY ALL",
    ),
)
"""In the order of their making; parents are tables, never views."""
