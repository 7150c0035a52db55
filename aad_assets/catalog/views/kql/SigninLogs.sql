-- Names as in Azure Monitor. DuckDB ignores case, so only what is called otherwise needs a line.
WITH people AS (
    SELECT _tenant_id, id, userType
    FROM {schema}.users
)
SELECT
    s.* EXCLUDE (appliedConditionalAccessPolicies, location),
    s.createdDateTime AS TimeGenerated,
    s._tenant_id AS AADTenantId,
    s.userDisplayName AS Identity,
    s.status.errorCode::VARCHAR AS ResultType,
    s.status.failureReason AS ResultDescription,
    s.location.countryOrRegion AS Location,
    s.location AS LocationDetails,
    s.appliedConditionalAccessPolicies AS ConditionalAccessPolicies,
    p.userType AS UserType
FROM {schema}.sign_ins AS s
LEFT JOIN people AS p ON p._tenant_id = s._tenant_id AND p.id = s.userId
