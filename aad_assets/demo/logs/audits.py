"""The directory's audit log (who changed what) and the provisioning log (what was written to other systems)."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import cached_property

from ..directory.chance import digest, guid_of, spread
from ..directory.context import Context
from ..directory.devices import Devices
from ..directory.groups import FIRST_ORDINARY, Groups
from ..directory.objects import Objects
from ..directory.people import People
from ..directory.principals import Principals
from ..directory.rendering import Object, Row, text
from ..directory.templates import Area
from ..directory.vocabulary import Words
from .changes import Change
from .changes.change import Named, Subject
from .log import DAY, SECOND, Log, LogBook, place_of

_FIRST, _LAST = -1000, 3650
"""The days of the tenant on which the log reports changes."""
_FRACTION, _NEXT = 1_203_000, 20_011
"""Ticks after the full second at which the first change of that second is logged, and until the next one is."""
_BY_APPS = 3
"""One in eight of the events without a change is caused by an app; the others by users and administrators."""
_AGENT = ("User-Agent", "Mozilla/5.0")

Journal = Callable[[int], Sequence[Change]]
"""The changes on a day of the tenant, in the order of the time of day."""


class DirectoryAudits(Log):
    """auditLogs/directoryAudits.

    Each change of a day in the directory is an event. Between them are events that leave no trace there.
    """

    type, tag, when = "directoryAudit", "directoryAudit", "activityDateTime"
    facets = ("audit", "activity", "initiator", "result", "details")

    def __init__(
        self,
        words: Words,
        context: Context,
        book: LogBook,
        people: People,
        groups: Groups,
        devices: Devices,
        principals: Principals,
        objects: Objects,
        journal: Journal,
    ) -> None:
        super().__init__(context, book, Area("audits", words), max(40, min(20_000, context.users // 3)))
        self._people, self._groups, self._devices, self._objects = people, groups, devices, objects
        self._apps = principals.signed_in_to
        self._journal, self._epoch = journal, (context.epoch - date(1970, 1, 1)).days

    @property
    def retention(self) -> int:  # type: ignore[override]
        return 30 if self._book.premium else 7

    def number(self, id_: str) -> int | None:
        parts = id_.split("_")
        number = self._ids.index(parts[1]) if len(parts) == 4 else None
        return number if number is not None and self.id_of(number, self._ids.hash(number)) == id_ else None

    def id_of(self, number: int, hash_: str) -> str:
        return f"Directory_{self._ids.guid_from(number, hash_)}_{hash_[40:45].upper()}_{int(hash_[45:51], 16)}"

    def changes(self, day: int) -> Sequence[Change]:
        """Return what changed on a day (numbered from 1970)."""
        day -= self._epoch
        return self._journal(day) if _FIRST <= day <= _LAST else ()

    def known(self, day: int) -> Sequence[int]:
        moments: list[int] = []
        for change in self.changes(day):
            moment = change.second * SECOND + _FRACTION
            moments.append(min(max(moment, moments[-1] + _NEXT if moments else 0), DAY - 1))
        return moments

    @cached_property
    def _activities(self) -> list[Object]:
        return self._area.rows("activities")

    def draw(self, traits: int, number: int, _: int) -> Row:
        day, place = place_of(number)
        known = self.known_at(day, place)
        return self._quiet(traits) if known is None else self._changed(self.changes(day)[known])

    def _quiet(self, traits: int) -> Row:
        """Return an event that leaves no trace in the directory."""
        which = traits % self._quiet_count
        activity, failed = self._activities[which], traits >> 20 & 31 == 0
        target = self._drawn(activity["target"], traits >> 46)
        if traits >> 25 & 7 == _BY_APPS or activity["category"] == "ProvisioningManagement":
            initiator = -1 - (traits >> 28 & 1)
        elif activity["target"] == "User":
            initiator = target[1]
        else:
            initiator = traits >> 28 & 7
        details = ((), (_AGENT,))[traits >> 36 & 1]
        variants = (which, (initiator, None), 1 + (traits >> 32 & 1) if failed else 0, details)
        return variants, {"targets": text([self._target(target, False) | {"modifiedProperties": []}])}

    def _changed(self, change: Change) -> Row:
        """Return the event of a change. The first target has the modified properties."""
        targets = [self._target(subject, change.deleted) | {"modifiedProperties": []} for subject in change.subjects]
        targets[0]["modifiedProperties"] = [
            {"displayName": name, "oldValue": old, "newValue": new} for name, old, new in change.properties
        ]
        actor = change.actor
        initiator = (actor, None) if isinstance(actor, int) else (0, actor)
        failed = change.activity.startswith("Failed")
        variants = (self._by_key[change.activity], initiator, 2 if failed else 0, change.details)
        values: Object = {"targets": text(targets)}
        if change.request:
            values["correlation"] = guid_of(digest(self._context.seed, "request", change.request))
        return variants, values

    @cached_property
    def _by_key(self) -> dict[str, int]:
        return {activity["key"]: place for place, activity in enumerate(self._activities)}

    @cached_property
    def _quiet_count(self) -> int:
        return len(self._area.rows("quiet"))

    def _drawn(self, type_: str, drawn: int) -> tuple[str, int]:
        """Return an object of a type that stays for ever."""
        match type_:
            case "User":
                return "user", self._people.regulars[drawn % len(self._people.regulars)]
            case "Group":
                return "group", drawn % FIRST_ORDINARY
            case "ServicePrincipal":
                return "servicePrincipal", self._apps[drawn % len(self._apps)]
        stayers = self._devices.population.stayers
        return "device", stayers[drawn % len(stayers)]

    def _target(self, subject: Subject, deleted: bool) -> Object:
        principal_name = group_type = None
        if isinstance(subject, Named):
            type_, id_, name = subject
        else:
            type_, index = subject
            id_, name = self._objects.id_of(type_, index), self._objects.name_of(type_, index)
            if type_ == "user":
                principal_name = self._people.principal_name(index)
                if deleted:
                    principal_name = id_.replace("-", "") + principal_name
            elif type_ == "group":
                group_type = "unifiedGroups" if self._groups.is_unified(index) else "azureAD"
            type_ = type_[0].upper() + type_[1:]
        return {
            "id": id_,
            "displayName": name,
            "type": type_,
            "userPrincipalName": principal_name,
            "groupType": group_type,
        }


class Provisioning(Log):
    """auditLogs/provisioning."""

    type, tag, when = "provisioningObjectSummary", "provisioning", "activityDateTime"
    facets = ("event", "job", "source", "outcome")

    def __init__(self, words: Words, context: Context, book: LogBook, people: People) -> None:
        super().__init__(context, book, Area("audits", words), max(20, min(5_000, context.users // 10)))
        self._people = people

    def draw(self, traits: int, number: int, _: int) -> Row:
        people, users = self._people, self._people.regulars
        user, job, (day, place) = users[traits % len(users)], traits >> 50 & 3, place_of(number)
        return (job, 0, ((traits >> 52) & 7, spread(traits, 3) % 12)), {
            # A cycle takes 40 minutes and works off many objects.
            "cycle": self._context.guid("cycle", job, day, place * 36 // self.count(day)),
            "milliseconds": 80 + (traits >> 16) % 4000,
            "user": people.ids.guid(user),
            "name": people.display_name(user),
            "principal_name": people.principal_name(user),
            "target": f"{traits >> 20 & 0xFFFFF:05}",
            "property": ("displayName", "department", "active", "title")[traits >> 40 & 3],
            "old": traits >> 42 & 15,
            "new": traits >> 46 & 15,
        }
