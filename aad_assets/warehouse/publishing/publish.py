"""Publishing one staged entity: gates, compare, history, changes and the record of the load, in one transaction.

Not here: the SQL (`compare.py`, `history.py`), the tables' columns (`tables.py`), opening the database (`target.py`).
"""

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import duckdb

from aad_assets.catalog import Column, Entity
from aad_assets.catalog.types import quoted
from aad_assets.errors import LoadBlocked, WarehouseError
from aad_assets.warehouse.database.sql import utc
from aad_assets.warehouse.database.target import ALIAS, Target
from aad_assets.warehouse.publishing import gates as gate
from aad_assets.warehouse.publishing import quarantine as blocked
from aad_assets.warehouse.publishing.compare import DELETED_AT, Comparison, filled
from aad_assets.warehouse.publishing.history import History, as_of
from aad_assets.warehouse.publishing.loads import ChangedAttribute, Load, SchemaChange, write
from aad_assets.warehouse.publishing.log_days import LogDay, record_day
from aad_assets.warehouse.publishing.options import REPLACING, Mode, Options
from aad_assets.warehouse.publishing.schema_migrator import Columns, SchemaMigrator
from aad_assets.warehouse.staging.stage import THREADS, Staged

_PREVIEW = 10
_COMPARING = 2
"""Threads of DuckDB while two sides are compared."""
_COMPARING_MEMORY = "600 MiB"
_UNITS = {"KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def _bytes(text: str) -> float:
    """Of what DuckDB says of its memory: `190.7 MiB`."""
    number, _, unit = text.partition(" ")
    return float(number) * _UNITS.get(unit, 1)


_PARAMETER = re.compile(r"\$([a-z]+)")


def publish(
    cursor: duckdb.DuckDBPyConnection,
    target: Target,
    entity: Entity,
    staged: Staged,
    load: Load,
    refused: Sequence[str] = (),
    options: Options | None = None,
    counted: int | None = None,
    day: LogDay | None = None,
) -> None:
    """Bring the table to what was staged, and fill in `load`'s counts.

    `refused`: properties that were not read; `counted`: what Graph's `$count` says. With `day`, what was staged is that day
    of a log: rows are merged, and none is deleted. Raises LoadBlocked, whose message says
    where the staged rows are kept, and WarehouseError; the table is then as it was. Blocks: call it in a thread.
    """
    options = options or Options.of(entity)
    if day:
        options = replace(options, mode=Mode.MERGE)
    draft = replace(load, schema_changes=[*load.schema_changes], preview=[], mode=options.mode.value)
    memory = _memory(cursor)
    try:
        with target.transaction(cursor, load.tenant_id):
            _Publication(cursor, target, entity, staged, draft, refused, options, counted, day).run()
            if day:
                record_day(cursor, target, entity.table, load.tenant_id, day, load.load_id)
    except LoadBlocked as error:
        load.mode, load.rows, load.duplicates = draft.mode, staged.rows, staged.duplicates
        if error.gate == gate.Gate.LATER_READ:
            raise
        kept = blocked.keep(cursor, target.database, staged.relation, f"{entity.table}-{load.load_id}")
        where = f"are in {kept}" if kept else "could not be kept"
        raise LoadBlocked(
            error.gate, f"{error} The table is as it was; the rows that were read {where}.", error.override
        ) from None
    finally:
        with contextlib.suppress(duckdb.Error):  # the run is being stopped
            _resume(cursor, memory)
    # Only now: a load that failed has changed nothing and counts nothing.
    vars(load).update(vars(draft))


def _memory(cursor: duckdb.DuckDBPyConnection) -> str:
    """What DuckDB may use now, as it says it."""
    row = cursor.execute("SELECT current_setting('memory_limit')").fetchone()
    assert row is not None
    return str(row[0])


def _resume(cursor: duckdb.DuckDBPyConnection, memory: str) -> None:
    """Go on with one thread."""
    cursor.execute(f"SET threads = {THREADS}; SET memory_limit = '{memory}'")


@dataclass
class _Publication:
    """One load inside its transaction."""

    cursor: duckdb.DuckDBPyConnection
    target: Target
    entity: Entity
    staged: Staged
    load: Load
    refused: Sequence[str]
    options: Options
    counted: int | None
    day: LogDay | None

    @cached_property
    def table(self) -> str:
        return f"{self.target.schema}.{quoted(self.entity.table)}"

    @cached_property
    def history_table(self) -> str:
        return f"{self.target.history}.{quoted(self.entity.table)}"

    @cached_property
    def columns(self) -> list[Column]:
        """Those of the table: as declared, and stored ones that this run could not learn of."""
        stored = self._stored(self.table) if self.options.keeps_columns else None
        declared = {column.name.lower() for column in self.entity.columns}
        unknown = [column for key, column in (stored.types if stored else {}).items() if key not in declared]
        return [*self.entity.columns, *(Column(name, name, type_) for name, type_ in unknown)]

    @cached_property
    def read(self) -> list[Column]:
        return [column for column in self.entity.columns if column.source not in self.refused]

    @cached_property
    def migrator(self) -> SchemaMigrator:
        return SchemaMigrator(self.cursor, self.entity, self.columns, self.read, self.staged.relation, self.load.tenant_id)

    @cached_property
    def comparison(self) -> Comparison:
        return Comparison(
            self.table,
            self.staged.relation,
            self.entity.key,
            self.read,
            [column.name for column in self.columns if column not in self.read],
            self.options.volatile,
            keeps_deleted=self.options.mode is Mode.COMPARE_KEEP_DELETED,
            merges=self.options.mode is Mode.MERGE,
            day=(self.entity.time_property, self.day.day) if self.day and self.entity.time_property else None,
        )

    @cached_property
    def history(self) -> History:
        return History(self.comparison, self.history_table)

    def run(self) -> None:
        first = self._begin()
        before = self._before()
        stored = self._stored(self.table)
        self._check(before, stored)
        resumes = self._bring_history(stored, before)
        self._bring_table(stored)
        if first and before == 0:
            self.load.inserted = self._write(self.comparison.insert_all())
            resumes = True
        elif self.options.mode in REPLACING:
            self._replace(before)
            resumes = True
        else:
            self._compare(before, writes_history=self.options.history and not resumes)
        if self.options.history and resumes:
            self._execute(self.history.begin([column.name for column in self.columns]))
        self._finish()

    def _begin(self) -> bool:
        """Take the load's instant; returns whether no load was published before."""
        last, last_started = map(
            utc,
            self._row(
                f"SELECT epoch_us(max(published_at)), epoch_us(max(started_at)) FROM {self.target.meta}.loads "
                "WHERE entity = $entity AND _tenant_id = $tenant AND status = 'published'",
            ),
        )
        at = self.load.published_at or datetime.now(UTC)
        gate.check_order(self.load.started_at, last_started, max(at, datetime.now(UTC)))
        if last is not None:  # a clock that was set back must not end a version before it began
            at = max(at, last + timedelta(microseconds=1))
        self.load.published_at = at
        return last is None

    def _before(self) -> int:
        """Rows of the table that this load compares with. Rows kept by another mode are none of this one's."""
        stored = self._stored(self.table)
        if stored is None:
            return 0
        if DELETED_AT in stored.ours and not self.comparison.keeps_deleted:
            self._check_kept_deleted()
            self._execute(f"DELETE FROM {self.table} WHERE _tenant_id = $tenant AND {DELETED_AT} IS NOT NULL")
        elif DELETED_AT not in stored.ours and self.comparison.keeps_deleted:
            self._execute(f"ALTER TABLE {self.table} ADD COLUMN {DELETED_AT} TIMESTAMPTZ")
        return int(self._row(f"SELECT count(*) FROM {self.table} WHERE {self.comparison.live}")[0])

    def _check_kept_deleted(self) -> None:
        """A mode for one run must not take the deleted rows that the table's own mode keeps; `recreate` says that it does."""
        if self.entity.reload_mode != Mode.COMPARE_KEEP_DELETED or self.options.mode is Mode.RECREATE:
            return
        kept = self._row(f"SELECT count(*) FROM {self.table} WHERE _tenant_id = $tenant AND {DELETED_AT} IS NOT NULL")[0]
        if kept:
            raise WarehouseError(
                f"{self.entity.table} keeps {kept:,} deleted rows, which the mode {self.options.mode} would remove: leave "
                "the mode out of the run's config, or change reload_mode in the connection metadata."
            )

    def _check(self, before: int, stored: Columns | None) -> None:
        """The gates that need no comparison."""
        if self.options.mode is Mode.RECREATE and before and self.comparison.kept:
            raise WarehouseError(
                f"{self.entity.table} cannot be recreated now, since this run could not read "
                f"{', '.join(self.comparison.kept)}: their stored values would be lost. Mend that first, or reload in "
                "another mode."
            )
        gates, table, rows = self.options.gates, self.entity.table, self.staged.rows
        gates.check_count(table, rows, self.counted)
        if self.staged.rejects:
            gates.check_rejects(table, self._row(f"SELECT count(DISTINCT key) FROM {self.staged.rejects}")[0], rows)
        if self.options.mode is Mode.MERGE or stored is None:
            return
        gates.check_shrink(table, before, rows)
        # Of a column that turned NULL, most rows differ; only of volatile columns the comparison does not tell.
        suspects = self.read if self.options.mode in REPLACING else self.comparison.refreshed
        self._check_columns(before, [column for column in suspects if column.name.lower() in stored.types], stored)

    def _check_columns(self, before: int, columns: Sequence[Column], stored: Columns | None = None) -> None:
        """`stored`: the table's columns, where they may have other types than declared. No rows at all is another gate's."""
        if columns and before and self.staged.rows:
            types = stored.types if stored else {}
            as_stored = [replace(column, type=types.get(column.name.lower(), ("", column.type))[1]) for column in columns]
            counts = (
                self._filled(f"{self.table} WHERE {self.comparison.live}", as_stored),
                self._filled(self.staged.relation, columns),
            )
            self.options.gates.check_columns(self.entity.table, before, *counts)

    def _filled(self, relation: str, columns: Sequence[Column]) -> Mapping[str, int]:
        """How many values each column has."""
        values = [f"count(*) FILTER ({filled(quoted(column.name), column.type)})" for column in columns]
        counts = self._row(f"SELECT {', '.join(values)} FROM {relation}")
        return dict(zip((column.name for column in columns), counts, strict=True))

    def _bring_history(self, stored: Columns | None, before: int) -> bool:
        """Make, change or end the history. Returns whether it resumes with this load, since its versions had ended."""
        history = self._stored(self.history_table)
        if history is None:
            if not self.options.history:
                return False
            if stored is None:
                self._create()
            self.migrator.adopt(self.history_table, self.table, self.comparison.live if stored else "_tenant_id = $tenant")
            self.tables.add(self.history_table)
            self._show_moments()
            history = self._stored(self.history_table)
            assert history is not None
        if not self.options.history or stored is None or self.options.mode in REPLACING:
            self._execute(self.history.close_all())
        if not self.options.history:
            return False
        recreate = self.options.mode is Mode.RECREATE
        self.migrator.bring_history(self.history_table, history, stored or history, recreate=recreate)
        current = f"SELECT count(*) FROM {self.history_table} WHERE _tenant_id = $tenant AND _valid_to IS NULL"
        return before > 0 and self._row(current)[0] == 0

    def _bring_table(self, stored: Columns | None) -> None:
        """Make or change the table, and note how it changed."""
        # Views ask for the column as long as they are as they were.
        keeps_deleted = self.comparison.keeps_deleted or (stored is not None and DELETED_AT in stored.ours)
        if stored is not None and self.options.mode is Mode.RECREATE:
            self.load.schema_changes += self.migrator.changes(stored)
            self.cursor.execute(f"DROP TABLE {self.table}")
            self.tables.discard(self.table)
            stored = None
        elif stored is not None:
            self.load.schema_changes += self.migrator.bring_table(self.table, stored)
        if self._stored(self.table) is None:
            self._create()
        if stored is None and keeps_deleted:
            self.cursor.execute(f"ALTER TABLE {self.table} ADD COLUMN {DELETED_AT} TIMESTAMPTZ")
        self.load.schema_changes += [SchemaChange(name, "refused") for name in self.refused]
        undeclared = [name for name in self.staged.undeclared if name not in self.entity.derived]
        self.load.schema_changes += [SchemaChange(name, "undeclared") for name in undeclared]

    def _replace(self, before: int) -> None:
        """Write all rows anew. Columns that were not read keep what is stored."""
        keeps = self.options.mode is Mode.TRUNCATE and bool(self.comparison.kept)
        if keeps:
            self._execute(self.comparison.keep())
        self._execute(f"DELETE FROM {self.table} WHERE _tenant_id = $tenant")
        insert = self.comparison.insert_with_kept() if keeps else self.comparison.insert_all()
        self.load.inserted, self.load.deleted = self._write(insert), before

    def _compare(self, before: int, *, writes_history: bool) -> None:
        """Write what differs."""
        comparison = self.comparison
        with self._comparing():
            self._execute(comparison.difference())
            if not self._counts():
                return
            for statement in [*comparison.take(), *comparison.reordered()]:
                self._execute(statement)
        counts = self._counts()
        self.load.inserted, self.load.updated, self.load.deleted = (
            counts.get(kind, 0) for kind in ("insert", "update", "delete")
        )
        if not comparison.merges and self.load.updated + self.load.deleted >= self.options.gates.filled_share * before:
            self._check_columns(before, comparison.counting)
        statements = comparison.apply()
        if writes_history:
            statements += [self.history.close(), self.history.open()]
        if self.options.history:
            statements += self.history.changes(f"{self.target.meta}.changes")
        for statement in statements:
            self._execute(statement)

    @contextlib.contextmanager
    def _comparing(self) -> Iterator[None]:
        """With a second thread and its memory: hashing reads, and gains what writing loses (300,000 users: 1.7 for 3.1 s)."""
        memory = _memory(self.cursor)
        self.cursor.execute(f"SET threads = {_COMPARING}; SET memory_limit = '{max(memory, _COMPARING_MEMORY, key=_bytes)}'")
        yield
        _resume(self.cursor, memory)  # not when it failed: nothing can be set in a transaction that is aborted

    @cached_property
    def tables(self) -> set[str]:
        """Which of the table and its history are there: asked once, since DuckDB goes through all tables to answer."""
        found = self.cursor.execute(
            "SELECT schema_name, table_name FROM duckdb_tables() WHERE database_name = ? AND table_name = ?",
            [ALIAS, self.entity.table],
        ).fetchall()
        return {f"{ALIAS}.{schema}.{quoted(name)}" for schema, name in found}

    def _stored(self, table: str) -> Columns | None:
        """The columns of the table or its history; None when it is not there."""
        return Columns.of(self.cursor, table) if table in self.tables else None

    def _create(self) -> None:
        self.migrator.create(self.table)
        self.tables.add(self.table)

    def _counts(self) -> dict[str, int]:
        return dict(self.cursor.execute("SELECT change, count(*) FROM difference GROUP BY change").fetchall())

    def _finish(self) -> None:
        load, staged = self.load, self.staged
        load.rows = staged.rows
        load.unchanged = staged.rows - load.inserted - load.updated
        load.duplicates = staged.duplicates
        if staged.rejects:
            load.rejected = self._write(
                f"INSERT INTO {self.target.meta}.rejects SELECT DISTINCT $load, $tenant, $entity, key, column_name, value "
                f"FROM {staged.rejects}"
            )
        if self.options.history and load.inserted + load.updated + load.deleted:
            found = self._execute(
                f"SELECT key, change, column_name FROM {self.target.meta}.changes WHERE load_id = $load LIMIT {_PREVIEW}"
            ).fetchall()
            load.preview = [ChangedAttribute(*values) for values in found]
        write(self.cursor, self.target, load)

    def _show_moments(self) -> None:
        """The table macro `<table>_at(ts)`; its body has to be found from the database that it is in."""
        name = quoted(f"{self.entity.table}_at")
        table = self.history_table.removeprefix(f"{ALIAS}.")
        self.cursor.execute(f"USE {ALIAS}")
        try:
            self.cursor.execute(f"CREATE OR REPLACE MACRO {self.target.history}.{name}{as_of(table)}")
        finally:
            self.cursor.execute("USE memory")

    def _execute(self, statement: str) -> duckdb.DuckDBPyConnection:
        """Run a statement with the parameters that it names."""
        load = self.load
        given = {"tenant": load.tenant_id, "at": load.published_at, "load": load.load_id, "entity": load.entity}
        return self.cursor.execute(
            statement, {name: given[name] for name in given.keys() & set(_PARAMETER.findall(statement))}
        )

    def _write(self, statement: str) -> int:
        """Run a writing statement; returns how many rows it wrote."""
        return int(self._row(statement)[0])

    def _row(self, statement: str) -> tuple[Any, ...]:
        row = self._execute(statement).fetchone()
        assert row is not None
        return row
