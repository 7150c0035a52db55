"""Dates and times of the demo tenant, counted from its day 0."""

from datetime import date, timedelta

CLOCK = tuple(f"T{m // 60:02}:{m % 60:02}:{m * 7 % 60:02}Z" for m in range(1440))
"""1,440 times of day, ready to be put behind a date."""


class Calendar:
    """Dates counted from the tenant's day 0, as text: -6,000 to +4,000 days."""

    _FIRST = -6000

    def __init__(self, epoch: date) -> None:
        self.epoch = epoch
        self._days = [(epoch + timedelta(days=n)).isoformat() for n in range(self._FIRST, 4001)]

    def date(self, day: int) -> str:
        """Return day `day` as YYYY-MM-DD."""
        return self._days[day - self._FIRST]

    def stamp(self, day: int, number: int) -> str:
        """Return a moment on that day as Edm.DateTimeOffset; the number picks the time."""
        return self._days[day - self._FIRST] + CLOCK[number % 1440]
