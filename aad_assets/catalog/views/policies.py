"""Authentication method settings, and the conditions of consent policies."""

from aad_assets.catalog.enums import Group
from aad_assets.catalog.view import TENANT, SourceTable, View, ViewColumn

VIEWS = (
    View(
        name="authentication_method_settings",
        group=Group.POLICIES,
        description="One row per authentication method: its state, who may use it, and its most important settings. A "
        "setting is NULL for methods that do not have it.",
        sources=(
            SourceTable("authentication_methods_policy", ("authenticationMethodConfigurations",)),
            SourceTable("users", ("id", "displayName")),
            SourceTable("groups", ("id", "displayName")),
        ),
        columns=(
            TENANT,
            ViewColumn("method", "The method: `Fido2`, `MicrosoftAuthenticator`, `Sms`, …, or the id of an external method."),
            ViewColumn(
                "methodType",
                "The type of the configuration: `fido2`, `microsoftAuthenticator`, `sms`, `external`, …",
            ),
            ViewColumn("displayName", "The name of an external method."),
            ViewColumn("state", "`enabled` or `disabled`."),
            ViewColumn("includesAllUsers", "Whether all users may use the method if it is enabled.", "BOOLEAN"),
            ViewColumn("includeTargetIds", "The groups that may use the method, or `all_users`.", "VARCHAR[]"),
            ViewColumn("includeTargetNames", "Their names, in the same order.", "VARCHAR[]"),
            ViewColumn("excludeTargetIds", "The groups that may not use the method.", "VARCHAR[]"),
            ViewColumn("excludeTargetNames", "Their names, in the same order.", "VARCHAR[]"),
            ViewColumn("isRegistrationRequired", "Whether any group has to register the method.", "BOOLEAN"),
            ViewColumn("isUsableForSignIn", "Text message: whether any group can sign in with it alone.", "BOOLEAN"),
            ViewColumn(
                "isSelfServiceRegistrationAllowed", "Passkey (FIDO2): whether users can register keys themselves.", "BOOLEAN"
            ),
            ViewColumn("isAttestationEnforced", "Passkey (FIDO2): whether keys must prove their model.", "BOOLEAN"),
            ViewColumn("isKeyRestrictionEnforced", "Passkey (FIDO2): whether only certain models are allowed.", "BOOLEAN"),
            ViewColumn(
                "displayAppInformationState",
                "Microsoft Authenticator: whether it shows the app's name: `enabled`, `disabled`, `default`.",
            ),
            ViewColumn(
                "displayLocationInformationState",
                "Microsoft Authenticator: whether it shows the location: `enabled`, `disabled`, `default`.",
            ),
            ViewColumn("isSoftwareOathEnabled", "Microsoft Authenticator: whether its codes can be used.", "BOOLEAN"),
            ViewColumn("isUsableOnce", "Temporary Access Pass: whether a pass must be used only once.", "BOOLEAN"),
            ViewColumn("defaultLifetimeInMinutes", "Temporary Access Pass: default lifetime.", "INTEGER"),
            ViewColumn("maximumLifetimeInMinutes", "Temporary Access Pass: longest lifetime.", "INTEGER"),
            ViewColumn("isOfficePhoneAllowed", "Voice call: whether office phones can be registered.", "BOOLEAN"),
            ViewColumn(
                "allowExternalIdToUseEmailOtp",
                "E-mail: whether guests can sign in with a one-time passcode: `enabled`, `disabled`, `default`.",
            ),
            ViewColumn(
                "certificateAuthenticationMode",
                "Certificate: what it counts as by default: `x509CertificateSingleFactor` or `x509CertificateMultiFactor`.",
            ),
            ViewColumn("settings", "Every setting of the method, except its id, name, state and targets.", "JSON"),
        ),
        purpose="Methods that all users may use, and whether phone-based methods are among them.",
        query="SELECT method, methodType IN ('sms', 'voice') AS byPhone, excludeTargetNames\n"
        "FROM aad.authentication_method_settings\nWHERE state = 'enabled' AND includesAllUsers\n"
        "ORDER BY byPhone DESC, method",
    ),
    View(
        name="permission_grant_conditions",
        group=Group.POLICIES,
        description="One row per consent policy, condition set and permission. A request can be consented to if it matches "
        "an included set and no excluded one.",
        sources=(
            SourceTable("permission_grant_policies", ("id", "displayName", "includes", "excludes")),
            SourceTable("service_principals", ("appId", "displayName", "appRoles", "oauth2PermissionScopes")),
        ),
        columns=(
            TENANT,
            ViewColumn("policyId", "The policy: `permission_grant_policies.id`."),
            ViewColumn("mode", "`include` or `exclude`."),
            ViewColumn("conditionSetId", "The condition set's id."),
            ViewColumn("permissionId", "The permission's id, or `all`."),
            ViewColumn("policyDisplayName", "The policy's name."),
            ViewColumn("resourceAppId", "The client id of the API, or `any`."),
            ViewColumn("resourceDisplayName", "The API's name."),
            ViewColumn("value", "The permission, such as `User.Read`. NULL if it is `all`, or the API does not offer it."),
            ViewColumn("permissionType", "`application`, `delegated` or `delegatedUserConsentable`."),
            ViewColumn("permissionClassification", "The classification that the permission must have: `low`, …, or `all`."),
            ViewColumn(
                "clientApplicationsFromVerifiedPublisherOnly", "Whether the app's publisher must be verified.", "BOOLEAN"
            ),
            ViewColumn("clientApplicationIds", "The client ids of the apps, or `all`.", "VARCHAR[]"),
            ViewColumn("clientApplicationPublisherIds", "The ids of the apps' verified publishers, or `all`.", "VARCHAR[]"),
            ViewColumn("clientApplicationTenantIds", "The tenants where the apps are registered, or `all`.", "VARCHAR[]"),
        ),
        purpose="What users may consent to under the tenant's default policy.",
        query="SELECT c.policyDisplayName, c.mode, c.resourceDisplayName, c.value, c.permissionClassification,\n"
        "       c.clientApplicationsFromVerifiedPublisherOnly\n"
        "FROM aad.permission_grant_conditions AS c\n"
        "JOIN aad.authorization_policy AS p ON p._tenant_id = c._tenant_id AND list_contains(\n"
        "    p.defaultUserRolePermissions.permissionGrantPoliciesAssigned, 'ManagePermissionGrantsForSelf.' || c.policyId)\n"
        "ORDER BY ALL",
    ),
)
