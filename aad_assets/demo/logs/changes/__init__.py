"""The changes in the directory on one day, as the audit log reports it. How the log shows an event is in ../audits.py."""

from collections.abc import Sequence

from . import access, governance, objects, people, privileged
from .change import Change, Tenant

__all__ = ["Change", "Tenant", "changes"]


def changes(before: Tenant, after: Tenant) -> Sequence[Change]:
    """Return what changed between the ends of two consecutive days, in the order of the time of day."""
    areas = (people.changes, objects.changes, access.changes, privileged.changes, governance.changes)
    found = [change for area in areas for change in area(before, after)]
    return tuple(sorted(found, key=lambda change: change.second))
