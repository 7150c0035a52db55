"""The tenant's policies: what users and apps may do, how tokens are issued, which features are being rolled out.

Conditional access and authentication strengths are in conditional_access.py, other tenants in cross_tenant.py.
"""

import json
from typing import TYPE_CHECKING, Any

from . import groups
from .chance import guid
from .rendering import Listed, Object

if TYPE_CHECKING:
    from .directory import Directory

_GUEST_ROLES = {
    "Guest User": "10dae51f-b6af-4016-8d66-8c2a99b929b3",
    "Restricted Guest User": "2af84b1e-32c8-42b7-82bc-daa82404023b",
}
_CONSENT = (
    ("microsoft-user-default-legacy", "Default User Consent Policy (legacy)"),
    ("microsoft-user-default-low", "User consent for low-risk permissions from verified publishers"),
    ("microsoft-application-admin", "Application Administrators"),
    ("microsoft-company-admin", "Company Administrators"),
    ("microsoft-all-application-permissions", "All application permissions, for any client"),
)


def _singleton(type_: str, row: Object) -> Listed:
    return Listed(type_, lambda: (row,))


class Policies:
    """Policies; each is edited once in a few weeks at most."""

    def __init__(self, directory: "Directory") -> None:
        self._directory = directory
        self.authorization = Listed("authorizationPolicy", lambda: [self._authorization()])
        self.admin_consent = Listed("adminConsentRequestPolicy", lambda: [self._admin_consent()])
        self.authentication_methods = Listed("authenticationMethodsPolicy", lambda: [self._authentication_methods()])
        self.authentication_flows = _singleton(
            "authenticationFlowsPolicy",
            {
                "id": "authenticationFlowsPolicy",
                "description": "Authentication flows policy allows modification of settings related to authentication flows.",
                "displayName": "Authentication flows policy",
                "selfServiceSignUp": {"isEnabled": directory.edits("flows", 90)[0] % 2 == 1},
            },
        )
        self.security_defaults = _singleton(
            "identitySecurityDefaultsEnforcementPolicy",
            {
                "id": "00000000-0000-0000-0000-000000000005",
                "deletedDateTime": None,
                "description": "Security defaults is a set of basic identity security mechanisms recommended by Microsoft.",
                "displayName": "Security Defaults",
                "isEnabled": False,
            },
        )
        self.device_registration = Listed("deviceRegistrationPolicy", lambda: [self._device_registration()])
        self.default_app_management = Listed("tenantAppManagementPolicy", lambda: [self._default_app_management()])
        self.app_management = Listed("appManagementPolicy", self._app_management)
        self.permission_grants = Listed("permissionGrantPolicy", self._permission_grants)
        self.claims_mapping = Listed("claimsMappingPolicy", self._claims_mapping)
        self.token_lifetime = Listed("tokenLifetimePolicy", self._token_lifetime)
        self.token_issuance = Listed("tokenIssuancePolicy", self._token_issuance)
        self.home_realm = Listed("homeRealmDiscoveryPolicy", self._home_realm)
        self.timeouts = Listed("activityBasedTimeoutPolicy", self._timeouts)
        self.rollouts = Listed("featureRolloutPolicy", self._rollouts)

    def _id(self, *parts: object) -> str:
        return guid(self._directory.seed, "policy", *parts)

    def _authorization(self) -> Object:
        edits, _ = self._directory.edits("authorization", 45)
        return {
            "id": "authorizationPolicy",
            "deletedDateTime": None,
            "description": "Used to manage authorization related settings across the company.",
            "displayName": "Authorization Policy",
            "allowedToSignUpEmailBasedSubscriptions": False,
            "allowedToUseSSPR": True,
            "allowEmailVerifiedUsersToJoinOrganization": False,
            "allowInvitesFrom": ("adminsAndGuestInviters", "adminsGuestInvitersAndAllMembers")[edits % 2],
            "allowUserConsentForRiskyApps": False,
            "blockMsolPowerShell": True,
            "defaultUserRolePermissions": {
                "allowedToCreateApps": edits % 3 == 1,
                "allowedToCreateSecurityGroups": False,
                "allowedToCreateTenants": False,
                "allowedToReadBitlockerKeysForOwnedDevice": True,
                "allowedToReadOtherUsers": True,
                "permissionGrantPoliciesAssigned": ["ManagePermissionGrantsForSelf.microsoft-user-default-low"],
            },
            "guestUserRoleId": _GUEST_ROLES["Restricted Guest User" if edits % 2 == 0 else "Guest User"],
        }

    def _admin_consent(self) -> Object:
        edits, _ = self._directory.edits("admin consent", 60)
        group = self._directory.groups.ids.guid(groups.ADMINISTRATORS)
        user = self._directory.people.ids.guid(4)
        role = self._directory.roles.template("Cloud Application Administrator")
        filter_ = f"roleDefinitionId eq '{role}'"
        return {
            "id": "adminConsentRequestPolicy",
            "isEnabled": True,
            "notifyReviewers": True,
            "remindersEnabled": True,
            "requestDurationInDays": 30,
            "reviewers": [
                reviewer(f"/users/{user}"),
                reviewer(f"/groups/{group}/transitiveMembers/microsoft.graph.user"),
                reviewer(f"/beta/roleManagement/directory/roleAssignments?$filter={filter_}"),
            ],
            "version": 3 + edits,
        }

    def _authentication_methods(self) -> Object:
        edits, when = self._directory.edits("methods", 30)
        group = self._directory.groups.ids.guid
        return {
            "id": "authenticationMethodsPolicy",
            "description": "The tenant-wide policy that controls which authentication methods are allowed in the tenant.",
            "displayName": "Authentication Methods Policy",
            "lastModifiedDateTime": when,
            "policyMigrationState": "migrationComplete" if edits else "migrationInProgress",
            "policyVersion": f"1.{5 + edits % 3}",
            "reconfirmationInDays": 180,
            "registrationEnforcement": {
                "authenticationMethodsRegistrationCampaign": {
                    "snoozeDurationInDays": 1 + edits % 7,
                    "state": "enabled",
                    "excludeTargets": [{"id": group(groups.AUTOMATION), "targetType": "group"}],
                    "includeTargets": [
                        {
                            "id": "all_users",
                            "targetType": "group",
                            "targetedAuthenticationMethod": "microsoftAuthenticator",
                        }
                    ],
                }
            },
        }

    def _device_registration(self) -> Object:
        edits, _ = self._directory.edits("registration", 40)
        people, teams = self._directory.people.ids.guid, self._directory.groups.ids.guid
        chosen = {
            "@odata.type": "#microsoft.graph.enumeratedDeviceRegistrationMembership",
            "users": [people(2), people(3)],
            "groups": [teams(groups.HELPDESK)],
        }
        return {
            "id": "deviceRegistrationPolicy",
            "azureADJoin": {
                "isAdminConfigurable": True,
                "allowedToJoin": {"@odata.type": "#microsoft.graph.allDeviceRegistrationMembership"},
                "localAdmins": {"enableGlobalAdmins": True, "registeringUsers": chosen},
            },
            "azureADRegistration": {
                "isAdminConfigurable": False,
                "allowedToRegister": {"@odata.type": "#microsoft.graph.allDeviceRegistrationMembership"},
            },
            "description": "Tenant-wide policy that manages initial provisioning controls using quota restrictions, "
            "additional authentication and authorization checks",
            "displayName": "Device Registration Policy",
            "localAdminPassword": {"isEnabled": True},
            "multiFactorAuthConfiguration": "required" if edits % 2 else "notRequired",
            "userDeviceQuota": 20 + 5 * (edits % 3),
        }

    def _secrets(self, months: int) -> list[Object]:
        rule: Object = {
            "restrictForAppsCreatedAfterDateTime": "2024-01-01T00:00:00Z",
            "state": "enabled",
            "excludeActors": None,
        }
        exempt = {
            "customSecurityAttributes": [
                {
                    "@odata.type": "#microsoft.graph.customSecurityAttributeStringValueExemption",
                    "id": "Engineering_Owner",
                    "operator": "equals",
                    "value": "Platform team",
                }
            ]
        }
        return [
            {"restrictionType": "passwordAddition", "maxLifetime": None, **rule, "state": "disabled"},
            {"restrictionType": "passwordLifetime", "maxLifetime": f"P{months * 30}D", **rule, "excludeActors": exempt},
            {"restrictionType": "symmetricKeyLifetime", "maxLifetime": "P180D", **rule},
        ]

    def _certificates(self) -> list[Object]:
        return [
            {
                "restrictionType": "asymmetricKeyLifetime",
                "maxLifetime": "P730D",
                "restrictForAppsCreatedAfterDateTime": "2024-01-01T00:00:00Z",
                "state": "enabled",
                "excludeActors": None,
            }
        ]

    def _uris(self) -> Object:
        rule: Object = {
            "state": "enabled",
            "restrictForAppsCreatedAfterDateTime": None,
            "isStateSetByMicrosoft": False,
            "excludeAppsReceivingV2Tokens": True,
            "excludeSaml": True,
            "excludeActors": None,
        }
        return {
            "nonDefaultUriAddition": rule,
            "uriAdditionWithoutUniqueTenantIdentifier": rule | {"isStateSetByMicrosoft": True},
        }

    def _default_app_management(self) -> Object:
        edits, _ = self._directory.edits("app management", 35)
        secrets, certificates = self._secrets(6 + edits % 3), self._certificates()
        return {
            "id": "00000000-0000-0000-0000-000000000000",
            "deletedDateTime": None,
            "description": "Default tenant policy that enforces app management restrictions on applications and service "
            "principals. To apply policy to targeted resources, create a new policy under appManagementPolicies collection.",
            "displayName": "Default app management tenant policy",
            "applicationRestrictions": {
                "passwordCredentials": secrets,
                "keyCredentials": certificates,
                "identifierUris": self._uris(),
            },
            "isEnabled": True,
            "servicePrincipalRestrictions": {"passwordCredentials": secrets[1:], "keyCredentials": certificates},
        }

    def _app_management(self) -> list[Object]:
        edits, _ = self._directory.edits("custom app management", 21)
        return [
            {
                "id": self._id("app management", n),
                "deletedDateTime": None,
                "description": f"{name}: secrets of {months} months",
                "displayName": name,
                "isEnabled": n < 2 or edits % 2 == 1,
                "restrictions": {
                    "passwordCredentials": self._secrets(months),
                    "keyCredentials": self._certificates() if n else [],
                    "applicationRestrictions": {"identifierUris": self._uris()} if n == 0 else None,
                },
            }
            for n, (name, months) in enumerate((("Legacy connectors", 24), ("Payment services", 3), ("Trial", 1)))
        ]

    def _permission_grants(self) -> list[Object]:
        edits, _ = self._directory.edits("consent", 25)
        rows = [
            {
                "id": id_,
                "deletedDateTime": None,
                "description": f"{name}. Defined by Microsoft.",
                "displayName": name,
            }
            for id_, name in _CONSENT
        ]
        rows.append(
            {
                "id": "contoso-reporting-apps",
                "deletedDateTime": None,
                "description": f"Apps that read reports (revision {edits + 1})",
                "displayName": "Reporting apps",
            }
        )
        return rows

    def _defined(self, kind: str, rows: list[tuple[str, Any, bool]]) -> list[Object]:
        """Policies whose content is JSON in a string, as the token service keeps them."""
        made = []
        for n, (name, definition, default) in enumerate(rows):
            edits, _ = self._directory.edits(f"{kind} {n}", 50)
            made.append(
                {
                    "id": self._id(kind, n),
                    "deletedDateTime": None,
                    "description": f"{name} (revision {edits})" if edits else None if n else name,
                    "displayName": name,
                    "definition": [json.dumps(definition, separators=(",", ":"))],
                    "isOrganizationDefault": default,
                }
            )
        return made

    def _claims_mapping(self) -> list[Object]:
        claim = {"Source": "user", "ID": "employeeid", "JwtClaimType": "employeeid"}
        shared: Object = {"Version": 1, "IncludeBasicClaimSet": "true"}
        return self._defined(
            "claims",
            [
                ("Employee number in tokens", {"ClaimsMappingPolicy": {**shared, "ClaimsSchema": [claim]}}, False),
                (
                    "Department in tokens",
                    {"ClaimsMappingPolicy": {**shared, "ClaimsSchema": [claim | {"ID": "department"}]}},
                    False,
                ),
            ],
        )

    def _token_lifetime(self) -> list[Object]:
        def lifetime(text: str) -> Object:
            return {"TokenLifetimePolicy": {"Version": 1, "AccessTokenLifetime": text}}

        rows = [("Eight hours on the shop floor", lifetime("08:00:00"), False), ("One hour", lifetime("01:00:00"), True)]
        return self._defined("lifetime", rows)

    def _token_issuance(self) -> list[Object]:
        options = {"Version": 1, "SigningAlgorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"}
        rows = [
            ("Sign responses", {"TokenIssuancePolicy": options | {"TokenResponseSigningPolicy": "ResponseAndToken"}}, False),
            ("SAML 1.1", {"TokenIssuancePolicy": options | {"SamlTokenVersion": "1.1"}}, False),
        ]
        return self._defined("issuance", rows)

    def _home_realm(self) -> list[Object]:
        domain = f"legacy.{self._directory.domain}"
        rows = [
            ("Straight to our sign-in", {"HomeRealmDiscoveryPolicy": {"PreferredDomain": domain}}, False),
            ("Sign in with e-mail", {"HomeRealmDiscoveryPolicy": {"AlternateIdLogin": {"Enabled": True}}}, True),
        ]
        return self._defined("home realm", rows)

    def _timeouts(self) -> list[Object]:
        def timeout(text: str) -> Object:
            application = {"ApplicationId": "default", "WebSessionIdleTimeout": text}
            return {"ActivityBasedTimeoutPolicy": {"Version": 1, "ApplicationPolicies": [application]}}

        rows = [("Azure portal: an hour", timeout("01:00:00"), True), ("Shop floor: minutes", timeout("00:15:00"), False)]
        return self._defined("timeout", rows)

    def _rollouts(self) -> list[Object]:
        edits, _ = self._directory.edits("rollouts", 14)
        rows = (
            ("certificateBasedAuthentication", "Smart cards"),
            ("passwordHashSync", "Cloud sign-in"),
            ("seamlessSso", "SSO"),
        )
        return [
            {
                "id": self._id("rollout", n),
                "description": f"{name} for pilot groups" if n < 2 else None,
                "displayName": f"{name} rollout",
                "feature": feature,
                "isAppliedToOrganization": False,
                "isEnabled": (n + edits) % 3 != 2,
            }
            for n, (feature, name) in enumerate(rows)
        ]


def reviewer(query: str, root: str | None = None) -> Object:
    """accessReviewReviewerScope."""
    return {"query": query, "queryType": "MicrosoftGraph", "queryRoot": root}
