"""Pruning: delete ended versions, changes and rejects from before a moment, and compact the file."""

import contextlib
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from aad_assets.catalog.types import quoted
from aad_assets.errors import WarehouseError
from aad_assets.settings import is_file
from aad_assets.warehouse.database.coverage import read_coverage
from aad_assets.warehouse.database.database_file import compact
from aad_assets.warehouse.database.macros import write_macro
from aad_assets.warehouse.database.sql import ALIAS, utc_datetime
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.staging.stage import Stage
from aad_assets.warehouse.staging.workspace import workspace
from aad_assets.wording import counted, listed

_LONGEST = 36_500
"""The largest age, in days."""
_AGE = re.compile(r"(\d{1,6})([dw])")
_UNITS = {"d": "days", "w": "weeks"}


@dataclass(frozen=True)
class Pruned:
    """Rows that were deleted."""

    versions: int
    changes: int
    bytes_before: int = 0
    """Size of the database file in bytes."""
    bytes_after: int = 0
    rejects: int = 0
    refused_parents: int = 0

    def __str__(self) -> str:
        file = f"; the file shrank from {self.bytes_before:,} to {self.bytes_after:,} bytes" if self.bytes_before else ""
        numbers = {"version": self.versions, "change": self.changes, "reject": self.rejects}
        if self.refused_parents:
            numbers["refused parent"] = self.refused_parents
        return f"deleted {listed(counted(number, noun) for noun, number in numbers.items())}{file}"


def age(text: str) -> timedelta:
    """Return the time span that `400d` or `52w` means. Raises ValueError."""
    found = _AGE.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is not an age. Write it in days or weeks, such as 400d or 52w.")
    span = timedelta(**{_UNITS[found[2]]: min(int(found[1]), 2 * _LONGEST)})
    if span > timedelta(days=_LONGEST):
        raise ValueError(f"{text!r} is more than 100 years. Use a shorter age.")
    return span


def prune_and_shrink(
    target: Target,
    *,
    history_before: datetime | None = None,
    changes_before: datetime | None = None,
    memory_limit: str = "",
) -> Pruned:
    """Prune and compact the database with a DuckDB instance of its own, within AAD_MEMORY_LIMIT.

    Raises WarehouseError, also when there is no database. Blocks: call it in a thread.
    """
    if is_file(target.database) and not Path(target.database).exists():
        raise WarehouseError(
            f"There is no database {target.database} (AAD_DATABASE), so nothing was pruned. Check the setting."
        )
    with (
        workspace(target.database) as folder,
        contextlib.closing(Stage(folder, memory_limit=memory_limit)) as stage,
        stage.cursor() as cursor,
    ):
        pruned = prune(cursor, target, history_before=history_before, changes_before=changes_before)
        before, after = compact(cursor, target)
    return replace(pruned, bytes_before=before, bytes_after=after)


def prune(
    cursor: duckdb.DuckDBPyConnection,
    target: Target,
    *,
    history_before: datetime | None = None,
    changes_before: datetime | None = None,
) -> Pruned:
    """Delete versions that ended before `history_before` and changes before `changes_before`; None keeps them all.

    With the changes go the rejects and refused parents of loads before `changes_before`. What is still rejected is recorded
    again by the next load. Current versions stay, however old they are. Raises WarehouseError. Blocks: call it in a thread.
    """
    versions = changes = rejects = refused_parents = 0
    with target.transaction(cursor):
        if history_before is not None:
            for table, covered in read_coverage(cursor, target.schema.removeprefix(f"{ALIAS}.")).items():
                name = f"{target.history}.{quoted(table)}"
                ended = f"FROM {name} WHERE _valid_to < ?"
                last = cursor.execute(f"SELECT epoch_us(max(_valid_to)) {ended}", [history_before]).fetchall()[0][0]
                if last_end := utc_datetime(last):
                    versions += _deleted(cursor, f"DELETE {ended}", history_before)
                    write_macro(cursor, target, table, covered.pruned(last_end))
        if changes_before is not None:
            changes = _deleted(cursor, f"DELETE FROM {target.meta}.changes WHERE changed_at < ?", changes_before)
            old = f"load_id IN (SELECT load_id FROM {target.meta}.loads WHERE coalesce(published_at, started_at) < ?)"
            rejects, refused_parents = (
                _deleted(cursor, f"DELETE FROM {target.meta}.{table} WHERE {old}", changes_before)
                for table in ("rejects", "refused_parents")
            )
    return Pruned(versions, changes, rejects=rejects, refused_parents=refused_parents)


def _deleted(cursor: duckdb.DuckDBPyConnection, statement: str, moment: datetime) -> int:
    row = cursor.execute(statement, [moment]).fetchone()
    return int(row[0]) if row else 0
