-- Who holds which directory role, and for which scope?
SELECT d.displayName AS role, coalesce(u.displayName, g.displayName, sp.displayName, a.principalId) AS holder,
       CASE WHEN u.id IS NOT NULL THEN u.userType WHEN g.id IS NOT NULL THEN 'Group' ELSE 'Application' END AS kind,
       coalesce(unit.displayName, a.directoryScopeId) AS scope
FROM aad.role_assignments a
JOIN aad.role_definitions d ON d.id = a.roleDefinitionId
LEFT JOIN aad.users u ON u.id = a.principalId
LEFT JOIN aad.groups g ON g.id = a.principalId
LEFT JOIN aad.service_principals sp ON sp.id = a.principalId
LEFT JOIN aad.administrative_units unit ON a.directoryScopeId = '/administrativeUnits/' || unit.id
ORDER BY role, holder;
