"""The target database: attached for one short transaction at a time, with a bounded wait when another process holds it."""

import contextlib
import math
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from threading import RLock

import duckdb

from aad_assets.catalog.types import quoted
from aad_assets.concurrency import stopped_within
from aad_assets.errors import WarehouseError
from aad_assets.settings import is_file, redact_database
from aad_assets.warehouse.database.failures import is_disk_full, is_out_of_memory, needs_memory
from aad_assets.warehouse.database.migrations import migrate
from aad_assets.warehouse.database.private_files import create_database, create_log, remove_empty_log
from aad_assets.warehouse.database.sql import ALIAS, sql_string

_POLL = 0.2
_FAILED_WAITS = 5
"""Waits that fail one after the other before a run stops waiting: a database that stays locked costs a bounded time."""
_IN_USE = re.compile("lock on file|lock is held|already attached", re.IGNORECASE)


class Target:
    """One connection's schemas in the database that users query.

    Each transaction attaches the database and detaches it again, unless `keep_attached` is set: then it stays attached until
    `release`. See also `aad_assets.warehouse.writer`, which decides how long that is.
    """

    def __init__(self, database: str, connection_name: str, *, lock_wait: float = 30.0) -> None:
        """`lock_wait` is how many seconds to wait for a database that another process has open."""
        self.database = database
        self.schema = f"{ALIAS}.{connection_name}"
        self.meta = f"{ALIAS}.{connection_name}_meta"
        self.history = f"{ALIAS}.{connection_name}_history"
        self.at = f"{ALIAS}.{connection_name}_at"
        self.flat = f"{ALIAS}.{connection_name}_flat"
        self.kql = f"{ALIAS}.{connection_name}_kql"
        self.keep_attached = False
        self._lock_wait = lock_wait
        self._failed_waits = 0
        self._failed_at = -math.inf
        self.comments: dict[str, dict[str, str]] | None = None
        """The comments on columns by qualified table, for `publishing.comments`; None until they are read."""
        self.macros: dict[str, str] | None = None
        """The texts of the macros in the history schema by name, for `coverage`; None until they are read."""
        self.digests: dict[str, str] | None = None
        """The digests of what is made of each table and view, for `derived.definitions`; None until they are read."""
        self._tables: frozenset[str] | None = None
        self._is_migrated = False
        self._attached_at: float | None = None
        self._lock = RLock()
        """Held while the database is attached, used or detached: several threads share a target."""

    @property
    def attached_seconds(self) -> float | None:
        """Seconds since the database was attached; None when it is not attached."""
        attached_at = self._attached_at
        return None if attached_at is None else time.monotonic() - attached_at

    @contextlib.contextmanager
    def transaction(self, cursor: duckdb.DuckDBPyConnection, tenant_id: str | None = None) -> Iterator[None]:
        """Run a transaction with the stage's `cursor`, which sees both sides. Commit at the end, roll back on an error.

        The first transaction migrates the bookkeeping tables. With `tenant_id`, the schema must belong to that tenant. Raises
        WarehouseError when the database is locked, unreadable, full, of another tenant or of a newer release.
        """
        with self._attached(cursor):
            if is_file(self.database):
                create_log(self.database)
            cursor.execute("BEGIN")
            try:
                if not self._is_migrated:
                    schemas = (self.schema, self.history, self.meta, self.at, self.flat)
                    migrate(cursor, schemas, self.meta, self.display_name)
                if tenant_id is not None:
                    self._check_tenant(cursor, tenant_id)
                yield
                cursor.execute("COMMIT")
            except BaseException:
                _rollback(cursor)
                self.comments = self.macros = self.digests = self._tables = None
                raise
            self._is_migrated = True

    def tables(self, cursor: duckdb.DuckDBPyConnection) -> frozenset[str]:
        """Return the qualified names of the tables in the database, such as `target.aad."users"`.

        DuckDB lists them all or none, so they are read once while the database is attached. No other process can create one
        in that time; whoever creates one here calls `tables_changed`.
        """
        if self._tables is None:
            found = cursor.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ?", [ALIAS]
            ).fetchall()
            self._tables = frozenset(f"{ALIAS}.{schema}.{quoted(name)}" for schema, name in found)
        return self._tables

    def tables_changed(self) -> None:
        """Have the tables read again."""
        self._tables = None

    @contextlib.contextmanager
    def exclusive(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Keep other processes out without a transaction, after writing the log into the file. Raises WarehouseError."""
        with self._attached(cursor):
            cursor.execute(f"CHECKPOINT {ALIAS}")
            yield

    def release(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Write the log into the file and detach the database; do nothing when it is not attached.

        Waits for a transaction that another thread is running.
        """
        with self._lock:
            if self._attached_at is None:
                return
            self._attached_at = None
            # A checkpoint takes a file milliseconds, and readers then need nothing but the file. In a lake it merges, expires
            # and deletes files for seconds.
            if is_file(self.database):
                with contextlib.suppress(duckdb.Error):
                    cursor.execute(f"CHECKPOINT {ALIAS}")
                remove_empty_log(self.database)
            with contextlib.suppress(duckdb.Error):
                cursor.execute(f"DETACH {ALIAS}")

    @contextlib.contextmanager
    def _attached(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """Attach the database if needed, raise DuckDB's errors as WarehouseError, and release it unless it is kept."""
        with self._lock:
            if self._attached_at is None:
                self._attach(cursor)
                self._tables, self._attached_at = None, time.monotonic()
            is_sound = False
            try:
                yield
                is_sound = True
            except duckdb.InterruptException:
                raise
            except duckdb.Error as error:
                raise WarehouseError(self._failed(error)) from None
            finally:
                if not (self.keep_attached and is_sound):
                    self.release(cursor)

    def _attach(self, cursor: duckdb.DuckDBPyConnection) -> None:
        wait = self._next_wait()
        deadline = time.monotonic() + wait
        while True:
            try:
                if is_file(self.database):
                    create_database(self.database, cursor)
                before = self._identity()
                cursor.execute(f"ATTACH {sql_string(self.database)} AS {ALIAS}{self._attach_options}")
                self._failed_waits, self._failed_at = 0, -math.inf
                if before in (None, self._identity()):
                    return
                cursor.execute(f"DETACH {ALIAS}")  # the file was replaced while it was opened
            except (duckdb.Error, OSError) as error:
                locked = locked_text(self.display_name, str(error), wait)
                if locked is None:
                    raise WarehouseError(self._failed(error)) from None
                if time.monotonic() >= deadline:
                    if wait:
                        self._failed_waits, self._failed_at = self._failed_waits + 1, time.monotonic()
                    raise WarehouseError(locked) from None
            pause(_POLL)

    def _next_wait(self) -> float:
        """Return how many seconds to wait for a database that another process has open.

        Entities that are ready at the same time wait together: for as long again after a wait that failed, the next ones
        only try. Later ones wait again, up to _FAILED_WAITS times.
        """
        is_over = time.monotonic() >= self._failed_at + self._lock_wait
        return self._lock_wait if is_over and self._failed_waits < _FAILED_WAITS else 0.0

    @property
    def _attach_options(self) -> str:
        # Rows that DuckLake keeps inside a PostgreSQL catalogue crash the process when a JSON[] is filled.
        # https://ducklake.select/docs/stable/duckdb/advanced_features/data_inlining
        return " (DATA_INLINING_ROW_LIMIT 0)" if self.database.lower().startswith("ducklake:postgres") else ""

    def _identity(self) -> tuple[int, int] | None:
        """Return the device and inode of the file; None when it does not exist yet."""
        try:
            found = Path(self.database).stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _check_tenant(self, cursor: duckdb.DuckDBPyConnection, tenant_id: str) -> None:
        # Each time: a run takes hours, and another run may have started with the same empty schema.
        others = cursor.execute(
            f"SELECT _tenant_id FROM {self.meta}.loads WHERE _tenant_id <> ? AND status = 'published' LIMIT 1", [tenant_id]
        ).fetchall()
        if others:
            raise WarehouseError(
                f"The schema {self.schema.removeprefix(ALIAS + '.')} of {self.display_name} holds tenant {others[0][0]}, not "
                f"{tenant_id}. Set AAD_CONNECTION_NAME to another name, or AAD_DATABASE to another file."
            )

    def _failed(self, error: Exception) -> str:
        if is_out_of_memory(error):
            return needs_memory(f"The load into the database {self.display_name} was rolled back because it")
        # Only the first line of DuckDB's text: what follows can quote the statement or values.
        first = str(error).splitlines()[0][:300] if is_file(self.database) else type(error).__name__
        text = f"The database {self.display_name} (AAD_DATABASE) cannot take the load: {first}. The tables are as they were."
        if is_disk_full(error):
            return f"{text} Free some space there, or set AAD_DATABASE to a file elsewhere, and reload."
        return text

    @property
    def display_name(self) -> str:
        """The name of the database for messages, without passwords."""
        return redact_database(self.database)


def pause(seconds: float) -> None:
    """Wait. Raises duckdb.InterruptException as soon as the run is cancelled."""
    if stopped_within(seconds):
        raise duckdb.InterruptException("the run was cancelled")


def locked_text(shown: str, error: str, waited: float) -> str | None:
    """Return the message when `error`, DuckDB's text, says that another process has the database; otherwise None."""
    if not _IN_USE.search(error):
        return None
    holder = re.search(r"held in (\S+) \(PID (\d+)\)", error)
    who = f"process {holder[2]} ({Path(holder[1]).name})" if holder else "another process"
    if "already attached" in error:
        who = f"this process itself ({os.getpid()})"
    return (
        f"The database {shown} (AAD_DATABASE) is in use by {who}; waited {waited:.0f} s. "
        "Close it there, or set AAD_DATABASE to another file."
    )


def _rollback(cursor: duckdb.DuckDBPyConnection) -> None:
    with contextlib.suppress(duckdb.Error):
        cursor.execute("ROLLBACK")
