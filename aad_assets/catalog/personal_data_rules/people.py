"""Tables and views whose rows are about people, their devices or what they do. Each of their columns needs a rule."""

from aad_assets.catalog.personal_data_rules.rules import Rules

_USERS = "users deleted_users"
_VIEWS_OF_USERS = "user_licenses effective_licences user_service_plans user_identities user_proxy_addresses"
_NAMED = "app_access group_membership_named"
_CONTACTS = "org_contacts"
_DEVICES = "devices deleted_devices"
_KEYS = "device_local_credentials bitlocker_recovery_keys"
_EDGES = """
    user_managers user_sponsors group_members group_owners application_owners service_principal_owners
    device_registered_owners device_registered_users administrative_unit_members directory_role_members
    administrative_unit_scoped_role_members agent_identity_sponsors agent_identity_blueprint_principal_sponsors
    agent_identity_blueprint_sponsors connected_organization_internal_sponsors connected_organization_external_sponsors
"""
_ASSIGNMENTS = """
    app_role_assignments oauth2_permission_grants user_consent_requests role_assignments entitlement_role_assignments
    role_assignment_schedules role_assignment_schedule_instances role_assignment_schedule_requests
    role_eligibility_schedules role_eligibility_schedule_instances role_eligibility_schedule_requests
    group_assignment_schedules group_assignment_schedule_instances group_assignment_schedule_requests
    group_eligibility_schedules group_eligibility_schedule_instances group_eligibility_schedule_requests
    role_management_alert_incidents access_package_assignments access_package_assignment_requests
"""
_APPROVERS = "access_package_approvers"
_REVIEWS = """
    access_review_decisions access_review_contacted_reviewers terms_of_use_acceptances lifecycle_workflow_user_results
"""
_AUTHENTICATION_METHODS = "user_authentication_methods"
_ACCOUNT_REPORTS = "user_sign_in_activity user_registration_details user_mfa_requirements user_mailbox_purposes"
_RISK = "risky_users risky_user_history risk_detections"
_SIGN_INS = """
    sign_ins sign_ins_non_interactive sign_ins_service_principal sign_ins_managed_identity
    sign_in_conditional_access_policies
"""
_AUDITS = "directory_audits directory_audit_targets directory_audit_modified_properties"
_PROVISIONING = "provisioning_events"
_IMPACTED = "recommendation_impacted_resources"
_POLICY_ASSIGNMENTS = "conditional_access_assignments"

ABOUT_PEOPLE = " ".join(
    (
        _USERS,
        _VIEWS_OF_USERS,
        _NAMED,
        _CONTACTS,
        _DEVICES,
        _KEYS,
        _EDGES,
        _ASSIGNMENTS,
        _APPROVERS,
        _REVIEWS,
        _AUTHENTICATION_METHODS,
        _ACCOUNT_REPORTS,
        _RISK,
        _SIGN_INS,
        _AUDITS,
        _PROVISIONING,
        _IMPACTED,
        _POLICY_ASSIGNMENTS,
    )
)
"""All of these tables and views."""

