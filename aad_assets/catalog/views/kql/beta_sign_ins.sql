SELECT
    * EXCLUDE (appliedConditionalAccessPolicies, location),
    createdDateTime AS TimeGenerated,
    _tenant_id AS AADTenantId,
    status.errorCode::VARCHAR AS ResultType,
    status.failureReason AS ResultDescription,
    location.countryOrRegion AS Location,
    location AS LocationDetails,
    appliedConditionalAccessPolicies AS ConditionalAccessPolicies
FROM {schema}.{table}
