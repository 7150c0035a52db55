"""Access reviews: what is reviewed, the rounds (instances) of each review, their stages, reviewers and decisions."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from .context import Context
from .edges import target
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
        self.stages = lru_cache(64)(self._stages)
        self.contacted = lru_cache(64)(self._contacted)
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

    def _of_round(self, section: str, place: int, instance: int, **names: Any) -> Listed:
        round_, begins, status = self._rounds(place)[instance]
        return self._listed(section, place, round=round_, begins=begins, status=status, **names)

    def _stages(self, place: int, instance: int) -> Listed:
        """Return the stages of one round, by the keys of the review and of its round."""
        return self._of_round("stages", place, instance, definition=self.definitions.rows[place])

    def _contacted(self, place: int, instance: int) -> Listed:
        """Return the reviewers of one round: whoever reviews somebody in it."""
        reviewer = self._reviewer(place)
        reviewed = self._reviewed(place, *self._rounds(place)[instance][:2])
        reviewers = sorted({reviewer(who, traits) for who in reviewed for traits in range(2)})
        return self._of_round("contacted", place, instance, reviewers=reviewers)

    def _decisions(self, place: int, instance: int) -> Listed:
        """Return the decisions of one round."""
        reviewed = self._reviewed(place, *self._rounds(place)[instance][:2])
        return self._of_round("decisions", place, instance, reviewed=reviewed, reviewer_of=self._reviewer(place))

    def _reviewer(self, place: int) -> Callable[[int, int], int]:
        """Return the function that says who reviews somebody; it draws one of several. See `reviewers` of the definition."""
        group = self.rows("reviewed")[place][2]
        owners = [key for key in self._groups.owners(group) if target(key)[0] == "user"] if place == 2 else []
        some = {1: [2], 2: owners or [1], 6: [1]}.get(place, [2, 3])
        if place == 3:
            return lambda who, _: [*self._people.managers(who), 1][0]
        return lambda _, traits: some[traits % len(some)]

    def _reviewed(self, place: int, round_: int, begins: int) -> list[int]:
        """Return who is reviewed: users who live today, so that no decision outlives its subject."""
        people, (_, target, group, *_) = self._people.population, self.rows("reviewed")[place]
        if target == "group" and group != GUESTS:
            members = [key for key in self._groups.members(group) if key < people.total]
            # Those who have joined the group since are not part of an old round.
            return [key for key in members if people.joined_on(key) <= max(0, begins)][:_ITEMS]
        some = (self._context.number("reviewed", place, round_, n) % people.base for n in range(_ITEMS))
        return sorted({user for user in some if people.alive(user)})
