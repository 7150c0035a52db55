"""The directory's audit log (who changed what) and the provisioning log (what was written to other systems)."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

from .chance import Ids, guid, spread
from .groups import FIRST_ORDINARY
from .log_days import Log, about, correlation, number_of, stamp
from .rendering import Object, text
from .templates import Area
from .vocabulary import vocabulary

if TYPE_CHECKING:
    from .directory import Directory

_BY_APPS = 3
"""One in eight is done by an app; the others by one of the administrators."""


class DirectoryAudits(Log):
    """auditLogs/directoryAudits."""

    type, when = "directoryAudit", "activityDateTime"
    own = ("id", "activityDateTime", "correlationId", "targetResources")
    facets = ("activity", "initiator", "result", "details")

    def __init__(self, directory: "Directory") -> None:
        self._directory = directory
        self._ids = Ids(directory.seed, "directoryAudit")
        self._expected = max(60, min(20_000, directory.users // 3))
        super().__init__(directory.book, Area("audits", vocabulary(directory)))

    @property
    def retention(self) -> int:  # type: ignore[override]
        return 30 if self._book.premium else 7

    def count(self, day: int) -> int:
        return about(self._expected, self._directory.seed, day)

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
    def _devices(self) -> list[int]:
        return list(self._directory.devices.population.stayers)

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
        directory = self._directory
        principal_name = group_type = None
        match type_:
            case "User":
                index = directory.regulars[drawn % len(directory.regulars)]
                id_, name = directory.people.ids.guid(index), directory.people.display_name(index)
                principal_name = directory.people.principal_name(index)
            case "Group":
                index = drawn % FIRST_ORDINARY
                id_, name = directory.groups.ids.guid(index), directory.name_of("group", index)
                group_type = "unifiedGroups" if index in (10, 11) else "azureAD"
            case "ServicePrincipal":
                index = directory.principals.signed_in_to[drawn % 20]
                id_, name = directory.principals.ids.guid(index), directory.principals.name(index)
            case "Application":
                id_, name = directory.applications.ids.guid(drawn & 3), directory.applications.name(drawn & 3)
            case "Device":
                index = self._devices[drawn % len(self._devices)]
                id_, name = directory.devices.ids.guid(index), directory.devices.name(index)
            case _:
                id_, name = directory.access_policies[drawn % len(directory.access_policies)]
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

    def __init__(self, directory: "Directory") -> None:
        self._directory = directory
        self._ids = Ids(directory.seed, "provisioning")
        self._expected = max(20, min(5_000, directory.users // 10))
        super().__init__(directory.book, Area("audits", vocabulary(directory)))

    def count(self, day: int) -> int:
        return about(self._expected, self._directory.seed, day)

    def number(self, id_: str) -> int | None:
        return self._ids.index(id_)

    def cells(self, day: int, place: int, moment: int) -> tuple[Any, ...]:
        number = number_of(day, place)
        hash_ = self._ids.hash(number)
        traits = int(hash_[24:40], 16)
        people, users = self._directory.people, self._directory.regulars
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
            f'"{guid(self._directory.seed, "cycle", job, day, place * 36 // self.count(day))}"',
            str(80 + (traits >> 16) % 4000),
            text(source),
            text(target),
            text([{"displayName": name, "oldValue": old, "newValue": new}]),
            job,
            0,
            ((traits >> 52) & 7, spread(traits, 3) % 12),
        )
