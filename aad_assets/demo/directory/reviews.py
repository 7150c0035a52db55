"""Access reviews: what is reviewed, the rounds (instances) of each review, and the decisions of each round."""

from functools import lru_cache
from typing import Any, NamedTuple

from .chance import number
from .context import Context
from .groups import Groups
from .people import People
from .rendering import Listed, Object
from .templates import Area
from .vocabulary import Words
from .well_known import ADMINISTRATORS, ENGINEERING, GALLERY, GUESTS, HELPDESK, SALES


class Review(NamedTuple):
    """A review that comes again every `every` days, for `length` days; `target` and `place` say what is reviewed."""

    name: str
    target: str
    place: int
    first: int
    every: int
    length: int


_REVIEWS = (
    Review("Guests: still needed?", "group", GUESTS, -33, 28, 14),
    Review("Privileged administrators", "group", ADMINISTRATORS, -20, 7, 3),
    Review("Helpdesk operators", "group", HELPDESK, -60, 14, 7),
    Review("Department Engineering", "group", ENGINEERING, -44, 30, 10),
    Review("Who works with the CRM", "app", GALLERY, -25, 21, 10),
    Review("Global administrators", "role", 0, -18, 14, 5),
    Review("Idle guests of all teams", "guests", SALES, -9, 90, 21),
)
_ROUNDS = 4
"""Rounds of a review that are kept."""
_ITEMS = 24


class Reviews(Area):
    """Reviews, their rounds and decisions. A running round is decided little by little, day by day."""

    def __init__(self, words: Words, context: Context, people: People, groups: Groups) -> None:
        super().__init__("reviews", {**words, "reviews": _REVIEWS, "person": self._person})
        self._context, self._people, self._groups = context, people, groups
        self.instances = lru_cache(None)(self._instances)
        self.decisions = lru_cache(64)(self._decisions)

    def _rounds(self, place: int) -> list[tuple[int, int, str]]:
        """Return number, first day and status of the rounds that have begun, the newest first."""
        review, day = _REVIEWS[place], self._context.day
        last = (day - review.first) // review.every
        rounds = []
        for round_ in range(last, max(-1, last - _ROUNDS), -1):
            begins = review.first + round_ * review.every
            over = day - begins - review.length
            rounds.append((round_, begins, "InProgress" if over < 0 else "Completed" if over < 2 else "Applied"))
        return rounds

    def _listed(self, section: str, place: int, **names: Any) -> Listed:
        return self.listed(section, review=place, **_REVIEWS[place]._asdict(), **names)

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
        context, review = self._context, _REVIEWS[place]
        people = self._people.population
        if review.target == "group" and review.place != GUESTS:
            members = [key for key in self._groups.members(review.place) if key < people.total]
            # Those who have joined the group since are not part of an old round.
            return [key for key in members if people.joined_on(key) <= begins][:_ITEMS]
        some = (number(context.seed, "reviewed", place, round_, n) % people.base for n in range(_ITEMS))
        return sorted({user for user in some if people.alive(user)})

    def _person(self, user: int) -> Object:
        """Return a userIdentity."""
        people = self._people
        return {
            "id": people.ids.guid(user),
            "displayName": people.display_name(user),
            "type": None,
            "tenantId": None,
            "ipAddress": None,
            "userPrincipalName": people.principal_name(user),
        }
