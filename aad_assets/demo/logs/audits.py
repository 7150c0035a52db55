"""The directory's audit log (who changed what) and the provisioning log (what was written to other systems)."""

from functools import cached_property

from ..directory.chance import spread
from ..directory.context import Context
from ..directory.devices import Devices
from ..directory.groups import FIRST_ORDINARY
from ..directory.objects import Objects
from ..directory.people import People
from ..directory.principals import Principals
from ..directory.rendering import Object, Row, text
from ..directory.templates import Area
from ..directory.vocabulary import Words
from ..directory.well_known import APP_NAMES, ENGINEERING, SALES
from .log import Log, LogBook, place_of

_BY_APPS = 3
"""One in eight is done by an app; the others by one of the administrators."""


class DirectoryAudits(Log):
    """auditLogs/directoryAudits."""

    type, tag, when = "directoryAudit", "directoryAudit", "activityDateTime"
    facets = ("audit", "activity", "initiator", "result", "details")

    def __init__(
        self,
        words: Words,
        context: Context,
        book: LogBook,
        people: People,
        devices: Devices,
        principals: Principals,
        objects: Objects,
    ) -> None:
        super().__init__(context, book, Area("audits", words), max(60, min(20_000, context.users // 3)))
        self._words, self._people, self._devices, self._objects = words, people, devices, objects
        self._apps = principals.signed_in_to

    @property
    def retention(self) -> int:  # type: ignore[override]
        return 30 if self._book.premium else 7

    def number(self, id_: str) -> int | None:
        parts = id_.split("_")
        number = self._ids.index(parts[1]) if len(parts) == 4 else None
        return number if number is not None and self.id_of(number, self._ids.hash(number)) == id_ else None

    def id_of(self, number: int, hash_: str) -> str:
        return f"Directory_{self._ids.guid_from(number, hash_)}_{hash_[40:45].upper()}_{int(hash_[45:51], 16)}"

    @cached_property
    def _activities(self) -> list[Object]:
        return self._area.rows("activities")

    def draw(self, traits: int, _: int) -> Row:
        activity = self._activities[(which := traits % len(self._activities))]
        failed = traits >> 20 & 31 == 0
        app = traits >> 25 & 7 == _BY_APPS
        initiator = -1 - (traits >> 28 & 1) if app else traits >> 28 & 7
        variants = (which, initiator, 1 + (traits >> 32 & 1) if failed else 0, traits >> 36 & 3)
        return variants, {"targets": text(self._targets(activity, traits))}

    def _targets(self, activity: Object, traits: int) -> list[Object]:
        """Return the event's targets. If there are two, the second one has the modified properties."""
        old, new = traits >> 40 & 7, traits >> 43 & 7
        change = {"displayName": activity["changed"], "oldValue": f'["{old}"]' if old else None, "newValue": f'["{new}"]'}
        targets = [
            self._target(type_, traits >> 46) | {"modifiedProperties": []} for type_ in activity["target"].split("And")
        ]
        if activity["changed"]:
            targets[-1]["modifiedProperties"] = [change]
        return targets

    def _target(self, type_: str, drawn: int) -> Object:
        principal_name = group_type = None
        match type_:
            case "User":
                index = self._people.regulars[drawn % len(self._people.regulars)]
                id_, name = self._named("user", index)
                principal_name = self._people.principal_name(index)
            case "Group":
                index = drawn % FIRST_ORDINARY
                id_, name = self._named("group", index)
                group_type = "unifiedGroups" if index in (ENGINEERING, SALES) else "azureAD"
            case "ServicePrincipal":
                id_, name = self._named("servicePrincipal", self._apps[drawn % 20])
            case "Application":
                id_, name = self._context.ids("application").guid(drawn & 3), APP_NAMES[drawn & 3]
            case "Device":
                devices = self._devices.population.stayers
                id_, name = self._named("device", devices[drawn % len(devices)])
            case _:
                policies = self._words["access_policies"]()
                id_, name = policies[drawn % len(policies)]
        return {
            "id": id_,
            "displayName": name,
            "type": type_,
            "userPrincipalName": principal_name,
            "groupType": group_type,
        }

    def _named(self, type_: str, index: int) -> tuple[str, str]:
        return self._objects.id_of(type_, index), self._objects.name_of(type_, index)


class Provisioning(Log):
    """auditLogs/provisioning."""

    type, tag, when = "provisioningObjectSummary", "provisioning", "activityDateTime"
    facets = ("event", "job", "source", "outcome")

    def __init__(self, words: Words, context: Context, book: LogBook, people: People) -> None:
        super().__init__(context, book, Area("audits", words), max(20, min(5_000, context.users // 10)))
        self._people = people

    def draw(self, traits: int, number: int) -> Row:
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
