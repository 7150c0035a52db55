"""docs/tables/: an index of the tables, and a page for each group of them.

Not here: where a type, a meaning or a query comes from (the catalogue), how tables hang together (`relationships.py`).
"""

import re
from collections.abc import Iterable, Sequence

from aad_assets.catalog.entities import ENTITIES
from aad_assets.catalog.entity import OPT_IN_COLUMNS, Column, Entity, Group, Shape
from aad_assets.catalog.reference.relationships import MERMAID_PAGE
from aad_assets.catalog.types import List, Struct, Type, duckdb_type

INDEX = "README.md"

_WRITTEN = "Written from the catalogue by `python -m aad_assets.catalog.reference`."

_HEAD = f"""\
# Tables

{_WRITTEN} Each group of tables has a page: what every table
is for, where its rows come from, its columns with types and meanings, and a query to start with. How they hang together is in
[{MERMAID_PAGE}]({MERMAID_PAGE}).

Every table also has `_extra` (JSON: what Graph sent beyond the declared columns, NULL when nothing), `_tenant_id` (the
tenant's GUID, part of every key) and `_loaded_at` (when this version of the row was first loaded). Columns bear Graph's own
names; DuckDB matches them in any case. Types come from Microsoft's published metadata of Graph v1.0: complex types are
STRUCTs, collections lists, open or polymorphic types JSON. Meanings are Microsoft's, shortened (see [NOTICE](../../NOTICE)).

An entity that the tenant has no licence for is skipped, and says so; a missing permission fails and is named.

Bookkeeping: `aad_meta.loads` has a row per load (status `published`, `failed` or `skipped`, the reason, counts, requests,
retries, seconds throttled, bytes, schema changes), `aad_meta.rejects` one per value that did not fit its type.
"""

_TITLES = {
    Group.DIRECTORY: "the objects of the directory, its recycle bin, and what describes the tenant as a whole",
    Group.RELATIONSHIPS: "who belongs to, owns or manages what",
    Group.ACCESS: "who may do what: roles, assignments and consents",
    Group.POLICIES: "policies and settings of the tenant",
    Group.GOVERNANCE: "access packages, reviews, workflows and partners",
    Group.SECURITY: "sign-in activity, authentication methods and risk",
    Group.LOGS: "sign-ins, changes to the directory, provisioning",
}
_LONG_TYPE = 40
_MANY_COLUMNS = 4


def pages(entities: Iterable[Entity] = ENTITIES) -> dict[str, str]:
    """File name → content."""
    entities = list(entities)
    groups = {group: [entity for entity in entities if entity.group is group] for group in Group}
    return {INDEX: index(groups)} | {file_of(group): group_page(group, members) for group, members in groups.items()}


def file_of(group: Group) -> str:
    return f"{group.value}.md"


def index(groups: dict[Group, list[Entity]]) -> str:
    """The tables of each group, one a line."""
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
    contents = ", ".join(f"[{entity.table}](#{entity.table})" for entity in entities)
    head = f"# {group.value.capitalize()}: {_TITLES[group]}\n\n{_WRITTEN} [All tables]({INDEX}).\n\n{contents}\n"
    return "\n".join([head, *(table_section(entity, entities) for entity in entities)])


def link(entity: Entity) -> str:
    """From another page of docs/tables/."""
    return f"{file_of(entity.group)}#{entity.table}"


def table_section(entity: Entity, neighbours: Sequence[Entity] = ()) -> str:
    """One table: what it is, where it comes from, its columns, a query. `neighbours` are the tables of the same page."""
    return (
        f"## {entity.table}\n\n{entity.description}\n\n{facts(entity)}\n\n{columns(entity, neighbours)}\n\n"
        f"```sql\n{entity.query}\n```\n"
    )


def facts(entity: Entity) -> str:
    lines = [
        f"`{entity.resource}`: {reading(entity)}; [Microsoft's reference]({entity.documentation_url})",
        f"key {code(entity.key)}",
        f"{'permission' if len(entity.permissions) == 1 else 'permissions'} {code(entity.permissions)}",
        f"licence {entity.licence}" if entity.licence else "no licence needed beyond Microsoft Entra ID Free",
        "on by default" if entity.on else "off by default: turn it on in the connection metadata",
        *(
            f"without the column `{name}`, unless the connection metadata turns it on: it needs `{OPT_IN_COLUMNS[name]}`"
            for name in sorted(entity.disabled_columns)
        ),
    ]
    return "\n".join(f"- {line}" for line in lines)


def reading(entity: Entity) -> str:
    """How the rows are read, in words."""
    match entity.shape:
        case Shape.LIST if entity.parent and entity.owner_column:
            parent = f"rows whose `{entity.owner_column}` is a {code(entity.parent_key)} of `{entity.parent}`"
            return f"one list that others share, of which are kept the {parent}"
        case Shape.LIST:
            return "one list" + (f", read in shards of `{entity.shard_property}` side by side" * bool(entity.shard_property))
        case Shape.SINGLETON:
            return "one object, one row"
        case Shape.CHILDREN:
            return f"one list for each row of `{entity.parent}`{_which(entity)}" + (
                ", and once more for " + ", ".join(f"`{cast}`" for cast in entity.casts) if entity.casts else ""
            )
        case Shape.EXPAND:
            return f"one list, whose rows bring their {entity.edge} with them"
        case Shape.STRINGS:
            return "a list of strings"
        case Shape.ACTION:
            return "an action that answers a list"
        case Shape.LOG:
            return f"a log, read by whole UTC days of `{entity.time_property}`; rows stay when Graph forgets them"


def _which(entity: Entity) -> str:
    if entity.parent_where is None:
        return ""
    column, value = entity.parent_where
    return f" whose `{column}` is {str(value).lower() if isinstance(value, bool) else f'`{value}`'}"


def columns(entity: Entity, neighbours: Sequence[Entity] = ()) -> str:
    """The table of columns, or the table above that has them all."""
    if (like := _described_before(entity, neighbours)) is not None:
        lacking = [column.name for column in like.columns if column not in entity.columns]
        return f"Columns: those of [{like.table}](#{like.table})" + (f", without {code(lacking)}" if lacking else "") + "."
    rows = (f"| `{column.name}` | {type_cell(column)} | {cell(column.meaning)} |" for column in entity.columns)
    return "\n".join(["| column | type | meaning |", "| --- | --- | --- |", *rows])


def _described_before(entity: Entity, neighbours: Sequence[Entity]) -> Entity | None:
    for other in neighbours:
        if other is entity or len(entity.columns) <= _MANY_COLUMNS:
            break
        if other.type == entity.type and set(entity.columns) <= set(other.columns):
            return other
    return None


def type_cell(column: Column) -> str:
    """The type; a long one folds, with one line for each field."""
    written = column.duckdb_type.replace('"', "")
    if len(written) <= _LONG_TYPE:
        return f"`{written}`"
    brackets, type_ = "", column.type
    while isinstance(type_, List):
        brackets, type_ = f"{brackets}[]", type_.item
    return f"<details><summary><code>STRUCT(…){brackets}</code></summary>{'<br>'.join(_fields(type_))}</details>"


def _fields(type_: Type, depth: int = 0) -> list[str]:
    """The fields of a STRUCT, those inside it indented."""
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
    """Text that neither ends a cell of a Markdown table nor is taken for HTML or Markdown."""
    kept = text if "`" in text else re.sub(r"([\\*_\[\]~$])", r"\\\1", text)
    return kept.replace("|", r"\|").replace("<", "&lt;").replace(">", "&gt;")


def code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
