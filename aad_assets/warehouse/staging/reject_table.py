"""The values of one entity that did not fit their declared type, in a table of the stage."""

from collections.abc import Sequence

import duckdb

from aad_assets.catalog import Entity
from aad_assets.warehouse.database.sql import memory
from aad_assets.warehouse.staging.coercion import Reject
from aad_assets.warehouse.staging.stage import Stage


class RejectTable:
    """Rejects by part: a property of another type than declared is one on every row, too many for Python to hold."""

    def __init__(self, stage: Stage, entity: Entity) -> None:
        self.relation: str | None = None
        """The name of the table; None until it has a row."""
        self._stage = stage
        self._name = memory(f"{entity.table}_rejects")

    async def insert(self, part: int, rejects: Sequence[Reject]) -> None:
        """Add the rejects of a part."""
        lists = [list(values) for values in zip(*((r.key, r.column, r.value) for r in rejects), strict=True)]

        def insert(cursor: duckdb.DuckDBPyConnection) -> None:
            if self.relation is None:
                self.relation = self._name
                columns = "part INTEGER, key VARCHAR, column_name VARCHAR, value VARCHAR"
                cursor.execute(f"CREATE OR REPLACE TABLE {self.relation} ({columns})")
            unnested = ", ".join(["unnest(?::VARCHAR[])"] * len(lists))
            cursor.execute(f"INSERT INTO {self.relation} SELECT {part}, {unnested}", lists)

        await self._stage.run(insert)

    async def delete(self, part: int) -> None:
        """Delete the rejects of a part."""
        if self.relation is not None:
            statement = f"DELETE FROM {self.relation} WHERE part = {part}"
            await self._stage.run(lambda cursor: cursor.execute(statement) and None)
