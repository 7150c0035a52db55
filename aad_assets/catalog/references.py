"""Ids in rows that name rows of other tables.

References to a declared parent follow from the declarations. Others, which Graph returns in rows, are listed here.
"""

from collections.abc import Container
from dataclasses import dataclass, replace

from aad_assets.catalog.entity import Entity


@dataclass(frozen=True)
class Reference:
    """`column` of `table` holds the `key` of a row in one of `targets`. A dot enters a STRUCT, `[]` a list."""

    table: str
    column: str
    targets: tuple[str, ...]
    key: str = "id"
    unique: bool = False
    """No two rows refer to the same row."""
    optional: bool = False
    """The column can be empty, or refer to something else."""

    @property
    def many(self) -> bool:
        """One row refers to several rows."""
        return "[]" in self.column


NOT_IDS = frozenset(
    {
        "",
        "All",
        "AllTrusted",
        "GuestsOrExternalUsers",
        "MicrosoftAdminPortals",
        "None",
        "Office365",
        "00000000-0000-0000-0000-000000000000",  # the trusted IP addresses of multifactor authentication, as a location
    }
)
"""Values of references that are keywords.

learn.microsoft.com/graph/api/resources describes them at conditionalAccessUsers, …Applications and …Locations.
"""

_USERS = ("users",)
_PRINCIPALS = ("users", "groups", "service_principals")
_APPS = ("applications", "service_principals")
_ROLES = ("role_definitions",)
_PACKAGES = ("access_packages",)
_FLOWS = ("authentication_events_flows",)
_POLICIES = "conditional_access_policies"

