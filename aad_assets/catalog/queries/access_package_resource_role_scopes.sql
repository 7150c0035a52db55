-- Which access packages give a role in a group that holds directory roles, or that no longer exists?
SELECT p.displayName AS package, s.roleDisplayName AS role, coalesce(g.displayName, s.scopeOriginId) AS "group",
       g.id IS NULL AS deleted, count(a.id) FILTER (a.state = 'delivered') AS holders
FROM aad.access_package_resource_role_scopes s
JOIN aad.access_packages p ON p.id = s.accessPackageId
LEFT JOIN aad.groups g ON g.id = s.scopeOriginId
LEFT JOIN aad.access_package_assignments a ON a.accessPackageId = p.id
WHERE s.scopeOriginSystem = 'AadGroup' AND (g.id IS NULL OR g.isAssignableToRole)
GROUP BY ALL
ORDER BY deleted, package, "group";
