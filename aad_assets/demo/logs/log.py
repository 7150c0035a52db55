"""The base of all logs: which rows exist at a moment, in what order, and how a row becomes text.

A row depends only on the seed, the UTC date and its place in that day; the directory's day does not change it. Its key is the
number of the date, shifted, plus the place. Keys are negative where the newest comes first, so that they always ascend.

Most rows are spread over the day by a formula. Between them are those whose moments a subclass knows (`known`).
"""

import math
from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import overload

from ..directory.chance import spread
from ..directory.context import Context
from ..directory.rendering import SCHEMA, Row, Templated
from ..directory.templates import Area

SECOND = 10_000_000
"""Times are counted in ticks of 100 nanoseconds, as Edm.DateTimeOffset does, from 1970 on."""
DAY = 86_400 * SECOND
EVER = 1 << 62
_SHIFT = 19
_PLACES = (1 << _SHIFT) - 1
_FIRST = (date(2020, 1, 1) - date(1970, 1, 1)).days
"""Days are numbered from 2020 on, to keep keys within 32 bits."""
MOST = _PLACES
"""The most rows a day can have."""

_LATEST = 3 * 3600 * SECOND
_MINUTES = tuple(f"T{n // 60:02}:{n % 60:02}:" for n in range(1440))


def ticks(moment: datetime) -> int:
    """Return a moment as ticks; without a time zone it means UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 10


@dataclass
class LogBook:
    """The settings that decide which rows the logs show.

    `now` is the present moment (None: the clock's). Rows from before `forgotten` are gone. `premium` says whether the tenant
    has P1; without it directory audits are kept for 7 days instead of 30.
    """

    now: datetime | None = None
    forgotten: date = date(2020, 1, 1)
    sign_ins_per_day: int | None = None
    premium: bool = True

    def ticks(self) -> int:
        """Return the present moment."""
        return ticks(self.now or datetime.now(UTC))


class Span(Sequence[int]):
    """Ascending keys, held as ranges: a month of a busy tenant's sign-ins is millions of them."""

    def __init__(self, parts: Iterable[range]) -> None:
        self._parts = [part for part in parts if part]
        self._starts = [0, *accumulate(map(len, self._parts))]

    def __len__(self) -> int:
        return self._starts[-1]

    @overload
    def __getitem__(self, at: int) -> int: ...
    @overload
    def __getitem__(self, at: slice) -> list[int]: ...
    def __getitem__(self, at: int | slice) -> int | list[int]:
        if isinstance(at, int):
            at = range(len(self))[at]
            place = bisect_right(self._starts, at) - 1
            return self._parts[place][at - self._starts[place]]
        start, end, _ = at.indices(len(self))
        found: list[int] = []
        place = bisect_right(self._starts, start) - 1
        while start < end:
            offset = start - self._starts[place]
            piece = self._parts[place][offset : offset + end - start]
            found += piece
            start += len(piece)
            place += 1
        return found


class Log(ABC):
    """The rows of one log. A subclass says what a row holds.

    `tag` names the ids, `when` is the property that rows are sorted by, `fraction` says whether it has fractions of a second.
    `facets` are the sections of the template. The first has what differs from row to row, with the placeholders `id`, `when`
    and `correlation` and those of the log; many rows share a variant of the others.
    """

    type: str
    tag: str
    when: str
    fraction = True
    facets: tuple[str, ...]
    retention = 30

    def __init__(self, context: Context, book: LogBook, area: Area, expected: int) -> None:
        self._context, self._book, self._area, self._expected = context, book, area, expected
        self._ids = context.ids(self.tag)
        self.count = lru_cache(256)(self._count)
        self.moments = lru_cache(64)(self.known)
        self.places = lru_cache(64)(self._places)
        self._spread_out = lru_cache(256)(self.spread_out)
        self.properties = self.defaults = SCHEMA[self.type]
        self.render = Templated(self.type, self.keys, self.key, self._row, list(map(area.facet, self.facets))).render

    @abstractmethod
    def draw(self, traits: int, number: int, moment: int, /) -> Row:
        """Return the variants of the facets after the first, and the values of the log's own placeholders.

        `traits` is 64 bits of chance, `number` the ascending key, `moment` when the row was made.
        """

    def known(self, day: int) -> Sequence[int]:  # noqa: ARG002 - subclasses use it
        """Return the moments of the rows that are not spread over the day, in ticks from its start, ascending."""
        return ()

    def spread_out(self, day: int) -> int:
        """Return how many rows of a day (numbered from 1970) are spread over it: within 4 % of what is expected."""
        return max(1, self._expected * (960 + spread(self._context.seed + 1, day) % 81) // 1000)

    def _count(self, day: int) -> int:
        """Return how many rows a day has."""
        return min(MOST, self.spread_out(day) + len(self.moments(day)))

    def _places(self, day: int) -> Sequence[int]:
        """Return the places of the rows of `known`."""
        found: list[int] = []
        places = range(self.spread_out(day))
        for number, moment in enumerate(self.moments(day)):
            first = found[-1] - number + 1 if found else 0
            found.append(number + bisect_right(places, day * DAY + moment, first, key=lambda n: self._usual(day, n)))
        return found

    def known_at(self, day: int, place: int) -> int | None:
        """Return which of the rows of `known` is at a place of the day; None if it is one of the others."""
        places = self.places(day)
        number = bisect_left(places, place)
        return number if number < len(places) and places[number] == place else None

    def id_of(self, number: int, hash_: str) -> str:
        """Return the id of a row."""
        return self._ids.guid_from(number, hash_)

    def number(self, id_: str) -> int | None:
        """Return the key behind an id, whether or not the row exists now."""
        return self._ids.index(id_)

    def time(self, day: int, place: int) -> int:
        """Return when the row was made; later rows of a day have higher places."""
        places = self.places(day)
        number = bisect_left(places, place)
        if number < len(places) and places[number] == place:
            moment = day * DAY + self.moments(day)[number]
        else:
            moment = self._usual(day, place - number)
        return moment if self.fraction else moment // SECOND * SECOND

    def _usual(self, day: int, place: int) -> int:
        """Return when one of the rows that are spread over the day was made. Most happens around noon."""
        share = (place + ((place * 40503 + day * 7919) & 1023) / 1024) / self._spread_out(day)
        return day * DAY + int((share - 0.12 * math.sin(2 * math.pi * share)) * DAY)

    def _late(self, place: int) -> int:
        """Return how long a row takes to show up: one in 53 up to three hours, the others no time."""
        return (place * 7919 % 170 + 10) * 60 * SECOND if place % 53 == 7 else 0

    def _visible(self, day: int, low: int, high: int, now: int) -> list[range]:
        """Return the places of a day's rows that are made in [low, high) and have shown up by now."""
        count = self.count(day)
        places = range(count)

        def at(place: int) -> int:
            return self.time(day, place)

        start = 0 if low <= day * DAY else bisect_left(places, low, key=at)
        end = count if high >= (day + 1) * DAY else bisect_left(places, high, key=at)
        if now >= (day + 1) * DAY + _LATEST:
            return [range(start, end)]
        recent = bisect_left(places, now - _LATEST, key=at)
        end = min(end, bisect_right(places, now, key=at))
        missing = [n for n in range(recent + (7 - recent) % 53, end, 53) if at(n) + self._late(n) > now and n >= start]
        return [range(one + 1, other) for one, other in pairwise((start - 1, *missing, end))]

    def between(self, low: int, high: int, descending: bool) -> Span:
        """Return the keys of the rows that exist now and were made in [low, high)."""
        now = self._book.ticks()
        today = now // DAY
        forgotten = (self._book.forgotten - date(1970, 1, 1)).days
        first = max(today - self.retention, forgotten, low // DAY, _FIRST)
        parts = []
        for day in range(first, min(today, (high - 1) // DAY) + 1):
            base = day - _FIRST << _SHIFT
            parts += [range(base + part.start, base + part.stop) for part in self._visible(day, low, high, now)]
        if descending:
            parts = [range(1 - part.stop, 1 - part.start) for part in reversed(parts)]
        return Span(parts)

    def keys(self) -> Sequence[int]:
        return self.between(0, EVER, False)

    def key(self, id_: str) -> int | None:
        number = self.number(id_)
        if number is None:
            return None
        day, place = place_of(number)
        moment = self.time(day, place)
        keys = self.between(moment, moment + 1, False)
        return number if number in keys else None

    def _row(self, key: int) -> Row:
        number = abs(key)
        day, place = (number >> _SHIFT) + _FIRST, number & _PLACES
        hash_ = self._ids.hash(number)
        moment = self.time(day, place)
        variants, values = self.draw(int(hash_[24:40], 16), number, moment)
        values["id"] = self.id_of(number, hash_)
        values["when"] = _stamp(moment, self.fraction)
        correlation = f"{hash_[33:41]}-{hash_[41:45]}-4{hash_[45:48]}-9{hash_[48:51]}-{hash_[51:63]}"
        values.setdefault("correlation", correlation)
        return (0, *variants), values


def place_of(number: int) -> tuple[int, int]:
    """Return the day (numbered from 1970) of a row and its place in the day."""
    return (number >> _SHIFT) + _FIRST, number & _PLACES


@lru_cache(64)
def _date(day: int) -> str:
    """Return a day (numbered from 1970) as YYYY-MM-DD."""
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def _stamp(moment: int, fraction: bool) -> str:
    """Return ticks as an Edm.DateTimeOffset, with or without the seven digits of the second's fraction."""
    seconds, rest = divmod(moment, SECOND)
    day, second = divmod(seconds, 86_400)
    tail = f".{rest:07}Z" if fraction else "Z"
    return f"{_date(day)}{_MINUTES[second // 60]}{second % 60:02}{tail}"
