"""The choices that the file makes, and the entities that follow from them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from aad_assets.catalog import ENTITIES, Entity
from aad_assets.catalog.entity import OPT_IN_COLUMNS
from aad_assets.catalog.enums import Protection

EXTENSION_PREFIX = "extension_"
"""The beginning of the names of directory extension properties, columns that only the tenant knows."""


@dataclass(frozen=True)
class Choice:
    """The file's choices for one entity. None stands for the catalogue's default."""

    on: bool | None = None
    columns: Mapping[str, bool] = field(default_factory=dict)
    """On or off, by column. The other columns keep their default."""
    protected: tuple[tuple[str, Protection], ...] = ()
    """Columns, or parts of them, whose values are never stored as they are."""
    reload_mode: str | None = None
    history: bool | None = None
    volatile: frozenset[str] | None = None
    """Columns whose differences do not count as changes."""
    gates: tuple[tuple[str, float], ...] | None = None
    """Thresholds by gate; the other gates keep their defaults."""


Metadata = Mapping[str, Choice]
"""Choices by table. Entities without a choice keep their default."""


def apply(metadata: Metadata, entities: Iterable[Entity] = ENTITIES) -> tuple[Entity, ...]:
    """Return all `entities` with the choices applied, including the ones that are off."""
    return tuple(_apply(entity, metadata.get(entity.table, Choice())) for entity in entities)


def _apply(entity: Entity, choice: Choice) -> Entity:
    off = entity.disabled_columns.difference(choice.columns) | {name for name, on in choice.columns.items() if not on}
    turned_on = OPT_IN_COLUMNS.keys() & entity.disabled_columns - off
    permissions = (*entity.permissions, *(OPT_IN_COLUMNS[name] for name in sorted(turned_on)))
    options = {name: getattr(choice, name) for name in ("on", "reload_mode", "history", "volatile", "gates")}
    chosen = {name: value for name, value in options.items() if value is not None}
    return replace(entity, disabled_columns=off, permissions=permissions, protected=choice.protected, **chosen)
