"""Who exists on a given day: joiners, leavers and movers of one kind of object.

Indices only. Index `base` onwards are those that joined after day 0, so an index never means two objects. What an
object looks like belongs in the generators.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True)
class Rates:
    """How many objects join, leave and change each day."""

    joiners: int
    leavers: int
    movers: int


class Population:
    """The indices alive on one day.

    `protected` indices at the front never leave: the rest of the directory may rely on them. The first never changes either.
    """

    def __init__(self, seed: int, tag: str, base: int, day: int, rates: Rates, protected: int = 0) -> None:
        self.base = base
        self.rates = rates
        self.total = base + rates.joiners * day
        self.gone: dict[int, int] = {}
        self.moves: dict[int, int] = {}
        self.moved_on: dict[int, int] = {}
        for today in range(1, day + 1):
            rng = Random(f"{seed}|{tag}|{today}")
            existing = base + rates.joiners * (today - 1)
            for index in self._pick(rng, protected, existing, rates.leavers):
                self.gone[index] = today
            for index in self._pick(rng, min(1, protected), existing, rates.movers):
                self.moves[index] = self.moves.get(index, 0) + 1
                self.moved_on[index] = today
        self.active: Sequence[int] = (
            [index for index in range(self.total) if index not in self.gone] if self.gone else range(self.total)
        )

    def _pick(self, rng: Random, first: int, end: int, wanted: int) -> list[int]:
        """Up to `wanted` living indices; fewer than a quarter of them, so that small tenants survive."""
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
        """The day the object appeared; 0 for those that were there from the start."""
        return 0 if index < self.base else (index - self.base) // self.rates.joiners + 1

    def alive(self, index: int) -> bool:
        """Does the object exist today?"""
        return 0 <= index < self.total and index not in self.gone

    def near(self, index: int) -> int:
        """The living index at or before this one (index 0 is always protected)."""
        index %= self.total
        while index and index in self.gone:
            index -= 1
        return index

    def __len__(self) -> int:
        return len(self.active)

    def position(self, index: int) -> int:
        """How many living indices come before this one."""
        return bisect_left(self.active, index)
