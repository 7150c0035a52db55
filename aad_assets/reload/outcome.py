"""The outcome of an entity, and the sentences that explain it to people."""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aad_assets.catalog import Entity
from aad_assets.catalog.entity import HIDDEN_MEMBERS
from aad_assets.errors import AadAssetsError, LicenceMissing, LoadBlocked, PageTokenExpired, PermissionMissing, RoleMissing
from aad_assets.graph.requests.meter import Meter
from aad_assets.warehouse.publishing.loads import Load

_MAX_NAMES = 10
"""Rejected properties that a message names."""


@dataclass(frozen=True)
class Outcome:
    """How one entity ended: `load.status` names it, `error` is its cause."""

    entity: Entity
    """With the columns that it had in this run."""
    load: Load
    """For a log, the sum over its days."""
    seconds: float
    error: Exception | None = None
    table_rows: int | None = None
    """Rows of the table, if they are not just those that were read."""

    @property
    def reason(self) -> str | None:
        """Return why the load was not published, or what it lacks; None if it is complete."""
        return self.load.reason

    @property
    def rows_per_second(self) -> float:
        """Return the rows read per second; 0 if no time was measured."""
        return self.load.rows / self.seconds if self.seconds else 0.0


def status_of(error: Exception) -> str:
    """Return the status of a load that was not published, as in `loads.status`."""
    if isinstance(error, LicenceMissing):
        return "skipped"
    return "blocked" if isinstance(error, LoadBlocked) else "failed"


def describe_failure(entity: Entity, error: Exception) -> str:
    """Return the message for people: the entity, what is wrong, and the permission or licence to obtain."""
    text = str(error)
    if isinstance(error, LicenceMissing):
        text += f". Skipped because it needs the licence {entity.licence or 'that the response names'}."
    elif isinstance(error, RoleMissing):
        text += ". Give the person who signs in a directory role that may read it. No permission replaces it."
    elif isinstance(error, PermissionMissing) and not error.advice:
        text += f". Grant the {describe_permissions(entity)} to the app, with admin consent."
        if others := [name for name in error.response.scopes if name not in entity.permissions]:
            text += f" The response names {' and '.join(others)}."
        if entity.may_hide_members:
            text += f" If {entity.parent} hide their members, grant {HIDDEN_MEMBERS} as well."
    elif isinstance(error, PageTokenExpired):
        text += ". The read was restarted several times and never completed, and the table is unchanged. Reload later."
    elif not isinstance(error, AadAssetsError):
        # The text of an unexpected error may quote rows or a token.
        text = f"unexpected {type(error).__name__} at {where_raised(error)}. Nothing was published. Please report it."
    return f"{entity.table}: {text}"


def describe_permissions(entity: Entity) -> str:
    """Return `permission User.Read.All`, or `permissions AuditLog.Read.All and User.Read.All`."""
    plural = "s" if len(entity.permissions) > 1 else ""
    return f"permission{plural} {' and '.join(entity.permissions)}"


def describe_rejected_columns(names: Sequence[str]) -> str:
    """Return what a published load lacks because Graph rejected the properties `names`."""
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return f"Graph rejected the properties {', '.join(names[:_MAX_NAMES])}{more}. Their stored values are unchanged."


def where_raised(error: BaseException) -> str:
    """Return file, line and function in which an unexpected error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}" if frames else "an unknown place"


def copy_costs(meter: Meter, load: Load) -> None:
    """Copy the costs of the read to the load."""
    load.requests, load.retries, load.bytes = meter.requests, meter.retries, meter.bytes
    load.throttled_seconds = round(meter.throttled_seconds, 3)


_COUNTS = ("rows", "inserted", "updated", "deleted", "unchanged", "duplicates", "rejected")
_COSTS = ("requests", "retries", "bytes", "throttled_seconds")


def add_day(total: Load, day: Load) -> None:
    """Add the load of a log's day to the sum of its days."""
    for name in (*_COUNTS, *_COSTS):
        setattr(total, name, getattr(total, name) + getattr(day, name))
    total.schema_changes += [change for change in day.schema_changes if change not in total.schema_changes]
