"""Other tenants and this one: cross-tenant access, partners' contracts."""

from typing import TYPE_CHECKING

from .templates import Area
from .vocabulary import vocabulary

if TYPE_CHECKING:
    from .directory import Directory


class CrossTenant(Area):
    """How people of other tenants may work here, and ours there."""

    def __init__(self, directory: "Directory") -> None:
        super().__init__("cross_tenant", vocabulary(directory))
