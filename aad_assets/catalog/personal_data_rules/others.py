"""Tables and views about apps, groups, policies and the tenant. Their columns that no rule names are not personal data."""

from aad_assets.catalog.personal_data_rules.rules import Rules

ABOUT_OTHERS = """
    groups deleted_groups applications deleted_applications service_principals deleted_service_principals
    administrative_units deleted_administrative_units schema_extensions extension_properties
    application_extension_properties custom_security_attribute_definitions custom_security_attribute_sets

    organization domains domain_federation_configurations domain_verification_dns_records domain_service_dns_records
    contracts subscribed_skus directory_subscriptions on_premises_synchronization organizational_branding
    organizational_branding_localizations certificate_based_auth_pkis certificate_authorities
    certificate_based_auth_configurations delegated_admin_relationships delegated_admin_access_assignments
    delegated_admin_customers recommendations

    delegated_permission_classifications application_federated_identity_credentials synchronization_jobs
    app_consent_requests directory_roles directory_role_templates role_definitions application_credentials
    service_principal_credentials app_role_definitions application_required_permissions application_redirect_uris

    role_management_policies role_management_policy_assignments role_management_alerts pim_groups
    group_role_management_policies group_role_management_policy_assignments role_settings group_role_settings

    conditional_access_policies named_locations named_location_contents authentication_context_class_references
    conditional_access_templates authentication_strength_policies authorization_policy admin_consent_request_policy
    authentication_methods_policy authentication_method_settings authentication_flows_policy security_defaults_policy
    device_registration_policy default_app_management_policy app_management_policies app_management_policy_targets
    permission_grant_policies permission_grant_conditions claims_mapping_policies claims_mapping_policy_targets
    token_lifetime_policies token_lifetime_policy_targets token_issuance_policies token_issuance_policy_targets
    home_realm_discovery_policies home_realm_discovery_policy_targets federated_token_validation_policy
    activity_based_timeout_policies feature_rollout_policies group_settings group_setting_templates
    group_specific_settings group_lifecycle_policies

    cross_tenant_access_policy cross_tenant_access_default cross_tenant_access_partners
    cross_tenant_identity_synchronization multi_tenant_organization multi_tenant_organization_tenants
    external_identities_policy b2b_management_policies identity_providers available_identity_provider_types
    external_domain_federations user_flows user_flow_attributes authentication_events_flows
    authentication_event_listeners custom_authentication_extensions

    access_packages access_package_catalogs access_package_catalog_resources access_package_resource_role_scopes
    access_package_contents access_package_assignment_policies access_package_incompatible_packages
    access_package_incompatible_groups connected_organizations entitlement_role_definitions
    entitlement_management_settings

    access_review_definitions access_review_instances access_review_stages terms_of_use_agreements lifecycle_workflows
    lifecycle_workflow_tasks lifecycle_workflow_runs lifecycle_settings lifecycle_custom_task_extensions
    lifecycle_task_definitions

    service_principal_sign_in_activities risky_service_principals risky_service_principal_history
    service_principal_risk_detections risky_agents agent_risk_detections secure_scores secure_score_control_profiles
"""
"""All of these tables and views."""

RULES = (
    Rules(tables="identity_providers", none="inboundClaimMapping.*"),
    Rules(tables="directory_subscriptions", pseudonymous="ownerId"),
    Rules(tables="synchronization_jobs", personal="message"),  # of an error, which can name an object
    Rules(
        tables="applications deleted_applications service_principals deleted_service_principals",
        # The first characters of a secret, and the secret.
        sensitive="passwordCredentials.hint passwordCredentials.secretText",
        personal="notes",
    ),
    Rules(
        tables="role_management_policies group_role_management_policies",
        personal="rules",  # with approvers and addresses
    ),
    Rules(tables="role_settings group_role_settings", personal="approverNames *AlertRecipients"),
    Rules(
        tables="authentication_methods_policy authentication_method_settings",
        personal="includeTargetNames excludeTargetNames",
        pseudonymous="""
            authenticationMethodConfigurations *.includeTargets.id *.excludeTargets.id includeTargetIds excludeTargetIds
        """,
    ),
    Rules(tables="default_app_management_policy app_management_policies", none="*.excludeActors.customSecurityAttributes"),
    Rules(tables="device_registration_policy", pseudonymous="allowedToJoin allowedToRegister registeringUsers"),
    Rules(tables="feature_rollout_policies", pseudonymous="appliesTo"),
    Rules(
        tables="cross_tenant_access_default cross_tenant_access_partners",
        pseudonymous="""
            b2bCollaborationInbound b2bCollaborationOutbound b2bDirectConnectInbound b2bDirectConnectOutbound
            *.users.targets.target *.usersAndGroups.targets.target
        """,
    ),
    Rules(
        tables="access_package_assignment_policies",
        # People by id and name.
        personal="stages onBehalfRequestors fallbackReviewers primaryReviewers specificAllowedTargets",
    ),
    Rules(
        tables="access_review_definitions access_review_instances access_review_stages admin_consent_request_policy",
        # Queries such as /users/{id}.
        pseudonymous="query scope instanceEnumerationScope notificationRecipientScope",
    ),
    Rules(tables="lifecycle_workflow_tasks", personal="arguments.value"),  # recipients and texts of messages
    Rules(tables="lifecycle_workflow_runs", pseudonymous="activatedOnScope"),
    Rules(
        tables="service_principal_risk_detections agent_risk_detections risky_service_principal_history",
        personal="additionalInfo location riskEvidence",
        pseudonymous="clientSessionId initiatedBy",
    ),
    Rules(tables="service_principal_sign_in_activities", pseudonymous="*RequestId"),
    Rules(tables="secure_score_control_profiles", personal="assignedTo comment updatedBy"),
)
"""The rules for those columns of these tables that are about people."""
