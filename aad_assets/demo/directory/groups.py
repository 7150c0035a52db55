"""Groups, their members and their owners. What a group looks like is in data/groups.yaml."""

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache

from ..days.chronicle import Rates
from . import licences
from .chance import Ids, spread
from .context import Context
from .devices import Devices
from .edges import edge, edges
from .extensions import Extensions
from .indexed import Indexed
from .names import DEPARTMENTS, OFFICES, PROJECTS
from .organization import Organization
from .people import GUEST, OTHER, People
from .principals import Principals
from .rendering import Object
from .templates import Area
from .vocabulary import Words
from .well_known import (
    ADMINISTRATORS,
    ALL,
    AUTOMATION,
    DEPARTMENTS_PARENT,
    DEVICES,
    EMPTY,
    ENGINEERING,
    GROUPS,
    GUESTS,
    HELPDESK,
    LICENSING,
    NESTED,
    ONBOARDED,
    SALES,
)  # fmt: skip

FIRST_ORDINARY = len(GROUPS)
"""Groups before this one have a fixed purpose and stay for ever; the others come and go."""
_PURPOSES = tuple(GROUPS)
_SORTS = ("security", "unified", "paused", "mail", "distribution", "synced")
_BINNED = ("security", "unified", "paused")
_SHARES = (42, 74, 79, 85, 92)
"""Per cent of the groups that are of the first sort, of the first two, and so on."""
_STEP = 7919


def _sort(index: int, traits: int) -> str:
    """Return what sort of group it is."""
    if index < FIRST_ORDINARY:
        return "unified" if index in (ENGINEERING, SALES) else "security"
    return _SORTS[bisect_right(_SHARES, traits % 100)]


def _kept(seed: int, index: int) -> bool:
    """Say whether a group goes to the recycle bin."""
    return _sort(index, Ids(seed, "group").traits(index)) in _BINNED


