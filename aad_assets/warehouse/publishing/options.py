"""How one entity is published: its mode, whether it keeps history, its volatile columns, its gates."""

from dataclasses import dataclass, field
from enum import StrEnum

from aad_assets.catalog import Entity, Shape
from aad_assets.warehouse.publishing.gates import Disagreement, Gate, Gates


class Mode(StrEnum):
    """How a load treats the stored rows of a table."""

    COMPARE = "compare"
    """Write only the differences; rows that were not read are deleted."""
    COMPARE_KEEP_DELETED = "compare_keep_deleted"
    """As `compare`, but deleted rows stay, with `_deleted_at` set until they return."""
    TRUNCATE = "truncate"
    """Replace all rows without comparing: every row starts a new version, and no changes are recorded."""
    RECREATE = "recreate"
    """As `truncate`, with a new table, so that columns take new types."""
    MERGE = "merge"
    """Write new and changed rows; delete none. For logs: each load reads only some of their days."""


REPLACING = frozenset({Mode.TRUNCATE, Mode.RECREATE})


@dataclass(frozen=True)
class Options:
    """How one entity is published."""

    mode: Mode = Mode.COMPARE
    history: bool = True
    """Keeps versions and changes."""
    volatile: frozenset[str] = frozenset()
    """Columns whose differences are not changes: stored values are refreshed without a new version."""
    gates: Gates = field(default_factory=Gates)
    keeps_columns: str = ""
    """A sentence for the load's reason if stored columns are not declared and are kept, because this run could not learn
    which columns exist. Empty: they are dropped."""

    unread_types: tuple[str, ...] = ()
    """Types of rows that this run could not read. Stored rows of them stay as they are."""

    disagreement: Disagreement | None = None
    """How two reads of a small table differ, if this run read it twice and neither can be trusted."""

    @classmethod
    def of(cls, entity: Entity) -> "Options":
        """Return the options that the declaration sets; a log is always merged."""
        mode = Mode.MERGE if entity.shape is Shape.LOG else Mode(entity.reload_mode)
        return cls(mode, entity.history, entity.volatile, _gates(entity))


def _gates(entity: Entity) -> Gates:
    """Return the gates with the shares that the entity sets. Only the share counts then, not a number of rows as well."""
    shares: dict[str, float] = dict(entity.gates)
    count, shrink = shares.get(Gate.COUNT), shares.get(Gate.SHRINK)
    return Gates(
        count_share=count,
        count_rows=None if count is None else 0,
        shrink_share=shrink,
        shrink_rows=None if shrink is None else 0,
        filled_share=shares.get(Gate.NULL_COLUMN, Gates.filled_share),
        rejects_share=shares.get(Gate.REJECTS, Gates.rejects_share),
        refused_share=shares.get(Gate.REFUSED, Gates.refused_share),
    )
