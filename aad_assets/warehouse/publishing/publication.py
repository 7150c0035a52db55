"""A load inside its transaction: its target tables, and the statements for its comparison and history."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb

from aad_assets.catalog import Column, Entity
from aad_assets.catalog.extensions import is_extension
from aad_assets.catalog.types import quoted
from aad_assets.errors import Refusals
from aad_assets.warehouse.database.target import Target
from aad_assets.warehouse.publishing.compare import Comparison, filled
from aad_assets.warehouse.publishing.history import History
from aad_assets.warehouse.publishing.loads import Load, LogDay
from aad_assets.warehouse.publishing.options import Mode, Options
from aad_assets.warehouse.publishing.schema_migrator import SchemaMigrator, StoredColumns
from aad_assets.warehouse.staging.entity_stage import Staged

_VALUE = 16
"""Bytes that a value takes in memory beside its text."""

_PARAMETER = re.compile(r"\$([a-z]+)")


@dataclass(frozen=True)
class Publication:
    """The load to publish, its staged rows, and the target. Its `load` is filled in step by step."""

    cursor: duckdb.DuckDBPyConnection
    target: Target
    entity: Entity
    staged: Staged
    load: Load
    rejected: tuple[str, ...]
    """Properties that were not read, because Graph rejects them."""
    options: Options
    counted: int | None
    """Graph's `$count`; None when it does not count this collection."""
    day: LogDay | None
    """The day of a log that was read."""
    inherited: tuple[Refusals, ...] = ()
    """Parents that were refused in this run's reads of tables above this one."""

    @property
    def refusals(self) -> tuple[Refusals, ...]:
        """The refused parents whose rows, or the rows below them, stay as they are."""
        return (*self.load.refusals, *self.inherited)

    @property
    def table(self) -> str:
        """The qualified name of the table."""
        return f"{self.target.schema}.{quoted(self.entity.table)}"

    @property
    def history_table(self) -> str:
        """The qualified name of its history."""
        return f"{self.target.history}.{quoted(self.entity.table)}"

    @property
    def row_bytes(self) -> float:
        """The average size of a row in memory."""
        return self.staged.size / max(self.staged.rows, 1) + _VALUE * len(self.entity.columns)

    def stored_columns(self, table: str, existing: frozenset[str]) -> StoredColumns | None:
        """Return the columns of a table; None when it is not among the existing ones."""
        return StoredColumns.read(self.cursor, table) if table in existing else None

    def execute(self, statement: str) -> duckdb.DuckDBPyConnection:
        """Run a statement with those of $tenant, $at, $load and $entity that it names."""
        load = self.load
        given = {"tenant": load.tenant_id, "at": load.published_at, "load": load.load_id, "entity": load.entity}
        names = given.keys() & set(_PARAMETER.findall(statement))
        return self.cursor.execute(statement, {name: given[name] for name in names})

    def row(self, statement: str) -> tuple[Any, ...]:
        """Run a statement and return its only row."""
        row = self.execute(statement).fetchone()
        assert row is not None
        return row

    def write(self, statement: str) -> int:
        """Run a writing statement and return how many rows it wrote."""
        return int(self.row(statement)[0])

    def count_filled(self, relation: str, columns: Sequence[Column]) -> Mapping[str, int]:
        """Count the values of each column; see `compare.filled` for what counts as a value."""
        values = [f"count(*) FILTER ({filled(quoted(column.name), column.type)})" for column in columns]
        counts = self.row(f"SELECT {', '.join(values)} FROM {relation}")
        return dict(zip((column.name for column in columns), counts, strict=True))


@dataclass(frozen=True)
class Plan:
    """The columns of a publication, and the statements that compare, keep history and migrate."""

    columns: Sequence[Column]
    """The columns that the table will have."""
    read: Sequence[Column]
    """Those of them that were read."""
    comparison: Comparison
    history: History
    migrator: SchemaMigrator

    @classmethod
    def of(cls, publication: Publication, stored: StoredColumns | None) -> "Plan":
        """Build the plan. `stored` are the table's columns, None when the table is new."""
        entity, options, day = publication.entity, publication.options, publication.day
        columns = [*entity.columns, *_columns_to_keep(publication, stored)]
        read = [column for column in entity.columns if column.source not in publication.rejected]
        comparison = Comparison(
            publication.table,
            publication.staged.relation,
            entity.key,
            read,
            [column.name for column in columns if column not in read],
            options.volatile,
            keeps_deleted=options.mode is Mode.COMPARE_KEEP_DELETED,
            merges=options.mode is Mode.MERGE,
            keeps_rows=stored is not None and bool(publication.refusals or options.unread_types),
            day=(entity.time_property, day.day) if day and entity.time_property else None,
        )
        migrator = SchemaMigrator(
            publication.cursor,
            entity,
            columns,
            read,
            publication.staged.relation,
            publication.load.tenant_id,
            publication.row_bytes,
        )
        return cls(columns, read, comparison, History(comparison, publication.history_table), migrator)

    def as_stored(self, columns: Sequence[Column], stored: StoredColumns) -> list[Column]:
        """Return `columns` with the types that the table has them in, which may differ from the declared ones."""
        types = stored.types
        return [replace(column, type=types.get(column.name.lower(), ("", column.type))[1]) for column in columns]


def _columns_to_keep(publication: Publication, stored: StoredColumns | None) -> list[Column]:
    """Return stored extension columns that are not declared, when this run could not learn which of them exist."""
    if stored is None or not publication.options.keeps_columns:
        return []
    known = {column.name.lower() for column in publication.entity.columns}
    known |= {name.lower() for name in publication.entity.disabled_columns}  # turned off, whether they exist or not
    return [
        Column(name, name, type_) for key, (name, type_) in stored.types.items() if is_extension(name) and key not in known
    ]


def columns_without_values(cursor: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[Column]) -> list[Column]:
    """Return those of `columns` that have a value in no row of `relation`."""
    values = ", ".join(f"coalesce(bool_or({filled(quoted(column.name), column.type)}), false)" for column in columns)
    found = cursor.execute(f"SELECT {values} FROM {relation}").fetchone() or ()
    return [column for column, has_values in zip(columns, found, strict=True) if not has_values]
