"""The tenant itself: organization, domains, subscribed products, mail contacts."""

from . import licences
from .context import Context
from .extensions import Extensions
from .names import GIVEN, SURNAMES
from .people import People
from .rendering import Listed
from .templates import Area
from .vocabulary import Words

_UNDECLARED = ("directorySizeQuota", "isMultipleDataLocationsForServicesEnabled", "onPremisesSyncStatus")
"""Properties that live tenants return beyond the metadata."""


class Organization(Area):
    """The objects of which a tenant has one or a few."""

    def __init__(self, words: Words, context: Context, extensions: Extensions, people: People) -> None:
        self._people = people
        self.contact_count = max(4, context.users // 50)
        own = {
            "objects": lambda: len(people.population) * 3,
            "e5_plans": licences.E5["plans"],
            "skus": licences.SKUS,
            "units": self.consumed,
            "contacts": self.contact_count,
            "contact_id": context.ids("orgContact").guid,
            "given_names": GIVEN,
            "given_count": len(GIVEN),
            "surnames": SURNAMES,
        }
        super().__init__("organization", {**words, **own})
        self.organization = Listed(
            "organization",
            lambda: [self.row("organization") | extensions.values("Organization", 1)],
            undeclared=(*_UNDECLARED, *extensions.names("Organization")),
        )

    def consumed(self, place: int) -> int:
        """Return how many living users hold a product of licences.SKUS."""
        holders, sku = self._people.holders, licences.SKUS[place]
        return sum(holders[number] for number, holding in enumerate(licences.HOLDINGS) if sku in holding["skus"])

    def contact_name(self, index: int) -> str:
        """Return the displayName of a mail contact."""
        return str(self.contacts.rows[index]["displayName"])
