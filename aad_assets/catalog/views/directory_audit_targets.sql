WITH targets AS (
    SELECT *, unnest(targetResources) AS t
    FROM {schema}.directory_audits
)
SELECT
    _tenant_id,
    id AS auditId,
    t.id AS targetId,
    t.type AS targetType,
    t.displayName AS targetDisplayName,
    t.userPrincipalName AS targetUserPrincipalName,
    t.groupType AS targetGroupType,
    activityDateTime,
    activityDisplayName,
    category,
    operationType,
    result,
    resultReason,
    loggedByService,
    correlationId,
    initiatedBy.user ->> '$.id' AS initiatedByUserId,
    initiatedBy.user ->> '$.userPrincipalName' AS initiatedByUserPrincipalName,
    initiatedBy.app.servicePrincipalId AS initiatedByServicePrincipalId,
    initiatedBy.app.displayName AS initiatedByAppDisplayName,
    initiatedBy.user ->> '$.ipAddress' AS initiatedByIpAddress
FROM targets
WHERE t IS NOT NULL
