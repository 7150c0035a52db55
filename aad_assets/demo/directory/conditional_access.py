"""Conditional access: policies, Microsoft's templates for them, and what they speak of."""

from typing import TYPE_CHECKING

from .templates import Area
from .vocabulary import vocabulary

if TYPE_CHECKING:
    from .directory import Directory


class ConditionalAccess(Area):
    """What decides who may sign in how; most of it is edited every few weeks."""

    def __init__(self, directory: "Directory") -> None:
        super().__init__("conditional_access", vocabulary(directory))
