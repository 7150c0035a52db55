"""SQL builders for reload and compare. Pure text: no connection. Not here: when they run (`publish.py`), `history.py`.

Rows are compared by hash, in one query over both sides: DuckDB's hash is not stable between its versions and must not be
stored. It does not tell an empty list from NULL, `[0]` from `[0, 0]`, a struct of NULLs from NULL either, so lists and
structs are hashed by their sort key, which does, and is twice as fast as JSON text. The order of a collection means nothing,
in JSON values and `_extra` as well: rows whose sort keys differ are few, and compared once more with their lists sorted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from aad_assets.catalog import Column
from aad_assets.catalog.types import Json, List, Struct, Type, quoted
from aad_assets.warehouse.database import json_order

DELETED_AT = "_deleted_at"


def comparable(expression: str, type_: Type, depth: int = 0) -> str:
    """`expression` in a form that is equal when the values mean the same."""
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
    """Whether two values of the type can mean the same and be written in different orders."""
    match type_:
        case List() | Json():
            return True
        case Struct(fields):
            return any(has_collection(field) for _, field in fields)
        case _:
            return False


def filled(expression: str, type_: Type) -> str:
    """Whether there is anything in `expression`: an empty list or a struct of nothing is nothing. Never NULL itself."""
    match type_:
        case List():
            return f"coalesce(len({expression}) > 0, false)"
        case Struct(fields):
            return f"({' OR '.join(filled(f'{expression}.{quoted(name)}', field) for name, field in fields)})"
        case _:
            return f"{expression} IS NOT NULL"


def row_hash(columns: Sequence[Column], *, ordered: bool) -> str:
    """One number for the values of `columns`; `ordered`: another order of a collection is another number."""
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
    """A staged relation against the tenant's rows of a table. Every statement takes $tenant, writing ones $at as well.

    Temporary tables hold what differs: `difference` (key and change: insert, update, delete, or refresh where volatile
    columns alone differ), `before` and `after` (the old and the new rows of it, with all columns of the table).
    """

    table: str
    staged: str
    key: Sequence[str]
    columns: Sequence[Column]
    """Columns that were read."""
    kept: Sequence[str] = ()
    """Columns of the table that were not read: stored values stay, and do not count."""
    volatile: frozenset[str] = frozenset()
    keeps_deleted: bool = False
    merges: bool = False
    """Rows that were not staged stay."""
    day: tuple[str, date] | None = None
    """A log's time column and the UTC day that was read: other rows are not hashed, since the table holds years."""

    @cached_property
    def keys(self) -> str:
        return ", ".join(quoted(name) for name in self.key)

    @cached_property
    def names(self) -> list[str]:
        """Columns that a row is written with, quoted; `_extra` last."""
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
        """Which rows of the table are rows of the tenant, and not kept after they were deleted."""
        return f"_tenant_id = $tenant{f' AND {DELETED_AT} IS NULL' if self.keeps_deleted else ''}"

    def _hashed(self, relation: str, condition: str, *, ordered: bool) -> str:
        extra = "_extra" if ordered else comparable("_extra", Json())
        counting = f"hash({row_hash(self.counting, ordered=ordered)}, {extra}) AS hash"
        volatile = f"{row_hash(self.refreshed, ordered=ordered)} AS volatile"
        return f"(SELECT {self.keys}, true AS found, {counting}, {volatile} FROM {relation} WHERE {condition})"

    def difference(self) -> str:
        """What differs, other orders of collections included."""
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
            return self._hashed(self.table, self.live, ordered=True)
        column, day = quoted(self.day[0]), self.day[1]
        first, last = (f"TIMESTAMPTZ '{moment} 00:00:00+00'" for moment in (day, day + timedelta(days=1)))
        within = f"coalesce({column} >= {first} AND {column} < {last}, false)"
        hashed = self._hashed(self.table, f"{self.live} AND {within}", ordered=True)
        others = f"SELECT {self.keys}, true, NULL, NULL FROM {self.table} WHERE {self.live} AND NOT {within}"
        return f"(FROM {hashed} UNION ALL {others})"

    @property
    def _values(self) -> str:
        """A row as it becomes: what was read, `s`, with the stored values, `b`, of columns that were not."""
        read, kept = (column.name for column in self.columns), self.kept
        return ", ".join([*(f"s.{quoted(name)}" for name in read), *(f"b.{quoted(name)}" for name in kept), "s._extra"])

    def take(self) -> list[str]:
        """Tables `before` and `after`: the rows that differ, in full."""
        before = f"LEFT JOIN before b USING ({self.keys})" if self.kept else ""
        return [
            f"""CREATE OR REPLACE TEMP TABLE before AS SELECT {", ".join(self.names)} FROM {self.table}
                SEMI JOIN (FROM difference WHERE change IN ('update', 'delete')) d USING ({self.keys}) WHERE {self.live}""",
            f"""CREATE OR REPLACE TEMP TABLE after AS SELECT {self._values}, d.change
                FROM {self.staged} s JOIN difference d USING ({self.keys}) {before} WHERE d.change IN ('insert', 'update')""",
        ]

    def reordered(self) -> list[str]:
        """Drop rows from the three tables in which nothing but the order of a collection differs."""
        hashed = [self._hashed(relation, "true", ordered=False) for relation in ("before", "after")]
        same = f"""CREATE OR REPLACE TEMP TABLE same AS SELECT {self.keys}
                   FROM {hashed[0]} b JOIN {hashed[1]} a USING ({self.keys}) WHERE a.hash = b.hash"""
        drop = [
            f"DELETE FROM {relation} USING same WHERE {self.match(relation, 'same')}"
            for relation in ("before", "after", *(() if self.refreshed else ("difference",)))
        ]
        if self.refreshed:
            drop.append(f"UPDATE difference SET change = 'refresh' FROM same WHERE {self.match('difference', 'same')}")
        return [same, *drop]

    def apply(self) -> list[str]:
        """Bring the table to what was read."""
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
        if self.refreshed:
            names = [quoted(column.name) for column in self.refreshed]
            statements.append(
                f"UPDATE {self.table} t SET {', '.join(f'{name} = d.{name}' for name in names)} "
                f"FROM (SELECT {', '.join([self.keys, *names])} FROM {self.staged} "
                f"SEMI JOIN (FROM difference WHERE change = 'refresh') d USING ({self.keys})) d WHERE {matching}"
            )
        return statements

    def insert_changed(self) -> str:
        """Add new rows and new versions."""
        return self._insert(self.names, "after")

    def insert_all(self) -> str:
        """Add every row that was read."""
        return self._insert([*(quoted(column.name) for column in self.columns), "_extra"], self.staged)

    def keep(self) -> str:
        """Table `before`: stored values of columns that were not read, of a table that is to be replaced."""
        names = ", ".join([self.keys, *map(quoted, self.kept)])
        return f"CREATE OR REPLACE TEMP TABLE before AS SELECT {names} FROM {self.table} WHERE {self.live}"

    def insert_with_kept(self) -> str:
        """Add every row that was read, with the stored values of columns that were not."""
        source = f"{self.staged} s LEFT JOIN before b USING ({self.keys})"
        return self._insert(self.names, f"(SELECT {self._values} FROM {source})")

    def _insert(self, names: Sequence[str], source: str) -> str:
        return f"""
            INSERT INTO {self.table} ({", ".join(names)}, _tenant_id, _loaded_at)
            SELECT {", ".join(names)}, $tenant, $at::TIMESTAMPTZ FROM {source}"""
