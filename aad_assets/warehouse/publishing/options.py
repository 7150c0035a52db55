"""How one entity is published: mode, history, columns that do not count, gates. Not here: who chooses (settings, run)."""

from dataclasses import dataclass, field
from enum import StrEnum

from aad_assets.catalog import Entity, Shape
from aad_assets.warehouse.publishing.gates import Gates


class Mode(StrEnum):
    """What a load does with the rows that a table holds."""

    COMPARE = "compare"
    """Write the differences alone; what was not read is deleted."""
    COMPARE_KEEP_DELETED = "compare_keep_deleted"
    """The same, but deleted rows stay, with `_deleted_at` set until they return."""
    TRUNCATE = "truncate"
    """Replace all rows without comparing: every row begins a new version, and no changes are written."""
    RECREATE = "recreate"
    """The same with a new table, so that columns take new types."""
    MERGE = "merge"
    """Write what is new and what differs; nothing is deleted. For logs, of which each load reads some days."""


REPLACING = frozenset({Mode.TRUNCATE, Mode.RECREATE})


@dataclass(frozen=True)
class Options:
    """How one entity is published."""

    mode: Mode = Mode.COMPARE
    history: bool = True
    """Keep versions and changes."""
    volatile: frozenset[str] = frozenset()
    """Columns whose difference is no change: stored values are refreshed without a new version."""
    gates: Gates = field(default_factory=Gates)
    keeps_columns: bool = False
    """Stored columns that are not declared stay: this run could not learn which there are."""

    @classmethod
    def of(cls, entity: Entity) -> "Options":
        """What its declaration says; a log is always merged."""
        mode = Mode.MERGE if entity.shape is Shape.LOG else Mode(entity.reload_mode)
        return cls(mode, entity.history, entity.volatile)
