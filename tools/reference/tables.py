"""The pages in docs/tables/: an index, and a page for each group of tables."""

import re
from collections.abc import Iterable, Sequence

from aad_assets.catalog.access import required_permissions
from aad_assets.catalog.columns import Column
from aad_assets.catalog.entities import ENTITIES
from aad_assets.catalog.entity import OPT_IN_COLUMNS, Entity
from aad_assets.catalog.enums import Group, Shape, Version
from aad_assets.catalog.personal_data import personal_data
from aad_assets.catalog.types import List, Struct, Type, duckdb_type
from tools.reference.personal_data import SECTION
from tools.reference.relationships import GENERATED
from tools.reference.relationships import PAGE as RELATIONSHIPS

INDEX = "README.md"

_HEAD = f"""\
# Tables

Each group of tables has a page. It describes what every table contains, where its rows come from, its columns with types
and meanings, and a query to start with. [{RELATIONSHIPS}]({RELATIONSHIPS}) shows how the tables are related.

{GENERATED}

Besides Graph's columns, every table has

- `_extra` (JSON): properties that Graph returned but the catalogue does not declare; NULL if there were none
- `_tenant_id`: the tenant's GUID, which is part of every key
- `_loaded_at`: when this version of the row was first loaded

Columns have Graph's own names, and DuckDB ignores their case. Types come from Microsoft's metadata of Graph: complex types
become STRUCTs, collections become lists, and open or polymorphic types become JSON. Meanings are Microsoft's, shortened (see
[NOTICE](../../NOTICE)). Where a list has objects of several types, `odataType` names the type of a row, and the columns of
other types are NULL. Related objects appear as columns such as `accessPackageId`: the `id` of the related `accessPackage`.

The column `personal data` gives the class of each column (see [Personal data](#personal-data)).

If the tenant has no licence for an entity, or the entity needs a signed-in person, it is skipped with a message. If a
permission is missing, the entity fails and the message names the permission.

Bookkeeping is in four tables. `aad_meta.loads` has one row per load: its status, the reason for it, counts of rows and
requests, what Graph's `$count` returned (`counted`), retries, seconds throttled, bytes, and schema changes.
`aad_meta.rejects` has one row per value that did not match its type, with the first load that had it. `ended_load_id` is
the first load that no longer had it, and NULL while the value is rejected. `aad_meta.refused_parents` names the parents
whose children Graph refused. `aad_meta.added_columns` has one row per column or field that was added to an existing
table, and since when it is known. In older versions NULL says nothing. The comments of columns contain their meanings.

{SECTION}"""

_TITLES = {
    Group.DIRECTORY: "the objects of the directory, and the attributes that applications add to them",
    Group.RECYCLE_BIN: "deleted objects that can still be restored",
    Group.TENANT: "the tenant as a whole: domains, subscriptions, branding and partners",
    Group.RELATIONSHIPS: "members, owners, managers, sponsors, and targets of policies",
    Group.ACCESS: "roles, assignments and consents",
    Group.PRIVILEGED_ACCESS: "Privileged Identity Management of directory roles and groups",
    Group.CONDITIONAL_ACCESS: "conditional access, and what its policies refer to",
    Group.POLICIES: "policies and settings of the tenant",
    Group.EXTERNAL_IDENTITIES: "other tenants, identity providers, and how guests sign up",
    Group.ENTITLEMENTS: "access packages: what they give, who has them and who asked",
    Group.GOVERNANCE: "access reviews, terms of use and lifecycle workflows",
    Group.SECURITY: "sign-in activity, authentication methods, risk and secure scores",
    Group.LOGS: "sign-ins, changes to the directory, and provisioning",
}
_LONG_TYPE = 40
_MANY_COLUMNS = 4


def pages(entities: Iterable[Entity] = ENTITIES) -> dict[str, str]:
    """Return the content of each page by file name."""
    entities = list(entities)
    groups = {group: [entity for entity in entities if entity.group is group] for group in Group}
    return {INDEX: index(groups)} | {file_of(group): group_page(group, members) for group, members in groups.items()}


