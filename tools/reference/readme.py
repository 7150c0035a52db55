"""The list of permissions in README.md."""

import re
from collections.abc import Iterable

from aad_assets.catalog.entities import ENTITIES
from aad_assets.catalog.entity import Entity
from aad_assets.catalog.enums import Group

_BLOCK = re.compile(r"(?<=<!-- permissions -->\n).*?(?= *<!-- /permissions -->)", re.DOTALL)
_WIDTH = 126
_INDENT = "   "


def with_permissions(text: str, entities: Iterable[Entity] = ENTITIES) -> str:
    """Return README.md's `text` with the permissions that `entities` need, each in the first group that needs it."""
    entities = list(entities)
    lines, listed = [], set[str]()
    for group in Group:
        needed = {name for entity in entities if entity.group is group and entity.on for name in entity.permissions}
        lines += _item(group.value, needed - listed)
        listed |= needed
    for entity in entities:
        if not entity.on:
            lines += _item(f"for `{entity.table}`, off by default", set(entity.permissions) - listed)
    return _BLOCK.sub("".join(f"{line}\n" for line in lines), text, count=1)


def _item(title: str, permissions: set[str]) -> list[str]:
    """Return a list item, wrapped at the width of the page."""
    if not permissions:
        return []
    names = sorted(permissions)
    lines = [f"{_INDENT}- {title}:"]
    for number, name in enumerate(names):
        word = f" `{name}`" + ("," if number < len(names) - 1 else "")
        if len(lines[-1]) + len(word) > _WIDTH:
            lines.append(f"{_INDENT} ")
        lines[-1] += word
    return lines
