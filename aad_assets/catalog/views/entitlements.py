"""The contents of access packages, and the approvers of requests for them."""

from aad_assets.catalog.enums import Group
from aad_assets.catalog.view import TENANT, SourceTable, View, ViewColumn

VIEWS = (
    View(
        name="access_package_contents",
        group=Group.ENTITLEMENTS,
        description="One row per access package and role that it gives: in a group, an application or a site.",
        sources=(
            SourceTable(
                "access_package_resource_role_scopes",
                (
                    "accessPackageId",
                    "id",
                    "createdDateTime",
                    "roleOriginId",
                    "roleDisplayName",
                    "scopeOriginId",
                    "scopeOriginSystem",
                    "scopeDisplayName",
                    "scopeIsRootScope",
                ),
            ),
            SourceTable("access_packages", ("id", "displayName", "catalogId")),
            SourceTable("access_package_catalogs", ("id", "displayName")),
            SourceTable("access_package_catalog_resources", ("catalogId", "originId", "originSystem", "displayName")),
        ),
        columns=(
            TENANT,
            ViewColumn("accessPackageId", "The access package: `access_packages.id`."),
            ViewColumn("resourceRoleScopeId", "The row's id: `access_package_resource_role_scopes.id`."),
            ViewColumn("accessPackageDisplayName", "The access package's name."),
            ViewColumn("catalogId", "The catalogue: `access_package_catalogs.id`."),
            ViewColumn("catalogDisplayName", "The catalogue's name."),
            ViewColumn("resourceOriginId", "The resource: `groups.id`, `service_principals.id` or the address of a site."),
            ViewColumn("resourceDisplayName", "The resource's name."),
            ViewColumn("resourceOriginSystem", "`AadGroup`, `AadApplication` or `SharePointOnline`."),
            ViewColumn("roleOriginId", "The role's id in the resource, such as an app role's id or `Member_…` of a group."),
            ViewColumn("roleDisplayName", "The role's name, such as `Member`."),
            ViewColumn("createdDateTime", "When the role was added to the access package.", "TIMESTAMPTZ"),
        ),
        purpose="Access packages that give groups with directory roles.",
        query="SELECT c.accessPackageDisplayName, c.resourceDisplayName, c.roleDisplayName\n"
        "FROM aad.access_package_contents AS c\n"
        "JOIN aad.groups AS g ON g._tenant_id = c._tenant_id AND g.id = c.resourceOriginId\n"
        "WHERE g.isAssignableToRole\nORDER BY ALL",
    ),
    View(
        name="access_package_approvers",
        group=Group.ENTITLEMENTS,
        description="One row per assignment policy, stage of approval and approver. Policies without approval have no rows.",
        sources=(
            SourceTable(
                "access_package_assignment_policies", ("id", "displayName", "accessPackageId", "requestApprovalSettings")
            ),
            SourceTable("access_packages", ("id", "displayName")),
            SourceTable("users", ("id", "displayName")),
            SourceTable("groups", ("id", "displayName")),
        ),
        columns=(
            TENANT,
            ViewColumn("assignmentPolicyId", "The policy: `access_package_assignment_policies.id`."),
            ViewColumn("stage", "The number of the stage; the first is 1.", "INTEGER"),
            ViewColumn(
                "approverRole",
                "`primary`, `primaryFallback` (if no primary approver is found), `escalation` or `escalationFallback`.",
            ),
            ViewColumn(
                "approverType",
                "`singleUser`, `groupMembers`, `requestorManager`, `internalSponsors`, `externalSponsors`, …",
            ),
            ViewColumn("approverId", "The approver: `users.id` or `groups.id`. NULL if it depends on the request."),
            ViewColumn("assignmentPolicyDisplayName", "The policy's name."),
            ViewColumn("accessPackageId", "The access package: `access_packages.id`."),
            ViewColumn("accessPackageDisplayName", "The access package's name."),
            ViewColumn("approverDisplayName", "The approver's name."),
            ViewColumn("managerLevel", "For managers: 1 is the direct manager, 2 is the manager's manager, ….", "INTEGER"),
            ViewColumn("isApprovalRequiredForAdd", "Whether a new request needs approval.", "BOOLEAN"),
            ViewColumn("isApprovalRequiredForUpdate", "Whether a changed request needs approval.", "BOOLEAN"),
            ViewColumn("isApproverJustificationRequired", "Whether the approver has to say why.", "BOOLEAN"),
            ViewColumn("isEscalationEnabled", "Whether escalation approvers are asked after a while.", "BOOLEAN"),
            ViewColumn("durationBeforeAutomaticDenial", "When a request is denied if nobody decides: `P14D`."),
            ViewColumn("durationBeforeEscalation", "When escalation approvers are asked: `P7D`."),
        ),
        purpose="Approvers who cannot approve, because their account is disabled or deleted.",
        query="SELECT a.accessPackageDisplayName, a.assignmentPolicyDisplayName, a.approverRole, a.approverDisplayName\n"
        "FROM aad.access_package_approvers AS a\n"
        "LEFT JOIN aad.users AS u ON u._tenant_id = a._tenant_id AND u.id = a.approverId\n"
        "WHERE a.approverType = 'singleUser' AND u.accountEnabled IS NOT TRUE\nORDER BY ALL",
    ),
)
