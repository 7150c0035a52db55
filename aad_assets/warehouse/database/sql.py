"""Names and strings for SQL statements, and the conversion of times that queries return."""

from datetime import UTC, datetime, timedelta

from aad_assets.catalog.types import quoted

ALIAS = "target"
"""The name under which the database is attached."""


def memory(name: str) -> str:
    """Return the qualified name of a view or table in the run's own DuckDB instance."""
    return f"memory.main.{quoted(name)}"


def sql_string(text: str) -> str:
    """Return `text` as a SQL string."""
    return "'" + text.replace("'", "''") + "'"


def utc_datetime(microseconds: int | None) -> datetime | None:
    """Return the time that `epoch_us` of a TIMESTAMPTZ means. DuckDB returns times itself only where pytz is installed."""
    return None if microseconds is None else datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
