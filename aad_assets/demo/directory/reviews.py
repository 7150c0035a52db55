"""Access reviews: what is reviewed, the rounds (instances) of each review, and the decisions of each round."""

from functools import lru_cache
from typing import Any

from .context import Context
from .groups import Groups
from .people import People
from .rendering import Listed
from .templates import Area
from .vocabulary import Words
from .well_known import GUESTS

_ROUNDS = 4
"""Rounds of a review that are kept."""
_ITEMS = 24


class Reviews(Area):
    """Reviews, their rounds and decisions. A running round is decided little by little, day by day."""

    def __init__(self, words: Words, context: Context, people: People, groups: Groups) -> None:
        super().__init__("reviews", words)
        self._context, self._people, self._groups = context, people, groups
        self.instances = lru_cache(None)(self._instances)
        self.decisions = lru_cache(64)(self._decisions)

    def _rounds(self, place: int) -> list[tuple[int, int, str]]:
        """Return number, first day and status of the rounds that have begun, the newest first."""
        day, (_, _, _, first, every, length) = self._context.day, self.rows("reviewed")[place]
        last = (day - first) // every
        rounds = []
        for round_ in range(last, max(-1, last - _ROUNDS), -1):
            begins = first + round_ * every
            over = day - begins - length
            rounds.append((round_, begins, "InProgress" if over < 0 else "Completed" if over < 2 else "Applied"))
        return rounds

    def _listed(self, section: str, place: int, **names: Any) -> Listed:
        review = dict(zip(("name", "target", "place", "first", "every", "length"), self.rows("reviewed")[place], strict=True))
        return self.listed(section, review=place, **review, **names)

    def _instances(self, place: int) -> Listed:
        """Return the rounds of one review, by its key."""
        return self._listed("instances", place, rounds=self._rounds(place), definition=self.definitions.rows[place])

    def _decisions(self, place: int, instance: int) -> Listed:
        """Return the decisions of one round, by the keys of the review and of its round."""
        round_, begins, status = self._rounds(place)[instance]
        reviewed = self._reviewed(place, round_, begins)
        return self._listed("decisions", place, reviewed=reviewed, round=round_, begins=begins, status=status)

    def _reviewed(self, place: int, round_: int, begins: int) -> list[int]:
        """Return who is reviewed: users who live today, so that no decision outlives its subject."""
        people, (_, target, group, *_) = self._people.population, self.rows("reviewed")[place]
        if target == "group" and group != GUESTS:
            members = [key for key in self._groups.members(group) if key < people.total]
            # Those who have joined the group since are not part of an old round.
            return [key for key in members if people.joined_on(key) <= begins][:_ITEMS]
        some = (self._context.number("reviewed", place, round_, n) % people.base for n in range(_ITEMS))
        return sorted({user for user in some if people.alive(user)})
