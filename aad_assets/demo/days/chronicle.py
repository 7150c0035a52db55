"""The days of one kind of object: who joins, leaves, changes and comes back. Indices only."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from random import Random
from typing import NamedTuple

Kept = Callable[[int, int], bool]
"""Says of a seed and an index whether the object goes to the recycle bin when it is deleted."""
_RESTORES_EVERY, _WAIT, _WAITS = 4, 2, 20


@dataclass(frozen=True)
class Rates:
    """How many objects join, leave and change each day."""

    joiners: int
    leavers: int
    movers: int


class Events(NamedTuple):
    """The indices that joined, left, came back and changed on one day."""

    joined: range
    left: list[int]
    restored: list[int]
    moved: list[int]


NOTHING = Events(range(0), [], [], [])


def always(seed: int, index: int) -> bool:  # noqa: ARG001 - as Kept has it
    """Say that every object goes to the recycle bin."""
    return True


class Chronicle:
    """The days of one kind of object from day 1 on, made as far as somebody asks.

    `protected` indices at the front never leave: the rest of the directory may rely on them. The first never changes either.
    Every few days one of those that left in the last weeks is restored, unless `kept(seed, index)` says that it was deleted
    permanently.
    """

    def __init__(self, seed: int, tag: str, base: int, rates: Rates, protected: int, kept: Kept) -> None:
        self._kept = kept
        self._seed, self._tag, self._base, self._rates, self._protected = seed, tag, base, rates, protected
        self._days: list[Events] = []
        self._gone: dict[int, int] = {}
        self._moves: dict[int, list[int]] = {}

    def events(self, day: int) -> Events:
        """Return what happened on a day. Nothing happens before day 1."""
        if day < 1:
            return NOTHING
        while len(self._days) < day:
            self._live()
        return self._days[day - 1]

    def until(self, day: int) -> Iterator[tuple[int, Events]]:
        """Return the days from 1 to `day`, and what happened on each."""
        self.events(day)
        return enumerate(islice(self._days, max(day, 0)), 1)

    def moves(self, index: int, day: int) -> int:
        """Return how often the object has changed until the end of a day."""
        self.events(day)
        return sum(when <= day for when in self._moves.get(index, ()))

    def moved_on(self, index: int, day: int) -> bool:
        """Say whether the object changed on that day."""
        self.events(day)
        return day in self._moves.get(index, ())

    def _live(self) -> None:
        """Let one more day pass."""
        today = len(self._days) + 1
        rng = Random(f"{self._seed}|{self._tag}|{today}")
        existing = self._base + self._rates.joiners * (today - 1)
        left = self._pick(rng, self._protected, existing, self._rates.leavers)
        self._gone.update(dict.fromkeys(left, today))
        restored: list[int] = []
        if today % _RESTORES_EVERY == 3:
            long_ago = today - _WAIT - rng.randrange(_WAITS)
            for index in self._days[long_ago - 1].left[:1] if long_ago > 0 else ():
                if self._gone.get(index) == long_ago and self._kept(self._seed, index):
                    del self._gone[index]
                    restored.append(index)
        moved = self._pick(rng, min(1, self._protected), existing, self._rates.movers)
        for index in moved:
            self._moves.setdefault(index, []).append(today)
        self._days.append(Events(range(existing, existing + self._rates.joiners), left, restored, moved))

    def _pick(self, rng: Random, first: int, end: int, wanted: int) -> list[int]:
        """Return up to `wanted` living indices, but no more than a quarter of them, so that small tenants survive."""
        wanted = max(0, min(wanted, (end - first) // 4))
        picked: dict[int, None] = {}
        for _ in range(wanted * 20):
            if len(picked) == wanted:
                break
            index = rng.randrange(first, end)
            if index not in self._gone:
                picked[index] = None
        return list(picked)


@lru_cache(64)
def chronicle(seed: int, tag: str, base: int, rates: Rates, protected: int, kept: Kept) -> Chronicle:
    """Return the chronicle of a kind of object, shared by all days of a tenant."""
    return Chronicle(seed, tag, base, rates, protected, kept)
