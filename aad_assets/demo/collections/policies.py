"""Policies and conditional access."""

from collections.abc import Callable
from typing import Any

from ..directory.rendering import Kind
from ..tenant import Directory
from .declaration import Collection

_READ = ("Policy.Read.All",)
_METHODS = ("Policy.Read.AuthenticationMethod", "Policy.ReadWrite.AuthenticationMethod")
_GRANTS = ("Policy.Read.PermissionGrant", "Policy.ReadWrite.PermissionGrant")
_DEVICES = ("Policy.Read.DeviceConfiguration", "Policy.ReadWrite.DeviceConfiguration")


def _policy(
    table: str,
    path: str,
    type_: str,
    kind: Callable[[Directory], Kind],
    roles: tuple[str, ...] = _READ,
    **others: Any,
) -> Collection:
    return Collection(table, path, type_, lambda directory, _: kind(directory), roles, page=None, **others)


_CONDITIONAL = (
    _policy(
        "conditional_access_policies",
        "/identity/conditionalAccess/policies",
        "conditionalAccessPolicy",
        lambda directory: directory.conditional_access.policies,
        family="protection",
        scan=True,
    ),
    _policy(
        "named_locations",
        "/identity/conditionalAccess/namedLocations",
        "namedLocation",
        lambda directory: directory.access_conditions.locations,
        family="protection",
        scan=True,
    ),
    _policy(
        "authentication_context_class_references",
        "/identity/conditionalAccess/authenticationContextClassReferences",
        "authenticationContextClassReference",
        lambda directory: directory.access_conditions.contexts,
        family="protection",
        scan=True,
    ),
    _policy(
        "conditional_access_templates",
        "/identity/conditionalAccess/templates",
        "conditionalAccessTemplate",
        lambda directory: directory.conditional_access.templates,
        family="protection",
        no_top=True,
    ),
    _policy(
        "authentication_strength_policies",
        "/policies/authenticationStrengthPolicies",
        "authenticationStrengthPolicy",
        lambda directory: directory.access_conditions.strengths,
        _METHODS,
        scan=True,
    ),
)
_SINGLETONS = (
    _policy(
        "authorization_policy",
        "/policies/authorizationPolicy",
        "authorizationPolicy",
        lambda directory: directory.policies.authorization,
        form="singleton",
    ),
    _policy(
        "admin_consent_request_policy",
        "/policies/adminConsentRequestPolicy",
        "adminConsentRequestPolicy",
        lambda directory: directory.policies.admin_consent,
        form="singleton",
    ),
    _policy(
        "authentication_methods_policy",
        "/policies/authenticationMethodsPolicy",
        "authenticationMethodsPolicy",
        lambda directory: directory.policies.authentication_methods,
        _METHODS,
        form="singleton",
    ),
    _policy(
        "authentication_flows_policy",
        "/policies/authenticationFlowsPolicy",
        "authenticationFlowsPolicy",
        lambda directory: directory.policies.authentication_flows,
        form="singleton",
    ),
    _policy(
        "security_defaults_policy",
        "/policies/identitySecurityDefaultsEnforcementPolicy",
        "identitySecurityDefaultsEnforcementPolicy",
        lambda directory: directory.policies.security_defaults,
        form="singleton",
    ),
    _policy(
        "device_registration_policy",
        "/policies/deviceRegistrationPolicy",
        "deviceRegistrationPolicy",
        lambda directory: directory.policies.device_registration,
        _DEVICES,
        form="singleton",
    ),
    _policy(
        "cross_tenant_access_policy",
        "/policies/crossTenantAccessPolicy",
        "crossTenantAccessPolicy",
        lambda directory: directory.cross_tenant.policy,
        form="singleton",
    ),
    _policy(
        "cross_tenant_access_default",
        "/policies/crossTenantAccessPolicy/default",
        "crossTenantAccessPolicyConfigurationDefault",
        lambda directory: directory.cross_tenant.default,
        form="singleton",
    ),
    _policy(
        "default_app_management_policy",
        "/policies/defaultAppManagementPolicy",
        "tenantAppManagementPolicy",
        lambda directory: directory.policies.default_app_management,
        form="singleton",
    ),
)
_LISTS = (
    _policy(
        "cross_tenant_access_partners",
        "/policies/crossTenantAccessPolicy/partners",
        "crossTenantAccessPolicyConfigurationPartner",
        lambda directory: directory.cross_tenant.partners,
        key="tenantId",
    ),
    _policy(
        "permission_grant_policies",
        "/policies/permissionGrantPolicies",
        "permissionGrantPolicy",
        lambda directory: directory.policies.permission_grants,
        _GRANTS,
    ),
    _policy(
        "claims_mapping_policies",
        "/policies/claimsMappingPolicies",
        "claimsMappingPolicy",
        lambda directory: directory.policies.claims_mapping,
    ),
    _policy(
        "token_lifetime_policies",
        "/policies/tokenLifetimePolicies",
        "tokenLifetimePolicy",
        lambda directory: directory.policies.token_lifetime,
    ),
    _policy(
        "token_issuance_policies",
        "/policies/tokenIssuancePolicies",
        "tokenIssuancePolicy",
        lambda directory: directory.policies.token_issuance,
    ),
    _policy(
        "home_realm_discovery_policies",
        "/policies/homeRealmDiscoveryPolicies",
        "homeRealmDiscoveryPolicy",
        lambda directory: directory.policies.home_realm,
    ),
    _policy(
        "activity_based_timeout_policies",
        "/policies/activityBasedTimeoutPolicies",
        "activityBasedTimeoutPolicy",
        lambda directory: directory.policies.timeouts,
    ),
    _policy(
        "feature_rollout_policies",
        "/policies/featureRolloutPolicies",
        "featureRolloutPolicy",
        lambda directory: directory.policies.rollouts,
    ),
    _policy(
        "app_management_policies",
        "/policies/appManagementPolicies",
        "appManagementPolicy",
        lambda directory: directory.policies.app_management,
    ),
)

COLLECTIONS = _CONDITIONAL + _SINGLETONS + _LISTS
