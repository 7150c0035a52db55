WITH applied AS (
    SELECT *, unnest(appliedConditionalAccessPolicies) AS p
    FROM {schema}.sign_ins
)
SELECT
    _tenant_id,
    id AS signInId,
    p.id AS policyId,
    p.displayName AS policyDisplayName,
    userPrincipalName,
    userDisplayName,
    appDisplayName,
    p.result AS result,
    p.enforcedGrantControls AS enforcedGrantControls,
    p.enforcedSessionControls AS enforcedSessionControls,
    createdDateTime,
    userId,
    appId,
    resourceId,
    conditionalAccessStatus,
    status.errorCode AS errorCode,
    clientAppUsed,
    ipAddress,
    location.countryOrRegion AS countryOrRegion
FROM applied
WHERE p IS NOT NULL
