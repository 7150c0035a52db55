"""Directory roles, privileged identity management, and the policies of both."""

from functools import partial

from .. import errors
from ..directory.rendering import Kind
from ..tenant import Directory
from .core import related
from .declaration import DIRECTORY_ROLES, Collection

_ROLES = ("RoleManagement.Read.Directory", "RoleManagement.Read.All", *DIRECTORY_ROLES)
_POLICIES = ("RoleManagementPolicy.Read.Directory", "RoleManagement.Read.Directory", "RoleManagement.Read.All")
_PIM = ("RoleManagement.Read.Directory", "RoleManagement.Read.All", "RoleManagement.ReadWrite.Directory")

_premium = partial(
    Collection,
    page=None,
    scan=True,
    licence="P2",
    unlicensed=errors.premium_required,
)


def _scoped(directory: Directory, parents: tuple[int, ...]) -> Kind:
    return directory.roles.scoped(parents[-1])


COLLECTIONS = (
    Collection(
        "directory_roles",
        "/directoryRoles",
        "directoryRole",
        lambda directory, _: directory.roles.active,
        _ROLES,
        page=None,
        no_top=True,
        scan=True,
    ),
    Collection(
        "directory_role_members",
        "/directoryRoles/{id}/members",
        "directoryObject",
        related(lambda directory, role: directory.roles.members(role)),
        _ROLES,
        page=None,
        no_top=True,
    ),
    Collection(
        "directory_role_templates",
        "/directoryRoleTemplates",
        "directoryRoleTemplate",
        lambda directory, _: directory.roles.templates,
        _ROLES,
        page=None,
        no_top=True,
    ),
    Collection(
        "administrative_unit_scoped_role_members",
        "/directory/administrativeUnits/{id}/scopedRoleMembers",
        "scopedRoleMembership",
        _scoped,
        _ROLES,
    ),
    _premium(
        "role_assignment_schedules",
        "/roleManagement/directory/roleAssignmentSchedules",
        "unifiedRoleAssignmentSchedule",
        lambda directory, _: directory.pim.assignment_schedules,
        ("RoleAssignmentSchedule.Read.Directory", *_PIM),
    ),
    _premium(
        "role_assignment_schedule_instances",
        "/roleManagement/directory/roleAssignmentScheduleInstances",
        "unifiedRoleAssignmentScheduleInstance",
        lambda directory, _: directory.pim.assignment_instances,
        ("RoleAssignmentSchedule.Read.Directory", *_PIM),
    ),
    _premium(
        "role_eligibility_schedules",
        "/roleManagement/directory/roleEligibilitySchedules",
        "unifiedRoleEligibilitySchedule",
        lambda directory, _: directory.pim.eligibility_schedules,
        ("RoleEligibilitySchedule.Read.Directory", *_PIM),
    ),
    _premium(
        "role_eligibility_schedule_instances",
        "/roleManagement/directory/roleEligibilityScheduleInstances",
        "unifiedRoleEligibilityScheduleInstance",
        lambda directory, _: directory.pim.eligibility_instances,
        ("RoleEligibilitySchedule.Read.Directory", *_PIM),
    ),
    _premium(
        "role_management_policies",
        "/policies/roleManagementPolicies",
        "unifiedRoleManagementPolicy",
        lambda directory, _: directory.pim.policies,
        _POLICIES,
        required=(("scopeId", "scopeType"),),
        incomplete=errors.no_provider,
    ),
    _premium(
        "role_management_policy_assignments",
        "/policies/roleManagementPolicyAssignments",
        "unifiedRoleManagementPolicyAssignment",
        lambda directory, _: directory.pim.policy_assignments,
        _POLICIES,
        required=(("scopeId", "scopeType"),),
        incomplete=errors.no_provider,
    ),
    _premium(
        "group_eligibility_schedule_instances",
        "/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances",
        "privilegedAccessGroupEligibilityScheduleInstance",
        lambda directory, _: directory.pim.group_eligibilities,
        ("PrivilegedEligibilitySchedule.Read.AzureADGroup", "PrivilegedAccess.Read.AzureADGroup"),
        required=(("groupId",), ("principalId",)),
    ),
    _premium(
        "group_assignment_schedule_instances",
        "/identityGovernance/privilegedAccess/group/assignmentScheduleInstances",
        "privilegedAccessGroupAssignmentScheduleInstance",
        lambda directory, _: directory.pim.group_assignments,
        ("PrivilegedAssignmentSchedule.Read.AzureADGroup", "PrivilegedAccess.Read.AzureADGroup"),
        required=(("groupId",), ("principalId",)),
    ),
)
