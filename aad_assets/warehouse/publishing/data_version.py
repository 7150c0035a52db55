"""The data version of a table or view: it stays the same while loads change nothing."""

import hashlib
from collections.abc import Sequence

import duckdb

from aad_assets.warehouse.database.target import Target

_CHANGES_TABLE = ("added", "lost", "widened", "retyped")
"""The kinds of `SchemaChange` that change the table."""


def data_version(
    cursor: duckdb.DuckDBPyConnection, target: Target, tables: Sequence[str], tenant_id: str, *definition: str
) -> str:
    """Return a text that changes if a load has changed rows or columns of one of `tables`, or if `definition` changes.

    It derives from the last load of each table that changed something, so it also stays the same on another Dagster
    instance. Volatile columns do not count. Needs an open transaction.
    """
    found = cursor.execute(
        "SELECT entity, arg_max(load_id, (published_at, load_id)) "
        f"FROM {target.meta}.loads WHERE _tenant_id = ? AND list_contains(?, entity) AND status = 'published' "
        "AND (inserted + updated + deleted > 0 OR list_has_any(coalesce(schema_changes->>'$[*].change', []), ?)) "
        "GROUP BY entity ORDER BY entity",
        [tenant_id, list(tables), list(_CHANGES_TABLE)],
    ).fetchall()
    parts = [*(f"{table} {load_id}" for table, load_id in found), *definition]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
