"""The facts that every area of the directory needs: whose tenant it is, and which day."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from ..days.calendar import Calendar
from ..days.chronicle import Kept, Rates, always
from ..days.population import Population
from .chance import Ids, digest, guid, number, short_id
from .well_known import CLIENT


@dataclass(frozen=True, eq=False)
class Context:
    """The values from which everything in the tenant is made. `users` is the number of users on day 0, `epoch` its date."""

    seed: int
    users: int
    day: int
    domain: str
    epoch: date
    granted: Sequence[str] = ()
    """The application permissions of the demo's own app."""
    _ids: dict[str, Ids] = field(default_factory=dict)

    @cached_property
    def calendar(self) -> Calendar:
        """The tenant's calendar."""
        return Calendar(self.epoch)

    @property
    def initial_domain(self) -> str:
        """The domain with which the tenant was created."""
        return f"{self.domain.split('.')[0]}.onmicrosoft.example"

    @cached_property
    def tenant_id(self) -> str:
        """The tenant's GUID."""
        return guid(self.seed, "tenant")

    @property
    def client_id(self) -> str:
        """The appId of the demo's own app."""
        return self.ids("appId").guid(CLIENT)

    def ids(self, tag: str) -> Ids:
        """Return the ids of one type of object, such as `user`, or of one of its properties, such as `deviceId`."""
        if tag not in self._ids:
            self._ids[tag] = Ids(self.seed, tag)
        return self._ids[tag]

    def population(self, tag: str, base: int, rates: Rates, protected: int, kept: Kept = always) -> Population:
        """Return who exists today of a type that has `base` objects on day 0."""
        return Population(self.seed, tag, base, self.day, rates, protected, kept)

    def number(self, *parts: object) -> int:
        """Return a 64-bit number that depends on the seed and the parts alone."""
        return number(self.seed, *parts)

    def guid(self, *parts: object) -> str:
        """Return a GUID that depends on the seed and the parts alone."""
        return guid(self.seed, *parts)

    def short_id(self, *parts: object) -> str:
        """Return an id such as assignments have: 43 characters that depend on the seed and the parts alone."""
        return short_id(digest(self.seed, *parts))

    def edits(self, name: str, every: int) -> tuple[int, str]:
        """Return how often something edited every so many days has been edited, and the time stamp of the last edit."""
        offset = self.number("edits", name) % every
        count = (self.day + offset) // every
        return count, self.calendar.stamp(count * every - offset, offset * 97)
