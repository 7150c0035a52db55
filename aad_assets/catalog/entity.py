"""The declaration of an entity, and what follows from it alone: columns, `$select`, documentation link.

See also: `entities/` for the declared entities, `queries/` for their queries.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from importlib import resources

from aad_assets.catalog import meanings
from aad_assets.catalog.types import STRING, Scalar, Type, duckdb_type, properties, resolve

ODATA_TYPE = "@odata.type"
ODATA_TYPE_PREFIX = "#microsoft.graph."
HIDDEN_MEMBERS = "Member.Read.Hidden"
"""The permission to read hidden memberships (learn.microsoft.com/graph/api/group-list-members)."""
OPT_IN_COLUMNS = {"customSecurityAttributes": "CustomSecAttributeAssignment.Read.All"}
"""Columns that are off by default, each with the permission that it needs besides those of its entity."""


RELOAD_MODES = ("compare", "compare_keep_deleted", "truncate", "recreate")
"""The ways in which a load treats the existing rows of a table. `aad_assets.warehouse.publishing.options` explains each."""


class Shape(StrEnum):
    """The way in which Graph returns an entity."""

    LIST = "list"
    """One collection, page by page."""
    SINGLETON = "singleton"
    """A single object at the path itself."""
    CHILDREN = "children"
    """One collection for each row of a parent entity."""
    EXPAND = "expand"
    """A list whose rows include one related object, requested by `$expand`. Each row is an edge to that object."""
    STRINGS = "strings"
    """A function that returns strings, not objects."""
    ACTION = "action"
    """A list that is requested by POST."""
    LOG = "log"
    """A list of events, read by UTC days and merged into the table, which keeps them after Graph deletes them."""


class Group(StrEnum):
    """Groups of the asset graph."""

    DIRECTORY = "directory"
    RELATIONSHIPS = "relationships"
    ACCESS = "access"
    POLICIES = "policies"
    GOVERNANCE = "governance"
    SECURITY = "security"
    LOGS = "logs"


class Family(StrEnum):
    """Groups of APIs that share a throttling quota (learn.microsoft.com/graph/throttling-limits)."""

    DIRECTORY = "directory"
    KEY_CREDENTIALS = "key_credentials"
    REPORTS = "reports"
    PROTECTION = "protection"
    SIGN_IN_ACTIVITY = "sign_in_activity"
    IDENTITY_PROVIDERS = "identity_providers"


class Licence(StrEnum):
    """Licences that a tenant needs beyond Microsoft Entra ID Free, by Microsoft's product names."""

    P1 = "Microsoft Entra ID P1"
    P2 = "Microsoft Entra ID P2"
    GOVERNANCE = "Microsoft Entra ID Governance"
    WORKLOAD = "Microsoft Entra Workload ID"


@dataclass(frozen=True)
class Column:
    """A column of a table. `source` is the property of Graph's JSON object that fills it."""

    name: str
    source: str
    type: Type
    meaning: str = field(default="", compare=False)
    """The meaning in a sentence or two; empty if it is unknown."""

    @property
    def duckdb_type(self) -> str:
        """The type of the column in DuckDB, as written in a column definition."""
        return duckdb_type(self.type)


