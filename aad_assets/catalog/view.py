"""What a declaration of a view says: a query over tables of the catalogue, kept in the database for those who would unnest.

Not here: the declarations (`views/`), and how a view is made (`aad_assets.warehouse.publishing.views`).
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from importlib import resources

from aad_assets.catalog.entity import Group
from aad_assets.catalog.types import quoted


@dataclass(frozen=True)
class ViewColumn:
    """A column of a view; `type` as DuckDB derives it from the query (a test compares)."""

    name: str
    meaning: str
    type: str = "VARCHAR"


@dataclass(frozen=True)
class SourceTable:
    """A table that a view reads, and the columns without which it cannot be made."""

    table: str
    columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class View:
    """One view: its query stands in `views/<name>.sql`."""

    name: str
    group: Group
    description: str
    sources: tuple[SourceTable, ...]
    """The tables, the one whose rows are unnested first."""
    columns: tuple[ViewColumn, ...]
    purpose: str
    """What `query` answers."""
    query: str
    """A useful query, on a connection that is called `aad`."""

    @property
    def tables(self) -> tuple[str, ...]:
        return tuple(source.table for source in self.sources)

    def select(self, schema: str, keeping_deleted: Collection[str] = ()) -> str:
        """The query over the tables of `schema`, the connection's; of those that keep deleted rows, over the others.

        The schema is named without a database, so that DuckDB looks for it where the view itself is, whatever the database is
        called when it is opened. Not leaving it out either: a temporary table `users` would then be taken for the tenant's.
        """

        def relation(found: re.Match[str]) -> str:
            table = f"{quoted(schema)}.{found[1]}"
            return f"(FROM {table} WHERE _deleted_at IS NULL)" if found[1] in keeping_deleted else table

        text = resources.files(f"{__package__}.views").joinpath(f"{self.name}.sql").read_text("utf-8")
        return re.sub(r"\{schema\}\.(\w+)", relation, text).strip()

    def query_on(self, connection_name: str) -> str:
        """`query` on a connection of another name."""
        return self.query.replace(" aad.", f" {connection_name}.")