RULES = (
    Rules(
        tables=_USERS,
        sensitive="""
            ageGroup consentProvidedForMinor legalAgeGroupClassification employeeHireDate employeeLeaveDateTime
            authorizationInfo passwordProfile aboutMe birthday hireDate interests pastProjects responsibilities schools skills
        """,
        # Some organizations use the employee number as the immutable id.
        personal="""
            displayName givenName surname preferredName mailNickname onPremisesSamAccountName onPremisesDistinguishedName
            onPremisesImmutableId identities.issuerAssignedId
            streetAddress city state postalCode country usageLocation officeLocation faxNumber imAddresses
            companyName department jobTitle employeeId employeeOrgData employeeType preferredLanguage
            lastPasswordChangeDateTime signInSessionsValidFromDateTime onPremisesExtensionAttributes mySite print
        """,
        pseudonymous="identityParentId securityIdentifier onPremisesSecurityIdentifier",
        none="""
            accountEnabled creationType externalUserState externalUserStateChangeDateTime userType showInAddressList
            isManagementRestricted isResourceAccount deviceEnrollmentLimit passwordPolicies preferredDataLocation
            onPremisesDomainName identities.issuer identities.signInType
            assignedLicenses.* assignedPlans.* provisionedPlans.* licenseAssignmentStates.*
        """,
    ),
    Rules(
        tables=_VIEWS_OF_USERS,
        personal="issuerAssignedId proxyAddress address",
        none="""
            skuId skuPartNumber skuPartNumbers servicePlanId servicePlanName service capabilityStatus assignedDateTime
            isAssigned assignedBy groupId groupDisplayName state error lastUpdatedDateTime disabledPlans disabledPlanNames
            accountEnabled userType externalUserState signInType issuer protocol domain isPrimary
            isDirect groupIds groupDisplayNames enabledPlanNames
        """,
    ),
    Rules(
        tables=_NAMED,
        personal="memberDisplayName memberName",
        none="""
            assignmentId servicePrincipalId groupId appRoleId applicationDisplayName appId role roleValue assignedBy
            groupDisplayName since accountEnabled applicationEnabled assignmentRequired
            memberType memberEnabled groupSecurityEnabled isDynamic
        """,
    ),
    Rules(
        tables=_CONTACTS,
        personal="displayName givenName surname mailNickname addresses phones companyName department jobTitle",
    ),
    Rules(
        tables=_DEVICES,
        # People name devices after themselves.
        personal="displayName approximateLastSignInDateTime extensionAttributes",
        pseudonymous="alternativeSecurityIds physicalIds deviceMetadata onPremisesSecurityIdentifier",
        none="""
            accountEnabled complianceExpirationDateTime deviceCategory deviceOwnership deviceVersion domainName
            enrollmentProfileName enrollmentType isCompliant isManaged isManagementRestricted isRooted managementType
            manufacturer mdmAppId model operatingSystem operatingSystemVersion profileType registrationDateTime
            systemLabels trustType
        """,
    ),
    Rules(
        tables=_KEYS,
        sensitive="credentials key _extra",
        personal="deviceName",
        none="lastBackupDateTime refreshDateTime volumeType",
    ),
    Rules(
        tables=_EDGES,
        personal="roleMemberInfo",
        none="""
            groupId applicationId servicePrincipalId administrativeUnitId directoryRoleId roleId agentIdentityId
            blueprintPrincipalId blueprintId connectedOrganizationId managerType memberType ownerType sponsorType userType
        """,
    ),
    Rules(
        tables=_ASSIGNMENTS,
        personal="""
            answers customData reason ticketInfo customExtensionCalloutInstances.detail assigneeDisplayName
            lastSignInDateTime lastActivationDateTime
        """,
        pseudonymous="targetId customExtensionCalloutInstances.externalCorrelationId",
        none="""
            appRoleId resourceId resourceDisplayName principalType clientId consentType scope
            appConsentRequestId approvalId approval.id completedDateTime status
            roleDefinitionId directoryScopeId appScopeId principalOrganizationId condition assignmentType memberType
            activatedUsingId createdUsing scheduleInfo startDateTime endDateTime roleAssignmentOriginId
            roleAssignmentScheduleId roleEligibilityScheduleId targetScheduleId action isValidationOnly
            groupId accessId assignmentScheduleId eligibilityScheduleId
            alertId tenantLicenseStatus roleDisplayName roleTemplateId assignmentCreatedDateTime activationCount
            sequenceStartDateTime sequenceEndDateTime
            accessPackageId assignmentPolicyId assignmentId expiredDateTime requestType schedule state
            customExtensionCalloutInstances.id customExtensionCalloutInstances.customExtensionId
            customExtensionCalloutInstances.status
        """,
    ),
    Rules(
        tables=_APPROVERS,
        personal="approverDisplayName",
        none="""
            assignmentPolicyId assignmentPolicyDisplayName accessPackageId accessPackageDisplayName stage approverRole
            approverType managerLevel isApprovalRequiredForAdd isApprovalRequiredForUpdate isApproverJustificationRequired
            isEscalationEnabled durationBeforeAutomaticDenial durationBeforeEscalation
        """,
    ),
    Rules(
        tables=_REVIEWS,
        personal="principal appliedBy reviewedBy displayName deviceDisplayName",
        pseudonymous="principalLink",
        none="""
            definitionId instanceId accessReviewId appliedDateTime applyResult decision recommendation resource
            resourceLink reviewedDateTime agreementId agreementFileId deviceOSType deviceOSVersion
            expirationDateTime recordedDateTime state workflowId workflowVersion workflowExecutionType processingStatus
            scheduledDateTime startedDateTime completedDateTime failedTasksCount totalTasksCount totalUnprocessedTasksCount
        """,
    ),
    Rules(
        tables=_AUTHENTICATION_METHODS,
        sensitive="*",
        pseudonymous="userId id",
    ),
    Rules(
        tables=_ACCOUNT_REPORTS,
        sensitive="""
            isMfaCapable isMfaRegistered isPasswordlessCapable isSsprCapable isSsprEnabled isSsprRegistered
            isSystemPreferredAuthenticationMethodEnabled methodsRegistered systemPreferredAuthenticationMethods
            userPreferredMethodForSecondaryAuthentication perUserMfaState
        """,
        personal="isAdmin signInActivity",
        pseudonymous="signInActivity.*RequestId",
        none="lastUpdatedDateTime userType userPurpose",
    ),
    Rules(
        tables=_RISK,
        sensitive="""
            riskDetail riskEventType riskLevel riskState riskLastUpdatedDateTime activity activityDateTime additionalInfo
            detectedDateTime detectionTimingType ipAddress location source _extra
        """,
        pseudonymous="initiatedBy",
        none="isDeleted isProcessing lastUpdatedDateTime tokenIssuerType",
    ),
    Rules(
        tables=_SIGN_INS,
        sensitive="""
            location countryOrRegion riskDetail riskEventTypes riskEventTypes_v2 riskLevelAggregated riskLevelDuringSignIn
            riskState authenticationDetails.* authenticationMethodsUsed mfaDetail
        """,
        personal="""
            createdDateTime userAgent deviceDetail.displayName signInIdentifier ipAddressFromResourceProvider
            autonomousSystemNumber authenticationProcessingDetails.value
        """,
        pseudonymous="""
            id signInId sessionId clientSessionId originalRequestId uniqueTokenIdentifier
            deviceDetail.browserId agent.agentSubjectParentId
        """,
        none="""
            agent appDisplayName appId appOwnerTenantId appTokenProtectionStatus appliedConditionalAccessPolicies.*
            appliedEventListeners authenticationAppDeviceDetails authenticationAppPolicyEvaluationDetails
            authenticationContextClassReferences.* authenticationProcessingDetails.key authenticationProtocol
            authenticationRequirement authenticationRequirementPolicies azureResourceId clientAppUsed clientCredentialType
            conditionalAccessAudiences conditionalAccessStatus crossTenantAccessType deviceDetail federatedCredentialId
            flaggedForReview homeTenantId homeTenantName incomingTokenType isInteractive isTenantRestricted
            isThroughGlobalSecureAccess managedServiceIdentity networkLocationDetails originalTransferMethod
            privateLinkDetails processingTimeInMilliseconds resourceDisplayName resourceId resourceOwnerTenantId
            resourceServicePrincipalId resourceTenantId servicePrincipalCredentialKeyId
            servicePrincipalCredentialThumbprint servicePrincipalId servicePrincipalName sessionLifetimePolicies
            signInEventTypes signInIdentifierType signInTokenProtectionStatus status tokenIssuerName tokenIssuerType
            tokenProtectionStatusDetails userType
            policyId policyDisplayName result enforcedGrantControls enforcedSessionControls errorCode
        """,
    ),
    Rules(
        tables=_AUDITS,
        sensitive="additionalDetails.value oldValue newValue",
        personal="initiatedBy.user targetResources.displayName targetDisplayName resultReason",
        pseudonymous="auditId targetId",
        none="""
            activityDateTime activityDisplayName additionalDetails.key category initiatedBy.app loggedByService operationType
            result targetResources.groupType targetResources.type targetResources.modifiedProperties.displayName
            targetType targetGroupType propertyName initiatedByServicePrincipalId initiatedByAppDisplayName
        """,
    ),
    Rules(
        tables=_PROVISIONING,
        sensitive="modifiedProperties.newValue modifiedProperties.oldValue provisioningSteps.details",
        personal="""
            initiatedBy sourceIdentity targetIdentity provisioningSteps.description
            provisioningStatusInfo.errorInformation.additionalDetails provisioningStatusInfo.errorInformation.reason
        """,
        pseudonymous="changeId cycleId",
        none="""
            activityDateTime durationInMilliseconds jobId modifiedProperties.displayName provisioningAction
            provisioningStatusInfo provisioningSteps servicePrincipal sourceSystem targetSystem tenantId
        """,
    ),
    Rules(
        tables=_IMPACTED,
        personal="additionalDetails displayName owner",
        pseudonymous="apiUrl portalUrl",
        none="addedDateTime lastModifiedDateTime postponeUntilDateTime rank recommendationId resourceType status",
    ),
    Rules(
        tables=_POLICY_ASSIGNMENTS,
        personal="displayName",
        pseudonymous="value",
        none="policyId kind mode policyDisplayName policyState externalTenants",
    ),
)
"""The rules for columns with a meaning of their own in these tables."""