@dataclass(frozen=True, kw_only=True)
class Entity:
    """A table, and how its rows are read from Graph."""

    table: str
    path: str
    """The path below the base URL. Each `{id}` is replaced by a value of the parent's key."""
    type: str
    """The entity type's name in Microsoft's metadata, without `microsoft.graph.`. For strings, the type they belong to."""
    group: Group
    description: str
    permissions: tuple[str, ...]
    """The least privileged application permissions that read the entity in full. All of them are needed."""
    shape: Shape = Shape.LIST
    key: tuple[str, ...] = ("id",)
    page_size: int | None = None
    """The largest `$top` that Graph accepts. None: the collection does not accept `$top`."""
    fallback_page_size: int | None = None
    """The largest `$top` in tenants where Graph rejects `page_size`."""
    family: Family = Family.DIRECTORY
    licence: Licence | None = None
    on: bool = True
    """The entity is read. The connection metadata can turn it off or on."""
    needs_select: bool = False
    """Graph returns some properties only if `$select` names them, so the request names every property."""
    properties: tuple[str, ...] | None = None
    """The only properties of the type that this table has. None: all."""
    omit: frozenset[str] = frozenset()
    """Declared properties that a list never returns, or that must not be requested."""
    undeclared: tuple[tuple[str, str], ...] = ()
    """Properties that Graph returns although the metadata does not declare them, each with its type."""
    extensible: bool = False
    """Applications can register directory extension properties for this type."""
    derived: frozenset[str] = frozenset()
    """Properties that only some types of rows have, stored in `_extra`. `odataType` is the row's type. Empty: one type."""
    disabled_columns: frozenset[str] = frozenset()
    """Columns that are turned off, in any case. They are neither requested nor stored, not even in `_extra`. By default these
    are the columns that need a permission of their own. The connection metadata turns columns off and on."""
    reload_mode: str = "compare"
    """One of RELOAD_MODES. Logs are always merged."""
    volatile: frozenset[str] = frozenset()
    """Columns that change all the time. A difference in them is not a change of the row and starts no version."""
    history: bool = True
    """Versions and changes are kept. Off by default for logs, because their rows hardly ever change."""
    filter: str | None = None
    """The `$filter` that Graph requires. `{id}` is replaced as in `path`."""
    shard_property: str | None = None
    """A property that is never empty. `startsWith` on it splits the collection into shards that are read in parallel."""
    countable: bool = False
    """Graph supports `{path}/$count` (with ConsistencyLevel: eventual)."""
    time_property: str | None = None
    """The property by which a log is read day by day."""
    edge: str | None = None
    """The role of the related object, such as `member`: the table then has only memberId and memberType of it, because Graph
    returns its other properties as null if the app may not read them."""
    casts: tuple[str, ...] = ()
    """Types that the plain path leaves out, and that an OData cast returns (with ConsistencyLevel: eventual)."""
    parent: str | None = None
    """The table that is read first, because rows are read for each of its rows, or belong to them (`owner_column`)."""
    parent_key: tuple[str, ...] = ("id",)
    """The columns of the parent that fill the path, in the order of the path."""
    parent_columns: tuple[str, ...] = ()
    """Columns that store the parent's key (the source of the edge), if Graph does not return it in the rows."""
    parent_where: tuple[str, str | bool] | None = None
    """A column of the parent and its value in rows that can have children. Other parents are not asked."""
    may_hide_members: bool = False
    """Some parents hide their members unless the app has the permission HIDDEN_MEMBERS."""
    not_found_means_empty: bool = False
    """Graph returns 404 for a parent that exists but has no children."""
    owner_column: str | None = None
    """The column that names a row's owner, in a list that all tenants share. A row is kept if the owner is in the parent's
    `parent_key`."""

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The typed columns in order, without those that are turned off and without the project's own (`_…`)."""
        off = {name.lower() for name in self.disabled_columns}
        return tuple(column for column in self.all_columns if column.name.lower() not in off)

    @cached_property
    def all_columns(self) -> tuple[Column, ...]:
        """The columns, including those that are turned off."""
        parents = tuple(Column(name, name, STRING, self._parent_meaning(name)) for name in self.parent_columns)
        if self.edge:
            identity = Column(f"{self.edge}Id", "id", STRING, meanings.edge_id(self.edge))
            return (*parents, identity, Column(f"{self.edge}Type", ODATA_TYPE, STRING, meanings.edge_type(self.edge)))
        if self.shape is Shape.STRINGS:
            return (Column("value", "value", STRING, meanings.STRINGS),)
        declared = properties(self.type) | {name: resolve(type_) for name, type_ in self.undeclared}
        names = [name for name in declared if name not in self.omit and declared[name] != Scalar("Stream")]
        if self.properties is not None:
            names = [name for name in names if name in self.properties]
        own = tuple(Column(name, name, declared[name], meanings.meaning(self.type, name)) for name in names)
        kind = (Column("odataType", ODATA_TYPE, STRING, meanings.ODATA_TYPE),) if self.polymorphic else ()
        return (*parents, *own, *kind)

    @property
    def polymorphic(self) -> bool:
        """Rows are of several types."""
        return bool(self.derived)

    def _parent_meaning(self, column: str) -> str:
        if self.parent is None:
            return meanings.source_id(self.edge or "row")
        return meanings.parent_id(self.parent, dict(zip(self.parent_columns, self.parent_key, strict=True))[column])

    @cached_property
    def select(self) -> tuple[str, ...]:
        """The properties that `$select` names, the key first; empty if it is not needed."""
        if not self.needs_select:
            return ()
        sources = [column.source for column in self.columns if column.name not in self.parent_columns]
        key = [name for name in ("id", *self.key) if name in sources]
        return tuple(dict.fromkeys([*key, *(source for source in sources if source != ODATA_TYPE)]))

    @property
    def resource(self) -> str:
        """The request in a readable form: `GET /users`."""
        return f"{'POST' if self.shape is Shape.ACTION else 'GET'} {self.path}"

    @property
    def documentation_url(self) -> str:
        """The URL of the type's page in Microsoft's reference."""
        resource = self.type.replace(".", "-").lower()
        return f"https://learn.microsoft.com/graph/api/resources/{resource}?view=graph-rest-1.0"

    @property
    def query(self) -> str:
        """A useful SQL query over tables in the schema `aad`. A comment in its first line says what it answers."""
        return resources.files(__package__).joinpath("queries", f"{self.table}.sql").read_text("utf-8").strip()
