"""What conditional access policies speak of: named locations, authentication contexts, authentication strengths."""

from typing import TYPE_CHECKING

from .templates import Area
from .vocabulary import vocabulary

if TYPE_CHECKING:
    from .directory import Directory


class AccessConditions(Area):
    """Lists that are edited every few weeks."""

    def __init__(self, directory: "Directory") -> None:
        super().__init__("access_conditions", vocabulary(directory))
