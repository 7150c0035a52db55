"""The second read of a small table, if rows seem to be missing from the first.

A list that Graph cut short looks like one from which rows were deleted, and the tolerance of the gates is most of a small
table. To read it twice costs little: what is missing from both reads is taken for deleted, within the gates.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from aad_assets.catalog import Entity, Shape
from aad_assets.graph.reading.select import Selection
from aad_assets.graph.requests.meter import Meter
from aad_assets.warehouse.publishing.gates import Disagreement, Gate
from aad_assets.warehouse.publishing.missing_rows import MissingRows
from aad_assets.warehouse.publishing.options import Mode
from aad_assets.warehouse.staging.entity_stage import EntityStage, Staged

MAX_REQUESTS = 50
"""Requests that a table may take to be read twice."""


@dataclass(frozen=True)
class CompleteRead:
    """A read of an entity, or of a day of a log, that ended properly."""

    selection: Selection
    staged: Staged
    counted: int | None = None
    """The result of Graph's `$count` for the rows; None if it did not answer."""
    disagreement: Disagreement | None = None
    """The difference from the read before it, if the table was read twice and both are doubtful."""


def counted_rows(entity: Entity, meter: Meter) -> int | None:
    """Return what `$count` returned for the rows of `entity`; None if it does not count them."""
    return meter.expected if entity.shape is Shape.LIST and not entity.owner_column else None


async def read_carefully(
    mode: Mode,
    meter: Meter,
    staging: EntityStage,
    read: Callable[[], Awaitable[CompleteRead]],
    find_missing: Callable[[CompleteRead], Awaitable[MissingRows]],
) -> CompleteRead:
    """Read an entity, and once more if it is small and rows seem to be missing. Return the read to publish.

    `read` reads everything into `staging`, and `find_missing` compares a read with the stored rows. Raises AadAssetsError.
    """
    first = await read()
    if mode is Mode.MERGE or meter.requests > MAX_REQUESTS:
        return first
    missing_first = await find_missing(first)
    if _doubt(first, missing_first) is None:
        return first
    await staging.reset()
    meter.rows, meter.expected = 0, None
    second = await read()
    if second.counted is None:  # the first answer is still the best that is known
        meter.expected = first.counted
        second = replace(second, counted=first.counted)
    missing = await find_missing(second)
    doubt = _doubt(second, missing)
    # Within the gates, a second read that lacks no stored row deletes none, whatever the first one lacked.
    agrees = not missing.missing or missing == missing_first
    if doubt is None or agrees or (doubt is Gate.COUNT and missing.is_later_than(missing_first)):
        return second
    return replace(second, disagreement=Disagreement(doubt, first.staged.rows, second.staged.rows))


def _doubt(read: CompleteRead, missing: MissingRows) -> Gate | None:
    """Return the gate that stands for what is doubtful about a read; None if nothing is."""
    if missing.is_most:
        return Gate.SHRINK
    return Gate.COUNT if read.counted is not None and read.counted != read.staged.rows else None
