"""The declared views, in a file for each area. They unnest what people need most often and put names beside ids.

To add a view, add a declaration and its `.sql` file. The columns that identify a row come first, then names, then the rest. A
name is NULL if the object that it belongs to is not, or no longer, in the directory.
"""

from aad_assets.catalog.view import View
from aad_assets.catalog.views import access, conditional_access, directory, entitlements, logs, policies, privileged_access

__all__ = ["VIEWS"]

VIEWS: tuple[View, ...] = (
    *directory.VIEWS,
    *access.VIEWS,
    *privileged_access.VIEWS,
    *conditional_access.VIEWS,
    *policies.VIEWS,
    *entitlements.VIEWS,
    *logs.VIEWS,
)
"""The views, in the order of their creation. They read only tables, never views."""
