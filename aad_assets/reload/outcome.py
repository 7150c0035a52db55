"""How an entity ended, and the sentence that says so to people. Not here: what led to it (`run.py`, `read.py`)."""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from aad_assets.catalog import Entity
from aad_assets.catalog.entity import HIDDEN_MEMBERS
from aad_assets.errors import AadAssetsError, GraphError, LicenceMissing, PageTokenExpired
from aad_assets.graph.requests.meter import Meter
from aad_assets.warehouse.publishing.loads import Load

_SHOWN = 10
"""Refused properties that a message names."""


@dataclass(frozen=True)
class Outcome:
    """How one entity ended: `load.status` says it, `error` why."""

    entity: Entity
    """With the columns that it had in this run."""
    load: Load
    """Of a log: the sum over the days."""
    seconds: float
    error: Exception | None = None
    table_rows: int | None = None
    """Rows of the table, where they are not those that were read."""

    @property
    def reason(self) -> str | None:
        return self.load.reason

    @property
    def rows_per_second(self) -> float:
        return self.load.rows / self.seconds if self.seconds else 0.0


def reason(entity: Entity, error: Exception) -> str:
    """The message for people: the entity, what happened, and the permission or licence that would mend it."""
    text = str(error)
    if isinstance(error, LicenceMissing):
        text += f". Skipped: it needs the licence {entity.licence or 'that the answer names'}."
    elif isinstance(error, GraphError) and error.response.status in (401, 403) and not error.advice:
        text += f". It needs the permission {permissions(entity)} in the app registration, and admin consent."
        if entity.hidden_members:
            text += f" Where {entity.parent} hide their members, {HIDDEN_MEMBERS} as well."
    elif isinstance(error, PageTokenExpired):
        text += ". The read was begun again several times and never came to its end: the table is as it was. Reload later."
    elif not isinstance(error, AadAssetsError):
        # The text of an unforeseen error may quote rows or a token.
        text = f"unexpected {type(error).__name__} at {_where(error)}; nothing is published. Please report it."
    return f"{entity.table}: {text}"


def refused_columns(names: Sequence[str]) -> str:
    """What a load that was published lacks."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"Graph refused the properties {', '.join(names[:_SHOWN])}{more}: their stored values stay as they were."


def permissions(entity: Entity) -> str:
    """`User.Read.All`, or `AuditLog.Read.All and User.Read.All`."""
    return " and ".join(entity.permissions)


def _where(error: Exception) -> str:
    """File, line and function in which an unforeseen error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno} in {frames[-1].name}" if frames else "an unknown place"


def count(load: Load, meter: Meter) -> None:
    """What the read has cost."""
    load.requests, load.retries, load.bytes = meter.requests, meter.retries, meter.bytes
    load.throttled_seconds = round(meter.throttled_seconds, 3)


_COUNTS = ("rows", "inserted", "updated", "deleted", "unchanged", "duplicates", "rejected")
_COSTS = ("requests", "retries", "bytes", "throttled_seconds")


def add(total: Load, load: Load) -> None:
    """Add a day of a log to the sum of its days."""
    for name in (*_COUNTS, *_COSTS):
        setattr(total, name, getattr(total, name) + getattr(load, name))
    total.schema_changes += [change for change in load.schema_changes if change not in total.schema_changes]
