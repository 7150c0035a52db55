"""The directory's audit log (who changed what) and the provisioning log (what was written to other systems)."""

from functools import cached_property
from typing import Any

from ..directory.applications import Applications
from ..directory.chance import guid, spread
from ..directory.context import Context
from ..directory.devices import Devices
from ..directory.groups import FIRST_ORDINARY, Groups
from ..directory.people import People
from ..directory.principals import Principals
from ..directory.rendering import Object, text
from ..directory.templates import Area
from ..directory.vocabulary import Words
from .log import Log, LogBook, about, correlation, number_of, stamp

_BY_APPS = 3
"""One in eight is done by an app; the others by one of the administrators."""


class DirectoryAudits(Log):
    """auditLogs/directoryAudits."""

    type, when = "directoryAudit", "activityDateTime"
    own = ("id", "activityDateTime", "correlationId", "targetResources")
    facets = ("activity", "initiator", "result", "details")

    def __init__(
        self,
        words: Words,
        context: Context,
        book: LogBook,
        people: People,
        groups: Groups,
        devices: Devices,
        applications: Applications,
        principals: Principals,
    ) -> None:
        self._context, self._words, self._people, self._groups = context, words, people, groups
        self._devices, self._applications, self._principals = devices, applications, principals
        self._ids = context.ids("directoryAudit")
        self._expected = max(60, min(20_000, context.users // 3))
        super().__init__(book, Area("audits", words))

    @property
    def retention(self) -> int:  # type: ignore[override]
        return 30 if self._book.premium else 7

    def count(self, day: int) -> int:
        return about(self._expected, self._context.seed, day)

    def number(self, id_: str) -> int | None:
        parts = id_.split("_")
        number = self._ids.index(parts[1]) if len(parts) == 4 else None
        return number if number is not None and self._id(number, self._ids.hash(number)) == id_ else None

    def _id(self, number: int, hash_: str) -> str:
        return f"Directory_{self._ids.guid_from(number, hash_)}_{hash_[40:45].upper()}_{int(hash_[45:51], 16)}"

    @cached_property
    def _activities(self) -> list[Object]:
        return self._area.rows("activities")

    @cached_property
    def _stayers(self) -> list[int]:
        return list(self._devices.population.stayers)

    def cells(self, day: int, place: int, moment: int) -> tuple[Any, ...]:
        number = number_of(day, place)
        hash_ = self._ids.hash(number)
        traits = int(hash_[24:40], 16)
        activity = self._activities[(which := traits % len(self._activities))]
        failed = traits >> 20 & 31 == 0
        app = traits >> 25 & 7 == _BY_APPS
        return (
            f'"{self._id(number, hash_)}"',
            stamp(moment, True),
            correlation(hash_),
            text(self._targets(activity, traits)),
            which,
            -1 - (traits >> 28 & 1) if app else traits >> 28 & 7,
            1 + (traits >> 32 & 1) if failed else 0,
            traits >> 36 & 3,
        )

    def _targets(self, activity: Object, traits: int) -> list[Object]:
        changes = []
        if activity["changed"]:
            old, new = (f'["{traits >> shift & 7}"]' for shift in (40, 43))
            old_value = old if traits >> 40 & 7 else None
            changes = [{"displayName": activity["changed"], "oldValue": old_value, "newValue": new}]
        names = activity["target"].split("And")
        return [
            {**self._target(name, traits >> 46), "modifiedProperties": changes if name == names[-1] else []} for name in names
        ]

    def _target(self, type_: str, drawn: int) -> Object:
        principal_name = group_type = None
        match type_:
            case "User":
                index = self._people.regulars[drawn % len(self._people.regulars)]
                id_, name = self._people.ids.guid(index), self._people.display_name(index)
                principal_name = self._people.principal_name(index)
            case "Group":
                index = drawn % FIRST_ORDINARY
                id_, name = self._groups.ids.guid(index), self._groups.display_name(index)
                group_type = "unifiedGroups" if index in (10, 11) else "azureAD"
            case "ServicePrincipal":
                index = self._principals.signed_in_to[drawn % 20]
                id_, name = self._principals.ids.guid(index), self._principals.name(index)
            case "Application":
                id_, name = self._applications.ids.guid(drawn & 3), self._applications.name(drawn & 3)
            case "Device":
                index = self._stayers[drawn % len(self._stayers)]
                id_, name = self._devices.ids.guid(index), self._devices.name(index)
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


class Provisioning(Log):
    """auditLogs/provisioning."""

    type, when = "provisioningObjectSummary", "activityDateTime"
    own = (
        *("id", "activityDateTime", "changeId", "cycleId", "durationInMilliseconds", "sourceIdentity"),
        *("targetIdentity", "modifiedProperties"),
    )
    facets = ("job", "source", "outcome")

    def __init__(self, words: Words, context: Context, book: LogBook, people: People) -> None:
        self._context, self._people = context, people
        self._ids = context.ids("provisioning")
        self._expected = max(20, min(5_000, context.users // 10))
        super().__init__(book, Area("audits", words))

    def count(self, day: int) -> int:
        return about(self._expected, self._context.seed, day)

    def number(self, id_: str) -> int | None:
        return self._ids.index(id_)

    def cells(self, day: int, place: int, moment: int) -> tuple[Any, ...]:
        number = number_of(day, place)
        hash_ = self._ids.hash(number)
        traits = int(hash_[24:40], 16)
        people, users = self._people, self._people.regulars
        user = users[traits % len(users)]
        mapped = {"displayName": people.display_name(user), "details": {"userPrincipalName": people.principal_name(user)}}
        source = {"id": people.ids.guid(user), "identityType": "User", **mapped}
        target = {
            "id": f"{traits >> 20 & 0xFFFFF:05}",
            "identityType": "urn:ietf:params:scim:schemas:core:2.0:User",
            **mapped,
        }
        name = ("displayName", "department", "active", "title")[traits >> 40 & 3]
        old, new = (f"{traits >> shift & 15}" for shift in (42, 46))
        job = traits >> 50 & 3
        return (
            f'"{self._ids.guid_from(number, hash_)}"',
            stamp(moment, True),
            correlation(hash_),
            # A cycle takes 40 minutes and works off many objects.
            f'"{guid(self._context.seed, "cycle", job, day, place * 36 // self.count(day))}"',
            str(80 + (traits >> 16) % 4000),
            text(source),
            text(target),
            text([{"displayName": name, "oldValue": old, "newValue": new}]),
            job,
            0,
            ((traits >> 52) & 7, spread(traits, 3) % 12),
        )