def file_of(group: Group) -> str:
    """Return the file name of a group's page."""
    return f"{group.value.replace('_', '-')}.md"


def index(groups: dict[Group, list[Entity]]) -> str:
    """Return the index: the tables of each group, one per line."""
    parts = [_HEAD]
    for group, entities in groups.items():
        parts.append(f"## [{group.value}]({file_of(group)})\n\n{_TITLES[group].capitalize()}.\n")
        parts.append("| table | what it is | key | permission | licence |\n| --- | --- | --- | --- | --- |")
        parts += [
            f"| [{entity.table}]({link(entity)}) | {entity.description}{'' if entity.on else ' *Off by default.*'} "
            f"| {code(entity.key)} | {', '.join(entity.permissions)} | {entity.licence or ''} |"
            for entity in entities
        ]
        parts.append("")
    return "\n".join(parts)


def group_page(group: Group, entities: Sequence[Entity]) -> str:
    """Return the page about the tables of a group."""
    contents = ", ".join(f"[{entity.table}](#{entity.table})" for entity in entities)
    head = f"# {title(group)}: {_TITLES[group]}\n\n{GENERATED} [All tables]({INDEX}).\n\n{contents}\n"
    return "\n".join([head, *(table_section(entity, entities) for entity in entities)])


def title(group: Group) -> str:
    """Return the name of a group in words: `Recycle bin`."""
    return group.value.replace("_", " ").capitalize()


def link(entity: Entity) -> str:
    """Return the link to `entity` from another page in docs/tables/."""
    return f"{file_of(entity.group)}#{entity.table}"


def table_section(entity: Entity, neighbours: Sequence[Entity] = ()) -> str:
    """Return the section about one table. `neighbours`: the tables on the same page."""
    return (
        f"## {entity.table}\n\n{entity.description}\n\n{facts(entity)}\n\n{columns(entity, neighbours)}\n\n"
        f"```sql\n{entity.query}\n```\n"
    )


def facts(entity: Entity) -> str:
    """Return the list of facts about a table: request, key, permissions, licence, default."""
    lines = [
        f"`{entity.resource}`: {reading(entity)}; [Microsoft's reference]({entity.documentation_url})",
        f"key {code(entity.key)}",
        _permissions(entity),
        f"licence {entity.licence}" if entity.licence else "no licence needed beyond Microsoft Entra ID Free",
        "on by default" if entity.on else f"off by default because {entity.off_reason}; the connection metadata turns it on",
        *(f"{code([name])} is empty unless the app has {_either(names)}" for name, names in entity.also_needs),
        *(["skipped in tenants and clouds that do not have it"] if entity.optional or entity.version is Version.BETA else []),
        *(
            f"column `{name}` is off by default: turn it on in the connection metadata; it needs `{OPT_IN_COLUMNS[name]}`"
            for name in sorted(entity.disabled_columns)
        ),
    ]
    return "\n".join(f"- {line}" for line in lines)


def _permissions(entity: Entity) -> str:
    """Describe what an app, and a signed-in person, need to read an entity."""
    names = f"{'permission' if len(entity.permissions) == 1 else 'permissions'} {code(entity.permissions)}"
    if parents := [name for name in required_permissions(entity) if name not in entity.permissions]:
        names += f", and {code(parents)} to read the keys of `{entity.parent}`"
    person = f"at least the directory role {entity.person_role}"
    if entity.app_only:
        return f"{names}; a signed-in person also needs {person}"
    return f"{names}, of a signed-in person with {person}: an app alone cannot read it (`AAD_AUTH=delegated`)"


def _either(names: Iterable[str]) -> str:
    return " or ".join(f"`{name}`" for name in names)


