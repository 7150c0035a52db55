"""Loads of earlier runs that were not published, so that a retry need not read them again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import duckdb

from aad_assets.catalog.types import quoted
from aad_assets.errors import WarehouseError
from aad_assets.warehouse.reading.reader import reading


@dataclass(frozen=True)
class UnpublishedLoad:
    """A load that a gate blocked, or that was skipped."""

    table: str
    status: str
    """`blocked` or `skipped`."""
    run_id: str
    reason: str


def conclusive_loads(
    database: str, connection_name: str, run_ids: Sequence[str], tables: Collection[str], *, lock_wait: float
) -> dict[str, UnpublishedLoad]:
    """Return the last loads of `tables` in these runs that were blocked or skipped, by table.

    A log of which a day failed for another reason is not among them, because reading it again may help. Raises WarehouseError
    if the database cannot be read.
    """
    loads = f"{quoted(f'{connection_name}_meta')}.loads"
    with reading(database, bookkeeping_of=connection_name, lock_wait=lock_wait) as connection:
        try:
            found = connection.execute(
                f"""WITH of_runs AS (
                        SELECT entity, run_id, status, reason, started_at,
                               arg_max(run_id, started_at) OVER (PARTITION BY entity) = run_id AS is_last
                        FROM {loads} WHERE list_contains($runs, run_id) AND list_contains($tables, entity)
                    )
                    SELECT entity, arg_max(status, started_at) FILTER (status <> 'published'), any_value(run_id),
                           arg_max(reason, started_at) FILTER (status <> 'published')
                    FROM of_runs WHERE is_last GROUP BY entity
                    HAVING bool_or(status <> 'published') AND bool_and(status IN ('published', 'blocked', 'skipped'))
                    ORDER BY entity""",
                {"runs": list(run_ids), "tables": list(tables)},
            ).fetchall()
        except duckdb.CatalogException as error:
            raise WarehouseError(f"The loads of {connection_name!r} cannot be read: {str(error).splitlines()[0]}") from None
    return {table: UnpublishedLoad(table, status, run_id, reason or "") for table, status, run_id, reason in found}
