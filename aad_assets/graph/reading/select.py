"""Which properties a list answers to, when it refuses the whole `$select`.

Nobody can try every property on every tenant: one that a tenant refuses must not cost the entity. Not here: reading.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

AcceptsSelect = Callable[[tuple[str, ...]], Awaitable[bool]]


@dataclass(frozen=True)
class Selection:
    """Properties to ask for, in passes that are joined on the id, and those that the list refused."""

    passes: tuple[tuple[str, ...], ...]
    rejected: tuple[str, ...] = ()


async def negotiate(probe: AcceptsSelect, properties: tuple[str, ...]) -> Selection:
    """The most that the list answers to. `probe` tells whether it answers to a `$select` of the given properties."""
    refused = await _refused(probe, properties)
    accepted = tuple(name for name in properties if name not in refused)
    return Selection(await _passes(probe, accepted), refused)


async def _refused(probe: AcceptsSelect, properties: tuple[str, ...]) -> tuple[str, ...]:
    """By bisection: every property that is refused alone."""
    if not properties or await probe(properties):
        return ()
    if len(properties) == 1:
        return properties
    half = len(properties) // 2
    return await _refused(probe, properties[:half]) + await _refused(probe, properties[half:])


async def _passes(probe: AcceptsSelect, properties: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Halved until each is answered: a URL can be too long although each property is fine."""
    if len(properties) <= 1 or await probe(properties):
        return (properties,)
    half = len(properties) // 2
    return await _passes(probe, properties[:half]) + await _passes(probe, properties[half:])
