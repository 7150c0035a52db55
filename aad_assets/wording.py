"""Words that messages of several layers share."""


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: `1 row`, `2,000 rows`, `2 entities`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number:,} {noun[:-1]}ies" if noun.endswith("y") else f"{number:,} {noun}s"
