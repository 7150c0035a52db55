"""Dates and times of the demo tenant, counted from its day 0."""

from datetime import date, timedelta
from functools import lru_cache

CLOCK = tuple(f"T{m // 60:02}:{m % 60:02}:{m * 7 % 60:02}Z" for m in range(1440))
"""1,440 times of day, ready to be put behind a date."""

FIRST, LAST = -6000, 4000
"""The days that a calendar has."""


def second_of_day(number: int) -> int:
    """Return the time of day, in seconds, that `Calendar.stamp` shows for a number."""
    minute = number % 1440
    return minute * 60 + minute * 7 % 60


@lru_cache(8)
def _dates(epoch: date) -> list[str]:
    return [(epoch + timedelta(days=n)).isoformat() for n in range(FIRST, LAST + 1)]


class Calendar:
    """Dates counted from the tenant's day 0, as text: -6,000 to +4,000 days."""

    def __init__(self, epoch: date) -> None:
        self.epoch = epoch
        self._days = _dates(epoch)

    def date(self, day: int) -> str:
        """Return day `day` as YYYY-MM-DD."""
        return self._days[day - FIRST]

    def stamp(self, day: int, number: int) -> str:
        """Return a moment on that day as Edm.DateTimeOffset; the number picks the time."""
        return self._days[day - FIRST] + CLOCK[number % 1440]
