"""SQL builders for reload and compare. Pure text: no connection. Not here: when they run (`publish.py`).

A row is compared by the hash of its columns, in one query over both sides: DuckDB's hash is not stable between its versions
and must not be stored. The order of a collection means nothing, so lists are sorted first. Lists and structs are hashed as
JSON text, since DuckDB's own hash does not tell an empty list from NULL, `[0]` from `[0, 0]`, a struct of NULLs from NULL.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from aad_assets.catalog import Column
from aad_assets.catalog.types import List, Struct, Type, quoted


def comparable(expression: str, type_: Type, depth: int = 0) -> str:
    """`expression` in a form that is equal when the values mean the same."""
    if not _has_list(type_):
        return expression
    match type_:
        case List(item):
            inner = f"x{depth}"
            if _has_list(item):
                expression = f"list_transform({expression}, lambda {inner}: {comparable(inner, item, depth + 1)})"
            return f"list_sort({expression})"
        case Struct(fields):
            members = ", ".join(
                f"{quoted(name)} := {comparable(f'({expression}).{quoted(name)}', field, depth)}" for name, field in fields
            )
            return f"CASE WHEN {expression} IS NOT NULL THEN struct_pack({members}) END"
        case _:
            return expression


def _hashable(column: Column) -> str:
    expression = comparable(quoted(column.name), column.type)
    return f"to_json({expression})" if isinstance(column.type, List | Struct) else expression


def _has_list(type_: Type) -> bool:
    match type_:
        case List():
            return True
        case Struct(fields):
            return any(_has_list(field) for _, field in fields)
        case _:
            return False


@dataclass(frozen=True)
class Comparison:
    """A staged relation against the tenant's rows of a table.

    `kept` are columns of the table that were not read: the stored values stay, and they do not count as differences.
    """

    table: str
    staged: str
    key: Sequence[str]
    columns: Sequence[Column]
    """Columns that were read."""
    kept: Sequence[str] = ()
    day: tuple[str, date] | None = None
    """A log's time column and the UTC day that was read: rows that were not staged stay."""

    @property
    def _keys(self) -> str:
        return ", ".join(quoted(name) for name in self.key)

    def _match(self, left: str, right: str) -> str:
        return " AND ".join(f"{left}.{quoted(name)} = {right}.{quoted(name)}" for name in self.key)

    def _hash(self) -> str:
        return f"hash({', '.join([*(_hashable(column) for column in self.columns), '_extra'])})"

    def difference(self) -> str:
        """Temporary table `difference`: key and change (insert, update, delete). Parameter: $tenant."""
        now = f"SELECT {self._keys}, {self._hash()} AS hash FROM {self.staged}"
        before = f"SELECT {self._keys}, {self._hash()} AS hash FROM {self.table} WHERE _tenant_id = $tenant"
        if self.day:
            return self._merged(now, before)
        return f"""
            CREATE OR REPLACE TEMP TABLE difference AS
            SELECT {self._keys},
                   CASE WHEN before.hash IS NULL THEN 'insert' WHEN now.hash IS NULL THEN 'delete' ELSE 'update' END AS change
            FROM ({now}) now FULL JOIN ({before}) before USING ({self._keys})
            WHERE now.hash IS DISTINCT FROM before.hash"""

    def _merged(self, now: str, before: str) -> str:
        """Of a log only the day's own rows are hashed: the table holds years. Keys are looked up in all of it."""
        column, day = self.day or ("", date.min)
        within = " AND ".join(
            f"{quoted(column)} {sign} TIMESTAMPTZ '{moment} 00:00:00+00'"
            for sign, moment in ((">=", day), ("<", day + timedelta(days=1)))
        )
        return f"""
            CREATE OR REPLACE TEMP TABLE difference AS
            SELECT {self._keys}, CASE WHEN known.there THEN 'update' ELSE 'insert' END AS change
            FROM ({now}) now
            LEFT JOIN ({before} AND {within}) before USING ({self._keys})
            LEFT JOIN (SELECT {self._keys}, true AS there FROM {self.table} WHERE _tenant_id = $tenant) known
                USING ({self._keys})
            WHERE now.hash IS DISTINCT FROM before.hash"""

    def keep(self) -> str:
        """Temporary table `kept`: stored values of columns that were not read, of rows that change. Parameter: $tenant."""
        names = ", ".join(quoted(name) for name in [*self.key, *self.kept])
        return (
            f"CREATE OR REPLACE TEMP TABLE kept AS SELECT {names} FROM {self.table} JOIN difference USING ({self._keys}) "
            "WHERE _tenant_id = $tenant AND change = 'update'"
        )

    def delete(self) -> str:
        """Remove rows that are gone, and the old versions of those that changed. Parameter: $tenant."""
        return (
            f"DELETE FROM {self.table} USING difference d WHERE {self._match(self.table, 'd')} "
            f"AND {self.table}._tenant_id = $tenant AND d.change IN ('update', 'delete')"
        )

    def insert(self) -> str:
        """Add new rows and new versions. Parameters: $tenant, $loaded_at."""
        read = [quoted(column.name) for column in self.columns]
        kept = [quoted(name) for name in self.kept]
        source = f"{self.staged} s JOIN difference d USING ({self._keys})"
        if kept:
            source += f" LEFT JOIN kept k USING ({self._keys})"
        values = [name if name in map(quoted, self.key) else f"s.{name}" for name in read] + [f"k.{name}" for name in kept]
        return f"""
            INSERT INTO {self.table} ({", ".join([*read, *kept])}, _extra, _tenant_id, _loaded_at)
            SELECT {", ".join(values)}, s._extra, $tenant, $loaded_at::TIMESTAMPTZ
            FROM {source} WHERE d.change IN ('insert', 'update')"""

    def insert_all(self) -> str:
        """The first load: every row is new. Parameters: $tenant, $loaded_at."""
        read = ", ".join(quoted(column.name) for column in self.columns)
        return f"""
            INSERT INTO {self.table} ({read}, _extra, _tenant_id, _loaded_at)
            SELECT {read}, _extra, $tenant, $loaded_at::TIMESTAMPTZ FROM {self.staged}"""
