"""The declaration of an entity, and what follows from it alone: columns, `$select`, documentation link.

See also: `entities/` for the declared entities, `queries/` for their queries.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from importlib import resources
from typing import Any

from aad_assets.catalog import meanings
from aad_assets.catalog.columns import (
    ODATA_TYPE,
    Column,
    Link,
    declared_columns,
    link_columns,
    navigation_columns,
    navigation_name,
    subtype_columns,
)
from aad_assets.catalog.enums import Family, Group, Licence, Protection, Shape, Version
from aad_assets.catalog.types import STRING, Type, resolve

HIDDEN_MEMBERS = "Member.Read.Hidden"
"""The permission to read hidden memberships (learn.microsoft.com/graph/api/group-list-members)."""
OPT_IN_COLUMNS = {"customSecurityAttributes": "CustomSecAttributeAssignment.Read.All"}
"""Columns that are off by default, each with the permission that it needs besides those of its entity."""


RELOAD_MODES = ("compare", "compare_keep_deleted", "truncate", "recreate")
"""The ways in which a load treats the existing rows of a table. `aad_assets.warehouse.publishing.options` explains each."""


GATES = ("count", "shrink", "null_column", "rejects", "refused")
"""The gates whose thresholds can be set for an entity. `aad_assets.warehouse.publishing.gates` explains each."""


@dataclass(frozen=True)
class ParentCondition:
    """A condition that parents with children meet. No children are requested for the others."""

    columns: tuple[str, ...]
    """The columns of the parent that the condition reads."""
    holds: Callable[..., bool]
    """Takes their values in this order; a collection comes as a list, and NULL as None."""
    description: str
    """The parents in words, in the plural: `federated domains`."""

    @classmethod
    def equal(cls, column: str, value: object, description: str) -> "ParentCondition":
        """Return the condition that a column has a value."""
        return cls((column,), lambda found: bool(found == value), description)


@dataclass(frozen=True, kw_only=True)
class Entity:
    """A table, and how its rows are read from Graph."""

    table: str
    path: str
    """The path below the version. Each `{id}` is replaced by a value of the parent's key."""
    type: str
    """The entity type's name in Microsoft's metadata, without `microsoft.graph.`. For strings, the type they belong to."""
    version: Version = Version.V1
    may_be_in_v1: bool = False
    """Microsoft documents the path in v1.0, too, but its metadata does not have it. v1.0 is tried before `version`."""
    group: Group
    description: str
    permissions: tuple[str, ...]
    """The least privileged permissions that read the entity in full: application permissions, or scopes if not `app_only`.
    All of them are needed."""
    app_only: bool = True
    """Graph supports the request without a signed-in person."""
    person_role: str = "Global Reader"
    """The least privileged directory role with which a signed-in person may read the entity."""
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
    off_reason: str = ""
    """Why it is off by default, as the end of a sentence: `it needs one request for each user`. Empty if it is on."""
    optional: bool = False
    """Some tenants and clouds do not have the collection. The entity is skipped there, as one of beta always is."""
    needs_select: bool = False
    """Graph returns some properties only if `$select` names them, so the request names every property."""
    properties: tuple[str, ...] | None = None
    """The only properties of the type that this table has. None: all."""
    omit: frozenset[str] = frozenset()
    """Declared properties that a list never returns, or that must not be requested."""
    undeclared: tuple[tuple[str, str | Type], ...] = ()
    """Properties that Graph returns although the metadata does not declare them, each with its type or the name of it."""
    extensible: bool = False
    """Applications can register directory extension properties for this type."""
    subtypes: tuple[str, ...] = ()
    """Derived types whose objects are rows of the same list. Their own properties are columns, NULL in other rows."""
    links: tuple[Link, ...] = ()
    """Related objects whose ids, or a few properties, are requested by `$expand` and become columns."""
    inline: tuple[str, ...] = ()
    """Navigation properties that are requested by `$expand`, and become columns under their own names."""
    embedded: tuple[str, ...] = ()
    """Navigation properties that Graph returns without `$expand`: columns, too, or fields (`grantControls.…`) of columns."""
    never_stored: frozenset[str] = frozenset()
    """Properties that hold secrets, in any case. They are neither requested nor stored, not even in `_extra`."""
    also_needs: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Properties that Graph returns empty, without an error, unless the app has one of the permissions after each."""
    disabled_columns: frozenset[str] = frozenset()
    """Columns that are turned off, in any case. They are neither requested nor stored, not even in `_extra`. By default these
    are the columns that need a permission of their own. The connection metadata turns columns off and on."""
    reload_mode: str = "compare"
    """One of RELOAD_MODES. Logs are always merged."""
    volatile: frozenset[str] = frozenset()
    """Columns that change all the time. A difference in them is not a change of the row and starts no version."""
    protected: tuple[tuple[str, Protection], ...] = ()
    """Columns, or parts of them such as `initiatedBy.user.ipAddress`, whose values are never stored as they are."""
    gates: tuple[tuple[str, float], ...] = ()
    """Thresholds of this entity's gates, as shares from 0 to 1, by the names in GATES. The others keep their defaults."""
    history: bool = True
    """Versions and changes are kept. Off by default for logs, because their rows hardly ever change."""
    absent_without_id: bool = False
    """Graph returns an object without an id if there is none."""
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
    returned_parent_columns: tuple[str, ...] = ()
    """Columns with the parent's key that Graph returns in the rows, in the order of `parent_key`."""
    parent_where: ParentCondition | None = None
    parent_list: str | None = None
    """A table whose keys are those parents that have children. If Graph does not return it, `parent_where` decides."""
    one_per_parent: bool = False
    """Graph returns one object for each parent, not a collection."""
    value_property: str = ""
    """The property whose value Graph returns as `{"value": …}`, if that is all it returns for each parent."""
    may_hide_members: bool = False
    """Some parents hide their members unless the app has the permission HIDDEN_MEMBERS."""
    not_found_means_empty: bool = False
    """Graph returns 404 for a parent that exists but has no children."""
    owner_column: str | None = None
    """The column that names a row's owner, in a list that all tenants share. A row is kept if the owner is in the parent's
    `parent_key`."""

    @property
    def parent_sources(self) -> tuple[str, ...]:
        """The columns of the parent that are read for its keys: those of the key, then those of the condition."""
        return (*self.parent_key, *(self.parent_where.columns if self.parent_where else ()))

    def parent_keys(self, rows: Iterable[Sequence[Any]]) -> list[tuple[Any, ...]]:
        """Return the keys of parents that can have children, from rows of their `parent_sources`. A key may be incomplete."""
        width, where = len(self.parent_key), self.parent_where
        return [tuple(row[:width]) for row in rows if where is None or where.holds(*row[width:])]

    @property
    def parent_reference(self) -> tuple[str, ...]:
        """The columns that name a row's parent, in the order of `parent_key`. Empty if the table has none that do."""
        names = self.parent_columns or self.returned_parent_columns or tuple(filter(None, [self.owner_column]))
        return names if {column.name for column in self.columns}.issuperset(names) else ()

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
            target_type = Column(f"{self.edge}Type", ODATA_TYPE, STRING, meanings.edge_type(self.edge))
            # Rows do not contain their type if the list has objects of one type only.
            return (
                *parents,
                identity,
                *([target_type] if self.type == "directoryObject" or self.shape is Shape.EXPAND else ()),
            )
        if self.shape is Shape.STRINGS:
            return (Column("value", "value", STRING, meanings.STRINGS),)
        if self.value_property:
            meaning = meanings.meaning(self.type, self.value_property, self.version)
            return (*parents, Column(self.value_property, "value", STRING, meaning))
        columns = (
            *self._own_columns(),
            *navigation_columns(self.type, self.version, self.inline),
            *navigation_columns(self.type, self.version, (name for name in self.embedded if "." not in name)),
            *link_columns(self.type, self.version, self.links),
            *subtype_columns(self.subtypes, self.version),
        )
        hidden = self.omit | self.never_stored
        # The first of several columns with one name is used: a link and a property can have the same.
        first = {column.name.lower(): column for column in reversed(columns)}
        own = (column for column in columns if first[column.name.lower()] is column and column.name not in hidden)
        type_ = (Column("odataType", ODATA_TYPE, STRING, meanings.ODATA_TYPE),) if self.subtypes else ()
        return (*parents, *own, *type_)

    def _own_columns(self) -> Iterator[Column]:
        types = {name: resolve(each, self.version) if isinstance(each, str) else each for name, each in self.undeclared}
        also_needs = dict(self.also_needs)
        for column in declared_columns(self.type, self.version, types):
            if self.properties is not None and column.name not in self.properties:
                continue
            if permissions := also_needs.get(column.name):
                column = replace(column, meaning=meanings.with_permission(column.meaning, permissions))
            yield column

    @property
    def polymorphic(self) -> bool:
        """Rows are of several types."""
        return bool(self.subtypes)

    @property
    def expand(self) -> tuple[str, ...]:
        """The items of `$expand`: links, and inline parts."""
        return (*(link.expand for link in self.links), *self.inline)

    def _parent_meaning(self, column: str) -> str:
        if self.parent is None:
            return meanings.source_id(self.edge or "row")
        return meanings.parent_id(self.parent, dict(zip(self.parent_columns, self.parent_key, strict=True))[column])

    @cached_property
    def select(self) -> tuple[str, ...]:
        """The properties that `$select` names, the key first; empty if it is not needed."""
        if not self.needs_select:
            return ()
        others = {ODATA_TYPE, *self.parent_columns, *map(navigation_name, (*self.inline, *self.embedded))}
        others.update(name for link in self.links for name in link.column_names().values())
        sources = [column.source for column in self.columns if column.source not in others]
        key = [name for name in ("id", *self.key) if name in sources]
        return tuple(dict.fromkeys([*key, *sources]))

    @property
    def resource(self) -> str:
        """The request in a readable form: `GET /users`."""
        return f"{'POST' if self.shape is Shape.ACTION else 'GET'} {self.versioned_path}"

    @property
    def versioned_path(self) -> str:
        """The path, preceded by `/beta` if it is in beta only."""
        return self.path if self.version is Version.V1 else f"/{self.version}{self.path}"

    @property
    def documentation_url(self) -> str:
        """The URL of the type's page in Microsoft's reference."""
        resource = self.type.replace(".", "-").lower()
        version = self.version.removeprefix("v")
        return f"https://learn.microsoft.com/graph/api/resources/{resource}?view=graph-rest-{version}"

    @property
    def query(self) -> str:
        """A useful SQL query over tables in the schema `aad`. A comment in its first line says what it answers."""
        return resources.files(__package__).joinpath("queries", f"{self.table}.sql").read_text("utf-8").strip()
