"""The rows of one entity on their way to the target: its parts joined into one relation in which each key occurs once."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from aad_assets.catalog import Column, Entity
from aad_assets.catalog.types import quoted
from aad_assets.concurrency import wait_for_all
from aad_assets.errors import WarehouseError
from aad_assets.warehouse.database.sql import memory, sql_string
from aad_assets.warehouse.staging.arrivals import Arrivals, Turns
from aad_assets.warehouse.staging.protection import Protector
from aad_assets.warehouse.staging.reject_table import RejectTable
from aad_assets.warehouse.staging.stage import Stage
from aad_assets.warehouse.staging.stage_part import StagePart
from aad_assets.warehouse.staging.validation import RowValidator

_JOINED_AT_ONCE = 4
"""Passes that one statement joins."""


@dataclass(frozen=True)
class Staged:
    """A complete read of an entity: the relation that holds its rows, and what was noticed while staging them."""

    relation: str
    rows: int
    duplicates: int
    rejects: str | None = None
    """The relation of values that did not fit, as `key`, `column_name` and `value`. A value may occur twice."""
    undeclared: tuple[str, ...] = ()
    size: int = 0
    """The size of the rows as JSON."""
    largest: tuple[int, str] | None = None
    """The bytes and the key of the largest row, if it is large."""


class EntityStage:
    """Stages the rows of one entity; see `aad_assets.graph.reading.pagination.Sink`."""

    def __init__(self, stage: Stage, entity: Entity) -> None:
        self.entity = entity
        self.stage = stage
        self._validator = RowValidator(entity)
        self._protector = Protector(entity, stage.pseudonym_key)
        self._reject_table = RejectTable(stage, entity)
        self._turns = Turns()
        self._parts: list[StagePart] = []
        self._merged_table = ""

    def part(self, pass_: int = 0, select: Sequence[str] = ()) -> StagePart:
        """Return a new part for one chain of pages. A pass reads some of the properties of every row, which `select` names.

        The first pass also has what rows have without `$select`, such as their type and related objects.
        """
        part = StagePart(
            self.stage,
            self.entity,
            self._protector,
            self._validator,
            self._reject_table,
            Arrivals(self._turns),
            self._columns(pass_, select),
            len(self._parts),
            pass_,
        )
        self._parts.append(part)
        return part

    def _columns(self, pass_: int, select: Sequence[str]) -> tuple[Column, ...]:
        requestable = self.entity.select if pass_ == 0 else [column.source for column in self.entity.columns]
        left_out = set(requestable).difference(select, self.entity.key) if select else ()
        return tuple(column for column in self.entity.columns if column.source not in left_out)

    async def reset(self) -> None:
        """Delete every row, because the read starts again in another way."""
        for part in self._parts:
            await part.discard()
            await part.close()
        self._parts.clear()

    async def abort(self) -> None:
        """Stop typing and remove staged rows: they are published, or the read failed or was cancelled."""
        try:
            await wait_for_all(task for part in self._parts for task in part.cancel())
        finally:
            for part in self._parts:
                part.remove_files()
            if self._merged_table:
                with self.stage.cursor() as cursor:
                    cursor.execute(f"DROP TABLE IF EXISTS {self._merged_table}")

    async def finish(self, passes: Sequence[Sequence[str]] = ((),)) -> Staged:
        """Make the keys unique and join the passes. Raises WarehouseError when a chain did not end properly.

        `passes` are the properties that each pass has read; a single one may be empty.
        """
        read = {part.pass_ for part in self._parts}
        if not read.issuperset(range(len(passes))) or not all(part.closed for part in self._parts):
            raise WarehouseError("the read did not end properly; nothing is published. Reload again.")
        return await self.stage.run(lambda cursor: self._finish(cursor, passes))

    def _finish(self, cursor: duckdb.DuckDBPyConnection, passes: Sequence[Sequence[str]]) -> Staged:
        duplicates = sum(self._unify(cursor, number) for number in range(len(passes)))
        relation = memory(self._view(0)) if len(passes) == 1 else self._joined(cursor, passes)
        rows = _number(cursor, f"SELECT count(*) FROM {relation}")
        undeclared = {name for part in self._parts for name in part.undeclared}
        size = sum(part.size for part in self._parts)
        largest = max((part.largest for part in self._parts if part.largest), default=None)
        return Staged(relation, rows, duplicates, self._reject_table.relation, tuple(sorted(undeclared)), size, largest)

    def _view(self, pass_: int) -> str:
        return f"{self.entity.table}_{pass_}"

    def _unify(self, cursor: duckdb.DuckDBPyConnection, pass_: int) -> int:
        """Create a view of one pass with the row of each key that arrived last; return how many other rows there were."""
        key = ", ".join(quoted(name) for name in self.entity.key)
        parts = self._parts_of(pass_)
        files = [str(file) for part in parts for file in part.typed]
        read = parts[0].columns
        columns = ", ".join(f"{quoted(column.name)}::{column.duckdb_type} AS {quoted(column.name)}" for column in read)
        if not files:
            empty = ", ".join(f"NULL::{column.duckdb_type} AS {quoted(column.name)}" for column in read)
            _create_view(cursor, self._view(pass_), f"SELECT {empty}, NULL::JSON AS _extra WHERE false")
            return 0
        rows = f"read_parquet([{', '.join(map(sql_string, files))}], file_row_number = true, hive_partitioning = false)"
        every = f"SELECT {columns}, _extra::JSON AS _extra FROM {rows}"
        duplicates = _number(cursor, f"SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM {rows} GROUP BY {key})")
        if duplicates:
            turns, superseded = memory(f"{self._view(pass_)}_turns"), memory(f"{self._view(pass_)}_superseded")
            arrivals = [turn for part in parts for turn in part.arrivals.chunks]
            cursor.execute(
                f"""CREATE OR REPLACE TABLE {turns} AS
                    SELECT unnest(?::BIGINT[]) AS _chunk, unnest(?::BIGINT[]) AS first_row, unnest(?::BIGINT[]) AS turn""",
                [list(values) for values in zip(*arrivals, strict=True)],
            )
            cursor.execute(
                f"""CREATE OR REPLACE TABLE {superseded} AS SELECT r._chunk, file_row_number
                    FROM {rows} r ASOF JOIN {turns} t ON r._chunk = t._chunk AND file_row_number >= first_row
                    QUALIFY row_number() OVER (PARTITION BY {key} ORDER BY turn DESC, file_row_number DESC) > 1"""
            )
            every += f" ANTI JOIN {superseded} USING (_chunk, file_row_number)"
        _create_view(cursor, self._view(pass_), every)
        return duplicates

    def _joined(self, cursor: duckdb.DuckDBPyConnection, passes: Sequence[Sequence[str]]) -> str:
        """Create a view that joins the passes on the key. A row that a pass lacks was created or deleted meanwhile."""
        requested = {name for names in passes for name in names}
        joined = []
        for number, names in enumerate(passes):
            # Rows have their type and related objects in every pass.
            own = [
                column.name
                for column in self._parts_of(number)[0].columns
                if (column.source in names or (number == 0 and column.source not in requested))
                and column.name not in self.entity.key
            ]
            joined.append(_Pass(memory(self._view(number)), own))
        if len(joined) > _JOINED_AT_ONCE:
            joined = [self._merged(cursor, joined)]
            self._merged_table = joined[0].relation
        # A property that was rejected is in no pass.
        read = {*self.entity.key, *(name for each in joined for name in each.columns)}
        missing = [
            f"NULL::{each.duckdb_type} AS {quoted(each.name)}" for each in self.entity.columns if each.name not in read
        ]
        view = f"{self.entity.table}_joined"
        _create_view(cursor, view, _join(self.entity, joined, missing))
        return memory(view)

    def _merged(self, cursor: duckdb.DuckDBPyConnection, joined: "list[_Pass]") -> "_Pass":
        """Join many passes pair by pair into one table.

        A single statement would hold, for each of its joins, a vector of every column of the passes before.
        """
        number = itertools.count()
        while len(joined) > 1:
            pairs = [joined[start : start + 2] for start in range(0, len(joined), 2)]
            joined = []
            for pair in pairs:
                table = memory(f"{self.entity.table}_merged_{next(number)}")
                cursor.execute(f"CREATE OR REPLACE TABLE {table} AS {_join(self.entity, pair)}")
                for each in pair:
                    if each.is_table:
                        cursor.execute(f"DROP TABLE {each.relation}")
                joined.append(_Pass(table, [name for each in pair for name in each.columns], is_table=True))
        return joined[0]

    def _parts_of(self, pass_: int) -> list[StagePart]:
        return [part for part in self._parts if part.pass_ == pass_]

    async def values(self, relation: str, columns: Sequence[str]) -> list[tuple[Any, ...]]:
        """Return the values of `columns` in every row: those by which children are read."""
        statement = f"SELECT {', '.join(map(quoted, columns))} FROM {relation}"
        return await self.stage.run(lambda cursor: cursor.execute(statement).fetchall())


@dataclass(frozen=True)
class _Pass:
    """The rows of one pass, or of several that are joined already."""

    relation: str
    columns: Sequence[str]
    """The columns that it contributes, without the key."""
    is_table: bool = False


def _join(entity: Entity, passes: Sequence[_Pass], more: Sequence[str] = ()) -> str:
    """Return SQL that joins the passes on the key, with `more` expressions."""
    key = ", ".join(map(quoted, entity.key))
    values = [f"p{number}.{quoted(name)}" for number, each in enumerate(passes) for name in each.columns]
    extras = [f"p{number}._extra" for number in range(len(passes))]
    filled = ", ".join(f"coalesce({each}, '{{}}')" for each in extras)
    extra = f"CASE WHEN coalesce({', '.join(extras)}) IS NOT NULL THEN json_merge_patch({filled}) END"
    tables = " JOIN ".join(
        f"{each.relation} p{number}" + (f" USING ({key})" if number else "") for number, each in enumerate(passes)
    )
    selected = ", ".join([key, *values, *more, f"{extra if len(passes) > 1 else extras[0]} AS _extra"])
    return f"SELECT {selected} FROM {tables}"


def _create_view(cursor: duckdb.DuckDBPyConnection, view: str, select: str) -> None:
    cursor.execute(f"CREATE OR REPLACE VIEW {memory(view)} AS {select}")


def _number(cursor: duckdb.DuckDBPyConnection, statement: str) -> int:
    row = cursor.execute(statement).fetchone()
    return int(row[0]) if row else 0
