"""Devices: joined, registered and hybrid ones, in use and stale."""

import base64
from collections.abc import Sequence

from ..days.chronicle import Rates
from .context import Context
from .edges import edges
from .extensions import Extensions
from .indexed import Indexed
from .names import OFFICES
from .people import People
from .rendering import Row, Templated, facet
from .templates import Area
from .vocabulary import Words
from .well_known import NEVER

_UNDECLARED = ("createdDateTime", "domainName", "extensionAttributes", "hostnames", "externalSourceName", "sourceType")
"""Properties that live tenants return beyond the metadata; the last two with null."""
_WINDOWS, _MODELS, _TRUSTS, _STATES = 4, 10, 3, 12
"""How many models run Windows, how many models, ways to join, and states of management data/devices.yaml has."""


class Devices(Indexed):
    """All devices of the tenant on one day."""

    def __init__(self, words: Words, context: Context, extensions: Extensions, people: People) -> None:
        base = max(8, context.users * 4 // 5)
        super().__init__(context, "device", base, Rates(max(1, base // 600), max(1, base // 900), max(2, base // 400)), 1)
        self._people = people
        self.device_ids = context.ids("deviceId")
        facets = Area("devices", words).facets()
        self._systems = [model["operatingSystem"] for model in facets["model"]]
        facets["trust"] = [row | extensions.values("Device", n) for n, row in enumerate(facets["trust"])]
        self.kind = Templated(
            "device",
            lambda: self.population.active,
            self.key,
            self._row,
            list(map(facet, facets.values())),
            undeclared=(*_UNDECLARED, *extensions.names("Device")),
        )

    def starting(self, prefix: str) -> list[int]:
        """Return the living devices whose deviceId starts with that, in any case."""
        prefix = prefix.lower()
        return [index for index in self.population.active if self.device_ids.guid(index).startswith(prefix)]

    def _model(self, index: int) -> int:
        return (index * 7 + index // 10) % _MODELS

    def is_windows(self, index: int) -> bool:
        """Say whether the device runs Windows."""
        return self._model(index) < _WINDOWS

    def system(self, index: int) -> str:
        """Return the operatingSystem."""
        return str(self._systems[self._model(index)])

    def name(self, index: int) -> str:
        """Return the displayName."""
        return self._name(index, self.traits(index))

    def _name(self, index: int, traits: int) -> str:
        return f"{OFFICES[traits >> 20 & 15].code[:3]}-{self.system(index)[:3].upper()}-{index:06}"

    def owner(self, index: int) -> int:
        """Return the person who uses the device."""
        people = self._people
        return people.someone(index * 5 // 4 % people.population.total)

    def registered_owners(self, index: int) -> Sequence[int]:
        """Return the keys of the owners: one user; a shared device has none."""
        return [] if index % 16 == 5 else edges("user", [self.owner(index)])

    def registered_users(self, index: int) -> Sequence[int]:
        """Return the keys of the users: the owner; a shared device has several."""
        owner = self.owner(index)
        if index % 16 != 5:
            return edges("user", [owner])
        return edges("user", sorted({owner, *(self._people.someone(owner + n) for n in range(1, 4))}))

    def _row(self, index: int) -> Row:
        population, calendar = self.population, self._context.calendar
        hash_ = self.ids.hash(index)
        traits = int(hash_[24:40], 16)
        now = self.traits_now(index, traits)
        model = self._model(index)
        trust = 2 if model >= _WINDOWS else traits % 5 // 2
        registered = population.joined_on(index) or -(20 + (traits >> 8) % 1400)
        stale = traits >> 30 & 7 == 0
        seen = population.moved_on.get(index) or max(registered, -(200 if stale else 1) - (traits >> 33) % 25)
        name = self._name(index, traits)
        trust_and_state = trust * _STATES + (now >> 40) % _STATES
        return (0, now >> 50 & 31 == 0, model, trust_and_state), {
            "id": self.ids.guid_from(index, hash_),
            "device_id": self.device_ids.guid(index),
            "name": name,
            "host": name.lower(),
            "created": calendar.stamp(registered, traits),
            "registered": calendar.stamp(registered, traits) if traits >> 50 & 63 else NEVER,
            "seen": calendar.stamp(seen, traits >> 4) if traits >> 55 & 63 else NEVER,
            "expires": calendar.stamp(seen + 30, traits),
            "key": base64.b64encode(bytes.fromhex(hash_[16:56])).decode(),
            "sid": f"{self._people.sid}{index + 5_000_000}",
            "number": traits % 10**15,
        }