class Groups(Indexed):
    """All groups of the tenant on one day."""

    def __init__(
        self,
        words: Words,
        context: Context,
        extensions: Extensions,
        people: People,
        devices: Devices,
        principals: Principals,
        organization: Organization,
    ) -> None:
        base = max(16, context.users // 8)
        rates = Rates(max(1, base // 400), max(1, base // 600), max(2, base // 200))
        super().__init__(context, "group", base, rates, FIRST_ORDINARY, _kept)
        self._extensions, self._people, self._devices = extensions, people, devices
        self._principals, self._contacts = principals, organization.contact_count
        area = Area("groups", {**words, "licensing_sku": licences.E5["sku"]})
        self.kind = area.each("group", lambda: self.population.active, self._names, self.key, extensions.names("Group"))
        self.members = lru_cache(64)(self._members)
        self._joined: dict[int, list[int]] = {}
        joiners = people.population
        for user in range(joiners.base, joiners.total):
            for group in self.joined_by(user):
                self._joined.setdefault(group, []).append(user)

    def joined_by(self, user: int) -> list[int]:
        """Return the ordinary groups that a user who joined the tenant after day 0 has joined."""
        ordinary = self.population.base - FIRST_ORDINARY
        return [FIRST_ORDINARY + self._context.number("joins", user, place) % ordinary for place in range(2)]

    def is_unified(self, index: int) -> bool:
        """Say whether it is a Microsoft 365 group."""
        return _sort(index, self.traits(index)) == "unified"

    def nickname(self, index: int) -> str:
        """Return the mailNickname: unique, and different in its first letter."""
        if index < FIRST_ORDINARY:
            return self.display_name(index).replace(" ", "").replace("-", "")
        return self._ordinary_nickname(self.traits(index)) + str(index)

    def _ordinary_nickname(self, traits: int) -> str:
        project = PROJECTS[traits >> 8 & 15 if traits & 1 else (traits >> 12) % 26]
        words = (project, tuple(DEPARTMENTS)[traits >> 16 & 15])
        return "".join(words[:: 1 if traits & 2 else -1]).replace(" ", "").replace("&", "")

    def display_name(self, index: int) -> str:
        """Return the displayName."""
        if index < FIRST_ORDINARY:
            return GROUPS[_PURPOSES[index]]
        traits = self.traits(index)
        return f"{self._ordinary_nickname(traits)} {OFFICES[traits >> 20 & 15].city} {index}"

    def starting(self, prefix: str) -> list[int]:
        """Return the living groups whose mailNickname starts with that, in any case."""
        prefix = prefix.lower()
        return [index for index in self.population.active if self.nickname(index).lower().startswith(prefix)]

    def _members(self, index: int) -> Sequence[int]:
        """Return the keys of all members, service principals included, ascending."""
        return self._fixed(index) if index < FIRST_ORDINARY else self._ordinary(index)

    @cached_property
    def _rules(self) -> Mapping[int, Callable[[int], bool]]:
        people = self._people
        return {
            ALL: lambda user: user % 3 == 0,
            LICENSING: lambda user: people.holding(user) == licences.BY_GROUP,
            GUESTS: lambda user: people.sort(user) == GUEST,
            ENGINEERING: lambda user: people.works_in(user, "Engineering"),
            SALES: lambda user: people.works_in(user, "Sales"),
        }

    def follows(self, index: int, user: int) -> bool:
        """Say whether a living user is a member of a group whose members follow from what they are."""
        return self._rules[index](user)

    def _fixed(self, index: int) -> Sequence[int]:
        people, devices = self._people, self._devices
        if index in self._rules:
            return edges("user", filter(self._rules[index], people.population.active))
        others: dict[int, Callable[[], list[int]]] = {
            ADMINISTRATORS: lambda: edges("user", range(4)),
            HELPDESK: lambda: edges("user", sorted({people.someone(n * 37 + 9) for n in range(8)})),
            DEPARTMENTS_PARENT: lambda: edges("group", self._living(range(ENGINEERING, ENGINEERING + 5))),
            AUTOMATION: lambda: [
                *edges("user", (user for user in people.population.active[: 40 * 23] if people.sort(user) == OTHER)),
                *edges("servicePrincipal", self._principals.sample(6)),
            ],
            NESTED: lambda: [
                edge("user", 0),
                *edges("group", (GUESTS, DEPARTMENTS_PARENT)),
                *edges("orgContact", range(3)),
            ],
            DEVICES: lambda: edges("device", filter(devices.is_windows, devices.population.active)),
        }
        return others[index]() if index in others else []

    def _ordinary(self, index: int) -> Sequence[int]:
        traits = self.traits(index)
        place, users = traits >> 24 & 127, self._people.population.base
        if place < 4 and index not in self._joined:
            return []
        size = 2 + traits % 10 if place < 90 else 10 + traits % 30 if place < 121 else 40 + traits % 160
        size = min(size, users // 4)
        moves, start, sort = self.moves(index), spread(traits, 1), _sort(index, traits)
        alive = self._people.population.alive
        chosen = {(start + n * _STEP) % users for n in range(moves, size + moves)}
        chosen.update(self._joined.get(index, ()))
        keys = edges("user", sorted(user for user in chosen if alive(user)))
        if traits >> 32 & 15 == 0:
            keys += edges("group", self._living(range(index + 1, index + 2 + traits % 3)))
        if traits >> 36 & 31 == 0:
            devices = self._devices.population
            keys += edges("device", sorted({devices.near(start % len(devices) + n) for n in range(3)}))
        if traits >> 41 & 15 == 0 and sort == "security":
            keys += edges("servicePrincipal", self._principals.sample(1 + traits % 3, start))
        if traits >> 45 & 3 == 0 and sort == "distribution":
            keys += edges("orgContact", sorted({(start + n) % self._contacts for n in range(2)}))
        return keys

    def hides_members(self, index: int) -> bool:
        """Say whether the membership is hidden."""
        return '"HiddenMembership"' in self.kind.render((index,), ("visibility",))[0]

    @property
    def binned(self) -> Mapping[int, int]:
        """Return the groups in the recycle bin. Mail-enabled and synchronised groups are deleted permanently at once."""
        return {index: day for index, day in super().binned.items() if _sort(index, self.traits(index)) in _BINNED}

    @cached_property
    def onboarded(self) -> list[int]:
        """The groups that privileged identity management manages: some with a fixed purpose, and a Microsoft 365 group."""
        ordinary = (index for index in self.population.stayers if index >= FIRST_ORDINARY and self.population.alive(index))
        unified = next((index for index in ordinary if _sort(index, self.traits(index)) == "unified"), None)
        return [*ONBOARDED, *([] if unified is None else [unified])]

    def _living(self, indices: range) -> list[int]:
        return [index for index in indices if self.population.alive(index)]

    def owners(self, index: int) -> Sequence[int]:
        """Return the keys of the owners: none to three users, sometimes a service principal.

        Groups made in Exchange or on premises show none.
        """
        traits, moves = self.traits(index), self.moves(index)
        if index == EMPTY or _sort(index, traits) in ("mail", "distribution", "synced"):
            return []
        count = (0, 1, 1, 1, 2, 2, 3, 1)[traits >> 50 & 7] if index >= FIRST_ORDINARY else 1
        owners = {self._people.pick(spread(traits, 7 + n + moves // 3)) for n in range(count)}
        keys = edges("user", sorted(owners))
        if index == AUTOMATION or traits >> 54 & 15 == 0:
            keys += edges("servicePrincipal", self._principals.sample(1, traits & 7))
        return keys

    def _names(self, index: int) -> Object:
        id_, traits, moves = self.ids.guid(index), self.traits(index), self.moves(index)
        return {
            "index": index,
            "id": id_,
            "traits": traits,
            "purpose": _PURPOSES[index] if index < FIRST_ORDINARY else None,
            "sort": _sort(index, traits),
            "name": self.display_name(index),
            "nickname": self.nickname(index),
            "changes": f" (change {moves})" if moves else "",
            "joined": self.population.joined_on(index),
            "moved": self.population.moved_on.get(index, -(traits % 90)),
            "sid": f"S-1-12-1-{int(id_[:8], 16)}-{traits & 0xFFFFFFFF}-{traits >> 32}-{index}",
            "on_premises_sid": f"{self._people.sid}{index + 9_000_000}",
            **self._extensions.values("Group", index),
        }
