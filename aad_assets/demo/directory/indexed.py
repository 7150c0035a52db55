"""Objects that join, leave and change: what users, groups, devices and applications have in common."""

from collections.abc import Mapping

from ..days.chronicle import Kept, Rates, always
from .chance import spread
from .context import Context
from .rendering import Kind


class Indexed:
    """All objects of one type on one day, each known by an index. `base` of them exist on day 0."""

    kind: Kind
    """The objects as they are rendered."""

    def __init__(self, context: Context, tag: str, base: int, rates: Rates, protected: int, kept: Kept = always) -> None:
        self._context = context
        self.ids = context.ids(tag)
        self.population = context.population(tag, base, rates, protected, kept)

    def key(self, id_: str) -> int | None:
        """Return the index behind an object id; None when there is no such object today."""
        index = self.ids.index(id_)
        return index if index is not None and self.population.alive(index) else None

    def traits(self, index: int) -> int:
        """Return 64 bits that decide what the object is like."""
        return self.ids.traits(index)

    def moves(self, index: int) -> int:
        """Return how often the object has changed."""
        return self.population.moves.get(index, 0)

    @property
    def binned(self) -> Mapping[int, int]:
        """The indices of the objects in the recycle bin, and the day on which each was deleted."""
        return self.population.binned

    def traits_now(self, index: int, traits: int) -> int:
        """Return the bits of those traits that each change redraws."""
        moves = self.moves(index)
        return spread(traits, moves) if moves else traits
