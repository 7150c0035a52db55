"""The reference pages, written from the declarations.

    python -m aad_assets.catalog.reference

writes docs/tables.md and the list of permissions in README.md; a test fails when they drift. Not here: prose.
"""

import re
import sys
from collections.abc import Iterable
from pathlib import Path

from aad_assets.catalog.entities import ENTITIES
from aad_assets.catalog.entity import Entity, Group

ROOT = Path(__file__).parents[2]
_PERMISSIONS = re.compile(r"(?<=<!-- permissions -->\n).*?(?= *<!-- /permissions -->)", re.DOTALL)

_HEAD = """\
# Tables

Written from the catalogue by `python -m aad_assets.catalog.reference`. Every table also has `_extra` (JSON: what Graph sent
beyond the declared columns, NULL when nothing), `_tenant_id` (the tenant's GUID, part of every key) and `_loaded_at` (when
this version of the row was first loaded). Columns bear Graph's own names; DuckDB matches them in any case. Types come from
Microsoft's published metadata of Graph v1.0: complex types are STRUCTs, collections lists, open or polymorphic types JSON.

Bookkeeping: `aad_meta.loads` has a row per load (status `published`, `failed` or `skipped`, the reason, counts, requests,
retries, seconds throttled, bytes, schema changes), `aad_meta.rejects` one per value that did not fit its type.
"""


def tables_page(entities: Iterable[Entity] = ENTITIES) -> str:
    """docs/tables.md."""
    entities = list(entities)
    index = [index_row(entity) for group in Group for entity in entities if entity.group is group]
    head = ["| table | group | Graph | key | permission |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([_HEAD, *head, *index, "", *(table_section(entity) for entity in entities)])


def index_row(entity: Entity) -> str:
    key = ", ".join(f"`{name}`" for name in entity.key)
    return f"| [{entity.table}](#{entity.table}) | {entity.group.value} | `{entity.path}` | {key} | {entity.permission} |"


def table_section(entity: Entity) -> str:
    """One table: what it is, where it comes from, its columns."""
    facts = [
        f"`GET {entity.path}`",
        f"permission {entity.permission}",
        f"key {', '.join(f'`{name}`' for name in entity.key)}",
    ]
    if entity.parent:
        facts.append(f"read for each row of [{entity.parent}](#{entity.parent})")
    facts.append(f"[Microsoft's reference]({entity.documentation_url})")
    columns = "\n".join(f"| `{column.name}` | `{column.duckdb_type}` |" for column in entity.columns)
    return (
        f"## {entity.table}\n\n{entity.description}\n\n{'; '.join(facts)}.\n\n| column | type |\n| --- | --- |\n{columns}\n"
    )


def with_permissions(readme: str, entities: Iterable[Entity] = ENTITIES) -> str:
    """README.md with the permissions that the catalogue needs."""
    names = [f"`{name}`" for name in sorted({entity.permission for entity in entities})]
    lines, line = [], "  "
    for number, name in enumerate(names):
        word = f" {name}" + ("," if number < len(names) - 1 else "")
        if len(line) + len(word) > 120:
            lines.append(line)
            line = "  "
        line += word
    return _PERMISSIONS.sub("\n".join([*lines, line]) + "\n", readme)


def main() -> int:
    """Write both pages."""
    readme = ROOT / "README.md"
    (ROOT / "docs" / "tables.md").write_text(tables_page(), encoding="utf-8")
    readme.write_text(with_permissions(readme.read_text("utf-8")), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
