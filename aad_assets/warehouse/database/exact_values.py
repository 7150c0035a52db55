"""Numbers and instants of JSON in one spelling each, at full precision. See also `json_order.py`, which compares JSON."""

import math
import re
from datetime import date

_NUMBER = re.compile(r"(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?", re.ASCII)
_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))", re.ASCII
)

_HELD_DIGITS = 15
"""Every number with so many significant digits and no exponent survives as a double."""

_MOST_ZEROS = 20
"""Zeros that a number may be filled up with before it is written with an exponent."""

_LONGEST = 4_000
"""Digits of an integer or an exponent. Python limits how many it converts."""


class ExactNumber(str):
    """A JSON number that a double does not hold, as text. JSON stores it as a string."""

    __slots__ = ()


def number_spelling(text: str) -> str:
    """Return the one spelling of the value of a JSON number: `1` for `1.0`, `1e0` and `10e-1`."""
    found = _NUMBER.fullmatch(text)
    if found is None or len(found[4] or "") > _LONGEST:
        return text
    sign, whole, fraction, exponent = (part or "" for part in found.groups())
    digits = f"{whole}{fraction}".lstrip("0")
    significant = digits.rstrip("0")
    if not significant:
        return "0"
    point = len(digits) - len(fraction) + int(exponent or 0)  # its place, counted from the first digit
    if max(-point, point - len(significant)) > _MOST_ZEROS:
        rest = f".{significant[1:]}" if len(significant) > 1 else ""
        return f"{sign}{significant[0]}{rest}e{point - 1}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{significant}"
    padded = significant.ljust(point, "0")
    return f"{sign}{padded[:point]}{'.' if padded[point:] else ''}{padded[point:]}"


def decimal(text: str) -> float | int | ExactNumber:
    """Parse a JSON number with a fraction or exponent. One that a double does not hold becomes an integer, or stays text."""
    number = float(text)
    if len(text) <= _HELD_DIGITS and "e" not in text and "E" not in text:
        return number
    spelling = number_spelling(text)
    # Servers write a double with 17 digits (47.640680000000003), or with as few as tell it from its neighbours (47.64068).
    if math.isfinite(number) and spelling in (number_spelling(repr(number)), number_spelling(f"{number:.17g}")):
        return number
    return int(spelling) if spelling.lstrip("-").isdecimal() and len(spelling) < _LONGEST else ExactNumber(spelling)


def instant_spelling(text: str) -> str | None:
    """Return the one spelling of the instant that an RFC 3339 time names: seconds since the year 1, and their fraction.

    Return None for any other text. A leap second and a date that does not exist are other text, and so is a date alone.
    """
    found = _INSTANT.fullmatch(text)
    if found is None:
        return None
    day, hour, minute, second, fraction, sign, hours, minutes = found.groups()
    try:
        days = date.fromisoformat(day).toordinal()
    except ValueError:
        return None
    offset = (int(hours) * 3600 + int(minutes) * 60) * (-1 if sign == "-" else 1) if sign else 0
    seconds = days * 86_400 + int(hour) * 3600 + int(minute) * 60 + int(second) - offset
    return f"{seconds}.{(fraction or '').rstrip('0')}"
