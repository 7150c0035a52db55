"""The columns that cannot be turned off, because entities that are on need them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from aad_assets.catalog import Entity
from aad_assets.wording import listed


@dataclass(frozen=True)
class RequiredColumn:
    """A column that cannot be turned off."""

    table: str
    column: str
    reason: str
    fix: str = "Turn it on."

    @property
    def problem(self) -> str:
        """The problem if the column is off, and what to do."""
        return f"{self.table}.{self.column} cannot be off because {self.reason}. {self.fix}"

    @property
    def protection_problem(self) -> str:
        """The problem if its values are protected, and what to do."""
        return f"{self.table}.{self.column} must be stored as it is because {self.reason}. Write on, or remove the line."


def required_columns(entities: Sequence[Entity]) -> Iterator[RequiredColumn]:
    """Yield the columns that the entities which are on need, each once. Keys are required even if an entity is off."""
    on = {entity.table: entity for entity in entities if entity.on}
    for entity in entities:
        for column in entity.key:
            yield RequiredColumn(entity.table, column, f"it is part of the key of {entity.table}")
    children: dict[tuple[str, str], list[str]] = {}
    for entity in on.values():
        if entity.owner_column:
            yield RequiredColumn(entity.table, entity.owner_column, "it identifies the rows of this tenant")
        if entity.time_property:
            yield RequiredColumn(entity.table, entity.time_property, "the log is read by it")
        if entity.parent in on:
            for column in set(entity.parent_sources).difference(on[entity.parent].key):
                children.setdefault((entity.parent, column), []).append(entity.table)
    for (table, column), tables in children.items():
        names, need = listed(tables), "needs" if len(tables) == 1 else "need"
        yield RequiredColumn(table, column, f"{names} {need} it", f"Turn it on, or turn off {names}.")
