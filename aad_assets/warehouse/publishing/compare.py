"""SQL builders for reload and compare, without a connection. See also `steps.py`, which runs them.

Rows are compared by hash, in one query over both sides: DuckDB's hash is not stable between its versions, so it must not be
stored. The hash does not tell an empty list from NULL, `[0]` from `[0, 0]`, or a struct of NULLs from NULL. So lists and
structs are hashed by their sort key, which tells them apart and is twice as fast as JSON text. The order of a collection
means nothing, in JSON values and `_extra` as well, nor does the spelling of a number or time in them. Rows whose sort keys
differ are few, and are compared again with sorted lists.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from aad_assets.catalog import Column
from aad_assets.catalog.types import Json, List, Struct, Type, quoted
from aad_assets.warehouse.database import json_order

DELETED_AT = "_deleted_at"
KEPT_ROWS = "kept_rows"
"""The temporary table with the keys of rows that stay as they are; see `kept_rows.py`."""


def comparable(expression: str, type_: Type, depth: int = 0) -> str:
    """Return SQL that normalises `expression`, so that values which mean the same compare equal."""
    if not has_collection(type_):
        return expression
    match type_:
        case Json():
            return f"{json_order.FUNCTION}({expression})"
        case List(item):
            inner = f"x{depth}"
            if has_collection(item):
                expression = f"list_transform({expression}, lambda {inner}: {comparable(inner, item, depth + 1)})"
            return f"list_sort({expression})"
        case Struct(fields):
            members = ", ".join(
                f"{quoted(name)} := {comparable(f'({expression}).{quoted(name)}', field, depth)}" for name, field in fields
            )
            return f"CASE WHEN {expression} IS NOT NULL THEN struct_pack({members}) END"
        case _:
            return expression


def has_collection(type_: Type) -> bool:
    """Return whether two values of the type can mean the same and differ in the order of a collection."""
    match type_:
        case List() | Json():
            return True
        case Struct(fields):
            return any(has_collection(field) for _, field in fields)
        case _:
            return False


def filled(expression: str, type_: Type) -> str:
    """Return SQL that is true if `expression` has a value, and never NULL. Empty lists and structs of NULLs are none."""
    match type_:
        case List():
            return f"coalesce(len({expression}) > 0, false)"
        case Struct(fields):
            return f"({' OR '.join(filled(f'{expression}.{quoted(name)}', field) for name, field in fields)})"
        case _:
            return f"{expression} IS NOT NULL"


def row_hash(columns: Sequence[Column], *, ordered: bool) -> str:
    """Return SQL for one hash of the values of `columns`. If `ordered`, another order of a collection gives another hash."""
    values = {
        column.name: quoted(column.name) if ordered else comparable(quoted(column.name), column.type) for column in columns
    }
    flat = [values[column.name] for column in columns if not isinstance(column.type, List | Struct)]
    nested = [values[column.name] for column in columns if isinstance(column.type, List | Struct)]
    if nested:
        flat.append(f"create_sort_key({', '.join(f'''{value}, 'ASC NULLS LAST' ''' for value in nested)})")
    return f"hash({', '.join(flat)})" if flat else "0"


@dataclass(frozen=True)
class Comparison:
    """Statements that compare a staged relation with the tenant's rows of a table.

    Every statement takes $tenant, and those that write also take $at. Three temporary tables hold the differences:
    `difference` has the key and the change (insert, update, delete, or refresh where only volatile columns differ); `before`
    and `after` have the old and the new rows, with all columns of the table.
    """

    table: str
    staged: str
    key: Sequence[str]
    columns: Sequence[Column]
    """The columns that were read."""
    kept: Sequence[str] = ()
    """Columns of the table that were not read: their stored values stay, and are not compared."""
    volatile: frozenset[str] = frozenset()
    keeps_deleted: bool = False
    merges: bool = False
    """Keeps rows that were not staged."""
    day: tuple[str, date] | None = None
    """A log's time column and the UTC day that was read. Other rows are not hashed: the table holds years."""
    keeps_rows: bool = False
    """The rows in KEPT_ROWS are not compared."""

    @cached_property
    def keys(self) -> str:
        return ", ".join(quoted(name) for name in self.key)

    @cached_property
    def names(self) -> list[str]:
        """The quoted columns that a row is written with; `_extra` comes last."""
        return [quoted(name) for name in (*(column.name for column in self.columns), *self.kept, "_extra")]

    @cached_property
    def counting(self) -> list[Column]:
        return [column for column in self.columns if column.name not in self.volatile]

    @cached_property
    def refreshed(self) -> list[Column]:
        return [column for column in self.columns if column.name in self.volatile]

    def match(self, left: str, right: str) -> str:
        return " AND ".join(f"{left}.{quoted(name)} = {right}.{quoted(name)}" for name in self.key)

    @property
    def live(self) -> str:
        """The condition for the tenant's rows, without deleted rows that are kept."""
        return f"_tenant_id = $tenant{f' AND {DELETED_AT} IS NULL' if self.keeps_deleted else ''}"

    @property
    def compared(self) -> str:
        """The condition for the rows that the read replaces: the live ones, without those that stay as they are."""
        return f"{self.live} AND ({self.keys}) NOT IN (FROM {KEPT_ROWS})" if self.keeps_rows else self.live

    def _hashed(self, relation: str, condition: str, *, ordered: bool) -> str:
        extra = "_extra" if ordered else comparable("_extra", Json())
        counting = f"hash({row_hash(self.counting, ordered=ordered)}, {extra}) AS hash"
        volatile = f"{row_hash(self.refreshed, ordered=ordered)} AS volatile"
        return f"(SELECT {self.keys}, true AS found, {counting}, {volatile} FROM {relation} WHERE {condition})"

    def difference(self) -> str:
        """Create `difference`. It includes rows that differ only in the order of a collection; see `reordered`."""
        return f"""
            CREATE OR REPLACE TEMP TABLE difference AS
            SELECT {self.keys},
                   CASE WHEN before.found IS NULL THEN 'insert' WHEN now.found IS NULL THEN 'delete'
                        WHEN now.hash IS DISTINCT FROM before.hash THEN 'update' ELSE 'refresh' END AS change
            FROM {self._hashed(self.staged, "true", ordered=True)} now
            {"LEFT" if self.merges else "FULL"} JOIN {self._stored()} before
                USING ({self.keys})
            WHERE now.hash IS DISTINCT FROM before.hash OR now.volatile IS DISTINCT FROM before.volatile"""

    def _stored(self) -> str:
        if self.day is None:
            return self._hashed(self.table, self.compared, ordered=True)
        column, day = quoted(self.day[0]), self.day[1]
        first, last = (f"TIMESTAMPTZ '{moment} 00:00:00+00'" for moment in (day, day + timedelta(days=1)))
        within = f"coalesce({column} >= {first} AND {column} < {last}, false)"
        hashed = self._hashed(self.table, f"{self.live} AND {within}", ordered=True)
        others = f"SELECT {self.keys}, true, NULL, NULL FROM {self.table} WHERE {self.live} AND NOT {within}"
        return f"(FROM {hashed} UNION ALL {others})"

    @property
    def values(self) -> str:
        """The values of a new row: those that were read (`s`), and the stored ones (`b`) of columns that were not."""
        read, kept = (column.name for column in self.columns), self.kept
        return ", ".join([*(f"s.{quoted(name)}" for name in read), *(f"b.{quoted(name)}" for name in kept), "s._extra"])

    @property
    def with_kept(self) -> str:
        """The join that adds the stored values of columns that were not read."""
        return f"LEFT JOIN before b USING ({self.keys})" if self.kept else ""

    def old_rows(self) -> str:
        """Select the stored rows that differ."""
        return f"""SELECT {", ".join(self.names)} FROM {self.table}
                   SEMI JOIN (FROM difference WHERE change IN ('update', 'delete')) d USING ({self.keys}) WHERE {self.live}"""

    def new_rows(self, values: str, joined: str = "") -> str:
        """Select `values` of the rows that were read and differ (`s`), and their change."""
        return f"""SELECT {values}, d.change FROM {self.staged} s JOIN difference d USING ({self.keys}) {joined}
                   WHERE d.change IN ('insert', 'update')"""

    def take(self) -> list[str]:
        """Create `before` and `after`: the rows that differ, with all their columns."""
        return [
            f"CREATE OR REPLACE TEMP TABLE before AS {self.old_rows()}",
            f"CREATE OR REPLACE TEMP TABLE after AS {self.new_rows(self.values, self.with_kept)}",
        ]

    def reordered(self, *others: str) -> list[str]:
        """Remove rows that differ only in the order of a collection from `difference` and the tables `others`."""
        hashed = [self._hashed(relation, "true", ordered=False) for relation in ("before", "after")]
        same = f"""CREATE OR REPLACE TEMP TABLE same AS SELECT {self.keys}
                   FROM {hashed[0]} b JOIN {hashed[1]} a USING ({self.keys}) WHERE a.hash = b.hash"""
        drop = [
            f"DELETE FROM {relation} USING same WHERE {self.match(relation, 'same')}"
            for relation in (*others, *(() if self.refreshed else ("difference",)))
        ]
        if self.refreshed:
            drop.append(f"UPDATE difference SET change = 'refresh' FROM same WHERE {self.match('difference', 'same')}")
        return [same, *drop]

    def apply(self) -> list[str]:
        """Write the rows that differ to the table."""
        matching = f"{self.match('t', 'd')} AND t._tenant_id = $tenant"
        gone = "'update', 'insert'" if self.keeps_deleted else "'update', 'delete'"  # an insert may find its row of old
        statements = []
        if self.keeps_deleted:
            statements.append(
                f"UPDATE {self.table} t SET {DELETED_AT} = $at::TIMESTAMPTZ FROM difference d "
                f"WHERE {matching} AND d.change = 'delete' AND t.{DELETED_AT} IS NULL"
            )
        statements += [
            f"DELETE FROM {self.table} t USING difference d WHERE {matching} AND d.change IN ({gone})",
            self.insert_changed(),
        ]
        return statements

    def refresh(self) -> list[str]:
        """Write the values of rows that differ only in volatile columns to the table."""
        if not self.refreshed:
            return []
        names = [quoted(column.name) for column in self.refreshed]
        statement = (
            f"UPDATE {self.table} t SET {', '.join(f'{name} = d.{name}' for name in names)} "
            f"FROM (SELECT {', '.join([self.keys, *names])} FROM {self.staged} "
            f"SEMI JOIN (FROM difference WHERE change = 'refresh') d USING ({self.keys})) d "
            f"WHERE {self.match('t', 'd')} AND t._tenant_id = $tenant"
        )
        return [statement]

    def insert_changed(self) -> str:
        """Insert the new and the changed rows."""
        return self._insert(self.names, "after")

    def insert_all(self) -> str:
        """Insert every row that was read."""
        return self._insert([*(quoted(column.name) for column in self.columns), "_extra"], self.staged)

    def keep(self) -> str:
        """Create `before` with the stored values of columns that were not read, before the table is replaced."""
        names = ", ".join([self.keys, *map(quoted, self.kept)])
        return f"CREATE OR REPLACE TEMP TABLE before AS SELECT {names} FROM {self.table} WHERE {self.live}"

    def insert_with_kept(self) -> str:
        """Insert every row that was read, with the stored values of columns that were not."""
        return self._insert(self.names, f"(SELECT {self.values} FROM {self.staged} s {self.with_kept})")

    def _insert(self, names: Sequence[str], source: str) -> str:
        return f"""
            INSERT INTO {self.table} ({", ".join(names)}, _tenant_id, _loaded_at)
            SELECT {", ".join(names)}, $tenant, $at::TIMESTAMPTZ FROM {source}"""
