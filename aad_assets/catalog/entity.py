"""What a declaration of an entity says, and what follows from it alone: columns, `$select`, documentation link.

Not here: the declarations themselves (`entities/`), types (`types.py`), meanings (`meanings.py`), queries (`queries/`), how
an entity is read or landed.
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
"""Permission to read hidden memberships (learn.microsoft.com/graph/api/group-list-members)."""
OPT_IN_COLUMNS = {"customSecurityAttributes": "CustomSecAttributeAssignment.Read.All"}
"""Columns that a declaration leaves off: each needs a permission that holders of User.Read.All and the like may lack."""


RELOAD_MODES = ("compare", "compare_keep_deleted", "truncate", "recreate")
"""What a load does with the rows that a table holds; `aad_assets.warehouse.publishing.options` says what each means."""


class Shape(StrEnum):
    """How Graph serves an entity."""

    LIST = "list"
    """One collection, page by page."""
    SINGLETON = "singleton"
    """One object, at the path itself."""
    CHILDREN = "children"
    """One collection for each row of a parent entity."""
    EXPAND = "expand"
    """A list whose rows carry one related object, asked for by `$expand`: an edge from each row to it."""
    STRINGS = "strings"
    """A function that answers strings, not objects."""
    ACTION = "action"
    """A list that is asked for by POST."""
    LOG = "log"
    """A list of events, read by UTC days and merged: Graph forgets them, the table does not."""


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
    """Throttling families: each has a quota of its own (learn.microsoft.com/graph/throttling-limits)."""

    DIRECTORY = "directory"
    KEY_CREDENTIALS = "key_credentials"
    REPORTS = "reports"
    PROTECTION = "protection"
    SIGN_IN_ACTIVITY = "sign_in_activity"
    IDENTITY_PROVIDERS = "identity_providers"


class Licence(StrEnum):
    """What a tenant has to buy beyond Microsoft Entra ID Free, by the names that Microsoft sells it under."""

    P1 = "Microsoft Entra ID P1"
    P2 = "Microsoft Entra ID P2"
    GOVERNANCE = "Microsoft Entra ID Governance"
    WORKLOAD = "Microsoft Entra Workload ID"


@dataclass(frozen=True)
class Column:
    """A column of a table, and the member of a row's JSON object that fills it."""

    name: str
    source: str
    type: Type
    meaning: str = field(default="", compare=False)
    """What it says, in a sentence or two; empty where nobody knows."""

    @property
    def duckdb_type(self) -> str:
        return duckdb_type(self.type)