def reading(entity: Entity) -> str:
    """Describe in words how the rows are read."""
    match entity.shape:
        case Shape.LIST if entity.parent and entity.owner_column:
            owner = f"`{entity.owner_column}` is the {code(entity.parent_key)} of a row of `{entity.parent}`"
            return f"one list that all tenants share; only rows whose {owner} are kept"
        case Shape.LIST:
            return "one list" + (f", read in parallel in shards of `{entity.shard_property}`" * bool(entity.shard_property))
        case Shape.SINGLETON:
            return "one object, one row"
        case Shape.CHILDREN:
            what = "one object" if entity.one_per_parent else "one list"
            return f"{what} for each row of `{entity.parent}`{_which(entity)}" + (
                f", read again for objects of type {code(entity.casts)}" if entity.casts else ""
            )
        case Shape.EXPAND:
            return f"one list, whose rows include their {entity.edge}"
        case Shape.STRINGS:
            return "a list of strings"
        case Shape.ACTION:
            return "an action that returns a list"
        case Shape.LOG:
            return f"a log, read by whole UTC days of `{entity.time_property}`; rows stay after Graph deletes them"


def _which(entity: Entity) -> str:
    if entity.parent_where is None:
        return ""
    return f", limited to {entity.parent_where.description}"


def columns(entity: Entity, neighbours: Sequence[Entity] = ()) -> str:
    """Return the table of columns, or a reference to a table above that has them all."""
    if (like := _described_before(entity, neighbours)) is not None:
        missing = [column.name for column in like.columns if column not in entity.columns]
        return (
            f"Columns: the same as in [{like.table}](#{like.table})" + (f", without {code(missing)}" if missing else "") + "."
        )
    rows = (
        f"| `{column.name}` | {type_cell(column)} | {personal_data(entity.table, column.name)} | {cell(column.meaning)} |"
        for column in entity.columns
    )
    return "\n".join(["| column | type | personal data | meaning |", "| --- | --- | --- | --- |", *rows])


def _described_before(entity: Entity, neighbours: Sequence[Entity]) -> Entity | None:
    for other in neighbours:
        if other is entity or len(entity.columns) <= _MANY_COLUMNS:
            break
        if other.type == entity.type and set(entity.columns) <= set(other.columns) and _same_classes(entity, other):
            return other
    return None


def _same_classes(entity: Entity, other: Entity) -> bool:
    """Return whether the columns of `entity` are personal data to the same degree in both tables."""
    names = [column.name for column in entity.columns]
    return all(personal_data(entity.table, name) is personal_data(other.table, name) for name in names)


def type_cell(column: Column) -> str:
    """Return the type of a column. A long type is collapsed, with one line for each field."""
    written = column.duckdb_type.replace('"', "")
    if len(written) <= _LONG_TYPE:
        return f"`{written}`"
    brackets, type_ = "", column.type
    while isinstance(type_, List):
        brackets, type_ = f"{brackets}[]", type_.item
    return f"<details><summary><code>STRUCT(…){brackets}</code></summary>{'<br>'.join(_fields(type_))}</details>"


def _fields(type_: Type, depth: int = 0) -> list[str]:
    """Return the fields of a STRUCT, with nested fields indented."""
    if not isinstance(type_, Struct):
        return []
    lines = []
    for name, field in type_.fields:
        brackets, item = "", field
        while isinstance(item, List):
            brackets, item = f"{brackets}[]", item.item
        kind = f"STRUCT{brackets}" if isinstance(item, Struct) else duckdb_type(field)
        lines += [f"{'&emsp;' * depth}{name} {kind}", *_fields(item, depth + 1)]
    return lines


def cell(text: str) -> str:
    """Escape `text` for a cell of a Markdown table."""
    kept = text if "`" in text else re.sub(r"([\\*_\[\]~$])", r"\\\1", text)
    return kept.replace("|", r"\|").replace("<", "&lt;").replace(">", "&gt;")


def code(names: Iterable[str]) -> str:
    """Return the names as inline code, separated by commas."""
    return ", ".join(f"`{name}`" for name in names)
