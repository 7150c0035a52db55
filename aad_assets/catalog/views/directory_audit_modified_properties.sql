WITH targets AS (
    SELECT *, unnest(targetResources) AS t
    FROM {schema}.directory_audits
),
properties AS (
    SELECT *, unnest(t.modifiedProperties) AS p
    FROM targets
),
parsed AS (
    -- Graph writes most values as JSON in a string: "\"Sales\"", "[\"Sales\"]", "[true]", "[]".
    SELECT
        *,
        TRY_CAST(CASE WHEN p.oldValue[1] IN ('"', '[') THEN p.oldValue END AS JSON) AS oldJson,
        TRY_CAST(CASE WHEN p.newValue[1] IN ('"', '[') THEN p.newValue END AS JSON) AS newJson
    FROM properties
    WHERE p IS NOT NULL
)
SELECT
    _tenant_id,
    id AS auditId,
    t.id AS targetId,
    p.displayName AS propertyName,
    t.type AS targetType,
    t.displayName AS targetDisplayName,
    t.userPrincipalName AS targetUserPrincipalName,
    CASE
        WHEN json_type(oldJson) = 'VARCHAR' THEN oldJson ->> '$'
        WHEN json_array_length(oldJson) = 0 THEN NULL
        WHEN json_array_length(oldJson) = 1 AND json_type(oldJson, '$[0]') NOT IN ('ARRAY', 'OBJECT') THEN oldJson ->> '$[0]'
        ELSE p.oldValue
    END AS oldValue,
    CASE
        WHEN json_type(newJson) = 'VARCHAR' THEN newJson ->> '$'
        WHEN json_array_length(newJson) = 0 THEN NULL
        WHEN json_array_length(newJson) = 1 AND json_type(newJson, '$[0]') NOT IN ('ARRAY', 'OBJECT') THEN newJson ->> '$[0]'
        ELSE p.newValue
    END AS newValue,
    activityDateTime,
    activityDisplayName,
    category,
    result,
    initiatedBy.user ->> '$.id' AS initiatedByUserId,
    initiatedBy.user ->> '$.userPrincipalName' AS initiatedByUserPrincipalName,
    initiatedBy.app.servicePrincipalId AS initiatedByServicePrincipalId,
    initiatedBy.app.displayName AS initiatedByAppDisplayName
FROM parsed
