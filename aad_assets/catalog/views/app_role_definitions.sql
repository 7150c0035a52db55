SELECT
    s._tenant_id,
    s.id AS servicePrincipalId,
    r.id AS appRoleId,
    s.appId,
    s.displayName AS servicePrincipalDisplayName,
    r.value,
    r.displayName,
    r.description,
    r.allowedMemberTypes,
    r.isEnabled,
    r.origin
FROM {schema}.service_principals AS s, unnest(s.appRoles) AS roles(r)
WHERE r IS NOT NULL
