"""Rows that differ, in slices of keys that can be joined by their whole width in memory.

Few rows are one slice, in temporary tables. Many are written to files in one pass over each side, and joined slice by slice.
They are no tables, because a transaction keeps the tables that it drops until its end. The statements of `compare.py` and
`history.py` work on one slice as on all differences.
"""

import contextlib
import itertools
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from aad_assets.catalog.types import quoted
from aad_assets.warehouse.database.memory import slices_for, working_part
from aad_assets.warehouse.database.sql import sql_string
from aad_assets.warehouse.publishing.compare import Comparison
from aad_assets.warehouse.staging.stage import THREADS

_SIDES = ("before", "after")
_WRITING = {"partitioned_write_max_open_files": "8", "partitioned_write_flush_threshold": "{rows}"}
"""How many files DuckDB writes at a time, whose footers it keeps in memory, and how many rows it gathers for all of them."""

_ROW_GROUP = 100
"""Rows from which a part of a slice is written at once; DuckDB keeps the others until there are so many, in each file."""


@dataclass(frozen=True)
class Slices:
    """The rows of a comparison's `difference`, in `number` slices by the hash of their key."""

    cursor: duckdb.DuckDBPyConnection
    comparison: Comparison
    number: int
    row_bytes: float
    """The average size of a row in memory."""

    @classmethod
    def of(cls, cursor: duckdb.DuckDBPyConnection, comparison: Comparison, rows: int, row_bytes: float) -> "Slices":
        """Cut `rows` rows of `row_bytes` bytes."""
        return cls(cursor, comparison, slices_for(cursor, rows * row_bytes), row_bytes)

    @contextlib.contextmanager
    def spooled(self) -> Iterator[Iterable[str]]:
        """Yield statements to run in turn that fill `before` and `after`, and leave in `difference` what really differs."""
        if self.number == 1:
            yield [*self.comparison.take(), *self.comparison.reordered(*_SIDES)]
            return
        with self._empty_folder():
            yield itertools.chain(self._spool(), self.comparison.reordered())

    def each(self, statements: Sequence[str], texts: Sequence[str]) -> Iterator[str]:
        """Yield the statements for each slice, after those that leave only it in the three tables. Run them in turn.

        `texts` are statements that write rows as texts.
        """
        if self.number == 1:
            yield from [*statements, *texts]
            return
        # A dictionary of texts that are all different takes as much memory as a whole row group, beside what DuckDB counts.
        without_dictionary = list(self._set("disabled_compression_methods", "'dictionary'"))
        with_dictionary = list(self._set("disabled_compression_methods", "''"))
        yield "CREATE OR REPLACE TEMP TABLE differences AS FROM difference"
        for number in range(self.number):
            yield (
                "CREATE OR REPLACE TEMP TABLE difference AS FROM differences "
                f"WHERE change <> 'refresh' AND {self._slice} = {number}"
            )
            for side in _SIDES:
                yield self._view(side, number)
            yield from [*statements, *without_dictionary, *texts, *with_dictionary]
        yield from without_dictionary  # the last row group is compressed at the commit
        yield "CREATE OR REPLACE TEMP TABLE difference AS FROM differences WHERE change = 'refresh'"
        yield from (f"DROP VIEW {side}" for side in _SIDES)

    @property
    def _folder(self) -> Path:
        """A folder beside that to which DuckDB spills."""
        row = self.cursor.execute("SELECT current_setting('temp_directory')").fetchone()
        assert row is not None
        return Path(row[0]).with_name("slices")

    @contextlib.contextmanager
    def _empty_folder(self) -> Iterator[None]:
        folder = self._folder
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            yield
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _set(self, name: str, value: str) -> Iterator[str]:
        """Yield the statement that changes a setting, if this version of DuckDB has it."""
        if self.cursor.execute("FROM duckdb_settings() WHERE name = ?", [name]).fetchone():
            yield f"SET GLOBAL {name} = {value}"

    @property
    def _slice(self) -> str:
        return f"hash({self.comparison.keys}) % {self.number}"

    def _spool(self) -> Iterator[str]:
        """Write the rows that differ to files by slice, and create views of all of them."""
        gathered = max(int(working_part(self.cursor) / self.row_bytes / 2), 1)
        for name, value in _WRITING.items():
            yield from self._set(name, value.format(rows=gathered))
        # Each thread gathers rows of every slice.
        yield f"SET threads = {THREADS}"
        for side in _SIDES:
            rows = f"(SELECT *, {self._slice} AS _slice FROM ({self._select(side)}))"
            to = f"FORMAT parquet, PARTITION_BY (_slice), OVERWRITE_OR_IGNORE, ROW_GROUP_SIZE {_ROW_GROUP}"
            yield f"COPY {rows} TO {sql_string(str(self._folder / side))} ({to})"
            yield f"CREATE OR REPLACE TEMP VIEW {side} AS {self._read(side, '*')}"

    def _select(self, side: str) -> str:
        """Select the rows of a side as the files hold them: new ones without the columns that were not read."""
        if side == "before":
            return self.comparison.old_rows()
        names = ", ".join([*(quoted(each.name) for each in self.comparison.columns), "_extra"])
        # A join could keep these rows in memory instead of the keys; a semi join does not.
        return f"""SELECT {names} FROM {self.comparison.staged}
                   SEMI JOIN (FROM difference WHERE change IN ('insert', 'update')) d USING ({self.comparison.keys})"""

    def _read(self, side: str, number: int | str) -> str:
        """Select the rows of a side from the files of a slice; `*` means all."""
        if any((self._folder / side).glob(f"_slice={number}/*")):
            files = sql_string(f"{self._folder / side}/_slice={number}/*.parquet")
            return f"SELECT * FROM read_parquet({files}, hive_partitioning = false)"
        return f"SELECT * FROM ({self._select(side)}) WHERE false"

    def _view(self, side: str, number: int) -> str:
        comparison, rows = self.comparison, self._read(side, number)
        if side == "before":
            selected = f"SELECT {', '.join(comparison.names)} FROM ({rows}) SEMI JOIN difference USING ({comparison.keys})"
        else:
            joined = f"({rows}) s JOIN difference d USING ({comparison.keys}) {comparison.with_kept}"
            selected = f"SELECT {comparison.values}, d.change FROM {joined}"
        return f"CREATE OR REPLACE TEMP VIEW {side} AS {selected}"
