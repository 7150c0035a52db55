"""Settings of the directory: what may be stored in it, group settings, synchronisation, federation, what was bought.

Policies proper are in policies.py, the organization and its domains in tenant.py.
"""

from typing import TYPE_CHECKING, NamedTuple

from . import licences
from .applications import CLIENT, EXTENSIONS, SHOWCASE
from .chance import Ids, guid, number
from .names import DEPARTMENTS, VENDORS
from .rendering import Listed, Object

if TYPE_CHECKING:
    from .directory import Directory


class _Template(NamedTuple):
    """A group setting template: Microsoft's name, id and values (name, type, default)."""

    name: str
    id: str
    values: tuple[tuple[str, str, str], ...]


_TEMPLATES = (
    _Template(
        "Group.Unified",
        "62375ab9-6b52-47ed-826b-58e47e0e304b",
        (
            ("NewUnifiedGroupWritebackDefault", "System.Boolean", "true"),
            ("EnableMIPLabels", "System.Boolean", "false"),
            ("CustomBlockedWordsList", "System.String", ""),
            ("EnableMSStandardBlockedWords", "System.Boolean", "false"),
            ("ClassificationDescriptions", "System.String", ""),
            ("DefaultClassification", "System.String", ""),
            ("PrefixSuffixNamingRequirement", "System.String", ""),
            ("AllowGuestsToBeGroupOwner", "System.Boolean", "false"),
            ("AllowGuestsToAccessGroups", "System.Boolean", "true"),
            ("GuestUsageGuidelinesUrl", "System.String", ""),
            ("GroupCreationAllowedGroupId", "System.Guid", ""),
            ("AllowToAddGuests", "System.Boolean", "true"),
            ("UsageGuidelinesUrl", "System.String", ""),
            ("ClassificationList", "System.String", ""),
            ("EnableGroupCreation", "System.Boolean", "true"),
        ),
    ),
    _Template(
        "Group.Unified.Guest", "08d542b9-071f-4e16-94b0-74abb372e3d9", (("AllowToAddGuests", "System.Boolean", "true"),)
    ),
    _Template(
        "Prohibited Names Settings",
        "80661d51-be2f-4d46-9713-98a2fcaec5bc",
        (("CustomBlockedSubStringsList", "System.String", ""), ("CustomBlockedWholeWordsList", "System.String", "")),
    ),
    _Template(
        "Password Rule Settings",
        "5cf42378-d67d-4f36-ba46-e8b86229381d",
        (
            ("BannedPasswordCheckOnPremisesMode", "System.String", "Audit"),
            ("EnableBannedPasswordCheckOnPremises", "System.Boolean", "true"),
            ("EnableBannedPasswordCheck", "System.Boolean", "true"),
            ("LockoutDurationInSeconds", "System.Int32", "60"),
            ("LockoutThreshold", "System.Int32", "10"),
            ("BannedPasswordList", "System.String", ""),
        ),
    ),
    _Template(
        "Consent Policy Settings",
        "dffd5d46-495d-40a9-8e21-954ff55e198a",
        (
            ("EnableGroupSpecificConsent", "System.Boolean", "false"),
            ("BlockUserConsentForRiskyApps", "System.Boolean", "true"),
            ("EnableAdminConsentRequests", "System.Boolean", "false"),
            ("ConstrainGroupSpecificConsentToMembersOfGroupId", "System.Guid", ""),
        ),
    ),
)
_ATTRIBUTES = (
    ("Engineering", "Project", "String", True, True),
    ("Engineering", "Certification", "Boolean", False, False),
    ("Engineering", "Owner", "String", False, False),
    ("Marketing", "Campaigns", "String", True, False),
    ("Marketing", "Budget", "Integer", False, False),
    ("Security", "Clearance", "String", False, True),
)
_FOREIGN_SCHEMAS = 130
"""Schema extensions of other tenants' apps: everyone sees everyone's."""
_FEATURES = (
    *("concurrentCredentialUpdateEnabled", "passwordSyncEnabled", "softMatchOnUpnEnabled", "deviceWritebackEnabled"),
    *("synchronizeUpnForManagedUsersEnabled", "quarantineUponProxyAddressesConflictEnabled", "passwordWritebackEnabled"),
    *("quarantineUponUpnConflictEnabled", "blockCloudObjectTakeoverThroughHardMatchEnabled"),
    *("blockSoftMatchEnabled", "allowOnPremUpdateOfOnPremisesObjectIdentifierEnabled", "bypassDirSyncOverridesEnabled"),
    *("cloudPasswordPolicyForPasswordSyncedUsersEnabled", "concurrentOrgIdProvisioningEnabled"),
    *("directoryExtensionsEnabled", "fopeConflictResolutionEnabled", "groupWriteBackEnabled", "unifiedGroupWritebackEnabled"),
    *("userForcePasswordChangeOnLogonEnabled", "userWritebackEnabled"),
)


