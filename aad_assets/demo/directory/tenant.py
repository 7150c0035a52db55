"""The tenant itself: organization, domains, subscribed products, mail contacts."""

from . import licences
from .chance import guid, number
from .context import Context
from .extensions import Extensions
from .names import GIVEN, OFFICES, SURNAMES, VENDORS
from .people import People
from .rendering import Object, Plain

_FEDERATED = 3
"""The place of the domain whose users sign in at a server of our own."""


class Tenant:
    """What exists once, or a few times, in a tenant."""

    def __init__(self, context: Context, extensions: Extensions, people: People) -> None:
        self._context, self._extensions, self._people = context, extensions, people
        self._domains = (
            context.initial_domain,
            context.domain,
            f"emea.{context.domain}",
            f"legacy.{context.domain}",
        )
        self.organization = Plain(
            "organization", lambda: (0,), self._organization, undeclared=extensions.names("Organization")
        )
        self.domains = Plain("domain", lambda: range(len(self._domains)), self._domain)
        self.skus = Plain("subscribedSku", lambda: range(len(licences.SKUS)), self._sku)
        self.contact_count = max(4, context.users // 50)
        self.contact_ids = context.ids("orgContact")
        self.contacts = Plain("orgContact", lambda: range(self.contact_count), self._contact)

    def domain_name(self, place: int) -> str:
        """The name behind a key of `domains`."""
        return self._domains[place]

    def is_federated(self, domain: str) -> bool:
        """Do its users sign in elsewhere?"""
        return domain == self._domains[_FEDERATED]

    def consumed(self, sku: licences.Sku) -> int:
        """How many living users hold the product."""
        holders = self._people.holders
        return sum(holders[place] for place, holding in enumerate(licences.HOLDINGS) if sku in holding.skus)

    def _organization(self, _: int) -> Object:
        context, calendar, office = self._context, self._context.calendar, OFFICES[0]
        return {
            "id": context.tenant_id,
            "deletedDateTime": None,
            "assignedPlans": [
                {
                    "assignedDateTime": calendar.stamp(-1200, 600),
                    "capabilityStatus": "Enabled",
                    "service": plan.service,
                    "servicePlanId": plan.id,
                }
                for plan in licences.E5.plans
            ],
            "businessPhones": [f"{office.phone}00"],
            "city": office.city,
            "country": office.country,
            "countryLetterCode": office.country_code,
            "createdDateTime": calendar.stamp(-2600, 500),
            "defaultUsageLocation": office.country_code,
            "displayName": "Contoso (demo tenant)",
            "marketingNotificationEmails": [f"news@{context.domain}"],
            "mobileDeviceManagementAuthority": "intune",
            "onPremisesLastSyncDateTime": calendar.stamp(context.day, 30),
            "onPremisesSyncEnabled": True,
            "partnerTenantType": None,
            "postalCode": office.postal_code,
            "preferredLanguage": "en",
            "privacyProfile": {
                "contactEmail": f"privacy@{context.domain}",
                "statementUrl": f"https://{context.domain}/privacy",
            },
            "provisionedPlans": [
                {"capabilityStatus": "Enabled", "provisioningStatus": "Success", "service": service}
                for service in dict.fromkeys(plan.service for plan in licences.E5.plans)
            ],
            "securityComplianceNotificationMails": [f"security@{context.domain}"],
            "securityComplianceNotificationPhones": [f"{office.phone}01"],
            "state": office.state,
            "street": office.street,
            "technicalNotificationMails": [f"it@{context.domain}"],
            "tenantType": "AAD",
            "verifiedDomains": [
                {
                    "capabilities": "Email, OfficeCommunicationsOnline",
                    "isDefault": name == context.domain,
                    "isInitial": place == 0,
                    "name": name,
                    "type": "Federated" if place == _FEDERATED else "Managed",
                }
                for place, name in enumerate(self._domains)
            ],
            **self._extensions.values("Organization", 1),
        }

    def _domain(self, place: int) -> Object:
        name = self._domains[place]
        return {
            "id": name,
            "authenticationType": "Federated" if place == _FEDERATED else "Managed",
            "availabilityStatus": "AvailableImmediately" if place == 2 else None,
            "isAdminManaged": True,
            "isDefault": name == self._context.domain,
            "isInitial": place == 0,
            "isRoot": place < 2,
            "isVerified": True,
            "manufacturer": "Contoso Registrar" if place == 1 else None,
            "model": "standard" if place == 1 else None,
            "passwordNotificationWindowInDays": 14 if place < 3 else None,
            "passwordValidityPeriodInDays": 2147483647 if place < 3 else None,
            "state": {
                "lastActionDateTime": self._context.calendar.stamp(-40, 800),
                "operation": "Verification",
                "status": "Scheduled",
            }
            if place == 2
            else None,
            "supportedServices": ["Email", "OfficeCommunicationsOnline"] if place < 2 else [],
        }

    def _sku(self, place: int) -> Object:
        context, sku = self._context, licences.SKUS[place]
        account = guid(context.seed, "account")
        consumed = self.consumed(sku)
        # Seats are bought in advance, in hundreds, so their number does not follow every joiner.
        seats = (consumed * 115 // 100 // 100 + 1) * 100
        return {
            "id": f"{account}_{sku.id}",
            "accountId": account,
            "accountName": context.domain.split(".")[0],
            "appliesTo": "User",
            "capabilityStatus": "Warning" if sku is licences.VISIO else "Enabled",
            "consumedUnits": consumed,
            "prepaidUnits": {
                "enabled": seats,
                "suspended": 0,
                "warning": 25 if sku is licences.VISIO else 0,
                "lockedOut": 0,
            },
            "servicePlans": [
                {
                    "servicePlanId": plan.id,
                    "servicePlanName": plan.name,
                    "provisioningStatus": "Success",
                    "appliesTo": plan.applies_to,
                }
                for plan in sku.plans
            ],
            "skuId": sku.id,
            "skuPartNumber": sku.part_number,
            "subscriptionIds": [guid(context.seed, "subscription", sku.part_number)],
        }

    def contact_name(self, index: int) -> str:
        """The displayName of a mail contact."""
        traits = number(self._context.seed, "contact", index)
        return f"{GIVEN[traits % len(GIVEN)].written} {SURNAMES[traits >> 12 & 255].written}"

    def _contact(self, index: int) -> Object:
        traits = number(self._context.seed, "contact", index)
        given, surname = GIVEN[traits % len(GIVEN)], SURNAMES[traits >> 12 & 255]
        vendor, office = VENDORS[index % len(VENDORS)], OFFICES[traits >> 20 & 15]
        mail = f"{given.alias}.{surname.alias}{index}@{vendor.lower()}.example"
        synced = index % 3 == 1
        return {
            "id": self.contact_ids.guid(index),
            "deletedDateTime": None,
            "addresses": [
                {
                    "city": office.city,
                    "countryOrRegion": office.country,
                    "officeLocation": None,
                    "postalCode": office.postal_code,
                    "state": office.state,
                    "street": office.street,
                }
            ],
            "companyName": vendor,
            "department": "Sales" if index % 2 else None,
            "displayName": f"{given.written} {surname.written}",
            "givenName": given.written,
            "jobTitle": "Account Executive" if index % 2 else None,
            "mail": mail,
            "mailNickname": f"{given.alias}.{surname.alias}{index}",
            "onPremisesLastSyncDateTime": self._context.calendar.stamp(-(index % 90), traits) if synced else None,
            "onPremisesProvisioningErrors": [],
            "onPremisesSyncEnabled": True if synced else None,
            "phones": [{"type": "business", "number": f"{office.phone}{index % 100:02}"}],
            "proxyAddresses": [f"SMTP:{mail}"],
            "serviceProvisioningErrors": [],
            "surname": surname.written,
        }
