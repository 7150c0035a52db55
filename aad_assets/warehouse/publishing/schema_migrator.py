"""The columns of an entity's table and of its history: created, and rebuilt for a new declaration.

A rebuild is one statement that rewrites the table. Columns that are added, or widened at any depth, are filled in from the
rows that were read, where the older part of the value is the same. So rows that did not change get no new version, and
history shows a new column's first value. Columns that are lost leave the table and stay in its history. See also
`type_changes.py`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from aad_assets.catalog import Column, Entity
from aad_assets.catalog.types import Json, Struct, Type, quoted
from aad_assets.warehouse.database.memory import slices_for
from aad_assets.warehouse.database.sql import sql_string
from aad_assets.warehouse.database.stored_types import stored_type
from aad_assets.warehouse.publishing import rewriting, type_changes, undeclared
from aad_assets.warehouse.publishing.compare import DELETED_AT, comparable
from aad_assets.warehouse.publishing.gates import type_blocked
from aad_assets.warehouse.publishing.history import VALIDITY
from aad_assets.warehouse.publishing.loads import SchemaChange


@dataclass(frozen=True)
class StoredColumns:
    """The columns of a stored table: `types` maps lower-case names to name and type, `ours` has those that start with `_`."""

    types: Mapping[str, tuple[str, Type]]
    ours: frozenset[str]

    @classmethod
    def read(cls, cursor: duckdb.DuckDBPyConnection, table: str) -> "StoredColumns":
        """Read the columns of a table. The table must exist: an error would abort the transaction."""
        described = cursor.execute(f"FROM {table} LIMIT 0").description
        types = {name.lower(): (name, stored_type(type_)) for name, type_, *_ in described if name[0] != "_"}
        was = {name.lower(): (name, stored_type(type_)) for name, type_, *_ in described if name.startswith("_was_")}
        return cls(types | was, frozenset(name for name, *_ in described if name[0] == "_" and name.lower() not in was))


@dataclass(frozen=True)
class SchemaMigrator:
    """Migrates one entity's table and history to its declaration, and fills in new columns from the rows that were read."""

    cursor: duckdb.DuckDBPyConnection
    entity: Entity
    columns: Sequence[Column]
    read: Sequence[Column]
    """Those of `columns` that were read."""
    staged: str
    tenant_id: str
    row_bytes: float = 0.0
    """The average size of a row in memory."""

    def create(self, table: str) -> None:
        """Create an empty table with the declared columns and ours."""
        definitions = ", ".join(f"{quoted(column.name)} {column.duckdb_type}" for column in self.columns)
        self.cursor.execute(f"CREATE TABLE {table} ({definitions}, _extra JSON, _tenant_id VARCHAR, _loaded_at TIMESTAMPTZ)")

    def start_history(self, history: str, table: str, live: str) -> None:
        """Create the history of a table that has none yet. The version of each row starts when the row was loaded."""
        self.cursor.execute(
            f"CREATE TABLE {history} AS SELECT COLUMNS(lambda c: c <> '{DELETED_AT}'), _loaded_at AS _valid_from, "
            f"NULL::TIMESTAMPTZ AS _valid_to, 'insert' AS _change FROM {table} WHERE {live}",
            {"tenant": self.tenant_id},
        )

    def migrate_table(self, table: str, stored: StoredColumns) -> list[SchemaChange]:
        """Give the table the declared columns; return the changes. Raises LoadBlocked when a value does not cast."""
        changes = list(self.changes(stored))
        if changes:
            self._check_casts(table, stored)
            self._rebuild(table, stored, f"t._tenant_id = '{self.tenant_id}'")
        return changes

    def migrate_history(self, history: str, stored: StoredColumns, table: StoredColumns, *, recreate: bool = False) -> None:
        """Give the history the declared columns, beside those it has. `table` has the table's columns before the load.

        Raises LoadBlocked when a value does not cast. With `recreate`, its column is renamed instead.
        """
        changes = [*self.changes(stored), *self.changes(table)]
        if all(change.change == "lost" for change in changes):
            return
        if recreate:
            stored = self._set_aside(history, stored)
        else:
            self._check_casts(history, stored)
        self._rebuild(history, stored, f"t._tenant_id = '{self.tenant_id}' AND t._valid_to IS NULL", table)

    def changes(self, stored: StoredColumns) -> Iterable[SchemaChange]:
        """Find the differences between the declaration and the stored columns."""
        declared = {column.name.lower() for column in self.columns}
        for column in self.columns:
            if column.name.lower() in stored.types:
                type_ = stored.types[column.name.lower()][1]
                yield from type_changes.differences(column.name, type_, type_changes.as_stored(column.type))
            else:
                yield SchemaChange(column.name, "added")
        yield from (SchemaChange(name, "lost") for key, (name, _) in stored.types.items() if key not in declared)

    def _retyped(self, stored: StoredColumns) -> Iterable[tuple[Column, str, Type, Type]]:
        """Find columns that are stored in another type: the column, its stored name, its stored and its declared type."""
        for column in self.columns:
            name, type_ = stored.types.get(column.name.lower(), (column.name, None))
            declared = type_changes.as_stored(column.type)
            if type_ is not None and list(type_changes.differences(name, type_, declared)):
                yield column, name, type_, declared

    def _uncastable(self, table: str, name: str, old: Type, new: Type) -> bool:
        """Return whether a stored value does not survive the conversion to the new type and back."""
        value = quoted(name)
        if type_changes.castable(old, new):
            shared = type_changes.common(old, new)
            back = type_changes.convert(type_changes.convert(value, old, new), new, shared)
            condition = f"{type_changes.convert(value, old, shared)} IS DISTINCT FROM {back}"
        else:
            condition = f"{value} IS NOT NULL"
        return self.cursor.execute(f"SELECT 1 FROM {table} WHERE {condition} LIMIT 1").fetchone() is not None

    def _check_casts(self, table: str, stored: StoredColumns) -> None:
        for column, name, old, new in self._retyped(stored):
            if self._uncastable(table, name, old, new):
                names = type_changes.type_name(old), type_changes.type_name(new)
                raise type_blocked(f"{self.entity.table}.{column.name}", *names, self.entity.table)

    def _set_aside(self, history: str, stored: StoredColumns) -> StoredColumns:
        """Rename columns of the history whose values do not cast (`age` to `_was_age`); return the columns after that."""
        for _, name, old, new in list(self._retyped(stored)):
            if self._uncastable(history, name, old, new):
                aside, number = f"_was_{name}", 1
                while aside.lower() in stored.types:
                    number += 1
                    aside = f"_was_{name}_{number}"
                self.cursor.execute(f"ALTER TABLE {history} RENAME COLUMN {quoted(name)} TO {quoted(aside)}")
                types = {key: value for key, value in stored.types.items() if key != name.lower()}
                stored = StoredColumns(types | {aside.lower(): (aside, old)}, stored.ours)
        return stored

    def _rebuild(self, table: str, stored: StoredColumns, condition: str, of: StoredColumns | None = None) -> None:
        """Rewrite `table`, and fill in rows that match `condition`. For a history, `of` gives the columns of its table."""
        found = undeclared.gains(self.columns, _shared(stored, of))
        by_name = {gain.column.name: gain for gain in found}
        values = [
            f"{self._value(column, stored, of, by_name.get(column.name))} AS {quoted(column.name)}" for column in self.columns
        ]
        declared = {column.name.lower() for column in self.columns}
        if of:
            values += [f"t.{quoted(name)}" for key, (name, _) in stored.types.items() if key not in declared]
        values.append(f"{self._extra(list(self.changes(of or stored)), stored)} AS _extra")
        values += [f"t.{name}" for name in ("_tenant_id", "_loaded_at", DELETED_AT, *VALIDITY) if name in stored.ours]
        first, *others = self.entity.key
        # Within the comparison of a key, because DuckDB joins by nested loops with a condition on one side beside it.
        keys = f"s.{quoted(first)} = CASE WHEN {condition} THEN t.{quoted(first)} END"
        keys += "".join(f" AND s.{quoted(name)} = t.{quoted(name)}" for name in others)
        slices = self._slices(table)
        source, staged = rewriting.sources(table, self.staged, self.entity.key, slices)
        with undeclared.moving(self.cursor, source, found) as rows:
            joined = f"{rows} t LEFT JOIN (SELECT *, true AS _found FROM {staged}) s ON {keys}"
            rewriting.rewrite(self.cursor, table, f"SELECT {', '.join(values)} FROM {joined}", slices)

    def _slices(self, table: str) -> int:
        row = self.cursor.execute(f"SELECT count(*) FROM {table}").fetchone()
        return slices_for(self.cursor, row[0] * self.row_bytes) if row else 1

    def _extra(self, changes: Sequence[SchemaChange], stored: StoredColumns) -> str:
        """Return SQL for `_extra`: what was undeclared may be declared now, or the reverse with the same value.

        Other differences are left to the comparison.
        """
        sources = {column.name: column.source for column in self.columns}
        moved = json.dumps(_without((change.column for change in changes), sources))
        left = f"({undeclared.EXTRA})"
        same = " IS NOT DISTINCT FROM ".join(
            comparable(f"json_merge_patch(coalesce({side}, '{{}}'), {sql_string(moved)})", Json())
            for side in (left, "s._extra")
        )
        lost = (self._lost_agrees(change.column.split("."), stored, sources) for change in changes if change.change == "lost")
        same = " AND ".join([same, *filter(None, lost)])
        # Most are NULL on both sides, or the same text. Only the others are worth calling Python.
        return f"CASE WHEN s._found AND s._extra IS DISTINCT FROM {left} AND {same} THEN s._extra ELSE {left} END"

    def _lost_agrees(self, path: Sequence[str], stored: StoredColumns, sources: Mapping[str, str]) -> str | None:
        """Return SQL that is true unless `_extra` has another value than a lost column or field had; None within lists."""
        name, type_ = stored.types.get(path[0].lower(), (path[0], None))
        before, where = f"t.{quoted(name)}", f"$.{json.dumps(sources.get(path[0], path[0]))}"
        for field in path[1:]:
            fields = type_changes.fields_by_name(type_) if isinstance(type_, Struct) else {}
            name, type_ = fields.get(field.lower(), (field, None))
            before, where = f"({before}).{quoted(name)}", f"{where}.{json.dumps(field)}"
        if type_ is None:
            return None
        now = f"json_extract(s._extra, {sql_string(where)})"
        typed = f"json_transform({now}, {sql_string(json.dumps(undeclared.json_structure(type_)))})"
        return f"({now} IS NULL OR {comparable(before, type_)} IS NOT DISTINCT FROM {comparable(typed, type_)})"

    def _value(self, column: Column, stored: StoredColumns, of: StoredColumns | None, gain: undeclared.Gain | None) -> str:
        """Return SQL for the value of a column in the rebuilt table. `gain` is what it gains, which `_extra` may have."""
        read, key = column in self.read, column.name.lower()
        now, declared = f"s.{quoted(column.name)}", type_changes.as_stored(column.type)
        name, old = stored.types.get(key, (None, declared))
        before = f"NULL::{column.duckdb_type}" if name is None else f"t.{quoted(name)}"
        wanted = type_changes.union(old, declared) if of else declared
        kept = type_changes.convert(before, old, wanted, strict=True)
        found = "s._found"
        if gain:
            kept, found = gain.overlaid(kept, wanted), f"s._found AND {gain.agrees(now)}"
        if key not in (of or stored).types:
            return f"CASE WHEN {found} THEN {type_changes.convert(now, declared, wanted)} ELSE {kept} END" if read else kept
        older = of.types[key][1] if of else old
        if not read or all(change.change == "lost" for change in type_changes.differences("", older, declared)):
            return kept
        shared = type_changes.common(older, declared)
        same = " IS NOT DISTINCT FROM ".join(
            comparable(value, shared)
            for value in (type_changes.convert(before, old, shared), type_changes.convert(now, declared, shared))
        )
        filled = type_changes.overlay(before, old, now, declared, older) if of else now
        return f"CASE WHEN {found} AND {same} THEN {filled} ELSE {kept} END"


def _shared(stored: StoredColumns, of: StoredColumns | None) -> dict[str, Type]:
    """Return the types of stored columns; for a history, without what it has and its table has not."""
    if of is None:
        return {key: type_ for key, (_, type_) in stored.types.items()}
    return {key: type_changes.common(type_, of.types[key][1]) for key, (_, type_) in stored.types.items() if key in of.types}


def _without(columns: Iterable[str], sources: Mapping[str, str]) -> dict[str, Any]:
    """Return the merge patch that removes columns and fields (`info.size`) from a JSON object with the columns' sources."""
    patch: dict[str, Any] = {}
    for column in sorted(set(columns)):
        first, *others = column.split(".")
        *parents, name = sources.get(first, first), *others
        inner: Any = patch
        for parent in parents:
            inner = inner.setdefault(parent, {})
            if inner is None:  # the whole object is removed
                break
        else:
            inner[name] = None
    return patch
