"""Credentials, permissions and roles of applications and service principals."""

from aad_assets.catalog.enums import Group
from aad_assets.catalog.view import TENANT, SourceTable, View, ViewColumn

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

VIEWS = (
    View(
        name="application_credentials",
        group=Group.ACCESS,
        description="One row per secret and certificate of an app registration, with its dates. Graph never returns the "
        "secret itself.",
        sources=(SourceTable("applications", ("id", "appId", "displayName", "passwordCredentials", "keyCredentials")),),
        columns=(
            TENANT,
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
            TENANT,
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
            TENANT,
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
        name="app_access",
        group=Group.ACCESS,
        description="One row per user, application, role and way: who has access to which application, as what, and why. "
        "A group's assignment reaches the users among its direct members, not those of groups in it. Applications that "
        "require no assignment admit everybody else as well: see `assignmentRequired`.",
        sources=(
            SourceTable(
                "app_role_assignments",
                (
                    *("id", "appRoleId", "createdDateTime", "principalDisplayName", "principalId", "principalType"),
                    *("resourceDisplayName", "resourceId"),
                ),
            ),
            SourceTable("group_members", ("groupId", "memberId", "memberType")),
            SourceTable("users", ("id", "userPrincipalName", "displayName", "accountEnabled")),
            SourceTable("groups", ("id", "displayName")),
            SourceTable(
                "service_principals",
                ("id", "appId", "displayName", "accountEnabled", "appRoleAssignmentRequired", "appRoles"),
            ),
        ),
        columns=(
            TENANT,
            ViewColumn("assignmentId", "The assignment: `app_role_assignments.id`."),
            ViewColumn("userId", "The user: `users.id`."),
            ViewColumn("servicePrincipalId", "The application in this tenant: `service_principals.id`."),
            ViewColumn("groupId", "The group that the user has access through: `groups.id`. NULL if assigned directly."),
            ViewColumn("appRoleId", "The role. 00000000-0000-0000-0000-000000000000 stands for default access."),
            ViewColumn("userPrincipalName", "The user's sign-in name."),
            ViewColumn("userDisplayName", "The user's display name."),
            ViewColumn("accountEnabled", "Whether the user can sign in.", "BOOLEAN"),
            ViewColumn("applicationDisplayName", "The application's name."),
            ViewColumn("appId", "The application's client id."),
            ViewColumn("role", "The role's name, or `Default access`. NULL if the application no longer defines the role."),
            ViewColumn("roleValue", "The role's value in tokens. NULL for default access."),
            ViewColumn("assignedBy", "`direct` or `group`."),
            ViewColumn("groupDisplayName", "The group's name."),
            ViewColumn(
                "since",
                "When the assignment was made. Somebody who joined the group later has had access for a shorter time.",
                "TIMESTAMPTZ",
            ),
            ViewColumn("applicationEnabled", "Whether anybody can sign in to the application.", "BOOLEAN"),
            ViewColumn("assignmentRequired", "Whether users need an assignment to sign in to it.", "BOOLEAN"),
        ),
        purpose="Applications to which accounts that are turned off still have access, and how.",
        query="SELECT since, applicationDisplayName, userPrincipalName, role, assignedBy, groupDisplayName\n"
        "FROM aad.app_access\nWHERE NOT accountEnabled\nORDER BY ALL",
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
            TENANT,
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
        name="application_redirect_uris",
        group=Group.ACCESS,
        description="One row per app registration and redirect URI. Whoever controls the address of a redirect URI receives "
        "the tokens that are sent there.",
        sources=(
            SourceTable("applications", ("id", "appId", "displayName", "signInAudience", "web", "spa", "publicClient")),
        ),
        columns=(
            TENANT,
            ViewColumn("applicationId", "The app registration: `applications.id`."),
            ViewColumn("platform", "`web`, `spa` (single-page application) or `publicClient` (mobile and desktop)."),
            ViewColumn("redirectUri", "The redirect URI, such as `https://app.contoso.com/auth`."),
            ViewColumn("appId", "The app's client id."),
            ViewColumn("applicationDisplayName", "The app's name."),
            ViewColumn("scheme", "The part before the first colon, in lower case. NULL if there is none."),
            ViewColumn("host", "The host of an `http` or `https` URI, in lower case. It can contain a wildcard (`*`)."),
            ViewColumn("signInAudience", "Who can sign in to the app: `AzureADMyOrg`, `AzureADMultipleOrgs`, …"),
        ),
        purpose="Redirect URIs without TLS, except on the user's own machine, and redirect URIs with a wildcard.",
        query="SELECT applicationDisplayName, platform, redirectUri\nFROM aad.application_redirect_uris\n"
        "WHERE (scheme = 'http' AND host NOT IN ('localhost', '127.0.0.1', '[::1]')) OR host LIKE '%*%'\nORDER BY ALL",
    ),
)
