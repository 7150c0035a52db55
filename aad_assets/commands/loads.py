"""The last loads of tables: what commands print of them, as a table or as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import duckdb

from aad_assets.catalog.types import quoted
from aad_assets.errors import WarehouseError
from aad_assets.settings import Settings
from aad_assets.warehouse.database.sql import utc_datetime
from aad_assets.warehouse.reading.reader import reading

_WIDEST_REASON = 100


@dataclass(frozen=True)
class LastLoad:
    """The last load of a table. The days of a log that one run read are one load."""

    table: str
    status: str
    """`published`, `blocked`, `failed`, `skipped`, or `never`."""
    published_at: datetime | None = None
    """When the table was last published, by this load or an earlier one."""
    rows: int = 0
    """Rows that were read."""
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    reason: str | None = None

    def age(self, now: datetime) -> float | None:
        """Return the seconds since the table was last published; None if it never was."""
        return None if self.published_at is None else (now - self.published_at).total_seconds()


def last_loads(settings: Settings, tables: Sequence[str], since: datetime | None = None) -> list[LastLoad]:
    """Return the last load of each of `tables`, of those that started at `since` or later.

    Raises WarehouseError if the database cannot be read, or has no loads of the connection.
    """
    meta = quoted(f"{settings.connection_name}_meta")
    with reading(settings.database, bookkeeping_of=settings.connection_name, lock_wait=settings.lock_wait) as connection:
        try:
            found = connection.execute(
                f"""WITH found AS (
                        SELECT *, arg_max(run_id, started_at) OVER (PARTITION BY entity) = run_id AS is_last
                        FROM {meta}.loads WHERE list_contains($tables, entity)
                    )
                    SELECT entity, coalesce(max(status) FILTER (is_last AND status <> 'published'), 'published'),
                           epoch_us(max(published_at)), (sum(rows) FILTER (is_last))::BIGINT,
                           (sum(inserted) FILTER (is_last))::BIGINT, (sum(updated) FILTER (is_last))::BIGINT,
                           (sum(deleted) FILTER (is_last))::BIGINT, arg_max(reason, started_at) FILTER (is_last)
                    FROM found GROUP BY entity HAVING $since IS NULL OR max(started_at) >= $since""",
                {"tables": list(tables), "since": since},
            ).fetchall()
        except duckdb.CatalogException:
            raise WarehouseError(
                f"There are no loads of {settings.connection_name!r} (AAD_CONNECTION_NAME) in this database. Reload first."
            ) from None
    loads = {
        table: LastLoad(table, status, utc_datetime(published), rows, inserted, updated, deleted, reason)
        for table, status, published, rows, inserted, updated, deleted, reason in found
    }
    if since is not None:
        return [loads[table] for table in tables if table in loads]
    return [loads.get(table) or LastLoad(table, "never") for table in tables]


def print_loads(loads: Sequence[LastLoad], now: datetime, *, as_json: bool) -> None:
    """Print the loads. `now` is the moment from which their age counts."""
    if as_json:
        for load in loads:
            age = load.age(now)
            published = None if load.published_at is None else load.published_at.isoformat()
            record = asdict(load) | {"published_at": published, "age_seconds": None if age is None else round(age)}
            print(json.dumps(record, ensure_ascii=False))
        return
    width = max((len(load.table) for load in loads), default=5) + 2
    print(f"{'table':<{width}}{'result':<11}{'age':>8}{'rows':>12}{'inserted':>10}{'updated':>10}{'deleted':>10}")
    for load in loads:
        counts = f"{load.rows:>12,}{load.inserted:>10,}{load.updated:>10,}{load.deleted:>10,}"
        print(f"{load.table:<{width}}{load.status:<11}{_short(load.age(now)):>8}{counts}")
        if load.status in ("blocked", "failed") and load.reason:
            first = load.reason.splitlines()[0]
            print(f"  {first if len(first) <= _WIDEST_REASON else f'{first[:_WIDEST_REASON]}…'}")


def _short(seconds: float | None) -> str:
    """Return an age such as `5 min`, `3 h` or `2 d`."""
    if seconds is None:
        return "never"
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
