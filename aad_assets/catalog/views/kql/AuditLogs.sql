SELECT
    *,
    activityDateTime AS TimeGenerated,
    _tenant_id AS AADTenantId,
    activityDisplayName AS OperationName,
    operationType AS AADOperationType,
    coalesce(initiatedBy.user ->> 'displayName', initiatedBy.app.displayName) AS Identity,
    coalesce(initiatedBy.user ->> 'userPrincipalName', initiatedBy.app.displayName) AS Actor,
    initiatedBy.user ->> 'ipAddress' AS ActorIPAddress,
    targetResources[1].displayName AS TargetName,
    targetResources[1].id AS TargetId,
    targetResources[1].userPrincipalName AS TargetUserPrincipalName
FROM {schema}.directory_audits
