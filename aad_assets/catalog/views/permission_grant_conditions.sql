WITH sets AS (
    SELECT _tenant_id, id, displayName, 'include' AS mode, unnest(includes) AS c
    FROM {schema}.permission_grant_policies
    UNION ALL
    SELECT _tenant_id, id, displayName, 'exclude', unnest(excludes)
    FROM {schema}.permission_grant_policies
),
conditions AS (
    SELECT *, unnest(CASE WHEN len(c.permissions) > 0 THEN c.permissions ELSE [NULL] END) AS permissionId
    FROM sets
    WHERE c IS NOT NULL
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
    SELECT _tenant_id, appId, 'application' AS permissionType, r.id AS id, r.value AS value
    FROM roles
    UNION ALL
    SELECT _tenant_id, appId, 'delegated', s.id, s.value
    FROM scopes
)
SELECT
    c._tenant_id,
    c.id AS policyId,
    c.mode,
    c.c.id AS conditionSetId,
    c.permissionId,
    c.displayName AS policyDisplayName,
    c.c.resourceApplication AS resourceAppId,
    s.displayName AS resourceDisplayName,
    o.value,
    c.c.permissionType AS permissionType,
    c.c.permissionClassification AS permissionClassification,
    c.c.clientApplicationsFromVerifiedPublisherOnly AS clientApplicationsFromVerifiedPublisherOnly,
    c.c.clientApplicationIds AS clientApplicationIds,
    c.c.clientApplicationPublisherIds AS clientApplicationPublisherIds,
    c.c.clientApplicationTenantIds AS clientApplicationTenantIds
FROM conditions AS c
LEFT JOIN {schema}.service_principals AS s ON s._tenant_id = c._tenant_id AND s.appId = c.c.resourceApplication
LEFT JOIN offered AS o
    ON o._tenant_id = c._tenant_id
    AND o.appId = c.c.resourceApplication
    AND o.permissionType = CASE WHEN c.c.permissionType = 'application' THEN 'application' ELSE 'delegated' END
    AND o.id = c.permissionId
