"""SQL builders for history and changes, without a connection. See also `compare.py`, which finds what differs.

A history table holds a row for each version of each row: when it was valid, [from, to), and what started it. A load writes
the versions that start and closes those that end. It does not touch the versions of unchanged rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from aad_assets.catalog import Column
from aad_assets.catalog.types import Json, quoted
from aad_assets.warehouse.database.sql import sql_string
from aad_assets.warehouse.publishing.compare import KEPT_ROWS, Comparison, comparable

VALIDITY = ("_valid_from", "_valid_to", "_change")


@dataclass(frozen=True)
class History:
    """Statements for the versions and changes of one table. They take $tenant and $at."""

    comparison: Comparison
    table: str

    def close(self) -> str:
        """Close the versions of rows that were changed or deleted."""
        return (
            f"UPDATE {self.table} t SET _valid_to = $at::TIMESTAMPTZ FROM difference d WHERE "
            f"{self.comparison.match('t', 'd')} AND t._tenant_id = $tenant AND t._valid_to IS NULL "
            "AND d.change IN ('update', 'delete')"
        )

    def open(self) -> str:
        """Insert a version of each row that is new or changed."""
        names = ", ".join(self.comparison.names)
        return f"""
            INSERT INTO {self.table} ({names}, _tenant_id, _loaded_at, {", ".join(VALIDITY)})
            SELECT {names}, $tenant, $at::TIMESTAMPTZ, $at::TIMESTAMPTZ, NULL, change FROM after"""

    def close_all(self) -> str:
        """Close every version: history is turned off, or there is no table."""
        return f"UPDATE {self.table} SET _valid_to = $at::TIMESTAMPTZ WHERE _tenant_id = $tenant AND _valid_to IS NULL"

    def close_replaced(self) -> str:
        """Close the versions of all rows that are replaced."""
        kept = f" AND ({self.comparison.keys}) NOT IN (FROM {KEPT_ROWS})" if self.comparison.keeps_rows else ""
        return f"{self.close_all()}{kept}"

    def begin(self, columns: Sequence[str], since: str = "$at::TIMESTAMPTZ") -> str:
        """Insert a version of every row of the table, except rows that were kept with their versions."""
        current = f"SELECT {self.comparison.keys} FROM {self.table} WHERE _tenant_id = $tenant AND _valid_to IS NULL"
        kept = f" AND ({self.comparison.keys}) NOT IN ({current})" if self.comparison.keeps_rows else ""
        names = ", ".join([*map(quoted, columns), "_extra", "_tenant_id", "_loaded_at"])
        return f"""
            INSERT INTO {self.table} ({names}, {", ".join(VALIDITY)})
            SELECT {names}, {since}, NULL, 'insert' FROM {self.comparison.table} WHERE {self.comparison.live}{kept}"""

    def changes(self, changes: str) -> list[str]:
        """Insert the changes of a load into the table `changes`. They also take $load and $entity."""
        head = f"INSERT INTO {changes} SELECT $load, $at::TIMESTAMPTZ, $tenant, $entity, "
        key = self._key("r")
        return [
            f"{head}{key}, 'insert', NULL, NULL, {self._whole()} FROM after r WHERE r.change = 'insert'",
            f"""{head}{key}, 'delete', NULL, {self._whole()}, NULL FROM before r
                SEMI JOIN (FROM difference WHERE change = 'delete') d USING ({self.comparison.keys})""",
            f"""{head}key, 'update', attribute.name, attribute.old, attribute.new FROM (
                    SELECT {self._key("b")} AS key, unnest([{", ".join(map(self._attribute, self._compared))}]) AS attribute
                    FROM before b JOIN after a ON {self.comparison.match("a", "b")}
                ) WHERE attribute IS NOT NULL""",
        ]

    @property
    def _compared(self) -> list[Column | None]:
        """The columns whose differences are changes; None stands for `_extra`."""
        return [*(column for column in self.comparison.counting if column.name not in self.comparison.key), None]

    def _attribute(self, column: Column | None) -> str:
        name = quoted(column.name) if column else "_extra"
        old, new = f"b.{name}", f"a.{name}"
        type_ = column.type if column else Json()
        different = f"{comparable(old, type_)} IS DISTINCT FROM {comparable(new, type_)}"
        return (
            f"CASE WHEN {different} THEN {{'name': {sql_string(column.name if column else '_extra')}, "
            f"'old': to_json({old}), 'new': to_json({new})}} END"
        )

    def _key(self, relation: str) -> str:
        return f"concat_ws('|', {', '.join(f'{relation}.{quoted(name)}' for name in self.comparison.key)})"

    def _whole(self) -> str:
        return f"to_json(struct_pack({', '.join(f'{name} := r.{name}' for name in self.comparison.names)}))"
