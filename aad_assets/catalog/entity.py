"""What a declaration of an entity says, and what follows from it alone: columns, `$select`, documentation link.

Not here: the declarations themselves (`entities.py`), types (`types.py`), how an entity is read or landed.
"""

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from aad_assets.catalog.types import STRING, Scalar, Type, duckdb_type, properties, resolve

ODATA_TYPE = "@odata.type"
ODATA_TYPE_PREFIX = "#microsoft.graph."


class Shape(StrEnum):
    """How Graph serves an entity."""

    LIST = "list"
    """One collection, page by page."""
    CHILDREN = "children"
    """One collection for each row of a parent entity."""


class Group(StrEnum):
    """Groups of the asset graph."""

    DIRECTORY = "directory"
    RELATIONSHIPS = "relationships"
    ACCESS = "access"


class Family(StrEnum):
    """Throttling families: each has a quota of its own (learn.microsoft.com/graph/throttling-limits)."""

    DIRECTORY = "directory"
    KEY_CREDENTIALS = "key_credentials"


@dataclass(frozen=True)
class Column:
    """A column of a table, and the member of a row's JSON object that fills it."""

    name: str
    source: str
    type: Type

    @property
    def duckdb_type(self) -> str:
        return duckdb_type(self.type)


@dataclass(frozen=True, kw_only=True)
class Entity:
    """One table and the Graph collection that fills it."""

    table: str
    path: str
    """Below the base URL; `{id}` stands for the parent's id."""
    type: str
    """Name of the entity type in Microsoft's metadata, without `microsoft.graph.`."""
    group: Group
    description: str
    permission: str
    """The least privileged application permission that reads it whole."""
    key: tuple[str, ...] = ("id",)
    page_size: int | None = None
    """Largest `$top` that Graph takes; None: the collection takes no `$top`."""
    family: Family = Family.DIRECTORY
    licence: str | None = None
    parent: str | None = None
    """Table whose ids the path is read for."""
    parent_column: str | None = None
    """Column that keeps the parent's id, where the rows do not say it themselves."""
    edge: str | None = None
    """`member`: the table holds memberId and memberType alone, since other attributes go null without read rights."""
    casts: tuple[str, ...] = ()
    """Types that the plain path leaves out and that its OData cast returns (needs ConsistencyLevel: eventual)."""
    shard_property: str | None = None
    """Always-set property on which `startsWith` cuts the collection into shards that are read side by side."""
    countable: bool = False
    """`{path}/$count` is answered (with ConsistencyLevel: eventual)."""
    omit: frozenset[str] = frozenset()
    """Declared properties that a list never returns, or never should be asked for."""
    undeclared: tuple[tuple[str, str], ...] = ()
    """Properties that Graph returns and the metadata does not declare, with their types."""

    @property
    def shape(self) -> Shape:
        return Shape.CHILDREN if self.parent else Shape.LIST

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Typed columns in the table's order, without ours (those that start with `_`)."""
        parent = (Column(self.parent_column, self.parent_column, STRING),) if self.parent_column else ()
        if self.edge:
            identity = Column(f"{self.edge}Id", "id", STRING)
            return (*parent, identity, Column(f"{self.edge}Type", ODATA_TYPE, STRING))
        declared = properties(self.type) | {name: resolve(type_) for name, type_ in self.undeclared}
        wanted = {name: type_ for name, type_ in declared.items() if name not in self.omit and type_ != Scalar("Stream")}
        return parent + tuple(Column(name, name, type_) for name, type_ in wanted.items())

    @cached_property
    def select(self) -> tuple[str, ...]:
        """Properties to name in `$select`, `id` first."""
        sources = {column.source for column in self.columns} - {ODATA_TYPE, self.parent_column, "id"}
        return ("id", *(column.source for column in self.columns if column.source in sources))

    @property
    def documentation_url(self) -> str:
        """The resource's page in Microsoft's reference."""
        resource = self.type.replace(".", "-").lower()
        return f"https://learn.microsoft.com/graph/api/resources/{resource}?view=graph-rest-1.0"
