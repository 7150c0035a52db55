"""Find the properties that a collection accepts when it rejects the full `$select`.

Nobody can try every property on every tenant, so a single rejected property must not cost the entity.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aad_assets.errors import RefusedParent

Properties = tuple[str, ...]

AcceptsSelect = Callable[[Properties], Awaitable[bool]]
"""Returns whether the collection accepts a `$select` of these properties."""


@dataclass(frozen=True)
class Selection:
    """The properties to select, in passes whose rows are joined on the id, and the properties that were rejected."""

    passes: tuple[Properties, ...]
    rejected: Properties = ()
    unrequested: Properties = ()
    """Properties, columns of links and inline parts that were not requested, because Graph rejects the request for them.
    They may still have come by themselves."""
    refused: tuple[RefusedParent, ...] = ()
    """Parents whose children Graph refused, although others answered."""
    parents: int = 0
    """Parents that were asked for their children."""
    unread_types: tuple[str, ...] = ()
    """Types of children that were not read, because Graph rejects the cast for them. Their stored rows stay."""
    problems: tuple[str, ...] = ()
    """Sentences for the load's reason: what the read lacks for another cause, such as a cast that Graph rejects."""


def in_passes(fits: Callable[[Properties], bool], properties: Properties) -> tuple[Properties, ...]:
    """Return the properties, of which the first is the key, in as few passes as fit. Each pass has the key."""
    key, others = properties[:1], properties[1:]
    passes = [key]
    for name in others:
        if passes[-1] != key and not fits((*passes[-1], name)):
            passes.append(key)
        passes[-1] += (name,)
    return tuple(passes)


def in_shorter_passes(passes: tuple[Properties, ...]) -> tuple[Properties, ...] | None:
    """Return twice as many passes, each with half of the properties; None if none has more than the key and one other."""
    shorter = list[Properties]()
    for key, others in ((names[:1], names[1:]) for names in passes):
        half = (len(others) + 1) // 2
        shorter += [key + each for each in (others[:half], others[half:]) if each] or [key]
    return tuple(shorter) if len(shorter) > len(passes) else None


async def find_selection(accepts: AcceptsSelect, properties: Properties) -> Selection:
    """Return every property that the collection accepts, split by halving into as few passes as it needs."""
    rejected = await _find_rejected(accepts, properties)
    accepted = tuple(name for name in properties if name not in rejected)
    return Selection(await _split(accepts, accepted), rejected)


async def _find_rejected(accepts: AcceptsSelect, properties: Properties) -> Properties:
    """Return every property that is rejected even alone, found by bisection."""
    if not properties or await accepts(properties):
        return ()
    if len(properties) == 1:
        return properties
    half = len(properties) // 2
    return await _find_rejected(accepts, properties[:half]) + await _find_rejected(accepts, properties[half:])


async def _split(accepts: AcceptsSelect, properties: Properties) -> tuple[Properties, ...]:
    """Halve the properties until each part is accepted: a URL can be too long although every property is accepted."""
    if len(properties) <= 1 or await accepts(properties):
        return (properties,)
    half = len(properties) // 2
    return await _split(accepts, properties[:half]) + await _split(accepts, properties[half:])
