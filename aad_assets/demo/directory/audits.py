"""The directory's audit log (who changed what) and the provisioning log (what was written to other systems)."""

from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from .chance import Ids, guid, spread
from .groups import FIRST_ORDINARY
from .log_days import Log, about, correlation, number_of, stamp
from .rendering import Object, text

if TYPE_CHECKING:
    from .directory import Directory


class _Activity(NamedTuple):
    name: str
    category: str
    operation: str
    target: str
    changed: str = ""
    service: str = "Core Directory"


_ACTIVITIES = (
    _Activity("Update user", "UserManagement", "Update", "User", "Department"),
    _Activity("Add user", "UserManagement", "Add", "User", "AccountEnabled"),
    _Activity("Change user license", "UserManagement", "Update", "User", "AssignedLicense"),
    _Activity("Reset user password", "UserManagement", "Update", "User", "", "Self-service Password Management"),
    _Activity("User registered security info", "UserManagement", "Add", "User", "", "Authentication Methods"),
    _Activity("Add member to group", "GroupManagement", "Assign", "UserAndGroup", "Group.DisplayName"),
    _Activity("Remove member from group", "GroupManagement", "Unassign", "UserAndGroup", "Group.DisplayName"),
    _Activity("Update group", "GroupManagement", "Update", "Group", "Description"),
    _Activity(
        "Add app role assignment to service principal", "ApplicationManagement", "Assign", "ServicePrincipal", "AppRole.Value"
    ),
    _Activity(
        "Consent to application", "ApplicationManagement", "Assign", "ServicePrincipal", "ConsentContext.IsAdminConsent"
    ),
    _Activity(
        "Update application - Certificates and secrets management",
        "ApplicationManagement",
        "Update",
        "Application",
        "KeyDescription",
    ),
    _Activity("Add member to role", "RoleManagement", "Assign", "User", "Role.DisplayName"),
    _Activity("Add eligible member to role in PIM requested (timebound)", "RoleManagement", "Assign", "User", "", "PIM"),
    _Activity("Update device", "Device", "Update", "Device", "IsCompliant", "Device Registration Service"),
    _Activity(
        "Update conditional access policy", "Policy", "Update", "Policy", "ConditionalAccessPolicy", "Conditional Access"
    ),
)
_BY_APPS = 3
"""One in eight is done by an app; the others by one of the administrators."""
_KNOWN_AS = ("activityDisplayName", "category", "operationType", "loggedByService")
_FAILURES = ("Microsoft.Online.Workflows.ObjectAlreadyExistsException", "Policy validation failed")


