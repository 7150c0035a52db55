SELECT *, activityDateTime AS TimeGenerated, _tenant_id AS AADTenantId
FROM {schema}.risk_detections
