"""The rows of one chain of pages: spooled as NDJSON and typed chunk by chunk.

A typed chunk is a Parquet file in the run's folder, so that the target is free while Graph is read. That is half the work of
a DuckDB table, which writes small appends to its log first. The size of a chunk limits the spool, and with it memory.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import duckdb
import msgspec

from aad_assets.catalog import Column, Entity
from aad_assets.catalog.columns import ODATA_TYPE, ODATA_TYPE_PREFIX
from aad_assets.catalog.types import quoted
from aad_assets.errors import WarehouseError
from aad_assets.warehouse.database.cleaning import cleaned_sql
from aad_assets.warehouse.database.failures import is_out_of_memory, needs_memory
from aad_assets.warehouse.database.sql import sql_string
from aad_assets.warehouse.staging.arrivals import Arrivals
from aad_assets.warehouse.staging.coercion import Reject
from aad_assets.warehouse.staging.protection import Protector
from aad_assets.warehouse.staging.reject_table import RejectTable
from aad_assets.warehouse.staging.stage import Stage
from aad_assets.warehouse.staging.validation import RowValidator

_LARGEST_OBJECT = 16 * 2**20
"""DuckDB's default for the size of one JSON object in bytes; raised for chunks with a larger one."""

_LARGE = 2**20
"""Bytes of a row that an error about memory names."""

_REJECTS = 10_000
"""Rejects that a part holds in Python before they go to DuckDB."""

_ROW_GROUP = 8_192
"""Rows of a Parquet row group. A reader decompresses a whole group of each column."""

_COERCED = b" "
"""The first byte of a spooled row that was already coerced."""


