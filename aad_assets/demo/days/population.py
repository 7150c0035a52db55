"""Who exists on a given day: joiners, leavers, movers and those that come back, of one kind of object.

Indices only. Index `base` onwards are those that joined after day 0, from `EARLIER` on those that had left before day 0, so
an index never means two objects. What an object looks like belongs in the generators.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random

_STAYS = 120


KEPT = 30
"""Days in the recycle bin."""
EARLIER = 90_000_000
_RESTORES_EVERY, _WAIT, _WAITS = 4, 2, 20


@dataclass(frozen=True)
class Rates:
    """How many objects join, leave and change each day."""

    joiners: int
    leavers: int
    movers: int


class Population:
    """The indices alive on one day.

    `protected` indices at the front never leave: the rest of the directory may rely on them. The first never changes either.
    Every few days one of those that left in the last weeks is restored. `gone` says on which day the others left.
    """

    def __init__(self, seed: int, tag: str, base: int, day: int, rates: Rates, protected: int = 0) -> None:
        self._made_of = (seed, tag, base, _STAYS, rates, protected)
        self.base = base
        self.rates = rates
        self.total = base + rates.joiners * day
        self.gone: dict[int, int] = {}
        self.moves: dict[int, int] = {}
        self.moved_on: dict[int, int] = {}
        left: dict[int, list[int]] = {}
        for today in range(1, day + 1):
            rng = Random(f"{seed}|{tag}|{today}")
            existing = base + rates.joiners * (today - 1)
            left[today] = self._pick(rng, protected, existing, rates.leavers)
            for index in left[today]:
                self.gone[index] = today
            if today % _RESTORES_EVERY == 3:
                long_ago = today - _WAIT - rng.randrange(_WAITS)
                for index in left.get(long_ago, ())[:1]:
                    if self.gone.get(index) == long_ago:
                        del self.gone[index]
            for index in self._pick(rng, min(1, protected), existing, rates.movers):
                self.moves[index] = self.moves.get(index, 0) + 1
                self.moved_on[index] = today
        self.binned = {index: when for index, when in self.gone.items() if when > day - KEPT}
        # The bin is as full on day 0 as on any later day.
        for place in range(rates.leavers * (KEPT - 1)):
            when = -1 - place // rates.leavers
            if when > day - KEPT:
                self.binned[EARLIER + place] = when
        self.active: Sequence[int] = (
            [index for index in range(self.total) if index not in self.gone] if self.gone else range(self.total)
        )

    def _pick(self, rng: Random, first: int, end: int, wanted: int) -> list[int]:
        """Return up to `wanted` living indices, but no more than a quarter of them, so that small tenants survive."""
        wanted = max(0, min(wanted, (end - first) // 4))
        picked: dict[int, None] = {}
        for _ in range(wanted * 20):
            if len(picked) == wanted:
                break
            index = rng.randrange(first, end)
            if index not in self.gone:
                picked[index] = None
        return list(picked)

    def joined_on(self, index: int) -> int:
        """Return the day the object appeared; 0 for those that existed from the start."""
        return (index - self.base) // self.rates.joiners + 1 if self.base <= index < EARLIER else 0

    @cached_property
    def stayers(self) -> Sequence[int]:
        """Those who exist from day 0 on and do not leave in the first 120 days, whatever day it is.

        Only they occur in logs, so that a row never changes and refers to objects that exist.
        """
        gone = Population(*self._made_of).gone
        return [index for index in range(self.base) if index not in gone]

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
        return len(self.active)
