"""The declaration of a view: a query over tables of the catalogue, stored in the database to save users from unnesting.

See also: `aad_assets.catalog.views` for the declared views, `aad_assets.warehouse.publishing.views` for their creation.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib import resources

from aad_assets.catalog.enums import Group
from aad_assets.catalog.types import quoted


@dataclass(frozen=True)
class ViewColumn:
    """A column of a view. `type` is the type that DuckDB infers from the query; a test compares the two."""

    name: str
    meaning: str
    type: str = "VARCHAR"


def query_on(query: str, connection_name: str) -> str:
    """Return a documented query, which is for a connection called `aad`, for the connection `connection_name`."""
    return re.sub(r"\baad(?=(?:_(?:history|meta|at|flat|kql))?\.)", connection_name, query)


TENANT = ViewColumn("_tenant_id", "The tenant's GUID.")
"""The first column of every view."""


@dataclass(frozen=True)
class SourceTable:
    """A table that a view reads, and the columns that the view needs."""

    table: str
    columns: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class View:
    """A view. Its query is in `views/<file>.sql`."""

    name: str
    group: Group
    description: str
    sources: tuple[SourceTable, ...]
    """The tables that it reads, first the one whose rows are unnested."""
    columns: tuple[ViewColumn, ...]
    purpose: str
    """The question that `query` answers."""
    query: str
    """A useful query over the view, for a connection called `aad`."""
    source_file: str = ""
    """The file of its query, if it is not the view's name."""
    parameters: tuple[tuple[str, str], ...] = ()
    """The names in braces in that file, and what stands for each in this view."""

    @property
    def file(self) -> str:
        """The name of the file of its query."""
        return f"{self.source_file or self.name}.sql"

    @property
    def tables(self) -> tuple[str, ...]:
        """The names of the tables that it reads."""
        return tuple(source.table for source in self.sources)

    def select(
        self,
        schema: str,
        keeping_deleted: Collection[str] = (),
        columns: Mapping[str, str] | None = None,
        queries: Mapping[str, str] | None = None,
    ) -> str:
        """Return the view's query over the tables in `schema`, the schema of the connection.

        `keeping_deleted`: tables that keep deleted rows, which the view leaves out. `columns`: SQL for the columns of a table
        that lacks some. `queries`: what stands for a table as a whole.

        The query names the schema but no database. DuckDB then finds the schema in the database of the view, whatever alias
        the database is attached under. Without the schema, a temporary table `users` would hide the tenant's.
        """

        def relation(found: re.Match[str]) -> str:
            if queries and found[1] in queries:
                return f"({queries[found[1]]})"
            table, selected = f"{quoted(schema)}.{found[1]}", (columns or {}).get(found[1])
            if selected is None and found[1] not in keeping_deleted:
                return table
            condition = " WHERE _deleted_at IS NULL" if found[1] in keeping_deleted else ""
            return f"(SELECT {selected or '*'} FROM {table}{condition})"

        text = resources.files(f"{__package__}.views").joinpath(self.file).read_text("utf-8")
        for parameter, value in self.parameters:
            text = text.replace(f"{{{parameter}}}", value)
        return re.sub(r"\{schema\}\.(\w+)", relation, text).strip()

    def query_on(self, connection_name: str) -> str:
        """Return `query` for the connection `connection_name`."""
        return query_on(self.query, connection_name)
