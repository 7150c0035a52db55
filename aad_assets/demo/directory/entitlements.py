"""Entitlement management: catalogs of access packages, the policies by which one gets them, requests and assignments."""

from .chance import number
from .context import Context
from .templates import Area
from .vocabulary import Words

_TERM = 30
"""Days after which an assignment ends and another begins in its place."""


class Entitlements(Area):
    """Access packages and what goes with them; requests and assignments change daily."""

    def __init__(self, words: Words, context: Context) -> None:
        super().__init__("entitlements", {**words, "terms": self._terms})
        self._context = context

    def _terms(self) -> list[tuple[int, int, int, int]]:
        """Return place, number, first day and traits of the last, the current and the next term of every place."""
        context = self._context
        found = []
        for place in range(min(600, 12 + context.users // 10)):
            offset = number(context.seed, "access", place) % _TERM
            now = (context.day + offset) // _TERM
            found += [
                (place, term, term * _TERM - offset, number(context.seed, "access", place, term))
                for term in (now - 1, now, now + 1)
            ]
        return found
