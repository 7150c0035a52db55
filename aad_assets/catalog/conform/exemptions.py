"""The places where the catalogue deliberately differs from Microsoft's files, because the documentation does.

Some paths are missing from the permissions data, and the least privileged permission of a list is often one with which Graph
leaves properties empty. An exemption that is no longer needed is itself a difference.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from aad_assets.catalog.conform.differences import Check, Difference


@dataclass(frozen=True)
class Exemption:
    """A deliberate difference, and the reason for it."""

    tables: tuple[str, ...]
    check: Check
    name: str
    """The part that differs, as in `Difference.name`."""
    reason: str
    """The reason as a sentence. A page in brackets is one of learn.microsoft.com/graph/api/."""


def _page(page: str) -> str:
    return f"The permissions data lacks the path; the page names this permission [{page}]."


EXEMPTIONS = (
    Exemption(
        ("users", "user_managers", "user_sign_in_activity"),
        Check.LEAST,
        "User.Read.All",
        "With User.ReadBasic.All, Graph returns only a few properties of a user [user-list].",
    ),
    Exemption(
        ("groups",),
        Check.LEAST,
        "Group.Read.All",
        "With Group.ReadBasic.All, Graph returns only a few properties of a group [group-list].",
    ),
    Exemption(
        ("group_members",),
        Check.LEAST,
        "GroupMember.Read.All",
        "GroupMember.ReadBasic.All reads basic memberships only [group-list-members].",
    ),
    Exemption(
        ("organization",),
        Check.LEAST,
        "Organization.Read.All",
        "DeviceManagementServiceConfig.Read.All reads settings of Intune as well [organization-list].",
    ),
    Exemption(
        ("role_management_policy_assignments",),
        Check.LEAST,
        "RoleManagement.Read.Directory",
        "RoleManagement.Read.All reads the roles of every service, not of the directory alone "
        "[policyroot-list-rolemanagementpolicyassignments].",
    ),
    Exemption(
        ("terms_of_use_acceptances",),
        Check.LEAST,
        "AgreementAcceptance.Read.All",
        "With AgreementAcceptance.Read, people read only their own acceptances [agreement-list-acceptances].",
    ),
    Exemption(
        ("lifecycle_workflows",),
        Check.LEAST,
        "LifecycleWorkflows.Read.All",
        "With LifecycleWorkflows-Workflow.ReadBasic.All, Graph returns only basic properties of a workflow "
        "[identitygovernance-lifecycleworkflowscontainer-list-workflows].",
    ),
    Exemption(
        ("user_sign_in_activity",),
        Check.PERMISSION,
        "AuditLog.Read.All",
        "The property signInActivity needs it, not the path [user-list].",
    ),
    Exemption(
        ("users", "deleted_users"),
        Check.PERMISSION,
        "User-LifeCycleInfo.Read.All",
        "The permissions data has it as LifeCycleInfo.Read.All; the resource's page names it like this [resources/user].",
    ),
    Exemption(
        ("group_role_management_policies", "group_role_management_policy_assignments"),
        Check.PERMISSION,
        "RoleManagementPolicy.Read.AzureADGroup",
        "The permissions data has the policies of directory roles only; the page names this permission for those of groups "
        "[policyroot-list-rolemanagementpolicies].",
    ),
    Exemption(("deleted_users",), Check.PERMISSION, "User.Read.All", _page("directory-deleteditems-list")),
    Exemption(("deleted_groups",), Check.PERMISSION, "Group.Read.All", _page("directory-deleteditems-list")),
    Exemption(
        ("deleted_applications", "deleted_service_principals"),
        Check.PERMISSION,
        "Application.Read.All",
        _page("directory-deleteditems-list"),
    ),
    Exemption(
        ("deleted_administrative_units",),
        Check.PERMISSION,
        "AdministrativeUnit.Read.All",
        _page("directory-deleteditems-list"),
    ),
    Exemption(
        ("deleted_devices",),
        Check.PERMISSION,
        "Device.Read.All",
        "Devices are not among the types of the recycle bin that the page names [directory-deleteditems-list]. The table is "
        "optional, and its permission is that of devices.",
    ),
    Exemption(("directory_subscriptions",), Check.PERMISSION, "Organization.Read.All", _page("directory-list-subscriptions")),
    Exemption(
        ("device_local_credentials",),
        Check.PERMISSION,
        "DeviceLocalCredential.ReadBasic.All",
        _page("directory-list-devicelocalcredentials"),
    ),
    Exemption(
        ("access_package_catalog_resources",),
        Check.PERMISSION,
        "EntitlementManagement.Read.All",
        _page("accesspackagecatalog-list-resources"),
    ),
    Exemption(
        ("access_package_resource_role_scopes",),
        Check.PERMISSION,
        "EntitlementManagement.Read.All",
        _page("accesspackage-list-resourcerolescopes"),
    ),
    Exemption(
        ("agent_identity_sponsors", "agent_identity_blueprint_sponsors", "agent_identity_blueprint_principal_sponsors"),
        Check.PERMISSION,
        "Application.Read.All",
        _page("agentidentity-list-sponsors"),
    ),
    Exemption(
        ("service_principal_sign_in_activities",),
        Check.PERMISSION,
        "AuditLog.Read.All",
        _page("reportroot-list-serviceprincipalsigninactivities"),
    ),
    Exemption(
        ("sign_ins_non_interactive", "sign_ins_service_principal", "sign_ins_managed_identity"),
        Check.PATH,
        "/auditLogs/signIns",
        "v1.0 returns only interactive sign-ins of users [signin-list].",
    ),
    Exemption(
        ("conditional_access_policies",),
        Check.SUBTYPE,
        "whatIfAnalysisResult",
        "It is the result of an evaluation, not a policy of the list [conditionalaccessroot-evaluate].",
    ),
    Exemption(
        ("risky_users",),
        Check.SUBTYPE,
        "riskyUserHistoryItem",
        "It is a row of the user's history, which is a table of its own [riskyuser-list-history].",
    ),
    Exemption(
        ("risky_service_principals",),
        Check.SUBTYPE,
        "riskyServicePrincipalHistoryItem",
        "It is a row of the service principal's history, which is a table of its own [riskyserviceprincipal-list-history].",
    ),
    Exemption(
        ("multi_tenant_organization_tenants",),
        Check.KEY,
        "tenantId",
        "Graph addresses the tenants of the organization by tenantId [multitenantorganizationmember-get].",
    ),
)


def apply_exemptions(found: Iterable[Difference], exemptions: Iterable[Exemption] = EXEMPTIONS) -> Iterator[Difference]:
    """Yield the differences without those that are exempt, and a difference for each exemption that is no longer needed."""
    reasons = {(table, each.check, each.name): each.reason for each in exemptions for table in each.tables}
    needed = set()
    for difference in found:
        key = difference.subject, difference.check, difference.name
        if key in reasons:
            needed.add(key)
        else:
            yield difference
    for table, check, name in reasons.keys() - needed:
        yield Difference(table, check, name, f"`{name}` now agrees with Microsoft's files. Delete its exemption.")
