"""Rows on their way to the target: spooled as NDJSON, typed chunk by chunk, proved to have unique keys.

A typed chunk is a Parquet file in the run's own folder, so that the target is free while Graph is read: half the work of a
DuckDB table, which writes small appends to its log first. The spool is bounded by the chunk, and memory with it. Not here:
whether rows fit (`validator.py`), the target (`target.py`, `publish.py`).
"""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TypeVar

import duckdb
import msgspec

from aad_assets.catalog import Entity
from aad_assets.catalog.types import quoted
from aad_assets.concurrency import run_in_thread, wait_for_all
from aad_assets.errors import WarehouseError
from aad_assets.warehouse.database.sql import copy_statement, literal, memory
from aad_assets.warehouse.publishing import normal_json as canonical
from aad_assets.warehouse.staging.validation import Reject, RowValidator

T = TypeVar("T")

CHUNK = 64 * 2**20
"""Bytes of NDJSON that are typed at once."""

_LARGEST_OBJECT = 16 * 2**20
"""DuckDB's default for the size of one JSON object; raised for chunks with a larger one."""

_REJECTS = 10_000
"""Rejects of a part that Python holds before DuckDB takes them."""

THREADS = 1
"""Of DuckDB: the other core reads from Graph. Two took three times as long to write wide rows (2 cores, 200,000 users)."""

_MENDED = b" "
"""In front of a spooled row that was mended already."""


@dataclass(frozen=True)
class Staged:
    """An entity read whole: the relation that holds it, and what was noticed on the way."""

    relation: str
    rows: int
    duplicates: int
    rejects: str | None = None
    """The relation of values that did not fit, as `key`, `column_name` and `value`; one may be there twice."""
    undeclared: tuple[str, ...] = ()


class Stage:
    """The DuckDB instance of one run, in memory, over the typed chunks in `folder`."""

    def __init__(self, folder: Path, *, memory_limit: str = "200MB", chunk: int = CHUNK) -> None:
        self.folder = folder
        self.chunk = chunk
        self._typing = asyncio.Lock()
        self._active: set[duckdb.DuckDBPyConnection] = set()
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "temp_directory": str(folder / "spill"),
            "threads": THREADS,
        }
        self._connection = duckdb.connect(":memory:", config=config)
        canonical.register(self._connection)
        # A time without an offset counts as UTC, wherever this runs. Global, since cursors do not inherit the session's.
        self._connection.execute("SET GLOBAL TimeZone = 'UTC'")
        # It is experimental, and older DuckDB, as in BI tools, must be able to read the file. DuckDB 2 has no such setting.
        if self._connection.execute("FROM duckdb_settings() WHERE name = 'experimental_metadata_reuse'").fetchone():
            self._connection.execute("SET GLOBAL experimental_metadata_reuse = false")

    @contextlib.contextmanager
    def cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection for one piece of work in one thread; `interrupt` reaches it."""
        cursor = self._connection.cursor()
        self._active.add(cursor)
        try:
            yield cursor
        finally:
            self._active.discard(cursor)
            cursor.close()

    async def run(self, work: Callable[[duckdb.DuckDBPyConnection], T]) -> T:
        """Run `work` in a thread, one at a time: the other core reads from Graph meanwhile. Raises WarehouseError."""

        def call() -> T:
            try:
                with self.cursor() as cursor:
                    return work(cursor)
            except duckdb.InterruptException:
                raise
            except duckdb.Error as error:
                raise self._failed(type(error).__name__) from None  # DuckDB's text may quote a row

        async with self._typing:
            return await run_in_thread(call, self.interrupt)

    def interrupt(self) -> None:
        """Stop what DuckDB is doing: the run was cancelled."""
        for cursor in list(self._active):
            with contextlib.suppress(duckdb.ConnectionException):  # it has just ended by itself
                cursor.interrupt()

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Errors of the file system as WarehouseError."""
        try:
            yield
        except OSError as error:
            raise self._failed(error.strerror or type(error).__name__) from None

    def _failed(self, why: str) -> WarehouseError:
        return WarehouseError(
            f"the rows could not be staged in {self.folder} ({why}); nothing is published. "
            "Look at the free space there and at the memory."
        )

    def close(self) -> None:
        self._connection.close()