class Settings:
    """Small lists; each changes every few weeks."""

    def __init__(self, directory: "Directory") -> None:
        self._directory = directory
        self.subscriptions = Listed("companySubscription", self._subscriptions)
        self.schemas = Listed("schemaExtension", self._schemas)
        self.attributes = Listed("customSecurityAttributeDefinition", self._attributes)
        self.attribute_sets = Listed("attributeSet", self._attribute_sets)
        self.synchronization = Listed("onPremisesDirectorySynchronization", self._synchronization)
        self.group_templates = Listed("groupSettingTemplate", self._group_templates)
        self.group_settings = Listed("groupSetting", self._group_settings)
        self.lifecycle = Listed("groupLifecyclePolicy", self._lifecycle)

    def _subscriptions(self) -> list[Object]:
        directory, calendar = self._directory, self._directory.calendar
        rows = []
        for n, sku in enumerate(licences.SKUS):
            seats = (directory.tenant.consumed(sku) * 115 // 100 // 100 + 1) * 100
            warning = sku is licences.VISIO
            rows.append(
                {
                    "id": guid(directory.seed, "subscription", sku.part_number),
                    "commerceSubscriptionId": guid(directory.seed, "commerce", sku.part_number),
                    "createdDateTime": calendar.stamp(-720 + n, n * 91),
                    "isTrial": sku is licences.FLOW_FREE,
                    # It is renewed every month.
                    "nextLifecycleDateTime": calendar.stamp((directory.day // 30 + 1) * 30 + n, 0),
                    "ownerId": directory.people.ids.guid(0) if n == 0 else None,
                    "ownerTenantId": directory.tenant_id if n == 0 else None,
                    "ownerType": "User" if n == 0 else None,
                    "serviceStatus": [
                        {
                            "appliesTo": plan.applies_to,
                            "provisioningStatus": "Success",
                            "servicePlanId": plan.id,
                            "servicePlanName": plan.name,
                        }
                        for plan in sku.plans
                    ],
                    "skuId": sku.id,
                    "skuPartNumber": sku.part_number,
                    "status": "Warning" if warning else "Enabled",
                    "totalLicenses": seats,
                }
            )
        return rows

    def _schemas(self) -> list[Object]:
        own = Ids(self._directory.seed, "appId")
        rows = []
        for n in range(_FOREIGN_SCHEMAS + 3):
            ours = n - _FOREIGN_SCHEMAS
            owner = guid(0, "foreign app", n) if ours < 0 else own.guid((CLIENT, EXTENSIONS, SHOWCASE)[ours])
            subject = ("Courses", "Badges", "Offices", "Vehicles", "Payroll")[n % 5]
            edits, _ = self._directory.edits(f"schema {n}", 60 if ours < 0 else 25)
            properties = [("name", "String"), ("number", "Integer"), ("since", "DateTime"), ("active", "Boolean")]
            rows.append(
                {
                    "id": f"ext{number(0, 'schema', n) % 10**8:08x}_{subject.lower()}{n}",
                    "description": f"{subject} (revision {edits})" if edits else None if n % 4 == 0 else subject,
                    "owner": owner,
                    "properties": [{"name": name, "type": kind} for name, kind in properties[: 1 + n % 4]],
                    "status": ("Available", "InDevelopment", "Deprecated")[n % 3 if ours < 0 else min(edits, 1) ^ 1],
                    "targetTypes": ["User", "Group"] if n % 2 else ["User"],
                }
            )
        return rows

    def _attributes(self) -> list[Object]:
        edits, _ = self._directory.edits("attributes", 30)
        rows = [
            {
                "id": f"{set_}_{name}",
                "attributeSet": set_,
                "description": f"{name} of people and apps",
                "isCollection": many,
                "isSearchable": True,
                "name": name,
                "status": "Available",
                "type": type_,
                "usePreDefinedValuesOnly": fixed,
            }
            for set_, name, type_, many, fixed in _ATTRIBUTES
        ]
        # An attribute cannot be deleted, only switched off.
        rows[4]["status"] = "Deprecated" if edits % 2 else "Available"
        return rows

    def _attribute_sets(self) -> list[Object]:
        edits, _ = self._directory.edits("attribute sets", 30)
        return [
            {"id": name, "description": f"Attributes of {name}", "maxAttributesPerSet": 25 if n else 25 + 5 * (edits % 3)}
            for n, name in enumerate(dict.fromkeys(row[0] for row in _ATTRIBUTES))
        ]

    def _synchronization(self) -> list[Object]:
        edits, _ = self._directory.edits("synchronization", 28)
        on = set(_FEATURES[: 7 + edits % 2])
        return [
            {
                "id": self._directory.tenant_id,
                "configuration": {
                    "accidentalDeletionPrevention": {
                        "synchronizationPreventionType": "enabledForCount",
                        "alertThreshold": 500 + 100 * (edits % 3),
                    }
                },
                "features": {name: name in on for name in _FEATURES},
            }
        ]

    def _group_templates(self) -> list[Object]:
        return [
            {
                "id": each.id,
                "deletedDateTime": None,
                "description": f"Settings for {each.name}: one value for the whole directory.",
                "displayName": each.name,
                "values": [
                    {"name": name, "type": type_, "defaultValue": default, "description": f"{name} of the setting."}
                    for name, type_, default in each.values
                ],
            }
            for each in _TEMPLATES
        ]

    def _group_settings(self) -> list[Object]:
        edits, _ = self._directory.edits("group settings", 16)
        chosen = {
            "CustomBlockedWordsList": ",".join(["payroll", "board", *VENDORS[: edits % 4]]),
            "ClassificationList": "Low,Medium,High",
            "PrefixSuffixNamingRequirement": "[GroupName]_[Department]",
            "EnableMIPLabels": "true",
            "LockoutThreshold": str(8 + edits % 3),
            "BannedPasswordList": "\t".join(["contoso", *(name.lower() for name in list(DEPARTMENTS)[:4])]),
        }
        return [
            {
                "id": guid(self._directory.seed, "group setting", each.id),
                "displayName": each.name,
                "templateId": each.id,
                "values": [{"name": name, "value": chosen.get(name, default)} for name, _, default in each.values],
            }
            for each in (_TEMPLATES[0], _TEMPLATES[3], _TEMPLATES[4])
        ]

    def _lifecycle(self) -> list[Object]:
        edits, _ = self._directory.edits("lifecycle", 35)
        return [
            {
                "id": guid(self._directory.seed, "lifecycle"),
                "alternateNotificationEmails": f"it@{self._directory.domain};security@{self._directory.domain}",
                "groupLifetimeInDays": (180, 365)[edits % 2],
                "managedGroupTypes": "Selected" if edits % 3 == 2 else "All",
            }
        ]

    def federation(self, domain: str) -> Listed:
        """The federation of one domain; empty for a managed one."""

        def rows() -> list[Object]:
            if not self._directory.tenant.is_federated(domain):
                return []
            # The certificate is renewed every eighty days; the next one is known thirty days before.
            edits, when = self._directory.edits("signing certificate", 80)
            soon = self._directory.edits("next signing certificate", 80)[0]
            sts = f"https://sts.{domain}/adfs"
            return [
                {
                    "id": guid(self._directory.seed, "federation", domain),
                    "displayName": "Contoso sign-in",
                    "issuerUri": f"http://sts.{domain}/adfs/services/trust",
                    "metadataExchangeUri": f"{sts}/services/trust/mex",
                    "passiveSignInUri": f"{sts}/ls/",
                    "preferredAuthenticationProtocol": "wsFed",
                    "signingCertificate": _certificate(self._directory.seed, edits),
                    "activeSignInUri": f"{sts}/services/trust/2005/usernamemixed",
                    "federatedIdpMfaBehavior": "rejectMfaByFederatedIdp",
                    "isSignedAuthenticationRequestRequired": True,
                    "nextSigningCertificate": _certificate(self._directory.seed, 1000 + soon),
                    "passwordResetUri": f"{sts}/portal/updatepassword/",
                    "promptLoginBehavior": "nativeSupport",
                    "signingCertificateUpdateStatus": {"certificateUpdateResult": "Success", "lastRunDateTime": when},
                    "signOutUri": f"{sts}/ls/?wa=wsignout1.0",
                }
            ]

        return Listed("internalDomainFederation", rows)


def _certificate(seed: int, number_: int) -> str:
    """What stands for a certificate's Base64 text."""
    return "MIIC" + "".join(guid(seed, "signing", number_, part).replace("-", "") for part in range(6))
