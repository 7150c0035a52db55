"""Terms of use, lifecycle workflows, and what partners may administer here."""

from typing import TYPE_CHECKING

from .templates import Area
from .vocabulary import vocabulary

if TYPE_CHECKING:
    from .directory import Directory


class Governance(Area):
    """Small collections that change once in a few weeks."""

    def __init__(self, directory: "Directory") -> None:
        super().__init__("governance", vocabulary(directory))
