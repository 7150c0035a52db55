"""Rewriting of a table in slices of its rows, so that it can be joined with the rows that were read in bounded memory.

Slices follow the order of the table, which the new table keeps except for the rows within a slice.
"""

from collections.abc import Sequence

import duckdb

from aad_assets.catalog.types import quoted

_SLICE = "rewritten_slice"


def sources(table: str, staged: str, key: Sequence[str], slices: int) -> tuple[str, str]:
    """Return what to read one slice of a table from, and the staged rows that belong to it."""
    if slices == 1:
        return table, staged
    keys = ", ".join(map(quoted, key))
    return _SLICE, f"(FROM {staged} SEMI JOIN (SELECT {keys} FROM {_SLICE}) USING ({keys}))"


def rewrite(cursor: duckdb.DuckDBPyConnection, table: str, select: str, slices: int) -> None:
    """Replace `table` by the rows that `select` makes of each slice. It reads the `sources` of the same number of slices."""
    if slices == 1:
        cursor.execute(f"CREATE OR REPLACE TABLE {table} AS {select}")
        return
    schema, _, name = table.rpartition(".")
    new = f"{schema}.{quoted('rewritten of ' + name.strip(chr(34)))}"
    first, last = cursor.execute(f"SELECT min(rowid), max(rowid) FROM {table}").fetchall()[0]
    step = (last - first) // slices + 1
    for start in range(first, last + 1, step):
        rows = f"FROM {table} WHERE rowid >= {start} AND rowid < {start + step}"
        cursor.execute(f"CREATE OR REPLACE TEMP VIEW {_SLICE} AS {rows}")
        cursor.execute(f"CREATE TABLE {new} AS {select}" if start == first else f"INSERT INTO {new} {select}")
    cursor.execute(f"DROP VIEW {_SLICE}")
    cursor.execute(f"DROP TABLE {table}")
    cursor.execute(f"ALTER TABLE {new} RENAME TO {name}")
