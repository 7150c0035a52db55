"""Who exists on a given day: joiners, leavers, movers and those that come back, of one kind of object.

Indices only. Index `base` onwards are those that joined after day 0, from `EARLIER` on those that had left before day 0, so
an index never means two objects. What an object looks like belongs in the generators; what happens on each day, in
chronicle.py.
"""

from collections.abc import Sequence
from functools import cached_property

from .chronicle import Events, Kept, Rates, always, chronicle

_STAYS = 120


KEPT = 30
"""Days in the recycle bin."""
EARLIER = 90_000_000


class Population:
    """The indices alive on one day. `gone` says on which day the others left."""

    def __init__(
        self, seed: int, tag: str, base: int, day: int, rates: Rates, protected: int = 0, kept: Kept = always
    ) -> None:
        self.chronicle = chronicle(seed, tag, base, rates, protected, kept)
        self.base = base
        self.rates = rates
        self.total = base + rates.joiners * max(day, 0)
        self.gone: dict[int, int] = {}
        self.moves: dict[int, int] = {}
        self.moved_on: dict[int, int] = {}
        self.today: Events = self.chronicle.events(day)
        for today, events in self.chronicle.until(day):
            for index in events.left:
                self.gone[index] = today
            for index in events.restored:
                del self.gone[index]
            for index in events.moved:
                self.moves[index] = self.moves.get(index, 0) + 1
                self.moved_on[index] = today
        self.binned = {index: when for index, when in self.gone.items() if when > day - KEPT}
        # The bin is as full on day 0 as on any later day, and was before.
        for when in range(min(-1, day), day - KEPT, -1):
            place = (-1 - when) * rates.leavers
            self.binned.update(dict.fromkeys(range(EARLIER + place, EARLIER + place + rates.leavers), when))

    @cached_property
    def active(self) -> Sequence[int]:
        """Those who exist, ascending."""
        return [index for index in range(self.total) if index not in self.gone] if self.gone else range(self.total)

    def joined_on(self, index: int) -> int:
        """Return the day the object appeared; 0 for those that existed from the start."""
        return (index - self.base) // self.rates.joiners + 1 if self.base <= index < EARLIER else 0

    @cached_property
    def stayers(self) -> Sequence[int]:
        """Those who exist from day 0 on and do not leave in the first 120 days, not even for a while, whatever day it is.

        Only they occur in logs as those who sign in, so that a row never changes and refers to objects that exist.
        """
        left = {index for _, events in self.chronicle.until(_STAYS) for index in events.left}
        return [index for index in range(self.base) if index not in left]

    def alive(self, index: int) -> bool:
        """Say whether the object exists today."""
        return 0 <= index < self.total and index not in self.gone

    def every(self, step: int) -> Sequence[int]:
        """Return the living indices that `step` divides."""
        return [index for index in range(0, self.total, step) if index not in self.gone]

    def near(self, index: int) -> int:
        """Return the living index at or before this one (index 0 is always protected)."""
        index %= self.total
        while index and index in self.gone:
            index -= 1
        return index

    def __len__(self) -> int:
        return self.total - len(self.gone)
