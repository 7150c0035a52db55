"""Identity governance: entitlement management, access reviews, terms of use, lifecycle workflows, delegated admins."""

from collections.abc import Callable
from typing import Any

from .. import errors, licensing
from ..directory.rendering import Kind
from ..tenant import Directory
from .declaration import Collection

_REVIEW_ROLES = ("AccessReview.Read.All", "AccessReview.ReadWrite.All")


def _entitlement(table: str, segment: str, type_: str, kind: Callable[[Directory], Kind], **others: Any) -> Collection:
    return Collection(
        table,
        f"/identityGovernance/entitlementManagement/{segment}",
        type_,
        lambda directory, _: kind(directory),
        ("EntitlementManagement.Read.All", "EntitlementManagement.ReadWrite.All"),
        page=None,
        licence=licensing.P2,
        unlicensed=errors.no_license,
        scan=True,
        **others,
    )


COLLECTIONS = (
    _entitlement(
        "access_packages",
        "accessPackages",
        "accessPackage",
        lambda directory: directory.entitlements.packages,
    ),
    _entitlement(
        "access_package_catalogs",
        "catalogs",
        "accessPackageCatalog",
        lambda directory: directory.entitlements.catalogs,
    ),
    _entitlement(
        "access_package_assignments",
        "assignments",
        "accessPackageAssignment",
        lambda directory: directory.entitlements.assignments,
        server_page=50,
    ),
    _entitlement(
        "access_package_assignment_policies",
        "assignmentPolicies",
        "accessPackageAssignmentPolicy",
        lambda directory: directory.entitlements.policies,
    ),
    _entitlement(
        "access_package_assignment_requests",
        "assignmentRequests",
        "accessPackageAssignmentRequest",
        lambda directory: directory.entitlements.requests,
        server_page=50,
    ),
    _entitlement(
        "connected_organizations",
        "connectedOrganizations",
        "connectedOrganization",
        lambda directory: directory.entitlements.organizations,
    ),
    Collection(
        "access_review_definitions",
        "/identityGovernance/accessReviews/definitions",
        "accessReviewScheduleDefinition",
        lambda directory, _: directory.reviews.definitions,
        _REVIEW_ROLES,
        page=100,
        licence=licensing.P2,
        scan=True,
    ),
    Collection(
        "access_review_instances",
        "/identityGovernance/accessReviews/definitions/{id}/instances",
        "accessReviewInstance",
        lambda directory, parents: directory.reviews.instances(parents[0]),
        _REVIEW_ROLES,
        page=100,
        licence=licensing.P2,
        scan=True,
    ),
    Collection(
        "access_review_decisions",
        "/identityGovernance/accessReviews/definitions/{id}/instances/{id}/decisions",
        "accessReviewInstanceDecisionItem",
        lambda directory, parents: directory.reviews.decisions(parents[0], parents[1]),
        _REVIEW_ROLES,
        page=100,
        licence=licensing.P2,
        scan=True,
    ),
    Collection(
        "terms_of_use_agreements",
        "/identityGovernance/termsOfUse/agreements",
        "agreement",
        lambda directory, _: directory.governance.agreements,
        ("Agreement.Read.All", "Agreement.ReadWrite.All"),
        page=None,
        licence=licensing.P1,
    ),
    Collection(
        "lifecycle_workflows",
        "/identityGovernance/lifecycleWorkflows/workflows",
        "identityGovernance.workflow",
        lambda directory, _: directory.governance.workflows,
        ("LifecycleWorkflows.Read.All", "LifecycleWorkflows.ReadWrite.All", "LifecycleWorkflows-Workflow.Read.All"),
        page=None,
        licence=licensing.GOVERNANCE,
        scan=True,
    ),
    Collection(
        "delegated_admin_relationships",
        "/tenantRelationships/delegatedAdminRelationships",
        "delegatedAdminRelationship",
        lambda directory, _: directory.governance.relationships,
        ("DelegatedAdminRelationship.Read.All", "DelegatedAdminRelationship.ReadWrite.All"),
        page=None,
        scan=True,
    ),
)
