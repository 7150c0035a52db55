SELECT *, riskLastUpdatedDateTime AS TimeGenerated, _tenant_id AS AADTenantId
FROM {schema}.risky_users
