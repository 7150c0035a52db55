"""Entitlement management: catalogs of access packages, the policies by which one gets them, requests and assignments."""

from typing import TYPE_CHECKING, Any

from . import groups
from .chance import guid, number
from .names import DEPARTMENTS, PROJECTS, VENDORS
from .rendering import Listed, Object

if TYPE_CHECKING:
    from .directory import Directory

_CATALOGS = ("General", "Engineering tools", "Partners", "Retired")
_PACKAGES = 9
_TERM = 30
"""Days after which an assignment ends and another begins in its place."""


def tenant_of(vendor: str) -> str:
    return guid(0, "vendor tenant", vendor)


def _set(kind: str, **own: Any) -> Object:
    """A subjectSet: who is meant."""
    return {"@odata.type": f"#microsoft.graph.{kind}", **own}


class Entitlements:
    """Access packages and what goes with them; requests and assignments change daily."""

    def __init__(self, directory: "Directory") -> None:
        self._directory = directory
        self.catalogs = Listed("accessPackageCatalog", self._catalogs)
        self.packages = Listed("accessPackage", self._packages)
        self.policies = Listed("accessPackageAssignmentPolicy", self._policies)
        self.assignments = Listed("accessPackageAssignment", self._assignments)
        self.requests = Listed("accessPackageAssignmentRequest", self._requests)
        self.organizations = Listed("connectedOrganization", self._organizations)

    def _id(self, *parts: object) -> str:
        return guid(self._directory.seed, "entitlement", *parts)

    def _catalogs(self) -> list[Object]:
        calendar = self._directory.calendar
        rows = []
        for n, name in enumerate(_CATALOGS):
            edits, when = self._directory.edits(f"catalog {name}", 31)
            rows.append(
                {
                    "id": self._id("catalog", n),
                    "catalogType": "serviceDefault" if n == 0 else "userManaged",
                    "createdDateTime": calendar.stamp(-500 + n, n * 90),
                    "description": f"Access packages: {name.lower()}" + (f" (revision {edits})" if edits else ""),
                    "displayName": name,
                    "isExternallyVisible": n in (0, 2),
                    "modifiedDateTime": when,
                    "state": "unpublished" if n == 3 else "published",
                }
            )
        return rows

    def _packages(self) -> list[Object]:
        calendar = self._directory.calendar
        rows = []
        for n in range(_PACKAGES):
            edits, when = self._directory.edits(f"package {n}", 22)
            name = f"{PROJECTS[n * 3 % 26]} for {tuple(DEPARTMENTS)[n % 16]}"
            rows.append(
                {
                    "id": self._id("package", n),
                    "createdDateTime": calendar.stamp(-400 + n * 13, n * 101),
                    "description": f"Everything one needs for {name}" + (f" (revision {edits})" if edits else ""),
                    "displayName": name,
                    "isHidden": n % 4 == 3,
                    "modifiedDateTime": when,
                }
            )
        return rows

    def _policies(self) -> list[Object]:
        directory, calendar = self._directory, self._directory.calendar
        user, group = directory.people.ids.guid, directory.groups.ids.guid
        owner = _set("singleUser", userId=user(2), description=directory.people.display_name(2))
        manager = _set("requestorManager", managerLevel=1)
        helpdesk = _set("groupMembers", groupId=group(groups.HELPDESK), description="Helpdesk operators")
        partner = _set(
            "connectedOrganizationMembers", connectedOrganizationId=self._id("organization", 0), description="Partner"
        )
        rule = _set("attributeRuleMembers", description="Engineers", membershipRule='(user.department -eq "Engineering")')
        team = _set("groupMembers", groupId=group(groups.ENGINEERING), description="Department Engineering")
        targets: tuple[tuple[str, str, list[Object]], ...] = (
            ("specificDirectoryUsers", "Named people and teams", [owner, team]),
            ("allMemberUsers", "All members", []),
            ("specificConnectedOrganizationUsers", "Partners", [partner]),
            ("notSpecified", "Administrators only", []),
            ("specificDirectoryUsers", "By department", [rule]),
        )
        rows = []
        for n in range(_PACKAGES + 3):
            scope, name, allowed = targets[n % len(targets)]
            edits, when = directory.edits(f"assignment policy {n}", 24)
            self_service = scope != "notSpecified"
            automatic = name == "By department"
            stage = {
                "durationBeforeAutomaticDenial": "P14D",
                "isApproverJustificationRequired": True,
                "isEscalationEnabled": n % 2 == 0,
                "durationBeforeEscalation": "P7D" if n % 2 == 0 else "PT0S",
                "primaryApprovers": [manager],
                "fallbackPrimaryApprovers": [owner],
                "escalationApprovers": [owner] if n % 2 == 0 else [],
                "fallbackEscalationApprovers": [helpdesk] if n % 2 == 0 else [],
                "approverInformationVisibility": "default",
            }
            rows.append(
                {
                    "id": self._id("policy", n),
                    "allowedTargetScope": scope,
                    "automaticRequestSettings": {
                        "requestAccessForAllowedTargets": True,
                        "removeAccessWhenTargetLeavesAllowedTargets": True,
                        "gracePeriodBeforeAccessRemoval": "P7D",
                    }
                    if automatic
                    else None,
                    "createdDateTime": calendar.stamp(-380 + n * 11, n * 67),
                    "description": f"{name} (revision {edits})" if edits else name,
                    "displayName": f"{name} {n + 1}",
                    "expiration": (
                        {"type": "afterDuration", "duration": f"P{_TERM}D", "endDateTime": None},
                        {"type": "noExpiration", "duration": None, "endDateTime": None},
                        {"type": "afterDateTime", "duration": None, "endDateTime": calendar.stamp(400 + n, 0)},
                    )[n % 3],
                    "modifiedDateTime": when,
                    "notificationSettings": {"isAssignmentNotificationDisabled": n % 5 == 4},
                    "requestApprovalSettings": {
                        "isApprovalRequiredForAdd": self_service and not automatic,
                        "isApprovalRequiredForUpdate": False,
                        "isRequestorJustificationRequired": self_service,
                        "stages": [stage] if self_service and not automatic else [],
                    },
                    "requestorSettings": {
                        "enableTargetsToSelfAddAccess": self_service,
                        "enableTargetsToSelfUpdateAccess": False,
                        "enableTargetsToSelfRemoveAccess": self_service,
                        "allowCustomAssignmentSchedule": self_service,
                        "enableOnBehalfRequestorsToAddAccess": n % 4 == 0,
                        "enableOnBehalfRequestorsToUpdateAccess": False,
                        "enableOnBehalfRequestorsToRemoveAccess": False,
                        "onBehalfRequestors": [_set("targetManager", managerLevel=1)] if n % 4 == 0 else [],
                    },
                    "reviewSettings": self._review(n, owner) if n % 3 == 0 else None,
                    "specificAllowedTargets": allowed,
                }
            )
        return rows

    def _review(self, n: int, owner: Object) -> Object:
        calendar = self._directory.calendar
        return {
            "isEnabled": True,
            "expirationBehavior": "acceptAccessRecommendation",
            "isRecommendationEnabled": True,
            "isReviewerJustificationRequired": n % 2 == 0,
            "isSelfReview": n % 2 == 1,
            "schedule": {
                "startDateTime": calendar.stamp(-90, 0),
                "expiration": {"type": "afterDuration", "duration": "P25D", "endDateTime": None},
                "recurrence": recurrence("absoluteMonthly", 3, calendar.date(-90)),
            },
            "primaryReviewers": [owner] if n % 2 == 0 else [],
            "fallbackReviewers": [owner],
        }

    def _terms(self) -> list[tuple[int, int, int, int]]:
        """Place, number, first day and traits of the last, the current and the next term of every place."""
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

    def _assignments(self) -> list[Object]:
        directory, calendar = self._directory, self._directory.calendar
        rows = []
        for place, term, began, traits in self._terms():
            if began > directory.day or _refused(traits):
                continue
            ends, over = began + _TERM, began + _TERM <= directory.day
            young = directory.day - began < 1
            state = "expired" if over else "delivering" if young else "deliveryFailed" if traits % 29 == 0 else "delivered"
            rows.append(
                {
                    "id": self._id("assignment", place, term),
                    "customExtensionCalloutInstances": [_callout(traits, "callbackReceived")] if traits % 9 == 0 else [],
                    "expiredDateTime": calendar.stamp(ends, traits) if over else None,
                    "schedule": {
                        "startDateTime": calendar.stamp(began, traits),
                        "expiration": {
                            "endDateTime": calendar.stamp(ends, traits),
                            "duration": None,
                            "type": "afterDateTime",
                        },
                        "recurrence": None,
                    },
                    "state": state,
                    "status": {"expired": "ExpiredNotificationTriggered", "delivering": "Delivering"}.get(state, "Delivered"),
                }
            )
        return rows

    def _requests(self) -> list[Object]:
        """A request two days before the term begins; some are refused."""
        directory, calendar = self._directory, self._directory.calendar
        rows = []
        for place, term, began, traits in self._terms():
            if began - 2 > directory.day:
                continue
            done = began <= directory.day
            state = ("denied" if _refused(traits) else "delivered") if done else "pendingApproval"
            kind = ("userAdd", "adminAdd", "userAdd", "systemAdd", "onBehalfAdd")[traits % 5]
            answer = {
                "@odata.type": "#microsoft.graph.accessPackageAnswerString",
                "displayValue": "Which project?",
                "value": PROJECTS[traits % 26],
            }
            rows.append(
                {
                    "id": self._id("request", place, term),
                    "answers": [answer] if kind == "userAdd" else [],
                    "completedDateTime": calendar.stamp(began, traits) if done else None,
                    "createdDateTime": calendar.stamp(began - 2, traits),
                    "customExtensionCalloutInstances": [_callout(traits, "calloutSent")] if traits % 9 == 0 else [],
                    "justification": f"Needed for {PROJECTS[traits % 26]}" if kind == "userAdd" else None,
                    "requestType": kind,
                    "schedule": {
                        "startDateTime": calendar.stamp(began, traits),
                        "expiration": {"endDateTime": None, "duration": f"P{_TERM}D", "type": "afterDuration"},
                        "recurrence": None,
                    },
                    "state": state,
                    "status": {"delivered": "Delivered", "denied": "Denied"}.get(state, "PendingApproval"),
                }
            )
        return rows

    def _organizations(self) -> list[Object]:
        calendar = self._directory.calendar
        rows = []
        for n, vendor in enumerate(VENDORS[:6]):
            edits, when = self._directory.edits(f"organization {vendor}", 37)
            domain = f"{vendor.lower()}.example"
            own: Object = {"displayName": vendor, "domainName": domain}
            source = (
                _set("azureActiveDirectoryTenant", displayName=vendor, tenantId=tenant_of(vendor)),
                _set("domainIdentitySource", **own),
                _set("externalDomainFederation", **own, issuerUri=f"https://sts.{domain}/adfs/services/trust"),
                _set(
                    "crossCloudAzureActiveDirectoryTenant",
                    displayName=vendor,
                    tenantId=tenant_of(vendor),
                    cloudInstance="microsoftonline.us",
                ),
            )[n % 4]
            rows.append(
                {
                    "id": self._id("organization", n),
                    "createdDateTime": calendar.stamp(-320 + n * 8, n * 59),
                    "description": f"{vendor}, since {calendar.date(-320 + n * 8)[:4]}",
                    "displayName": vendor,
                    "identitySources": [source],
                    "modifiedDateTime": when,
                    "state": "proposed" if n == 5 and edits % 2 == 0 else "configured",
                }
            )
        return rows


def recurrence(kind: str, interval: int, first: str) -> Object:
    """patternedRecurrence without end."""
    weekly = kind == "weekly"
    return {
        "pattern": {
            "type": kind,
            "interval": interval,
            "month": 0,
            "dayOfMonth": 0 if weekly else 1,
            "daysOfWeek": ["monday"] if weekly else [],
            "firstDayOfWeek": "sunday",
            "index": "first",
        },
        "range": {"type": "noEnd", "numberOfOccurrences": 0, "recurrenceTimeZone": None, "startDate": first, "endDate": None},
    }


def _refused(traits: int) -> bool:
    """Was the request denied, so that no assignment came of it?"""
    return traits % 7 == 0


def _callout(traits: int, status: str) -> Object:
    return {
        "customExtensionId": guid(0, "custom extension"),
        "detail": "Ticket opened",
        "externalCorrelationId": f"T-{traits % 100000}",
        "id": guid(0, "callout", traits),
        "status": status,
    }