@dataclass
class StagePart:
    """The rows of one chain; see `aad_assets.graph.reading.pagination.Part`."""

    stage: Stage
    entity: Entity
    protector: Protector
    validator: RowValidator
    reject_table: RejectTable
    arrivals: Arrivals
    columns: Sequence[Column]
    """The columns that the chain reads."""
    number: int
    pass_: int
    closed: bool = False
    size: int = 0
    """The size of the rows so far, as JSON."""
    rejects: list[Reject] = field(default_factory=list)
    """Rejects that are not in the table yet."""
    largest: tuple[int, str] | None = None
    """The bytes and the key of the largest row, if it is large."""
    undeclared: set[str] = field(default_factory=set)
    typed: list[Path] = field(default_factory=list)
    _file: BinaryIO | None = None
    _size: int = 0
    _longest: int = 0
    _typing: "set[asyncio.Task[None]]" = field(default_factory=set, repr=False)

    async def add(self, rows: Sequence[bytes | msgspec.Raw]) -> None:
        """Spool rows, and return when the part can take more. Several tasks may add to one part."""
        if not rows:
            return
        data = self._lines(self.protector.rows(rows))
        with self.stage.writing():
            if self._file is None:
                self._file = self._path("ndjson").open("wb")
            self._file.write(data)
        self.arrivals.add(len(rows))
        self._size += len(data)
        self.size += len(data)
        if self._size >= self.stage.chunk:
            await self._rotate()
        if len(self.rejects) >= _REJECTS:
            await self._move_rejects()

    async def discard(self) -> None:
        """Delete the rows so far, because the chain is read again from its beginning."""
        await self._wait_until_typed(self._typing)
        self.remove_files()
        self._file, self._size, self._longest, self.size = None, 0, 0, 0
        self.arrivals.clear()
        self.typed.clear()
        self.rejects.clear()
        self.undeclared.clear()
        await self.reject_table.delete(self.number)

    async def close(self) -> None:
        """Type the last rows: the chain has ended."""
        if self._file is not None:
            await self._rotate()
        await self._wait_until_typed(self._typing)
        await self._move_rejects()
        self.closed = True

    def cancel(self) -> "set[asyncio.Task[None]]":
        """Cancel the typing and return its tasks, which the caller waits for."""
        for task in self._typing:
            task.cancel()
        return self._typing

    def remove_files(self) -> None:
        """Remove spooled and typed rows."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # what it could not write is not needed
                self._file.close()
        for path in self.stage.folder.glob(f"{self.entity.table}-{self.number}.*"):
            path.unlink()

    def _lines(self, rows: Sequence[bytes | msgspec.Raw]) -> bytes:
        """Return the rows as NDJSON, coerced where they do not match the declared types."""
        is_valid = self.validator.is_valid
        lines = [row if is_valid(row) else self._coerced(row) for row in rows]
        data = b"\n".join(lines)
        if self.validator.may_have_no_dates(data):
            lines = [self._without_no_dates(line) for line in lines]
            data = b"\n".join(lines)
        if data.count(b"\n") >= len(lines):
            # Indented JSON. A line break inside a string is always escaped, so these are between tokens.
            data = b"\n".join(bytes(line).replace(b"\n", b" ").replace(b"\r", b" ") for line in lines)
        if len(data) > _LARGE:
            self._note_largest(max(lines, key=_size))
        return data + b"\n"

    def _note_largest(self, line: bytes | msgspec.Raw) -> None:
        """Note the largest of some rows, and its key if it is large."""
        size = _size(line)
        self._longest = max(self._longest, size)
        if size > max(_LARGE, self.largest[0] if self.largest else 0):
            members = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
            sources = [column.source for column in self.entity.columns if column.name in self.entity.key]
            self.largest = size, "|".join(bytes(members[source]).decode().strip('"') for source in sources)

    def _without_no_dates(self, line: bytes | msgspec.Raw) -> bytes:
        row = bytes(line)
        has_some = not row.startswith(_COERCED) and self.validator.may_have_no_dates(row)
        return self._coerced(row) if has_some else row

    def _coerced(self, row: bytes | msgspec.Raw) -> bytes:
        coerced = self.validator.coerce(row)
        self.rejects.extend(coerced.rejects)
        self.undeclared.update(coerced.undeclared)
        return _COERCED + coerced.row

    async def _move_rejects(self) -> None:
        # The thread that types may add to the list meanwhile.
        if rejects := self.rejects[:]:
            del self.rejects[: len(rejects)]
            await self.reject_table.insert(self.number, rejects)

    async def _rotate(self) -> None:
        """Have the spooled chunk typed in the background, and wait for the chunks before it."""
        assert self._file is not None
        number = next(self.stage.chunk_numbers)
        self.arrivals.close_chunk(number)
        chunk = self._path(f"{number}.chunk")
        with self.stage.writing():
            self._file.close()
            self._path("ndjson").rename(chunk)
        earlier = list(self._typing)
        self._typing.add(asyncio.create_task(self._type(chunk, number, max(self._longest + 1, _LARGEST_OBJECT))))
        self._file, self._size, self._longest = None, 0, 0
        await self._wait_until_typed(earlier)

    async def _wait_until_typed(self, tasks: Iterable["asyncio.Task[None]"]) -> None:
        for task in list(tasks):
            await task
            self._typing.discard(task)

    async def _type(self, chunk: Path, number: int, largest: int) -> None:
        typed = self._path(f"{number}.parquet")

        def copy(cursor: duckdb.DuckDBPyConnection) -> None:
            try:
                cursor.execute(copy_statement(self.columns, chunk, typed, number, largest))
            except duckdb.OutOfMemoryException as error:
                if not is_out_of_memory(error):
                    raise
                raise WarehouseError(needs_memory("Typing the rows that were read", self.largest)) from None
            except (duckdb.DataError, duckdb.InvalidInputException):
                coerced, longest = self._coerced_chunk(chunk)
                cursor.execute(copy_statement(self.columns, coerced, typed, number, max(longest + 1, largest)))
                coerced.unlink()
            chunk.unlink()

        await self.stage.run(copy)
        self.typed.append(typed)

    def _coerced_chunk(self, chunk: Path) -> tuple[Path, int]:
        """Coerce every row of a chunk, and return the new file and its longest line in bytes.

        DuckDB rejects a few rows that the validator accepts: a name that occurs twice in an object, a time in lower case.
        """
        coerced, longest = chunk.with_suffix(".coerced"), 0
        with self.stage.writing(), chunk.open("rb") as rows, coerced.open("wb") as file:
            for row in rows:
                line = row if row.startswith(_COERCED) else self._coerced(row) + b"\n"
                longest = max(longest, len(line))
                file.write(line)
        return coerced, longest

    def _path(self, suffix: str) -> Path:
        return self.stage.folder / f"{self.entity.table}-{self.number}.{suffix}"


def _size(line: bytes | msgspec.Raw) -> int:
    return len(memoryview(line))


def copy_statement(columns: Sequence[Column], chunk: Path, typed: Path, number: int, largest: int) -> str:
    """Return SQL that types a chunk by its `columns`. `largest` is the size of its largest row in bytes."""
    declared = [f"{sql_string(column.source)}: {sql_string(column.duckdb_type)}" for column in columns]
    types = ", ".join([*declared, "'_extra': 'JSON'"])
    values = ", ".join(
        f"replace({quoted(column.source)}, {sql_string(ODATA_TYPE_PREFIX)}, '') AS {quoted(column.name)}"
        if column.source == ODATA_TYPE
        else f"{cleaned_sql(quoted(column.source), column.type)} AS {quoted(column.name)}"
        for column in columns
    )
    return (
        f"COPY (SELECT {values}, _extra, {number} AS _chunk FROM read_json({sql_string(str(chunk))}, "
        # Otherwise a folder `id=5` in the path would be the id of every row.
        f"format = 'newline_delimited', columns = {{{types}}}, maximum_object_size = {largest}, hive_partitioning = false)) "
        f"TO {sql_string(str(typed))} (FORMAT parquet, ROW_GROUP_SIZE {_ROW_GROUP})"
    )
