"""The DuckDB instance of a run, in which rows are typed and from which they are published.

Its work runs in a thread, one piece at a time, so that the target stays free while Graph is read. See also `entity_stage.py`,
which stages the rows of one entity.
"""

import asyncio
import contextlib
import errno
import hashlib
import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import duckdb

from aad_assets.concurrency import run_in_thread
from aad_assets.errors import WarehouseError
from aad_assets.warehouse.database import cleaning, json_order
from aad_assets.warehouse.database.failures import is_disk_full, is_out_of_memory, needs_memory
from aad_assets.warehouse.database.memory import duckdb_memory

T = TypeVar("T")

CHUNK = 64 * 2**20
"""Bytes of NDJSON that are typed at once."""

THREADS = 1
"""DuckDB's threads. The other core reads from Graph; two threads took three times as long to write 200,000 wide rows."""


class Stage:
    """The DuckDB instance of one run, in memory, over the typed chunks in `folder`."""

    def __init__(self, folder: Path, *, memory_limit: str = "", chunk: int = CHUNK, pseudonym_key: str = "") -> None:
        """`memory_limit` is AAD_MEMORY_LIMIT; `chunk` is how many bytes of NDJSON are typed at once.

        `pseudonym_key` is the secret of pseudonymised columns.
        """
        self.folder = folder
        self.chunk = chunk
        self.pseudonym_key = hashlib.sha512(pseudonym_key.encode()).digest()  # of the length that the hash takes
        # Numbers of chunks, never used twice: DuckDB caches files by their path, and has read another one's bytes from there.
        self.chunk_numbers = itertools.count()
        self._typing = asyncio.Lock()
        self._active: set[duckdb.DuckDBPyConnection] = set()
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{duckdb_memory(memory_limit) // 1000}KB",
            # What is cached counts, and is read once or lies in the system's cache.
            "enable_external_file_cache": False,
            "temp_directory": str(folder / "spill"),
            "threads": THREADS,
            # Memory that is free goes back to the system early.
            "allocator_flush_threshold": "16MB",
            "allocator_bulk_deallocation_flush_threshold": "16MB",
        }
        self._connection = duckdb.connect(":memory:", config=config)
        json_order.register(self._connection)
        cleaning.register(self._connection)
        # A time without an offset is UTC, wherever this runs. Global, because cursors do not inherit settings of the session.
        self._connection.execute("SET GLOBAL TimeZone = 'UTC'")
        # DuckDB 1.0 to 1.3.2, which BI tools still contain, cannot open files written with it. DuckDB 2 has no such setting.
        if self._connection.execute("FROM duckdb_settings() WHERE name = 'experimental_metadata_reuse'").fetchone():
            self._connection.execute("SET GLOBAL experimental_metadata_reuse = false")

    @contextlib.contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Yield a cursor for one piece of work in one thread. `interrupt` stops what it is doing."""
        cursor = self._connection.cursor()
        self._active.add(cursor)
        try:
            yield cursor
        finally:
            self._active.discard(cursor)
            cursor.close()

    async def run(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """Run `work` in a thread, one piece at a time: the other core reads from Graph. Raises WarehouseError."""

        def call() -> T:
            try:
                with self.cursor() as cursor:
                    return work(cursor)
            except duckdb.InterruptException:
                raise
            except duckdb.Error as error:
                if is_out_of_memory(error):
                    raise WarehouseError(needs_memory("Typing the rows that were read")) from None
                why = os.strerror(errno.ENOSPC) if is_disk_full(error) else type(error).__name__
                raise self._failed(why) from None  # DuckDB's text may quote a row

        async with self._typing:
            return await run_in_thread(call, self.interrupt)

    def interrupt(self) -> None:
        """Stop what DuckDB is doing, because the run was cancelled."""
        for cursor in list(self._active):
            with contextlib.suppress(duckdb.ConnectionException):  # it has just ended by itself
                cursor.interrupt()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Raise errors of the file system as WarehouseError."""
        try:
            yield
        except OSError as error:
            raise self._failed(error.strerror or type(error).__name__) from None

    def _failed(self, why: str) -> WarehouseError:
        return WarehouseError(
            f"the rows could not be staged in {self.folder} ({why}); nothing is published. Check free disk space there."
        )

    def close(self) -> None:
        """Close the instance. The files in its folder stay."""
        self._connection.close()
