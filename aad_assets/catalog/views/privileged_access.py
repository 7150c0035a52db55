"""The settings of Privileged Identity Management for directory roles and groups."""

from aad_assets.catalog.enums import Group
from aad_assets.catalog.view import TENANT, SourceTable, View, ViewColumn

_USERS = SourceTable("users", ("id", "displayName"))
_GROUPS = SourceTable("groups", ("id", "displayName"))

_SETTINGS = (
    ViewColumn("activationMaximumDuration", "The longest activation, as an ISO 8601 duration: `PT8H`."),
    ViewColumn("activationMaximumHours", "The same in hours.", "DOUBLE"),
    ViewColumn(
        "activationRequiresMfa",
        "Whether activation requires MFA. False if an authentication context is required in its place.",
        "BOOLEAN",
    ),
    ViewColumn(
        "activationAuthenticationContext",
        "The authentication context that activation requires: `authentication_context_class_references.id`.",
    ),
    ViewColumn("activationRequiresJustification", "Whether a person who activates has to say why.", "BOOLEAN"),
    ViewColumn("activationRequiresTicket", "Whether a person who activates has to name a ticket.", "BOOLEAN"),
    ViewColumn("activationRequiresApproval", "Whether someone has to approve each activation.", "BOOLEAN"),
    ViewColumn(
        "approverIds",
        "The users and groups that can approve. NULL if none is named: for directory roles, Privileged Role Administrators "
        "and Global Administrators can then approve.",
        "VARCHAR[]",
    ),
    ViewColumn("approverNames", "Their names, in the same order.", "VARCHAR[]"),
    ViewColumn("permanentEligibilityAllowed", "Whether eligibilities may have no end.", "BOOLEAN"),
    ViewColumn("eligibilityMaximumDuration", "The longest eligibility: `P365D`. NULL if it may have no end."),
    ViewColumn("eligibilityMaximumDays", "The same in days.", "DOUBLE"),
    ViewColumn("permanentAssignmentAllowed", "Whether active assignments may have no end.", "BOOLEAN"),
    ViewColumn("assignmentMaximumDuration", "The longest active assignment: `P180D`. NULL if it may have no end."),
    ViewColumn("assignmentMaximumDays", "The same in days.", "DOUBLE"),
    ViewColumn("assignmentRequiresMfa", "Whether an administrator who assigns actively needs MFA.", "BOOLEAN"),
    ViewColumn("assignmentRequiresJustification", "Whether an administrator who assigns actively has to say why.", "BOOLEAN"),
    ViewColumn("eligibilityAlertsAdmins", "Whether administrators are notified of new eligibilities.", "BOOLEAN"),
    ViewColumn("eligibilityAlertRecipients", "Further addresses that are notified of new eligibilities.", "VARCHAR[]"),
    ViewColumn("assignmentAlertsAdmins", "Whether administrators are notified of new active assignments.", "BOOLEAN"),
    ViewColumn("assignmentAlertRecipients", "Further addresses that are notified of new active assignments.", "VARCHAR[]"),
    ViewColumn("activationAlertsAdmins", "Whether administrators are notified of activations.", "BOOLEAN"),
    ViewColumn("activationAlertRecipients", "Further addresses that are notified of activations.", "VARCHAR[]"),
)

VIEWS = (
    View(
        name="role_settings",
        group=Group.PRIVILEGED_ACCESS,
        description="One row per directory role: what Privileged Identity Management requires to activate it, who approves, "
        "how long eligibilities and assignments may last, and who is notified. A setting is NULL if Graph does not "
        "return it.",
        sources=(
            SourceTable("role_management_policy_assignments", ("roleDefinitionId", "policyId")),
            SourceTable("role_management_policies", ("id", "rules")),
            SourceTable("role_definitions", ("id", "displayName", "isBuiltIn")),
            _USERS,
            _GROUPS,
        ),
        columns=(
            TENANT,
            ViewColumn("roleDefinitionId", "The role: `role_definitions.id`."),
            ViewColumn("roleDisplayName", "The role's name."),
            ViewColumn("isBuiltIn", "Whether the role is built in.", "BOOLEAN"),
            ViewColumn("policyId", "The policy with the settings: `role_management_policies.id`."),
            *_SETTINGS,
        ),
        parameters=(
            ("policies", "role_management_policies"),
            ("assignments", "role_management_policy_assignments"),
            ("holders", "role_definitions"),
            ("holder", "roleDefinitionId"),
            ("identity", "a.roleDefinitionId,\n    d.displayName AS roleDisplayName,\n    d.isBuiltIn"),
        ),
        purpose="Roles that can be activated without MFA and without approval, or for more than 8 hours.",
        query="SELECT roleDisplayName, activationMaximumHours, activationRequiresMfa, activationRequiresApproval\n"
        "FROM aad.role_settings\n"
        "WHERE (NOT activationRequiresMfa AND activationAuthenticationContext IS NULL AND NOT activationRequiresApproval)\n"
        "   OR activationMaximumHours > 8\nORDER BY roleDisplayName",
    ),
    View(
        name="group_role_settings",
        group=Group.PRIVILEGED_ACCESS,
        description="Two rows per group in Privileged Identity Management, for its members and its owners: what activation "
        "requires, who approves, how long eligibilities and assignments may last, and who is notified. A setting is NULL if "
        "Graph does not return it.",
        sources=(
            SourceTable("group_role_management_policy_assignments", ("scopeId", "roleDefinitionId", "policyId")),
            SourceTable("group_role_management_policies", ("id", "rules")),
            _GROUPS,
            _USERS,
        ),
        columns=(
            TENANT,
            ViewColumn("groupId", "The group: `groups.id`."),
            ViewColumn(
                "accessId", "`member` or `owner`, as in the other tables of groups in Privileged Identity Management."
            ),
            ViewColumn("groupDisplayName", "The group's name."),
            ViewColumn("policyId", "The policy with the settings: `group_role_management_policies.id`."),
            *_SETTINGS,
        ),
        source_file="role_settings",
        parameters=(
            ("policies", "group_role_management_policies"),
            ("assignments", "group_role_management_policy_assignments"),
            ("holders", "groups"),
            ("holder", "scopeId"),
            (
                "identity",
                "a.scopeId AS groupId,\n    a.roleDefinitionId AS accessId,\n    d.displayName AS groupDisplayName",
            ),
        ),
        purpose="Groups that hold directory roles, and can be activated without approval.",
        query="SELECT s.groupDisplayName, s.accessId, s.activationRequiresMfa, s.activationMaximumHours\n"
        "FROM aad.group_role_settings AS s\n"
        "JOIN aad.groups AS g ON g._tenant_id = s._tenant_id AND g.id = s.groupId\n"
        "WHERE g.isAssignableToRole AND NOT s.activationRequiresApproval\nORDER BY ALL",
    ),
)
