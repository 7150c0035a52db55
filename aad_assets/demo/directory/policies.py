"""The tenant's policies: what users and apps may do, how tokens are issued, which features are being rolled out.

Conditional access and authentication strengths are in conditional_access.py, other tenants in cross_tenant.py.
"""

from typing import TYPE_CHECKING

from .templates import Area
from .vocabulary import vocabulary

if TYPE_CHECKING:
    from .directory import Directory


class Policies(Area):
    """Policies; each is edited once in a few weeks at most."""

    def __init__(self, directory: "Directory") -> None:
        super().__init__("policies", vocabulary(directory))
