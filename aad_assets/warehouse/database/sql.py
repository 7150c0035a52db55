"""SQL that types what the stage takes, and how names, texts and times are written in any statement and read from its rows.

Pure text: no connection. Not here: the comparison (`compare.py`).
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from aad_assets.catalog import Entity
from aad_assets.catalog.entity import ODATA_TYPE, ODATA_TYPE_PREFIX
from aad_assets.catalog.types import quoted


def copy_statement(entity: Entity, chunk: Path, typed: Path, number: int, largest: int) -> str:
    """Type one chunk by the declared columns."""
    declared = [f"{literal(column.source)}: {literal(column.duckdb_type)}" for column in entity.columns]
    types = ", ".join([*declared, "'_extra': 'JSON'"])
    values = ", ".join(
        f"replace({quoted(column.source)}, {literal(ODATA_TYPE_PREFIX)}, '') AS {quoted(column.name)}"
        if column.source == ODATA_TYPE
        else f"{quoted(column.source)} AS {quoted(column.name)}"
        for column in entity.columns
    )
    return (
        f"COPY (SELECT {values}, _extra, {number} AS _chunk FROM read_json({literal(str(chunk))}, "
        # Else a folder `id=5` in the path would be the id of every row.
        f"format = 'newline_delimited', columns = {{{types}}}, maximum_object_size = {largest}, hive_partitioning = false)) "
        f"TO {literal(str(typed))} (FORMAT parquet)"
    )


def memory(name: str) -> str:
    """A view or table of the run's own instance."""
    return f"memory.main.{quoted(name)}"


def literal(text: str) -> str:
    """A SQL string."""
    return "'" + text.replace("'", "''") + "'"


def utc(microseconds: int | None) -> datetime | None:
    """What `epoch_us` of a TIMESTAMPTZ means. DuckDB hands out times themselves only where pytz is installed."""
    return None if microseconds is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
