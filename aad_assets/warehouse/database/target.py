"""The target database: attached for one short transaction, with a bounded wait when another process has it.

Not here: what the transaction does (`publish.py`), the staging file (`stage.py`).
"""

import contextlib
import errno
import os
import re
import time
from collections.abc import Callable, Iterator
from importlib import resources
from pathlib import Path
from threading import Lock

import duckdb

from aad_assets.concurrency import stopped_within
from aad_assets.errors import WarehouseError
from aad_assets.settings import is_file, shown
from aad_assets.warehouse.database.sql import literal
from aad_assets.warehouse.staging.workspace import private_files

ALIAS = "target"
_POLL = 0.2
_IN_USE = re.compile("lock on file|lock is held|already attached", re.IGNORECASE)

# The mask of new files' modes is the process's, and DuckDB opens a file once in a process.
_ONE_AT_A_TIME = Lock()

_LINGERS = 1.0
"""Seconds from which on the database is let go of although the next transaction waits: others wait for it, too."""


class Target:
    """One connection's schemas in the database that users query."""

    def __init__(self, database: str, connection_name: str, *, lock_wait: float = 30.0) -> None:
        """`lock_wait`: seconds to wait for a database that another process has open."""
        self.database = database
        self.schema = f"{ALIAS}.{connection_name}"
        self.meta = f"{ALIAS}.{connection_name}_meta"
        self.history = f"{ALIAS}.{connection_name}_history"
        self._lock_wait = self._wait_left = lock_wait
        self._prepared = False
        self._attached_at: float | None = None
        self._expected = 0
        """Transactions that are on their way; counted in several threads."""
        self._counting = Lock()

    @contextlib.contextmanager
    def expecting(self) -> Iterator[Callable[[], None]]:
        """Around a transaction that waits for its turn: the one before it leaves the database attached for it.

        Call what it yields when the turn has come. Attaching and writing the log into the file cost more than most loads.
        """
        left = False

        def arrived() -> None:
            nonlocal left
            with self._counting:
                self._expected -= not left
                left = True

        with self._counting:
            self._expected += 1
        try:
            yield arrived
        finally:
            arrived()

    def let_go(self, cursor: duckdb.DuckDBPyConnection) -> None:
        """Free the database before work that does not need it, when it was attached for long and a transaction waits behind.

        Not each time: between the transactions of small tables there is much such work, all of it short.
        """
        if self._attached_at is None:  # no wait for the transaction of another target of this process
            return
        with _ONE_AT_A_TIME:
            if self._attached_at is not None and not self._lingers():
                with private_files():
                    self._attached_at = None
                    self._detach(cursor)

    @contextlib.contextmanager
    def transaction(self, cursor: duckdb.DuckDBPyConnection, tenant_id: str | None = None) -> Iterator[None]:
        """A transaction on the target with the stage's `cursor`, which sees both. Commits at the end, rolls back on an error.

        `tenant_id`: whose the schema has to be; None: whosever.

        Raises WarehouseError when the database is locked, unreadable, full or of another tenant.
        """
        with _ONE_AT_A_TIME:
            if self._attached_at is None:
                self._attach(cursor)
                self._attached_at = time.monotonic()
            with self._attached(cursor):
                self._prepare(cursor, tenant_id)
                cursor.execute("BEGIN")
                try:
                    yield
                    cursor.execute("COMMIT")
                except BaseException:
                    _rollback(cursor)
                    raise

    @contextlib.contextmanager
    def exclusive(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """The database kept from others without a transaction, with everything in its file. Raises WarehouseError."""
        with _ONE_AT_A_TIME:
            if self._attached_at is None:
                self._attach(cursor)
            with self._attached(cursor):
                cursor.execute(f"CHECKPOINT {ALIAS}")
                yield

    @contextlib.contextmanager
    def _attached(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """DuckDB's errors as WarehouseError, and the file free at the end, unless the next transaction waits already."""
        try:
            with private_files():
                lingers = False
                try:
                    yield
                    lingers = self._expected > 0 and self._lingers()
                finally:
                    if not lingers:
                        self._attached_at = None
                        self._detach(cursor)
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            raise WarehouseError(self._failed(error)) from None

    def _lingers(self) -> bool:
        return self._attached_at is not None and time.monotonic() - self._attached_at < _LINGERS

    def _attach(self, cursor: duckdb.DuckDBPyConnection) -> None:
        deadline = time.monotonic() + self._wait_left
        while True:
            try:
                with private_files():
                    if is_file(self.database):
                        Path(self.database).parent.mkdir(parents=True, exist_ok=True)
                    before = self._identity()
                    cursor.execute(f"ATTACH {literal(self.database)} AS {ALIAS}")
                self._wait_left = self._lock_wait
                if before in (None, self._identity()):
                    return
                self._detach(cursor)  # the file was replaced by a smaller one while it was opened
            except (duckdb.Error, OSError) as error:
                locked = locked_text(self.shown, str(error), self._wait_left)
                if locked is None:
                    raise WarehouseError(self._failed(error)) from None
                if time.monotonic() >= deadline:
                    # Entities that are ready at the same time wait once, not one after the other.
                    self._wait_left = 0.0
                    raise WarehouseError(locked) from None
            pause(_POLL)

    def _identity(self) -> tuple[int, int] | None:
        """Which file it is; None when there is none yet."""
        try:
            found = Path(self.database).stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _prepare(self, cursor: duckdb.DuckDBPyConnection, tenant_id: str | None) -> None:
        if not self._prepared:
            script = resources.files(__package__).joinpath("migrations/meta.sql").read_text("utf-8")
            cursor.execute(script.format(schema=self.schema, meta=self.meta, history=self.history))
            self._prepared = True
        if tenant_id is None:
            return
        # Each time: a run takes hours, and another may have begun with the same empty schema.
        others = cursor.execute(
            f"SELECT _tenant_id FROM {self.meta}.loads WHERE _tenant_id <> ? AND status = 'published' LIMIT 1",
            [tenant_id],
        ).fetchall()
        if others:
            raise WarehouseError(
                f"The schema {self.schema.removeprefix(ALIAS + '.')} of {self.shown} holds tenant {others[0][0]}, not "
                f"{tenant_id}: set AAD_CONNECTION_NAME to another name, or AAD_DATABASE to another file."
            )

    def _detach(self, cursor: duckdb.DuckDBPyConnection) -> None:
        # The last one out writes the log into the file; readers then need nothing but the file. What a file would do in
        # milliseconds is all the maintenance of a lake, which merges, expires and deletes files for seconds, at each publish.
        checkpoint = (f"CHECKPOINT {ALIAS}",) if is_file(self.database) else ()
        for statement in (*checkpoint, f"DETACH {ALIAS}"):
            with contextlib.suppress(duckdb.Error):
                cursor.execute(statement)

    def _failed(self, error: Exception) -> str:
        # Of DuckDB's text only the first line: what follows can quote the statement or values.
        first = str(error).splitlines()[0][:300] if is_file(self.database) else type(error).__name__
        said = f"The database {self.shown} (AAD_DATABASE) cannot take the load: {first}. The tables are as they were."
        full = os.strerror(errno.ENOSPC) in first
        return f"{said} Make room there, or set AAD_DATABASE to a file elsewhere, and reload." if full else said

    @property
    def shown(self) -> str:
        return shown(self.database)


def locked_text(shown: str, error: str, waited: float) -> str | None:
    """The message for people when `error`, DuckDB's text, says that another process has the database; else None."""
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


def pause(seconds: float) -> None:
    """Wait. Raises duckdb.InterruptException as soon as the run is cancelled."""
    if stopped_within(seconds):
        raise duckdb.InterruptException("the run was cancelled")
