"""Our meanings of properties that Microsoft's typings do not describe, or that its metadata does not declare."""

_RISK = {
    "riskDetail": "Why the risk has its state.",
    "riskLevel": "How high the risk is: low, medium, high or none.",
    "riskState": "Whether the risk is open, dismissed, remediated or confirmed.",
    "identityType": "The type of the agent's identity: `agentIdentity`, `agentIdentityBlueprintPrincipal` or `agentUser`.",
    "agentDisplayName": "The name of the agent.",
    "blueprintId": "The blueprint that the agent was created from.",
}

MEANINGS: dict[str, dict[str, str]] = {
    "accessPackage": {"catalog": "The catalog that the access package is in."},
    "accessPackageAssignment": {
        "accessPackage": "The access package that is assigned.",
        "assignmentPolicy": "The policy under which the access package is assigned.",
    },
    "accessPackageResource": {
        "roles": "The roles that the resource offers, such as owner and member of a group.",
        "scopes": "The parts of the resource to which a role can apply.",
    },
    "accessPackageResourceRoleScope": {
        "role": "The role that the access package gives.",
        "scope": "The part of the resource to which the role applies.",
    },
    "agentIdentity": {"agentIdentityBlueprintId": "The `appId` of the blueprint that the agent identity was created from."},
    "agentRiskDetection": _RISK
    | {
        "activityDateTime": "When the risky activity took place.",
        "additionalInfo": "Further facts about the detection, as JSON in a string.",
        "agentId": "The agent whose activity is at risk.",
        "clientSessionId": "The session of the client in which the activity took place.",
        "detectedDateTime": "When the risk was detected.",
        "detectionTimingType": "Whether the risk was detected during the activity (`realtime`) or afterwards.",
        "displayName": "The name of the detection.",
        "identityId": "The identity that the agent used.",
        "lastModifiedDateTime": "When the detection was last changed.",
        "riskEventType": "The kind of risk that was detected.",
        "riskEvidence": "What the detection is based on.",
        "signInClientDisplayName": "The name of the client that signed in.",
        "signInCorrelationId": "The correlation id of the sign-in.",
        "signInRequestId": "The request id of the sign-in.",
        "source": "The source of the detection.",
    },
    "agreementAcceptance": {"recordedDateTime": "When the acceptance was recorded."},
    "authenticationEventListener": {"displayName": "The name of the listener."},
    "b2xIdentityUserFlow": {
        "userFlowType": "The type of the user flow. For self-service sign-up, it is `signUpOrSignIn`.",
        "userFlowTypeVersion": "The version of the user flow's type. For self-service sign-up, it is 1.",
    },
    "certificateAuthorityDetail": {
        "deltaCertificateRevocationListUrl": "Where to find the certificates that were revoked since the last full list."
    },
    "customDataProvidedResource": {"notificationEndpointConfiguration": "The endpoint that is notified when data is due."},
    "device": {
        "createdDateTime": "When the device was created in the directory.",
        "domainName": "The on-premises domain of a hybrid joined device.",
        "extensionAttributes": "Contains extensionAttributes1-15 of the device.",
    },
    "externalAuthenticationMethod": {
        "configurationId": "The configuration of the external provider in `authentication_methods_policy`.",
        "displayName": "The name of the external authentication method.",
    },
    "federatedTokenValidationPolicy": {"validatingDomains": "The domains whose federated tokens are validated."},
    "fido2AuthenticationMethod": {
        "passkeyType": "Whether the passkey is bound to a device or synced between devices.",
        "publicKeyCredential": "The public key credential, as WebAuthn describes it.",
    },
    "identityGovernance.lifecycleManagementSettings": {
        "quarantineConfiguration": "The conditions under which a workflow is put into quarantine."
    },
    "identityGovernance.run": {
        "activatedOnScope": "Whom a run on demand was started for.",
        "totalTasksCount": "The number of tasks in the run.",
    },
    "oidcIdentityProvider": {
        "clientAuthentication": "How the tenant authenticates to the provider.",
        "clientId": "The client id that the provider issued.",
        "inboundClaimMapping": "Which claims of the provider's tokens fill which properties of users.",
        "issuer": "The issuer of the provider's tokens.",
        "responseType": "The OAuth response type, such as `code`.",
        "scope": "The scopes that are requested from the provider.",
        "wellKnownEndpoint": "The URL of the provider's OpenID Connect metadata.",
    },
    "onFraudProtectionLoadStartListener": {"handler": "What is run when the event takes place."},
    "onPasswordSubmitListener": {"handler": "What is run when the event takes place."},
    "onVerifiedIdClaimValidationListener": {"handler": "What is run when the event takes place."},
    "organization": {
        "directorySizeQuota": "The number of objects in the directory, and the number that it can hold.",
        "isMultipleDataLocationsForServicesEnabled": "Whether services store data in more than one location (Multi-Geo).",
        "onPremisesSyncStatus": "The state of each part of the synchronization with an on-premises directory.",
    },
    "riskyAgent": _RISK
    | {
        "isDeleted": "Whether the agent's identity is deleted.",
        "isEnabled": "Whether the agent's identity is enabled.",
        "isProcessing": "Whether Microsoft is still processing the agent's risk.",
        "riskLastModifiedDateTime": "When the risk was last changed.",
    },
    "servicePrincipal": {"createdDateTime": "When the service principal was created."},
    "signIn": {
        "clientSessionId": "The session of the client in which the sign-in took place.",
        "tokenProtectionStatusDetails": "Whether the token is bound to the device, and if not, why.",
    },
}
"""Type → property → meaning."""
