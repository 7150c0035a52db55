"""Rows that a load leaves as they are, because Graph refused the parents that they belong to, or a request for their type.

Nothing is known about these rows: they may be unchanged, changed or gone. The rows below them are kept as well, because they
were not requested. See also `steps.py`, which calls this before the gates.
"""

from collections.abc import Iterator
from contextlib import suppress

from aad_assets.catalog import CATALOG, Entity
from aad_assets.catalog.columns import ODATA_TYPE
from aad_assets.catalog.types import quoted
from aad_assets.errors import Refusals
from aad_assets.warehouse.database.sql import sql_string
from aad_assets.warehouse.publishing.compare import KEPT_ROWS
from aad_assets.warehouse.publishing.publication import Plan, Publication
from aad_assets.warehouse.publishing.schema_migrator import StoredColumns


def reference(entity: Entity, table: str) -> tuple[str, ...]:
    """Return the columns of `entity` that name the parents of `table`, which is its own table or one above it.

    Return an empty tuple if it has no such columns.
    """
    if entity.table == table:
        return entity.parent_reference
    if entity.parent is None:
        return ()
    own = dict(zip(entity.parent_key, entity.parent_reference, strict=False))
    with suppress(KeyError):
        return tuple(own[name] for name in reference(CATALOG[entity.parent], table))
    return ()


def find_kept_rows(publication: Publication, plan: Plan, stored: StoredColumns | None) -> int:
    """Fill the temporary table KEPT_ROWS with the keys of the rows to keep, and return their number.

    A row is kept if it was not read and its parent or its type was refused, or if its parent is not known while any was.
    """
    if stored is None or not plan.comparison.keeps_rows:
        return 0
    comparison = plan.comparison
    belongs = " OR ".join(_conditions(publication, stored))
    return publication.write(
        f"CREATE OR REPLACE TEMP TABLE {KEPT_ROWS} AS SELECT {comparison.keys} FROM "
        f"(SELECT {comparison.keys} FROM {comparison.table} WHERE {comparison.live} AND ({belongs})) "
        f"ANTI JOIN {comparison.staged} USING ({comparison.keys})"
    )


def _conditions(publication: Publication, stored: StoredColumns) -> Iterator[str]:
    """Yield conditions that a row belongs to refused parents, one for each table of these, or has an unread type."""
    if types := publication.options.unread_types:
        type_column = next(column.name for column in publication.entity.columns if column.source == ODATA_TYPE)
        yield f"{quoted(type_column)} IN ({', '.join(map(sql_string, types))})"
    for number, refusals in enumerate(publication.refusals):
        columns = reference(publication.entity, refusals.table)
        if not columns or not stored.types.keys() >= {name.lower() for name in columns}:
            yield "true"
            continue
        names = ", ".join(map(quoted, columns))
        yield f"coalesce(({names}) IN (FROM {_refused(publication, refusals, number)}), true)"


def _refused(publication: Publication, refusals: Refusals, number: int) -> str:
    """Create a temporary table of the refused parents' keys, and return its name."""
    values = [list(values) for values in zip(*(parent.key for parent in refusals.parents), strict=True)]
    selected = ", ".join(f"unnest(?::VARCHAR[]) AS k{place}" for place in range(len(values)))
    table = f"refused_{number}"
    publication.cursor.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {selected}", values)
    return table
