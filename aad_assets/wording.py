"""Words that messages of several layers share."""

from collections.abc import Iterable


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 row`, `2,000 rows`, `2 entities`, `2 days`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{number:,} {noun}s"


def listed(names: Iterable[str]) -> str:
    """Return names as a sentence has them: `a, b and c`. There must be at least one."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
