"""The database opened read-only, as people and BI tools open it, with a bounded wait for a reload that writes to it.

See also `frames.py`, which returns tables as DataFrames. It is a module of its own because it imports pandas.
"""

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb

from aad_assets.catalog.types import quoted
from aad_assets.errors import ConfigurationError, WarehouseError
from aad_assets.settings import is_file, redact_database
from aad_assets.warehouse.database.memory import duckdb_memory
from aad_assets.warehouse.database.migrations import check_version, stored_version
from aad_assets.warehouse.database.sql import ALIAS, sql_string
from aad_assets.warehouse.database.target import locked_text
from aad_assets.warehouse.staging.workspace import workspace

_POLL = 0.1
_DEMO = "demo/entra.duckdb"
"""Where `make demo` puts its database, which people look for without naming it."""
_AGO = {"h": "hours", "d": "days", "w": "weeks"}


@contextlib.contextmanager
def reading(
    database: str, *, bookkeeping_of: str | None = None, lock_wait: float = 30.0
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection that reads `database` and cannot write it. Its time zone is UTC.

    Name a connection in `bookkeeping_of` to read its `_meta` schema. Raises WarehouseError when the database does not exist,
    when another process writes to it for longer than `lock_wait` seconds, or when a newer release wrote that schema.
    """
    if is_file(database) and not Path(database).exists():
        demo = f" For that of the demo, add --database {_DEMO}." if Path(_DEMO).exists() else ""
        raise WarehouseError(
            f"The database {database} does not exist (AAD_DATABASE, or AAD_SERVING_COPY if it is set). Reload first.{demo}"
        )
    connection = duckdb.connect(":memory:")
    try:
        connection.execute("SET TimeZone = 'UTC'")
        _attach(connection, database, time.monotonic() + lock_wait, lock_wait)
        if bookkeeping_of is not None:
            check_version(stored_version(connection, ALIAS, f"{bookkeeping_of}_meta"), redact_database(database))
        connection.execute(f"USE {ALIAS}")
        yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def reading_in_reload(
    database: str, connection_name: str, *, memory_limit: str, lock_wait: float
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection as `reading` does, with the memory of a reload and a private folder for what does not fit.

    `memory_limit` is AAD_MEMORY_LIMIT. Raises WarehouseError also when that folder cannot be created.
    """
    with reading(database, bookkeeping_of=connection_name, lock_wait=lock_wait) as connection, workspace(database) as folder:
        connection.execute(f"SET memory_limit = '{duckdb_memory(memory_limit) // 1000}KB'")
        connection.execute(f"SET temp_directory = {sql_string(str(folder))}")
        yield connection


def _attach(connection: duckdb.DuckDBPyConnection, database: str, deadline: float, waited: float) -> None:
    while True:
        try:
            connection.execute(f"ATTACH {sql_string(database)} AS {ALIAS} (READ_ONLY)")
            return
        except duckdb.Error as error:
            locked = locked_text(redact_database(database), str(error), waited)
            if locked is None:
                first = str(error).splitlines()[0][:300] if is_file(database) else type(error).__name__
                raise WarehouseError(
                    f"Cannot read the database {redact_database(database)} (AAD_DATABASE): {first}. "
                    "Check the setting and the file."
                ) from None
            if time.monotonic() >= deadline:
                raise WarehouseError(locked) from None
        time.sleep(_POLL)


def changes_since(
    connection: duckdb.DuckDBPyConnection, connection_name: str, since: datetime, table: str | None = None
) -> duckdb.DuckDBPyConnection:
    """Select the rows of `changes` from `since` on, oldest first.

    The columns are microseconds since 1970, table, key, change, column, old and new value as JSON. Raises ConfigurationError
    when the connection has loaded nothing into this database.
    """
    try:
        return connection.execute(
            f"""SELECT epoch_us(changed_at), entity, key, change, column_name, old_value::VARCHAR, new_value::VARCHAR
                FROM {quoted(f"{connection_name}_meta")}.changes
                WHERE changed_at >= $since AND ($entity IS NULL OR entity = $entity)
                ORDER BY changed_at, entity, key, column_name""",
            {"since": since, "entity": table},
        )
    except duckdb.CatalogException:
        raise ConfigurationError(
            f"There are no loads of {connection_name!r} (AAD_CONNECTION_NAME) in this database. Reload first."
        ) from None


class SummaryRow(NamedTuple):
    """How many rows changed in one way. `column` is None for rows that were inserted or deleted."""

    entity: str
    change: str
    column: str | None
    rows: int


def summary_since(
    connection: duckdb.DuckDBPyConnection, connection_name: str, since: datetime, table: str | None = None
) -> list[SummaryRow]:
    """Return the numbers of rows of `changes` from `since` on, by table, change and attribute."""
    found = connection.execute(
        f"""SELECT entity, change, column_name, count(DISTINCT key) FROM {quoted(f"{connection_name}_meta")}.changes
            WHERE changed_at >= $since AND ($entity IS NULL OR entity = $entity)
            GROUP BY ALL ORDER BY entity, change, count(DISTINCT key) DESC, column_name""",
        {"since": since, "entity": table},
    ).fetchall()
    return [SummaryRow(*row) for row in found]


def moment(text: str | date | datetime, now: datetime | None = None) -> datetime:
    """Parse a moment: `2026-11-01`, `2026-11-01T12:00+01:00`, `today`, `yesterday`, `7d` or `12h` (ago).

    A day means its beginning, and a time without an offset is UTC. Raises ConfigurationError.
    """
    now = now or datetime.now(UTC)
    if isinstance(text, datetime):
        return text if text.tzinfo else text.replace(tzinfo=UTC)
    if isinstance(text, date):
        return datetime(text.year, text.month, text.day, tzinfo=UTC)
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if text in ("today", "yesterday"):
        return midnight - timedelta(days=text == "yesterday")
    try:
        if text[-1:] in _AGO and text[:-1].isdecimal():
            return now - timedelta(**{_AGO[text[-1]]: int(text[:-1])})
        found = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise ConfigurationError(
            f"{text!r} is not a date or time. Write 2026-11-01, 2026-11-01T12:00, today, yesterday, 7d or 12h."
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
