-- Which actions do custom roles allow, and which of them affect credentials or role assignments?
SELECT d.displayName, d.isEnabled, unnest(permission.allowedResourceActions) AS action
FROM aad.role_definitions d, unnest(d.rolePermissions) AS t(permission)
WHERE NOT d.isBuiltIn
ORDER BY d.displayName, action;
