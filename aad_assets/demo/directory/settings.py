"""Settings of the directory: what may be stored in it, group settings, synchronisation, federation, what was bought."""

from . import licences
from .chance import guid
from .context import Context
from .rendering import Listed
from .templates import Area
from .tenant import Tenant
from .vocabulary import Words


class Settings(Area):
    """Small lists; each changes every few weeks."""

    def __init__(self, words: Words, context: Context, tenant: Tenant) -> None:
        self._context, self._tenant = context, tenant
        own = {
            "skus": licences.SKUS,
            "consumed": lambda place: tenant.consumed(licences.SKUS[place]),
            "own_app_id": context.ids("appId").guid,
            "certificate": self._certificate,
        }
        super().__init__("settings", {**words, **own})

    def federation(self, domain: str) -> Listed:
        """Return the federation of one domain; a managed one has none."""
        return self.listed("federation", name=domain, federated=self._tenant.is_federated(domain))

    def _certificate(self, number: int) -> str:
        """Return what stands for a certificate's Base64 text."""
        return "MIIC" + "".join(guid(self._context.seed, "signing", number, part).replace("-", "") for part in range(6))