class EntityStage:
    """Takes the rows of one entity; see `aad_assets.graph.reading.pagination.Sink`."""

    def __init__(self, stage: Stage, entity: Entity) -> None:
        self.entity = entity
        self.stage = stage
        self.validator = RowValidator(entity)
        self.chunks = itertools.count()
        self._rejects: str | None = None
        self._parts: list[StagePart] = []

    def part(self, pass_: int = 0) -> "StagePart":
        part = StagePart(self, len(self._parts), pass_)
        self._parts.append(part)
        return part

    async def reset(self) -> None:
        for part in self._parts:
            await part.discard()
            await part.close()
        self._parts.clear()

    async def abort(self) -> None:
        """Stop typing and remove spooled rows: the read failed or was cancelled."""
        try:
            await wait_for_all(task for part in self._parts for task in part.cancel())
        finally:
            for part in self._parts:
                part.remove_files()

    async def finish(self, passes: Sequence[Sequence[str]] = ((),)) -> Staged:
        """Prove the keys unique and join the passes. Raises WarehouseError when a chain did not end properly."""
        read = {part.pass_ for part in self._parts}
        if not read.issuperset(range(len(passes))) or not all(part.closed for part in self._parts):
            raise WarehouseError("the read did not end properly; nothing is published.")
        return await self.stage.run(lambda cursor: self._finish(cursor, passes))

    def _finish(self, cursor: duckdb.DuckDBPyConnection, passes: Sequence[Sequence[str]]) -> Staged:
        duplicates = sum(self._unify(cursor, number) for number in range(len(passes)))
        relation = memory(self._view(0)) if len(passes) == 1 else self._joined(cursor, passes)
        rows = _number(cursor, f"SELECT count(*) FROM {relation}")
        undeclared = {name for part in self._parts for name in part.undeclared}
        return Staged(relation, rows, duplicates, self._rejects, tuple(sorted(undeclared)))

    def _view(self, pass_: int) -> str:
        return f"{self.entity.table}_{pass_}"

    def _unify(self, cursor: duckdb.DuckDBPyConnection, pass_: int) -> int:
        """A view of one pass in which each key comes once, the last row of it; returns how many others there are."""
        key = ", ".join(quoted(name) for name in self.entity.key)
        files = [str(file) for part in self._parts if part.pass_ == pass_ for file in part.typed]
        columns = ", ".join(
            f"{quoted(column.name)}::{column.duckdb_type} AS {quoted(column.name)}" for column in self.entity.columns
        )
        if not files:
            empty = ", ".join(f"NULL::{column.duckdb_type} AS {quoted(column.name)}" for column in self.entity.columns)
            _define(cursor, self._view(pass_), f"SELECT {empty}, NULL::JSON AS _extra WHERE false")
            return 0
        rows = f"read_parquet([{', '.join(map(literal, files))}], file_row_number = true, hive_partitioning = false)"
        every = f"SELECT {columns}, _extra::JSON AS _extra FROM {rows}"
        duplicates = _number(cursor, f"SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM {rows} GROUP BY {key})")
        if duplicates:
            superseded = f"{self._view(pass_)}_superseded"
            cursor.execute(
                f"""CREATE OR REPLACE TABLE {memory(superseded)} AS SELECT _chunk, file_row_number FROM {rows}
                    QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY _chunk DESC, file_row_number DESC) > 1"""
            )
            every += f" ANTI JOIN {memory(superseded)} USING (_chunk, file_row_number)"
        _define(cursor, self._view(pass_), every)
        return duplicates

    def _joined(self, cursor: duckdb.DuckDBPyConnection, passes: Sequence[Sequence[str]]) -> str:
        """One row of each key's rows in all passes. A row that only some have came or went during the read."""
        key = ", ".join(quoted(name) for name in self.entity.key)
        source = {column.source: column.name for column in self.entity.columns}
        values = [
            f"p{number}.{quoted(source[name])}"
            for number, names in enumerate(passes)
            for name in names
            if source[name] not in self.entity.key
        ]
        extra = "p0._extra"
        for number in range(1, len(passes)):
            extra = f"coalesce(json_merge_patch({extra}, p{number}._extra), {extra}, p{number}._extra)"
        tables = " JOIN ".join(
            f"{memory(self._view(number))} p{number}" + (f" USING ({key})" if number else "") for number in range(len(passes))
        )
        missing = [
            f"NULL::{column.duckdb_type} AS {quoted(column.name)}"
            for column in self.entity.columns
            if column.source not in {name for names in passes for name in names} and column.name not in self.entity.key
        ]
        selected = ", ".join([key, *values, *missing, f"{extra} AS _extra"])
        joined = f"{self.entity.table}_joined"
        _define(cursor, joined, f"SELECT {selected} FROM {tables}")
        return memory(joined)

    async def reject(self, part: int, rejects: Sequence[Reject]) -> None:
        """Hand a part's rejects to DuckDB: a property of another type than declared is one on every row."""
        lists = [list(values) for values in zip(*((r.key, r.column, r.value) for r in rejects), strict=True)]

        def insert(cursor: duckdb.DuckDBPyConnection) -> None:
            if self._rejects is None:
                self._rejects = memory(f"{self.entity.table}_rejects")
                columns = "part INTEGER, key VARCHAR, column_name VARCHAR, value VARCHAR"
                cursor.execute(f"CREATE OR REPLACE TABLE {self._rejects} ({columns})")
            unnested = ", ".join(["unnest(?::VARCHAR[])"] * len(lists))
            cursor.execute(f"INSERT INTO {self._rejects} SELECT {part}, {unnested}", lists)

        await self.stage.run(insert)

    async def forget_rejects(self, part: int) -> None:
        if self._rejects is not None:
            statement = f"DELETE FROM {self._rejects} WHERE part = {part}"
            await self.stage.run(lambda cursor: cursor.execute(statement) and None)

    async def keys(
        self, relation: str, columns: Sequence[str], where: tuple[str, str | bool] | None
    ) -> list[tuple[str, ...]]:
        """Values of `columns` of every row, for the children; `where`: only of rows with that value in that column."""
        statement = f"SELECT {', '.join(map(quoted, columns))} FROM {relation}"
        parameters = []
        if where:
            statement += f" WHERE {quoted(where[0])} = ?"
            parameters.append(where[1])
        return await self.stage.run(lambda cursor: cursor.execute(statement, parameters).fetchall())


