"""Entitlement management: catalogs of access packages, the policies by which one gets them, requests and assignments."""

from typing import TYPE_CHECKING

from .chance import number
from .templates import Area
from .vocabulary import vocabulary

if TYPE_CHECKING:
    from .directory import Directory

_TERM = 30
"""Days after which an assignment ends and another begins in its place."""


class Entitlements(Area):
    """Access packages and what goes with them; requests and assignments change daily."""

    def __init__(self, directory: "Directory") -> None:
        super().__init__("entitlements", {**vocabulary(directory), "terms": self._terms})
        self._directory = directory

    def _terms(self) -> list[tuple[int, int, int, int]]:
        """Return place, number, first day and traits of the last, the current and the next term of every place."""
        directory = self._directory
        found = []
        for place in range(min(600, 12 + directory.users // 10)):
            offset = number(directory.seed, "access", place) % _TERM
            now = (directory.day + offset) // _TERM
            found += [
                (place, term, term * _TERM - offset, number(directory.seed, "access", place, term))
                for term in (now - 1, now, now + 1)
            ]
        return found
