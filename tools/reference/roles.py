"""The directory roles in docs/sign-in.md: what a signed-in person needs beyond scopes."""

import re
from collections.abc import Iterable

from aad_assets.catalog.entities import ENTITIES
from aad_assets.catalog.entity import Entity

_BLOCK = re.compile(r"(?<=<!-- roles -->\n).*?(?=<!-- /roles -->)", re.DOTALL)
_USUAL = "Global Reader"


def with_roles(text: str, entities: Iterable[Entity] = ENTITIES) -> str:
    """Return the `text` of docs/sign-in.md with a row for each directory role between its markers."""
    by_role: dict[str, list[Entity]] = {}
    for entity in entities:
        by_role.setdefault(entity.person_role, []).append(entity)
    rows = [f"| {role} | {_tables(by_role[role])} |\n" for role in sorted(by_role) if role != _USUAL]
    table = f"| role | tables |\n| --- | --- |\n{''.join(rows)}| {_USUAL} | all others |\n"
    return _BLOCK.sub(lambda _: table, text, count=1)


def _tables(entities: Iterable[Entity]) -> str:
    return ", ".join(f"`{entity.table}`{'' if entity.app_only else ' *'}" for entity in entities)
