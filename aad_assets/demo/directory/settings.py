"""Settings of the directory: what may be stored in it, group settings, synchronisation, federation, what was bought."""

from typing import TYPE_CHECKING

from . import licences
from .chance import Ids, guid
from .rendering import Listed
from .templates import Area
from .vocabulary import vocabulary

if TYPE_CHECKING:
    from .directory import Directory


class Settings(Area):
    """Small lists; each changes every few weeks."""

    def __init__(self, directory: "Directory") -> None:
        self._directory = directory
        own = {
            "skus": licences.SKUS,
            "consumed": lambda place: directory.tenant.consumed(licences.SKUS[place]),
            "own_app_id": Ids(directory.seed, "appId").guid,
            "certificate": self._certificate,
        }
        super().__init__("settings", {**vocabulary(directory), **own})

    def federation(self, domain: str) -> Listed:
        """Return the federation of one domain; a managed one has none."""
        return self.listed("federation", name=domain, federated=self._directory.tenant.is_federated(domain))

    def _certificate(self, number: int) -> str:
        """Return what stands for a certificate's Base64 text."""
        return "MIIC" + "".join(guid(self._directory.seed, "signing", number, part).replace("-", "") for part in range(6))
