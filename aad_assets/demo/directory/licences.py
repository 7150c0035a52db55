"""What can be licensed: products (SKUs), their service plans, and the sets of licences that people hold.

Part numbers and GUIDs are Microsoft's, from "Product names and service plan identifiers for licensing". Who holds which set
is decided in people.py; the counts per SKU in tenant.py.
"""

from typing import NamedTuple

from ..days.calendar import Calendar
from .rendering import Object


class Plan(NamedTuple):
    """A service plan of a SKU."""

    id: str
    name: str
    service: str
    applies_to: str = "User"


class Sku(NamedTuple):
    """A product that is bought by the seat."""

    id: str
    part_number: str
    plans: tuple[Plan, ...]


_EXCHANGE = Plan("efb87545-963c-4e0d-99df-69c6916d9eb0", "EXCHANGE_S_ENTERPRISE", "exchange")
_EXCHANGE_KIOSK = Plan("4a82b400-a79f-41a4-b4e2-e94f5787b113", "EXCHANGE_S_DESKLESS", "exchange")
_FOUNDATION = Plan("113feb6c-3fe4-4440-bddc-54d774bf0318", "EXCHANGE_S_FOUNDATION", "exchange", "Company")
_SHAREPOINT = Plan("5dbe027f-2339-4123-9542-606e4d348a72", "SHAREPOINTENTERPRISE", "SharePoint")
_TEAMS = Plan("57ff2da0-773e-42df-b2af-ffb7a2317929", "TEAMS1", "TeamspaceAPI")
_OFFICE = Plan("43de0ff5-c92c-492b-9116-175376d08c38", "OFFICESUBSCRIPTION", "MicrosoftOffice")
_INTUNE = Plan("c1ec4a95-1f05-45b3-a911-aa3fa01094f5", "INTUNE_A", "SCO")
_MFA = Plan("8a256a2b-b617-496d-b51b-e76466e88db0", "MFA_PREMIUM", "MultiFactorService")
_P1 = Plan("41781fb2-bc02-4b7c-bd55-b576c07bb09d", "AAD_PREMIUM", "AADPremiumService")
_P2 = Plan("eec0eb4f-6444-4f95-aba0-50c24d67f998", "AAD_PREMIUM_P2", "AADPremiumService")
_POWER_BI = Plan("70d33638-9c74-4d01-bfd3-562de28bd4ba", "BI_AZURE_P2", "PowerBI")
_VISIO = Plan("663a804f-1c30-4ff0-9915-9db84f0d1cea", "VISIO_CLIENT_SUBSCRIPTION", "MicrosoftOffice")
_FLOW = Plan("50e68c76-46c6-4674-81f9-75456511b170", "FLOW_P2_VIRAL", "ProcessSimple")

E3 = Sku(
    "05e9a617-0261-4cee-bb44-138d3ef5d965",
    "SPE_E3",
    (_EXCHANGE, _TEAMS, _OFFICE, _P1),
)
E5 = Sku(
    "06ebc4ee-1bb5-47dd-8120-11324bc54e06",
    "SPE_E5",
    (_EXCHANGE, _SHAREPOINT, _TEAMS, _OFFICE, _P2),
)
F3 = Sku("66b55226-6b4f-492c-910c-a3b7a3c9d993", "SPE_F1", (_EXCHANGE_KIOSK, _INTUNE, _MFA))
POWER_BI_PRO = Sku("f8a1db68-be16-40ed-86d5-cb42ce701560", "POWER_BI_PRO", (_FOUNDATION, _POWER_BI))
VISIO = Sku("c5928f49-12ba-48f7-ada3-0d743a3601d5", "VISIOCLIENT", (_FOUNDATION, _VISIO))
FLOW_FREE = Sku("f30db892-07e9-47e9-837c-80727f46fd3d", "FLOW_FREE", (_FOUNDATION, _FLOW))

SKUS = (E3, E5, F3, POWER_BI_PRO, VISIO, FLOW_FREE)


class Holding(NamedTuple):
    """A set of licences that a person can hold."""

    skus: tuple[Sku, ...]
    disabled: tuple[str, ...] = ()
    by_group: bool = False
    error: str = "None"


NOTHING, BY_GROUP, FREE = 0, 3, 7
HOLDINGS = (
    Holding(()),
    Holding((E3,)),
    Holding((E3, POWER_BI_PRO)),
    Holding((E5,), by_group=True),
    Holding((F3,)),
    Holding((E3, VISIO)),
    Holding((E3,), disabled=(_TEAMS.id,)),
    Holding((FLOW_FREE,)),
)
"""The sets (products cut down to their main plans, to keep rows short); `NOTHING`, `BY_GROUP` and `FREE` are places in it."""

WHEN = 8
"""Each set comes with this many different dates of assignment."""


def facet(calendar: Calendar, licensing_group: str) -> list[Object]:
    """The licence properties of a user for each set and date: `HOLDINGS` times `WHEN`, dates fastest."""
    variants = []
    for number, holding in enumerate(HOLDINGS):
        for when in range(WHEN):
            stamp = calendar.stamp(-900 + when * 97 + number * 11, number * 131 + when * 577)
            plans = [plan for sku in holding.skus for plan in sku.plans]
            variants.append(
                {
                    "assignedLicenses": [{"disabledPlans": list(holding.disabled), "skuId": sku.id} for sku in holding.skus],
                    "assignedPlans": [
                        {
                            "assignedDateTime": stamp,
                            "capabilityStatus": "Deleted" if plan.id in holding.disabled else "Enabled",
                            "service": plan.service,
                            "servicePlanId": plan.id,
                        }
                        for plan in plans
                    ],
                    "provisionedPlans": [
                        {"capabilityStatus": "Enabled", "provisioningStatus": "Success", "service": service}
                        for service in dict.fromkeys(plan.service for plan in plans)
                    ],
                    "licenseAssignmentStates": [
                        {
                            "skuId": sku.id,
                            "disabledPlans": list(holding.disabled),
                            "assignedByGroup": licensing_group if holding.by_group else None,
                            "state": "Active",
                            "error": holding.error,
                            "lastUpdatedDateTime": stamp,
                        }
                        for sku in holding.skus
                    ],
                }
            )
    return variants
