"""Settings of the directory: what may be stored in it, group settings, synchronisation, federation, what was bought."""

from . import licences
from .chance import guid
from .context import Context
from .organization import Organization
from .rendering import Listed
from .templates import Area
from .vocabulary import Words


class Settings(Area):
    """Small lists; each changes every few weeks."""

    def __init__(self, words: Words, context: Context, organization: Organization) -> None:
        self._context, self._organization = context, organization
        own = {
            "skus": licences.SKUS,
            "consumed": organization.consumed,
            "certificate": self._certificate,
        }
        super().__init__("settings", {**words, **own})

    def federation(self, domain: int) -> Listed:
        """Return the federation of one domain, by its key; a managed one has none."""
        name = self._organization.domains.rows[domain]["id"]
        return self.listed("federation", name=name, federated=not self.is_managed(domain))

    def is_managed(self, domain: int) -> bool:
        """Say whether the domain's users sign in at Microsoft."""
        return bool(self._organization.domains.rows[domain]["authenticationType"] == "Managed")

    def _certificate(self, number: int) -> str:
        """Return what stands for a certificate's Base64 text."""
        return "MIIC" + "".join(guid(self._context.seed, "signing", number, part).replace("-", "") for part in range(6))
