-- Who manages which catalogue of access packages, and in which role?
SELECT coalesce(u.displayName, g.displayName, s.displayName, a.principalId) AS who, d.displayName AS role,
       coalesce(c.displayName, a.appScopeId) AS catalog
FROM aad.entitlement_role_assignments a
LEFT JOIN aad.entitlement_role_definitions d ON d.id = a.roleDefinitionId
LEFT JOIN aad.access_package_catalogs c ON c.id = split_part(a.appScopeId, '/', 3)
LEFT JOIN aad.users u ON u.id = a.principalId
LEFT JOIN aad.groups g ON g.id = a.principalId
LEFT JOIN aad.service_principals s ON s.id = a.principalId
ORDER BY catalog, role, who;
