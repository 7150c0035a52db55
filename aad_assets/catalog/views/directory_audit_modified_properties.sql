WITH targets AS (
    SELECT *, unnest(targetResources) AS t
    FROM {schema}.directory_audits
),
properties AS (
    SELECT *, unnest(t.modifiedProperties) AS p
    FROM targets
)
SELECT
    _tenant_id,
    id AS auditId,
    t.id AS targetId,
    p.displayName AS propertyName,
    t.type AS targetType,
    t.displayName AS targetDisplayName,
    t.userPrincipalName AS targetUserPrincipalName,
    -- Graph writes a text as JSON, in quotes of its own: "\"Sales\"".
    coalesce(CASE WHEN p.oldValue LIKE '"%' THEN TRY_CAST(p.oldValue AS JSON) ->> '$' END, p.oldValue) AS oldValue,
    coalesce(CASE WHEN p.newValue LIKE '"%' THEN TRY_CAST(p.newValue AS JSON) ->> '$' END, p.newValue) AS newValue,
    activityDateTime,
    activityDisplayName,
    category,
    result,
    initiatedBy.user ->> '$.id' AS initiatedByUserId,
    initiatedBy.user ->> '$.userPrincipalName' AS initiatedByUserPrincipalName,
    initiatedBy.app.servicePrincipalId AS initiatedByServicePrincipalId,
    initiatedBy.app.displayName AS initiatedByAppDisplayName
FROM properties
WHERE p IS NOT NULL
