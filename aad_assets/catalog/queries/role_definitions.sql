-- Custom roles, one line for each action that they allow: which reach credentials or role assignments?
SELECT d.displayName, d.isEnabled, unnest(permission.allowedResourceActions) AS action
FROM aad.role_definitions d, unnest(d.rolePermissions) AS t(permission)
WHERE NOT d.isBuiltIn
ORDER BY d.displayName, action;
