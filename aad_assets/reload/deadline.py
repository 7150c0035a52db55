"""The deadline of an entity's read (AAD_ENTITY_DEADLINE).

It bounds retries, pauses, throttling and slow bodies together. Waiting for a parent does not count, because that is the
parent's own time, nor does work on the rows in the stage and the database.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from aad_assets.errors import DeadlineExceeded
from aad_assets.graph.requests.meter import Meter
from aad_assets.wording import counted


@asynccontextmanager
async def reading_within(seconds: float, meter: Meter) -> AsyncIterator[None]:
    """Cancel the read in the block after `seconds`. Raises DeadlineExceeded, which says how far it got by `meter`."""
    try:
        async with asyncio.timeout(seconds) as meter.deadline:
            yield
    except TimeoutError:
        if meter.deadline is None or not meter.deadline.expired():
            raise
        requests, retries = counted(meter.requests, "request"), counted(meter.retries, "retry")
        raise DeadlineExceeded(
            f"not read within {seconds:,g} s (AAD_ENTITY_DEADLINE): {meter.progress()} after {requests} and {retries}. "
            "Nothing of this read was published. Reload later, or raise AAD_ENTITY_DEADLINE."
        ) from None
    finally:
        meter.deadline = None


@contextmanager
def not_counted(meter: Meter) -> Iterator[None]:
    """Stop the clock of the deadline while the block does something else than read."""
    deadline, now = meter.deadline, asyncio.get_running_loop().time
    if deadline is None or (at := deadline.when()) is None:
        yield
        return
    left = at - now()
    deadline.reschedule(None)
    try:
        yield
    finally:
        deadline.reschedule(now() + left)
