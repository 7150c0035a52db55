"""The list of permissions in README.md."""

import re
from collections.abc import Iterable

from aad_assets.catalog import CATALOG, ENTITIES
from aad_assets.catalog.access import required_permissions
from aad_assets.catalog.entity import Entity
from aad_assets.catalog.enums import Group
from tools.reference.tables import title

_BLOCK = re.compile(r"(?<=<!-- permissions -->\n).*?(?= *<!-- /permissions -->)", re.DOTALL)
_WIDTH = 126
_INDENT = "   "


def with_permissions(text: str, entities: Iterable[Entity] = ENTITIES) -> str:
    """Return README.md's `text` with the permissions that `entities` need, each in the first group that needs it."""
    entities = list(entities)
    lines, listed = [], set[str]()
    for group in Group:
        # A person's scopes are of no use to an app.
        needed = {
            name for entity in entities if entity.group is group and entity.on and entity.app_only for name in needs(entity)
        }
        lines += _item(title(group).lower(), needed - listed)
        listed |= needed
    filling = {names[0] for entity in entities if entity.on for _, names in entity.also_needs if listed.isdisjoint(names)}
    lines += _item("for single columns, which are empty otherwise", filling)
    off = {name for entity in entities if not entity.on and entity.app_only for name in entity.permissions if _reads(name)}
    lines += _item("for tables that are off by default", off - listed - filling)
    return _BLOCK.sub("".join(f"{line}\n" for line in lines), text, count=1)


def needs(entity: Entity) -> set[str]:
    """Return the permissions that read an entity and its parents, and the list of those parents if there is one."""
    return {*required_permissions(entity), *(CATALOG[entity.parent_list].permissions if entity.parent_list else ())}


def _reads(permission: str) -> bool:
    """Return whether the permission only reads."""
    return "Write" not in permission


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
