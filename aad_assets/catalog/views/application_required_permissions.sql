WITH required AS (
    SELECT
        a._tenant_id, a.id, a.appId, a.displayName, r.resourceAppId, p.id AS permissionId,
        CASE p.type WHEN 'Role' THEN 'application' WHEN 'Scope' THEN 'delegated' ELSE p.type END AS permissionType
    FROM {schema}.applications AS a,
        unnest(a.requiredResourceAccess) AS resources(r),
        unnest(r.resourceAccess) AS permissions(p)
    WHERE p IS NOT NULL
),
offered AS (
    SELECT s._tenant_id, s.appId, 'application' AS permissionType, r.id, r.value, r.displayName, r.isEnabled
    FROM {schema}.service_principals AS s, unnest(s.appRoles) AS roles(r)
    UNION ALL
    SELECT s._tenant_id, s.appId, 'delegated', p.id, p.value, p.adminConsentDisplayName, p.isEnabled
    FROM {schema}.service_principals AS s, unnest(s.oauth2PermissionScopes) AS scopes(p)
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
