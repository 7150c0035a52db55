"""Terms of use, lifecycle workflows, and what partners may administer here.

Access packages are in entitlements.py, access reviews in reviews.py.
"""

from typing import TYPE_CHECKING

from .chance import guid, number
from .names import VENDORS
from .rendering import Listed, Object

if TYPE_CHECKING:
    from .directory import Directory

_GOVERNANCE = "#microsoft.graph.identityGovernance"
_STATES = ("active", "active", "approvalPending", "terminated", "expired", "created", "active")


class Governance:
    """Small collections that change once in a few weeks."""

    def __init__(self, directory: "Directory") -> None:
        self._directory = directory
        self.agreements = Listed("agreement", self._agreements)
        self.workflows = Listed("identityGovernance.workflow", self._workflows)
        self.relationships = Listed("delegatedAdminRelationship", self._relationships)

    def _agreements(self) -> list[Object]:
        calendar = self._directory.calendar
        rows = (("Terms for guests", "P365D"), ("Acceptable use of company devices", None), ("Confidentiality", "P90D"))
        return [
            {
                "id": guid(self._directory.seed, "agreement", n),
                "displayName": name,
                "isPerDeviceAcceptanceRequired": n == 1,
                "isViewingBeforeAcceptanceRequired": n != 1,
                "termsExpiration": {"startDateTime": calendar.stamp(-100, 0), "frequency": "P180D"} if n == 2 else None,
                "userReacceptRequiredFrequency": again,
            }
            for n, (name, again) in enumerate(rows)
        ]

    def _workflows(self) -> list[Object]:
        calendar, day = self._directory.calendar, self._directory.day
        hire, leave = "employeeHireDate", "employeeLeaveDateTime"

        def at(attribute: str, days: int) -> Object:
            type_ = f"{_GOVERNANCE}.timeBasedAttributeTrigger"
            return {"@odata.type": type_, "timeBasedAttribute": attribute, "offsetInDays": days}

        moved = {"@odata.type": f"{_GOVERNANCE}.attributeChangeTrigger", "triggerAttributes": [{"name": "department"}]}
        idle = {"@odata.type": f"{_GOVERNANCE}.userInactivityTrigger", "inactivityPeriodInDays": 60}
        rows: tuple[tuple[str, str, Object | None, str], ...] = (
            ("joiner", "Before the first day", at(hire, -7), "department ne null"),
            ("joiner", "Welcome on the first day", at(hire, 0), "department ne null"),
            ("mover", "New department", moved, "(department eq 'Engineering')"),
            ("leaver", "Last day", at(leave, 0), "employeeType eq 'Employee'"),
            ("leaver", "A week after the last day", at(leave, 7), "employeeType eq 'Employee'"),
            ("leaver", "Unused accounts", idle, "userType eq 'Guest'"),
            ("leaver", "At once, by hand", None, ""),
        )
        made = []
        for n, (category, name, trigger, rule) in enumerate(rows):
            edits, when = self._directory.edits(name, 26)
            scheduled = trigger is not None and n != 4
            scope = {"@odata.type": f"{_GOVERNANCE}.ruleBasedSubjectSet", "rule": rule}
            broken = n == 5
            made.append(
                {
                    "category": category,
                    "createdDateTime": calendar.stamp(-250 + n * 9, n * 77),
                    "description": f"{name}: tasks for every {category}",
                    "displayName": name,
                    "executionConditions": {
                        "@odata.type": f"{_GOVERNANCE}.triggerAndScopeBasedConditions",
                        "scope": scope,
                        "trigger": trigger,
                    }
                    if trigger
                    else {"@odata.type": f"{_GOVERNANCE}.onDemandExecutionOnly"},
                    "isEnabled": n != 4,
                    "isSchedulingEnabled": scheduled,
                    "lastModifiedDateTime": when,
                    "deletedDateTime": None,
                    "id": guid(self._directory.seed, "workflow", n),
                    "nextScheduleRunDateTime": calendar.stamp(day, 1380) if scheduled else None,
                    "quarantineDetails": {
                        "quarantinedDateTime": calendar.stamp(-12, 300),
                        "quarantineReason": "More users would have been processed than the threshold allows.",
                        "quarantineType": "countBasedThresholdExceeded",
                    }
                    if broken
                    else None,
                    "settings": {
                        "quarantineConfiguration": {
                            "matchMode": "any",
                            "conditions": [
                                {"@odata.type": f"{_GOVERNANCE}.countBasedQuarantineCondition", "threshold": 50},
                                {"@odata.type": f"{_GOVERNANCE}.percentageBasedQuarantineCondition", "percentage": 10},
                            ],
                        }
                    }
                    if category == "leaver"
                    else None,
                    "version": 1 + edits,
                }
            )
        return made

    def _relationships(self) -> list[Object]:
        directory, calendar = self._directory, self._directory.calendar
        names = ("Global Reader", "Helpdesk Administrator", "Service Support Administrator", "User Administrator")
        roles = [directory.roles.template(name) for name in names]
        signed, _ = directory.edits("relationships", 18)
        rows = []
        for n in range(7 + signed):
            traits = number(directory.seed, "relationship", n)
            state, vendor = _STATES[n % len(_STATES)], VENDORS[n % len(VENDORS)]
            begun = -200 + n * 25 if n < 7 else directory.day - (directory.day % 18)
            approved = state in ("active", "terminated", "expired")
            years = 1 + traits % 2
            rows.append(
                {
                    "id": f"{guid(directory.seed, 'relationship', n)}-{guid(0, 'customer', n)}",
                    "accessDetails": {
                        "unifiedRoles": [{"roleDefinitionId": role} for role in roles[: 1 + traits % len(roles)]]
                    },
                    "activatedDateTime": calendar.stamp(begun + 2, traits) if approved else None,
                    "autoExtendDuration": "P180D" if state == "active" and n % 2 == 0 else "PT0S",
                    "createdDateTime": calendar.stamp(begun, traits),
                    "customer": {"tenantId": guid(0, "customer", n), "displayName": f"{vendor} Retail"} if approved else None,
                    "displayName": f"{vendor} support {n + 1}",
                    "duration": f"P{years * 365}D",
                    "endDateTime": calendar.stamp(begun + years * 365, traits) if approved else None,
                    "lastModifiedDateTime": calendar.stamp(begun + 3, traits),
                    "status": state,
                }
            )
        return rows