@dataclass
class StagePart:
    """The rows of one chain; see `aad_assets.graph.reading.pagination.Part`."""

    owner: EntityStage
    number: int
    pass_: int
    closed: bool = False
    rejects: list[Reject] = field(default_factory=list)
    """Those that DuckDB does not hold yet."""
    undeclared: set[str] = field(default_factory=set)
    typed: list[Path] = field(default_factory=list)
    _file: BinaryIO | None = None
    _size: int = 0
    _longest: int = 0
    _typing: "set[asyncio.Task[None]]" = field(default_factory=set, repr=False)

    async def add(self, rows: Sequence[bytes | msgspec.Raw]) -> None:
        """Spool rows; returns when the part may take more. Several tasks may add to one part."""
        if not rows:
            return
        data = self._proved(rows)
        with self.owner.stage.writing():
            if self._file is None:
                self._file = self._path("ndjson").open("wb")
            self._file.write(data)
        self._size += len(data)
        if self._size >= self.owner.stage.chunk:
            await self._rotate()
        if len(self.rejects) >= _REJECTS:
            await self._hand_over_rejects()

    async def discard(self) -> None:
        await self._typed_all(self._typing)
        self.remove_files()
        self._file, self._size, self._longest = None, 0, 0
        self.typed.clear()
        self.rejects.clear()
        self.undeclared.clear()
        await self.owner.forget_rejects(self.number)

    async def close(self) -> None:
        if self._file is not None:
            await self._rotate()
        await self._typed_all(self._typing)
        await self._hand_over_rejects()
        self.closed = True

    def cancel(self) -> "set[asyncio.Task[None]]":
        """Cancel the typing; the caller waits for the returned tasks."""
        for task in self._typing:
            task.cancel()
        return self._typing

    def remove_files(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):  # what could not be written is not wanted either
                self._file.close()
        for path in self.owner.stage.folder.glob(f"{self.owner.entity.table}-{self.number}.*"):
            path.unlink()

    def _proved(self, rows: Sequence[bytes | msgspec.Raw]) -> bytes:
        """The rows as NDJSON, those that do not fit mended."""
        is_valid = self.owner.validator.is_valid
        lines = [row if is_valid(row) else self._mended(row) for row in rows]
        data = b"\n".join(lines)
        if data.count(b"\n") >= len(lines):
            # Indented JSON: a line break inside a string is always escaped, so that these stand between tokens.
            data = b"\n".join(bytes(line).replace(b"\n", b" ").replace(b"\r", b" ") for line in lines)
        self._longest = max(self._longest, max(len(bytes(line)) for line in lines) if len(data) > _LARGEST_OBJECT else 0)
        return data + b"\n"

    def _mended(self, row: bytes | msgspec.Raw) -> bytes:
        mended = self.owner.validator.coerce(row)
        self.rejects.extend(mended.rejects)
        self.undeclared.update(mended.undeclared)
        return _MENDED + mended.row

    async def _hand_over_rejects(self) -> None:
        # The thread that types may add to the list meanwhile.
        if rejects := self.rejects[:]:
            del self.rejects[: len(rejects)]
            await self.owner.reject(self.number, rejects)

    async def _rotate(self) -> None:
        """Hand the spooled chunk to DuckDB, in the background, and wait for those before it."""
        assert self._file is not None
        number = next(self.owner.chunks)
        chunk = self._path(f"{number}.chunk")
        with self.owner.stage.writing():
            self._file.close()
            self._path("ndjson").rename(chunk)
        earlier = list(self._typing)
        self._typing.add(asyncio.create_task(self._type(chunk, number, max(self._longest + 1, _LARGEST_OBJECT))))
        self._file, self._size, self._longest = None, 0, 0
        await self._typed_all(earlier)

    async def _typed_all(self, tasks: Iterable["asyncio.Task[None]"]) -> None:
        for task in list(tasks):
            await task
            self._typing.discard(task)

    async def _type(self, chunk: Path, number: int, largest: int) -> None:
        typed = self._path(f"{number}.parquet")

        def copy(cursor: duckdb.DuckDBPyConnection) -> None:
            try:
                cursor.execute(copy_statement(self.owner.entity, chunk, typed, number, largest))
            except (duckdb.DataError, duckdb.InvalidInputException):
                mended, longest = self._mended_chunk(chunk)
                cursor.execute(copy_statement(self.owner.entity, mended, typed, number, max(longest + 1, largest)))
                mended.unlink()
            chunk.unlink()

        await self.owner.stage.run(copy)
        self.typed.append(typed)

    def _mended_chunk(self, chunk: Path) -> tuple[Path, int]:
        """All rows of a chunk mended, since DuckDB refuses one that the proof let pass: a name that comes twice in an object,
        a time written with small letters."""
        mended, longest = chunk.with_suffix(".mended"), 0
        with self.owner.stage.writing(), chunk.open("rb") as rows, mended.open("wb") as file:
            for row in rows:
                line = row if row.startswith(_MENDED) else self._mended(row) + b"\n"
                longest = max(longest, len(line))
                file.write(line)
        return mended, longest

    def _path(self, suffix: str) -> Path:
        return self.owner.stage.folder / f"{self.owner.entity.table}-{self.number}.{suffix}"


def _define(cursor: duckdb.DuckDBPyConnection, view: str, select: str) -> None:
    cursor.execute(f"CREATE OR REPLACE VIEW {memory(view)} AS {select}")


def _number(cursor: duckdb.DuckDBPyConnection, statement: str) -> int:
    row = cursor.execute(statement).fetchone()
    return int(row[0]) if row else 0
