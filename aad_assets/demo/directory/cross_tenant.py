"""Other tenants and this one: cross-tenant access, partners' contracts, connected organizations' tenants."""

from typing import TYPE_CHECKING

from . import groups
from .chance import guid
from .names import VENDORS
from .rendering import Listed, Object

if TYPE_CHECKING:
    from .directory import Directory

_PARTNERS = 5


def tenant_of(vendor: str) -> str:
    """The tenant id of one of the companies we work with; the same in every demo tenant."""
    return guid(0, "vendor tenant", vendor)


class CrossTenant:
    """How people of other tenants may work here, and ours there."""

    def __init__(self, directory: "Directory") -> None:
        self._directory = directory
        self.policy = Listed("crossTenantAccessPolicy", lambda: [self._policy()])
        self.default = Listed("crossTenantAccessPolicyConfigurationDefault", lambda: [self._default()])
        self.partners = Listed("crossTenantAccessPolicyConfigurationPartner", self._partners, "tenantId")
        self.contracts = Listed("contract", self._contracts)

    def _policy(self) -> Object:
        edits, _ = self._directory.edits("clouds", 120)
        return {
            "id": guid(self._directory.seed, "cross-tenant access policy"),
            "deletedDateTime": None,
            "description": "Whom this tenant trusts across clouds",
            "displayName": "CrossTenantAccessPolicy",
            "allowedCloudEndpoints": ["microsoftonline.us", "partner.microsoftonline.cn"][: 1 + edits % 2],
        }

    def _default(self) -> Object:
        edits, _ = self._directory.edits("cross-tenant default", 33)
        everyone, apps = _target("allowed", "AllUsers", "user"), _target("allowed", "AllApplications", "application")
        nobody, nothing = _target("blocked", "AllUsers", "user"), _target("blocked", "AllApplications", "application")
        return {
            "id": "default",
            "appServiceConnectInbound": {"applications": nothing},
            "automaticUserConsentSettings": {"inboundAllowed": False, "outboundAllowed": False},
            "b2bCollaborationInbound": {"usersAndGroups": everyone, "applications": apps},
            "b2bCollaborationOutbound": {"usersAndGroups": everyone, "applications": apps},
            "b2bDirectConnectInbound": {"usersAndGroups": nobody, "applications": nothing},
            "b2bDirectConnectOutbound": {"usersAndGroups": nobody, "applications": nothing},
            "inboundTrust": {
                "isMfaAccepted": edits % 2 == 1,
                "isCompliantDeviceAccepted": False,
                "isHybridAzureADJoinedDeviceAccepted": False,
            },
            "invitationRedemptionIdentityProviderConfiguration": {
                "primaryIdentityProviderPrecedenceOrder": [
                    "externalFederation",
                    "azureActiveDirectory",
                    "socialIdentityProviders",
                ],
                "fallbackIdentityProvider": "defaultConfiguredIdp",
            },
            "isServiceDefault": False,
            "m365CollaborationInbound": {"users": nobody},
            "m365CollaborationOutbound": {"usersAndGroups": nobody},
            "tenantRestrictions": {
                "usersAndGroups": nobody,
                "applications": nothing,
                "devices": {"mode": "allowed", "rule": 'device.isCompliant -eq "True"'},
            },
        }

    def _partners(self) -> list[Object]:
        directory = self._directory
        group = directory.groups.ids.guid
        rows = []
        for n, vendor in enumerate(VENDORS[:_PARTNERS]):
            edits, _ = directory.edits(f"partner {n}", 27)
            ours = _target("allowed", group(groups.ENGINEERING), "group")
            app = _target("allowed", directory.principals.app_id(0), "application")
            everyone = _target("allowed", "AllUsers", "user")
            both = {"usersAndGroups": ours, "applications": app}
            close = n % 2 == 0
            rows.append(
                {
                    "appServiceConnectInbound": {"applications": app} if n == 0 else None,
                    "automaticUserConsentSettings": {"inboundAllowed": close, "outboundAllowed": close},
                    "b2bCollaborationInbound": {"usersAndGroups": everyone, "applications": app} if close else None,
                    "b2bCollaborationOutbound": both,
                    "b2bDirectConnectInbound": {"usersAndGroups": everyone, "applications": app} if n == 1 else None,
                    "b2bDirectConnectOutbound": both if n == 1 else None,
                    "inboundTrust": {
                        "isMfaAccepted": True,
                        "isCompliantDeviceAccepted": edits % 2 == 1,
                        "isHybridAzureADJoinedDeviceAccepted": n == 0,
                    },
                    "isInMultiTenantOrganization": n == 0,
                    "isServiceProvider": True if n == 2 else None,
                    "m365CollaborationInbound": {"users": everyone} if n == 0 else None,
                    "m365CollaborationOutbound": {"usersAndGroups": ours} if n == 0 else None,
                    "tenantId": tenant_of(vendor),
                    "tenantRestrictions": {**both, "devices": None} if n == 3 else None,
                }
            )
        return rows

    def _contracts(self) -> list[Object]:
        # A customer signs every third week or so.
        signed = self._directory.edits("contracts", 20)[0]
        return [
            {
                "id": guid(self._directory.seed, "contract", n),
                "deletedDateTime": None,
                "contractType": ("SyndicationPartner", "BreadthPartner", "ResellerPartner")[n % 3],
                "customerId": guid(0, "customer", n),
                "defaultDomainName": f"{vendor.lower()}{n // len(VENDORS) or ''}.onmicrosoft.example",
                "displayName": f"{vendor} {('Retail', 'Foods', 'Logistics')[n % 3]}",
            }
            for n, vendor in ((n, VENDORS[n % len(VENDORS)]) for n in range(7 + signed))
        ]


def _target(access: str, target: str, kind: str) -> Object:
    return {"accessType": access, "targets": [{"target": target, "targetType": kind}]}
