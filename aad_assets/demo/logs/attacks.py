"""The attacks of a day: a password spray, and bursts of requests to approve a sign-in (MFA fatigue)."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from ..directory.chance import spread
from ..directory.people import PERSON, People

APPROVED, SUCCESS, WRONG_PASSWORD, MFA_REQUIRED, BLOCKED = 1, 2, 3, 5, 6
LOCKED, DECLINED, DISABLED, NO_RESPONSE = 7, 8, 11, 13
"""Places of results in data/sign_ins.yaml."""
SMTP, SCRIPT = 10, 13
"""Places of clients there."""
_BUSY = 200
"""Sign-ins a day from which a tenant is attacked every day."""
_HOURS_LEFT = 23 * 3600
"""Attacks begin before the last hour of the day, so that they end on it."""


class Attempt(NamedTuple):
    """One attempt to sign in: the second of the day, whose account, the result, from where, with what."""

    second: int
    user: int
    result: int
    address: str
    client: int


def attempts(seed: int, day: int, rows: int, people: People, disabled: Callable[[int, int], bool]) -> Sequence[Attempt]:
    """Return the attempts of a day (numbered from 1970) in their order. `rows` is the expected size of the log on a day.

    `disabled` says of a user and a second of the day whether the account is disabled.
    """
    traits = spread(seed + 77, day)
    found: list[Attempt] = []
    # A small tenant is attacked on two days of three, by one or the other.
    if rows >= _BUSY or day % 3 == 0:
        found += _spray(traits, max(20, min(400, rows // 25)), people, disabled)
    if rows >= _BUSY or day % 3 == 1:
        for burst in range(1 if rows < _BUSY * 5 else 2):
            found += _burst(spread(traits, 10 + burst), people, disabled)
    return sorted(found)


def _spray(traits: int, size: int, people: People, disabled: Callable[[int, int], bool]) -> Iterator[Attempt]:
    """Return attempts with two common passwords: one address, many accounts, within ten minutes."""
    pool = people.regulars
    targets = max(1, min(size // 2, len(pool)))
    start, gap = traits % _HOURS_LEFT, max(1, min(6, 600 // size))
    address = f"192.0.2.{1 + (traits >> 20) % 250}"
    client = (SMTP, SCRIPT)[traits >> 30 & 1]
    for place in range(size):
        user, second = pool[(traits + place % targets * 7919) % len(pool)], start + place * gap
        drawn = spread(traits, 1000 + place)
        result = LOCKED if drawn % 25 == 0 else WRONG_PASSWORD
        if disabled(user, second):
            result = DISABLED
        elif place == size * 3 // 4 and traits >> 32 & 3 == 0:
            # In one spray of four a password is right. A policy still stops the attacker.
            result = BLOCKED if client == SMTP else MFA_REQUIRED
        yield Attempt(second, user, result, address, client)


def _burst(traits: int, people: People, disabled: Callable[[int, int], bool]) -> Iterator[Attempt]:
    """Return requests that one person gets again and again, until a last one is approved or the attacker gives up."""
    pool, second = people.regulars, (traits >> 8) % _HOURS_LEFT
    place = traits % len(pool)
    for _ in range(len(pool)):
        if (
            people.sort(pool[place]) == PERSON
            and not disabled(pool[place], second)
            and not disabled(pool[place], second + 900)
        ):
            break
        place = (place + 1) % len(pool)
    address, requests = f"192.0.2.{1 + (traits >> 40) % 250}", 8 + (traits >> 50) % 12
    for number in range(requests):
        last = number == requests - 1 and traits >> 60 & 3 == 0
        result = APPROVED if last else (DECLINED, NO_RESPONSE)[spread(traits, number) & 1]
        yield Attempt(second + number * 23, pool[place], result, address, SCRIPT - 1)
