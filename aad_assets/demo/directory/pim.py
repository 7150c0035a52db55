"""Privileged identity management: who may activate which role, who has done so, under which policy; the same for groups.

Standing role assignments and the roles themselves are in roles.py.
"""

import base64
from collections.abc import Iterable
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING

from . import groups
from .chance import guid, number
from .edges import edge, target
from .rendering import Listed, Object

if TYPE_CHECKING:
    from .directory import Directory

Grant = tuple[int, int, str]
"""A role, a principal's key, a scope."""
_HOURS = 480


def _by_id(rows: list[Object]) -> list[Object]:
    """Sorted by id, as nothing else orders them."""
    return sorted(rows, key=lambda row: str(row["id"]))


class Pim:
    """Eligibilities, activations and policies on one day."""

    def __init__(self, directory: "Directory") -> None:
        self._directory = directory
        self._seed = directory.seed
        self.assignment_schedules = Listed("unifiedRoleAssignmentSchedule", lambda: _by_id(self._assignment_schedules()))
        self.assignment_instances = Listed(
            "unifiedRoleAssignmentScheduleInstance", lambda: _by_id(self._assignment_instances())
        )
        self.eligibility_schedules = Listed("unifiedRoleEligibilitySchedule", lambda: _by_id(self._eligibility_schedules()))
        self.eligibility_instances = Listed(
            "unifiedRoleEligibilityScheduleInstance", lambda: _by_id(self._eligibility_instances())
        )
        self.policies = Listed("unifiedRoleManagementPolicy", lambda: _by_id(self._policies()))
        self.policy_assignments = Listed("unifiedRoleManagementPolicyAssignment", lambda: _by_id(self._policy_assignments()))
        self.group_eligibilities = Listed(
            "privilegedAccessGroupEligibilityScheduleInstance", lambda: _by_id(self._group_eligibilities())
        )
        self.group_assignments = Listed(
            "privilegedAccessGroupAssignmentScheduleInstance", lambda: _by_id(self._group_assignments())
        )

    @cached_property
    def eligible(self) -> list[Grant]:
        """Who may activate which role where; each place changes hands every 60 days or so."""
        directory = self._directory
        people, roles = directory.people, directory.roles.assignable
        found: dict[Grant, None] = {(roles[0], edge("group", groups.HELPDESK), "/"): None}
        for place in range(min(400, 10 + people.population.base // 200)):
            term = (directory.day + number(self._seed, "eligible term", place) % 60) // 60
            traits = number(self._seed, "eligible", place, term)
            unit = f"/administrativeUnits/{directory.units.ids.guid(traits >> 40 & 1)}"
            user = edge("user", people.someone((traits >> 8) % people.population.base))
            found[roles[traits % len(roles)], user, unit if place % 6 == 5 else "/"] = None
        return list(found)

    @cached_property
    def activated(self) -> list[Grant]:
        """The eligible users who have activated their role today: a third, others every day."""
        users = [grant for grant in self.eligible if target(grant[1])[0] == "user"]
        return [grant for place, grant in enumerate(users) if (place + self._directory.day) % 3 == 0]

    def _guid(self, *parts: object) -> str:
        return guid(self._seed, "pim", *parts)

    def _short(self, *parts: object) -> str:
        hash_ = blake2b("|".join(map(str, (self._seed, *parts))).encode(), digest_size=32).digest()
        return base64.urlsafe_b64encode(hash_).decode().rstrip("=")

    def _granted(self, grant: Grant) -> Object:
        role, principal, scope = grant
        return {
            "appScopeId": None,
            "directoryScopeId": scope,
            "principalId": self._directory.id_of(*target(principal)),
            "roleDefinitionId": self._directory.roles.definition_id(role),
        }

    def _period(self, grant: Grant, active: bool) -> tuple[str, str | None]:
        """Start and end: an activation lasts eight hours of today, a standing grant a year or for ever."""
        calendar, traits = self._directory.calendar, number(self._seed, "period", *grant)
        if active:
            day, minute = self._directory.day, 300 + traits % 400
            return calendar.stamp(day, minute), calendar.stamp(day, minute + _HOURS)
        start = -(traits % 300)
        return calendar.stamp(start, traits >> 16), calendar.stamp(start + 730, traits >> 16) if traits & 1 else None

    def _schedule(self, what: str, grant: Grant, active: bool = False) -> Object:
        start, end = self._period(grant, active)
        expiration = {"type": "afterDateTime" if end else "noExpiration", "endDateTime": end, "duration": None}
        return {
            "id": self._guid(what, *grant, active),
            **self._granted(grant),
            "createdDateTime": start,
            "createdUsing": self._guid("request", what, *grant, active),
            "memberType": "Direct",
            "modifiedDateTime": start if number(self._seed, what, *grant) & 1 else None,
            "scheduleInfo": {"startDateTime": start, "recurrence": None, "expiration": expiration},
            "status": "Provisioned",
        }

    def _instances(self, what: str, grants: Iterable[Grant], active: bool) -> list[Object]:
        """One for each grant; where a group holds it, one more for each member."""
        rows = []
        for grant in grants:
            start, end = self._period(grant, active)
            holders = [("Direct", grant)]
            if target(grant[1])[0] == "group":
                members = self._directory.groups.members(target(grant[1])[1])
                holders += [("Group", (grant[0], member, grant[2])) for member in members]
            rows += [
                {
                    "id": self._short(what, *holder, *grant, active) + ("" if what == "assignment" else "-e"),
                    **self._granted(holder),
                    "startDateTime": start,
                    "endDateTime": end,
                    "memberType": member,
                    "schedule": self._guid(what, *grant, active),
                }
                for member, holder in holders
            ]
        return rows

    def _assignment_schedules(self) -> list[Object]:
        standing = [{**self._schedule("assignment", grant), "assignmentType": "Assigned"} for grant in self._standing]
        active = [
            {**self._schedule("assignment", grant, active=True), "assignmentType": "Activated"} for grant in self.activated
        ]
        return standing + active

    @property
    def _standing(self) -> list[Grant]:
        return self._directory.roles.standing

    def _assignment_instances(self) -> list[Object]:
        rows = []
        origin = self._directory.roles.assignment_id
        for grants, active in ((self._standing, False), (self.activated, True)):
            origins = {self._guid("assignment", *grant, active): origin(*grant) for grant in grants}
            for row in self._instances("assignment", grants, active):
                schedule = str(row.pop("schedule"))
                rows.append(
                    {
                        **row,
                        "assignmentType": "Activated" if active else "Assigned",
                        "roleAssignmentOriginId": origins[schedule],
                        "roleAssignmentScheduleId": schedule,
                    }
                )
        return rows

    def _eligibility_schedules(self) -> list[Object]:
        return [self._schedule("eligibility", grant) for grant in self.eligible]

    def _eligibility_instances(self) -> list[Object]:
        rows = self._instances("eligibility", self.eligible, False)
        return [{**row, "roleEligibilityScheduleId": row.pop("schedule")} for row in rows]

    def policy_id(self, role: int) -> str:
        """The id of a role's policy."""
        return f"DirectoryRole_{self._directory.tenant_id}_{self._guid('policy', role)}"

    def _policies(self) -> list[Object]:
        calendar, people = self._directory.calendar, self._directory.people
        rows = []
        for role in self._directory.roles.definitions.keys():  # noqa: SIM118 - not a dict
            # Every twentieth day an administrator edits a policy; some nobody has touched.
            edited = (self._directory.day + role) // 20
            touched = edited > 0 or role % 3 == 0
            editor = role % 4
            modified = {"id": people.ids.guid(editor), "displayName": people.display_name(editor)}
            rows.append(
                {
                    "id": self.policy_id(role),
                    "description": "DirectoryRole",
                    "displayName": "DirectoryRole",
                    "isOrganizationDefault": False,
                    "lastModifiedBy": modified if touched else {"id": None, "displayName": ""},
                    "lastModifiedDateTime": calendar.stamp(edited * 20 - role if edited else -90 - role, role * 31)
                    if touched
                    else None,
                    "scopeId": "/",
                    "scopeType": "DirectoryRole",
                }
            )
        return rows

    def _policy_assignments(self) -> list[Object]:
        roles = self._directory.roles
        return [
            {
                "id": f"{self.policy_id(role)}_{roles.definition_id(role)}",
                "policyId": self.policy_id(role),
                "roleDefinitionId": roles.definition_id(role),
                "scopeId": "/",
                "scopeType": "DirectoryRole",
            }
            for role in roles.definitions.keys()  # noqa: SIM118 - not a dict
        ]

    def _group_instance(self, what: str, group: int, access: str, principal: int, active: bool) -> Object:
        directory = self._directory
        group_id = directory.groups.ids.guid(group)
        start, end = self._period((group, principal, access), active)
        return {
            "id": f"{group_id}_{access}_{self._guid(what, group, access, principal)}",
            "accessId": access,
            "groupId": group_id,
            "principalId": directory.id_of(*target(principal)),
            "startDateTime": start,
            "endDateTime": end,
            "memberType": "direct",
            f"{what}ScheduleId": f"{group_id}_{access}_{self._guid('schedule', what, group, access, principal)}",
        }

    def _group_eligibilities(self) -> list[Object]:
        people = self._directory.people
        rows = []
        for group in groups.ROLE_ASSIGNABLE:
            for place in range(6):
                term = (self._directory.day + place * 5) // 30
                user = edge(
                    "user", people.someone(number(self._seed, "group eligible", group, place, term) % people.population.base)
                )
                access = "owner" if place == 5 else "member"
                rows.append(self._group_instance("eligibility", group, access, user, False))
        return list({str(row["id"]): row for row in rows}.values())

    def _group_assignments(self) -> list[Object]:
        directory = self._directory
        rows = []
        for group in groups.ROLE_ASSIGNABLE:
            for access, keys in (("member", directory.groups.members(group)), ("owner", directory.groups.owners(group))):
                for place, key in enumerate(keys):
                    active = access == "member" and (place + directory.day) % 4 == 0
                    row = self._group_instance("assignment", group, access, key, active)
                    rows.append({**row, "assignmentType": "activated" if active else "assigned"})
        return rows