@dataclass(frozen=True, kw_only=True)
class Entity:
    """One table and what of Graph fills it."""

    table: str
    path: str
    """Below the base URL; each `{id}` stands for a value of the parent's key."""
    type: str
    """Name of the entity type in Microsoft's metadata, without `microsoft.graph.`; for strings, of what they are about."""
    group: Group
    description: str
    permissions: tuple[str, ...]
    """The least privileged application permissions that read it whole; all of them are needed."""
    shape: Shape = Shape.LIST
    key: tuple[str, ...] = ("id",)
    page_size: int | None = None
    """Largest `$top` that Graph takes; None: the collection takes no `$top`."""
    fallback_page_size: int | None = None
    """Largest `$top` in tenants where Graph refuses `page_size`."""
    family: Family = Family.DIRECTORY
    licence: Licence | None = None
    on: bool = True
    """Whether it is read unless the connection metadata says otherwise."""
    needs_select: bool = False
    """Graph returns a subset of the properties unless each is named in `$select`."""
    properties: tuple[str, ...] | None = None
    """The only properties of the type that this table holds; None: all."""
    omit: frozenset[str] = frozenset()
    """Declared properties that a list never returns, or never should be asked for."""
    undeclared: tuple[tuple[str, str], ...] = ()
    """Properties that Graph returns and the metadata does not declare, with their types."""
    extensible: bool = False
    """Applications can register directory extension properties for it."""
    derived: frozenset[str] = frozenset()
    """Properties that only some types of its rows have: `odataType` says which type, `_extra` holds them. Empty: one type."""
    disabled_columns: frozenset[str] = frozenset()
    """Columns that are off, in any case: neither asked for nor kept, not in `_extra` either. A declaration names those that
    need a permission of their own; the connection metadata turns columns off and on."""
    reload_mode: str = "compare"
    """One of RELOAD_MODES; logs are always merged."""
    volatile: frozenset[str] = frozenset()
    """Columns that change by themselves: a difference in them is no change of the row, and begins no version."""
    history: bool = True
    """Whether versions and changes are kept. Not of a log by default, which is nearly its own."""
    filter: str | None = None
    """A `$filter` without which Graph refuses the request, or answers for all clouds; `{id}` as in `path`."""
    shard_property: str | None = None
    """Always-set property on which `startsWith` cuts the collection into shards that are read side by side."""
    countable: bool = False
    """`{path}/$count` is answered (with ConsistencyLevel: eventual)."""
    time_property: str | None = None
    """The property by which a log is read day by day."""
    edge: str | None = None
    """`member`: the table holds memberId and memberType alone, since other attributes go null without read rights."""
    casts: tuple[str, ...] = ()
    """Types that the plain path leaves out and that its OData cast returns (needs ConsistencyLevel: eventual)."""
    parent: str | None = None
    """Table that has to be read first: whose children these are, or whose rows these belong to."""
    parent_key: tuple[str, ...] = ("id",)
    """Columns of the parent that fill the path, in its order."""
    parent_columns: tuple[str, ...] = ()
    """Columns that keep the parent's key (the edge's source), where the rows do not say it themselves."""
    parent_where: tuple[str, str | bool] | None = None
    """Column and value that a parent needs to have any children at all."""
    may_hide_members: bool = False
    """Some parents hide their members from who has not HIDDEN_MEMBERS."""
    not_found_means_empty: bool = False
    """A parent that is there can answer 404: it has no children."""
    owner_column: str | None = None
    """Column of a list that others share: rows are kept whose value is in the parent's `parent_key`."""

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Typed columns in the table's order, without ours (those that start with `_`)."""
        off = {name.lower() for name in self.disabled_columns}
        return tuple(column for column in self.all_columns if column.name.lower() not in off)

    @cached_property
    def all_columns(self) -> tuple[Column, ...]:
        """The columns with those that were turned off."""
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
        return bool(self.derived)

    def _parent_meaning(self, column: str) -> str:
        if self.parent is None:
            return meanings.source_id(self.edge or "row")
        return meanings.parent_id(self.parent, dict(zip(self.parent_columns, self.parent_key, strict=True))[column])

    @cached_property
    def select(self) -> tuple[str, ...]:
        """Properties to name in `$select`, the key first; empty where none needs to be named."""
        if not self.needs_select:
            return ()
        sources = [column.source for column in self.columns if column.name not in self.parent_columns]
        key = [name for name in ("id", *self.key) if name in sources]
        return tuple(dict.fromkeys([*key, *(source for source in sources if source != ODATA_TYPE)]))

    @property
    def resource(self) -> str:
        """The path for people: `GET /users`."""
        return f"{'POST' if self.shape is Shape.ACTION else 'GET'} {self.path}"

    @property
    def documentation_url(self) -> str:
        """The resource's page in Microsoft's reference."""
        resource = self.type.replace(".", "-").lower()
        return f"https://learn.microsoft.com/graph/api/resources/{resource}?view=graph-rest-1.0"

    @property
    def query(self) -> str:
        """A useful query in SQL, over tables in schema `aad`; its first lines say in a comment what it answers."""
        return resources.files(__package__).joinpath("queries", f"{self.table}.sql").read_text("utf-8").strip()
