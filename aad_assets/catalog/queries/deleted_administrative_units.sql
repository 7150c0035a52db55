-- Which deleted administrative units still have role assignments that return when the unit is restored?
SELECT a.displayName, a.deletedDateTime, d.displayName AS role, r.principalId
FROM aad.deleted_administrative_units a
JOIN aad.role_assignments r ON r.directoryScopeId = '/administrativeUnits/' || a.id
LEFT JOIN aad.role_definitions d ON d.id = r.roleDefinitionId;
