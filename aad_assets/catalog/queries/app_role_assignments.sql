-- Which application permissions do apps have on APIs? Permissions to write come first.
SELECT a.principalDisplayName AS app, a.resourceDisplayName AS api, role.value AS permission, a.createdDateTime AS granted
FROM aad.app_role_assignments a
JOIN aad.service_principals api ON api.id = a.resourceId
CROSS JOIN unnest(api.appRoles) AS t(role)
WHERE a.principalType = 'ServicePrincipal' AND role.id = a.appRoleId
ORDER BY contains(role.value, 'Write') DESC, app, api, permission;
