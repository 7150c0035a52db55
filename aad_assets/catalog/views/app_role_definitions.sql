WITH roles AS (
    SELECT _tenant_id, id, appId, displayName, unnest(appRoles) AS r
    FROM {schema}.service_principals
)
SELECT
    _tenant_id,
    id AS servicePrincipalId,
    r.id AS appRoleId,
    appId,
    displayName AS servicePrincipalDisplayName,
    r.value AS value,
    r.displayName AS displayName,
    r.description AS description,
    r.allowedMemberTypes AS allowedMemberTypes,
    r.isEnabled AS isEnabled,
    r.origin AS origin
FROM roles
WHERE r IS NOT NULL