REFERENCES = (
    Reference("user_managers", "userId", _USERS, unique=True),
    Reference("user_managers", "managerId", _USERS),
    Reference("user_sign_in_activity", "id", _USERS, unique=True),
    Reference("user_registration_details", "id", _USERS, unique=True),
    Reference("users", "assignedLicenses[].skuId", ("subscribed_skus",), "skuId"),
    Reference("groups", "assignedLicenses[].skuId", ("subscribed_skus",), "skuId"),
    Reference("group_members", "memberId", ("users", "groups", "devices", "service_principals")),
    Reference("group_owners", "ownerId", ("users", "service_principals")),
    Reference("application_owners", "ownerId", ("users", "service_principals")),
    Reference("device_registered_owners", "ownerId", _USERS),
    Reference("administrative_unit_members", "memberId", ("users", "groups", "devices")),
    Reference("service_principals", "appId", ("applications",), "appId", unique=True, optional=True),
    Reference("app_role_assignments", "principalId", _PRINCIPALS),
    Reference("app_role_assignments", "resourceId", ("service_principals",)),
    Reference("oauth2_permission_grants", "principalId", _USERS, optional=True),
    Reference("oauth2_permission_grants", "clientId", ("service_principals",)),
    Reference("oauth2_permission_grants", "resourceId", ("service_principals",)),
    Reference("role_assignments", "principalId", _PRINCIPALS),
    Reference("role_assignments", "roleDefinitionId", _ROLES),
    Reference("role_assignments", "directoryScopeId", ("administrative_units",), optional=True),
    Reference("role_eligibility_schedules", "principalId", ("users", "groups")),
    Reference("role_eligibility_schedules", "roleDefinitionId", _ROLES),
    Reference(_POLICIES, "conditions.users.includeUsers[]", _USERS),
    Reference(_POLICIES, "conditions.users.includeGroups[]", ("groups",)),
    Reference(_POLICIES, "conditions.users.includeRoles[]", _ROLES, "templateId"),
    Reference(_POLICIES, "conditions.applications.includeApplications[]", ("service_principals",), "appId"),
    Reference(_POLICIES, "conditions.locations.includeLocations[]", ("named_locations",)),
    Reference("sign_ins", "userId", _USERS),
    Reference("sign_ins", "appId", ("service_principals",), "appId"),
    # The rest is not part of the picture of the core tables.
    Reference(
        _POLICIES,
        "conditions.applications.includeAuthenticationContextClassReferences[]",
        ("authentication_context_class_references",),
    ),
    Reference("service_principal_owners", "ownerId", ("users", "service_principals")),
    Reference("device_registered_users", "userId", _USERS),
    Reference("bitlocker_recovery_keys", "deviceId", ("devices",), "deviceId"),
    Reference("user_sponsors", "sponsorId", ("users", "groups")),
    Reference("agent_identity_sponsors", "sponsorId", ("users", "groups")),
    Reference("agent_identity_blueprint_principal_sponsors", "sponsorId", ("users", "groups")),
    Reference("agent_identity_blueprint_sponsors", "sponsorId", ("users", "groups")),
    Reference("directory_roles", "roleTemplateId", ("directory_role_templates",)),
    Reference("directory_role_members", "memberId", _PRINCIPALS),
    Reference("administrative_unit_scoped_role_members", "roleId", ("directory_roles",)),
    *(
        Reference(f"{kind}_{what}", column, targets)
        for kind in ("role_assignment", "role_eligibility")
        for what in ("schedules", "schedule_instances", "schedule_requests")
        for column, targets in (("principalId", _PRINCIPALS), ("roleDefinitionId", _ROLES))
        if (kind, what) != ("role_eligibility", "schedules")
    ),
    Reference(
        "role_assignment_schedule_instances", "roleAssignmentScheduleId", ("role_assignment_schedules",), optional=True
    ),
    Reference(
        "role_eligibility_schedule_instances", "roleEligibilityScheduleId", ("role_eligibility_schedules",), optional=True
    ),
    Reference("role_management_policy_assignments", "policyId", ("role_management_policies",)),
    Reference("role_management_policy_assignments", "roleDefinitionId", _ROLES),
    *(
        Reference(f"group_{kind}_{what}", "principalId", _PRINCIPALS)
        for kind in ("assignment", "eligibility")
        for what in ("schedules", "schedule_instances", "schedule_requests")
    ),
    Reference("group_role_management_policy_assignments", "policyId", ("group_role_management_policies",)),
    Reference("access_packages", "catalogId", ("access_package_catalogs",)),
    Reference("access_package_assignment_policies", "accessPackageId", _PACKAGES),
    Reference("access_package_assignment_policies", "catalogId", ("access_package_catalogs",)),
    Reference("access_package_assignments", "accessPackageId", _PACKAGES),
    Reference("access_package_assignments", "assignmentPolicyId", ("access_package_assignment_policies",)),
    Reference("access_package_assignments", "targetObjectId", _USERS, optional=True),
    Reference("access_package_assignment_requests", "accessPackageId", _PACKAGES),
    Reference("access_package_assignment_requests", "assignmentId", ("access_package_assignments",), optional=True),
    Reference("access_package_assignment_requests", "requestorObjectId", _USERS, optional=True),
    Reference("access_package_incompatible_packages", "incompatibleAccessPackageId", _PACKAGES),
    Reference("access_package_incompatible_groups", "groupId", ("groups",)),
    Reference("entitlement_role_assignments", "principalId", _PRINCIPALS),
    Reference("entitlement_role_assignments", "roleDefinitionId", ("entitlement_role_definitions",)),
    Reference("terms_of_use_acceptances", "userId", _USERS, optional=True),
    Reference("lifecycle_workflow_tasks", "taskDefinitionId", ("lifecycle_task_definitions",)),
    Reference("lifecycle_workflow_user_results", "subjectId", _USERS, optional=True),
    Reference("group_settings", "templateId", ("group_setting_templates",)),
    Reference("group_specific_settings", "templateId", ("group_setting_templates",)),
    Reference(
        "authentication_event_listeners", "authenticationEventsFlowId", ("authentication_events_flows",), optional=True
    ),
    *(
        Reference(f"{policy}_policy_targets", "targetId", _APPS)
        for policy in ("claims_mapping", "token_lifetime", "token_issuance", "home_realm_discovery", "app_management")
    ),
    Reference("service_principal_sign_in_activities", "appId", ("service_principals",), "appId"),
    Reference("risky_users", "id", _USERS, unique=True, optional=True),
    Reference("risk_detections", "userId", _USERS, optional=True),
    Reference("risky_service_principals", "id", ("service_principals",), unique=True, optional=True),
    Reference("service_principal_risk_detections", "servicePrincipalId", ("service_principals",), optional=True),
    Reference("sign_ins_non_interactive", "userId", _USERS, optional=True),
    *(
        Reference(f"sign_ins_{kind}", "servicePrincipalId", ("service_principals",), optional=True)
        for kind in ("service_principal", "managed_identity")
    ),
)
"""Listed references. Those of logs and reports may name rows that have been deleted since."""


def references_of(entity: Entity, tables: Container[str]) -> list[Reference]:
    """Return the references from `entity` to `tables`, without those to tables that are not among them.

    The reference to its parent is the first. One of whose targets some are missing is optional.
    """
    parents = []
    if entity.parent:
        names = zip(entity.parent_reference, entity.parent_key, strict=False)
        parents = [Reference(entity.table, column, (entity.parent,), key) for column, key in names]
    listed = [each for each in REFERENCES if each.table == entity.table and each.column not in {p.column for p in parents}]
    present = [(each, tuple(target for target in each.targets if target in tables)) for each in (*parents, *listed)]
    return [
        replace(each, targets=targets, optional=each.optional or len(targets) < len(each.targets))
        for each, targets in present
        if targets
    ]