class DirectoryAudits(Log):
    """auditLogs/directoryAudits."""

    type, when = "directoryAudit", "activityDateTime"
    own = ("id", "activityDateTime", "correlationId", "targetResources")

    def __init__(self, directory: "Directory") -> None:
        self._directory = directory
        self._ids = Ids(directory.seed, "directoryAudit")
        self._expected = max(60, min(20_000, directory.users // 3))
        super().__init__(
            directory.book,
            (
                (_KNOWN_AS, self._activity),
                (("initiatedBy",), self._initiator),
                (("result", "resultReason"), self._result),
                (("additionalDetails",), self._details),
            ),
        )

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

    def cells(self, day: int, place: int, moment: int) -> tuple[Any, ...]:
        number = number_of(day, place)
        hash_ = self._ids.hash(number)
        traits = int(hash_[24:40], 16)
        activity = _ACTIVITIES[(which := traits % len(_ACTIVITIES))]
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

    def _targets(self, activity: _Activity, traits: int) -> list[Object]:
        changes = []
        if activity.changed:
            old, new = traits >> 40 & 7, traits >> 43 & 7
            changes = [{"displayName": activity.changed, "oldValue": f'["{old}"]' if old else None, "newValue": f'["{new}"]'}]
        names = ("User", "Group") if activity.target == "UserAndGroup" else (activity.target,)
        return [
            {**self._target(name, traits >> 46), "modifiedProperties": changes if place == len(names) - 1 else []}
            for place, name in enumerate(names)
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
                stayers = self._devices
                index = stayers[drawn % len(stayers)]
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

    @cached_property
    def _devices(self) -> list[int]:
        return list(self._directory.devices.population.stayers)

    def _activity(self, which: int) -> Object:
        each = _ACTIVITIES[which]
        return dict(zip(_KNOWN_AS, (each.name, each.category, each.operation, each.service), strict=True))

    def _initiator(self, who: int) -> Object:
        directory = self._directory
        if who < 0:
            app, own = -1 - who, directory.principals.signed_in_to[-4:]
            return {
                "initiatedBy": {
                    "app": {
                        "appId": directory.principals.app_id(own[app]),
                        "displayName": directory.principals.name(own[app]),
                        "servicePrincipalId": directory.principals.ids.guid(own[app]),
                        "servicePrincipalName": None,
                    },
                    "user": None,
                }
            }
        return {
            "initiatedBy": {
                "app": None,
                "user": {
                    "id": directory.people.ids.guid(who),
                    "displayName": directory.people.display_name(who),
                    "ipAddress": f"198.51.100.{who}",
                    "userPrincipalName": directory.people.principal_name(who),
                },
            }
        }

    def _result(self, failure: int) -> Object:
        return {
            "result": "failure" if failure else "success",
            "resultReason": _FAILURES[failure - 1] if failure else "",
        }

    def _details(self, number: int) -> Object:
        found = (("User-Agent", "Mozilla/5.0"), ("AppId", guid(0, "audit", number)))
        return {"additionalDetails": [{"key": key, "value": value} for key, value in found[:number]]}


_STEPS = (
    ("import", "EntryImportAdd", "Received user from Microsoft Entra ID"),
    ("scoping", "EntrySynchronizationScoping", "The user is in scope"),
    ("matching", "EntryImportObjectNotFound", "No matching user in the target"),
    ("export", "EntryExportAdd", "User was created in the target"),
)
_ACTIONS = ("create", "update", "update", "update", "disable", "other", "delete", "update")
_CHANGED = ("displayName", "department", "active", "title")


class Provisioning(Log):
    """auditLogs/provisioning."""

    type, when = "provisioningObjectSummary", "activityDateTime"
    own = (
        *("id", "activityDateTime", "changeId", "cycleId", "durationInMilliseconds", "sourceIdentity"),
        *("targetIdentity", "modifiedProperties"),
    )

    def __init__(self, directory: "Directory") -> None:
        self._directory = directory
        self._ids = Ids(directory.seed, "provisioning")
        self._expected = max(20, min(5_000, directory.users // 10))
        super().__init__(
            directory.book,
            (
                (("jobId", "servicePrincipal", "targetSystem"), self._job),
                (("sourceSystem", "tenantId", "initiatedBy"), self._source),
                (("provisioningAction", "provisioningStatusInfo", "provisioningSteps"), self._outcome),
            ),
        )

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
        name = _CHANGED[traits >> 40 & 3]
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

    def _job(self, number: int) -> Object:
        principals = self._directory.principals
        app = principals.gallery[number]
        id_, name = principals.ids.guid(app), principals.name(app)
        return {
            "jobId": f"{name.split()[0]}.{self._directory.tenant_id.replace('-', '')}.{guid(0, 'job', number)}",
            "servicePrincipal": {"id": id_, "displayName": name},
            "targetSystem": {
                "id": guid(0, "target system", number),
                "displayName": name,
                "details": {"ApplicationId": principals.app_id(app), "ServicePrincipalId": id_},
            },
        }

    def _source(self, _: int) -> Object:
        return {
            "sourceSystem": {"id": guid(0, "source system"), "displayName": "Microsoft Entra ID", "details": {}},
            "tenantId": self._directory.tenant_id,
            "initiatedBy": {"id": "", "displayName": "Azure AD Provisioning Service", "initiatorType": "system"},
        }

    def _outcome(self, drawn: tuple[int, int]) -> Object:
        action, result = drawn
        status = {0: "failure", 1: "skipped", 2: "warning"}.get(result, "success")
        error = {
            "errorCode": "InsufficientRights",
            "errorCategory": "nonServiceFailure",
            "reason": "The target refused the credentials.",
            "recommendedAction": "Check the connection's administrator account.",
            "additionalDetails": None,
        }
        return {
            "provisioningAction": _ACTIONS[action],
            "provisioningStatusInfo": {"status": status, "errorInformation": error if status == "failure" else None},
            "provisioningSteps": [
                {"name": name, "provisioningStepType": kind, "status": status, "description": said, "details": {}}
                for kind, name, said in _STEPS[: 2 if status == "skipped" else 4]
            ],
        }
