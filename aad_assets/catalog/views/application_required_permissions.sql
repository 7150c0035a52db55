WITH resources AS (
    SELECT _tenant_id, id, appId, displayName, unnest(requiredResourceAccess) AS r
    FROM {schema}.applications
),
permissions AS (
    SELECT _tenant_id, id, appId, displayName, r.resourceAppId AS resourceAppId, unnest(r.resourceAccess) AS p
    FROM resources
),
required AS (
    SELECT
        * EXCLUDE (p),
        p.id AS permissionId,
        CASE p.type WHEN 'Role' THEN 'application' WHEN 'Scope' THEN 'delegated' ELSE p.type END AS permissionType
    FROM permissions
    WHERE p IS NOT NULL
),
roles AS (
    SELECT _tenant_id, appId, unnest(appRoles) AS r
    FROM {schema}.service_principals
),
scopes AS (
    SELECT _tenant_id, appId, unnest(oauth2PermissionScopes) AS s
    FROM {schema}.service_principals
),
offered AS (
    SELECT
        _tenant_id, appId, 'application' AS permissionType,
        r.id AS id, r.value AS value, r.displayName AS displayName, r.isEnabled AS isEnabled
    FROM roles
    UNION ALL
    SELECT _tenant_id, appId, 'delegated', s.id, s.value, s.adminConsentDisplayName, s.isEnabled
    FROM scopes
)
SELECT
    q._tenant_id,
    q.id AS applicationId,
    q.resourceAppId,
    q.permissionType,
    q.permissionId,
    q.appId,
    q.displayName AS applicationDisplayName,
    s.id AS resourceId,
    s.displayName AS resourceDisplayName,
    o.value,
    o.displayName,
    o.isEnabled
FROM required AS q
LEFT JOIN {schema}.service_principals AS s ON s._tenant_id = q._tenant_id AND s.appId = q.resourceAppId
LEFT JOIN offered AS o
    ON o._tenant_id = q._tenant_id
    AND o.appId = q.resourceAppId
    AND o.permissionType = q.permissionType
    AND o.id = q.permissionId
