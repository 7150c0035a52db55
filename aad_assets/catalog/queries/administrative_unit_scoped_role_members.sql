-- Who administers which administrative unit, and how many members does it have?
SELECT a.displayName AS unit, r.displayName AS role, s.roleMemberInfo ->> '$.displayName' AS holder,
       (SELECT count(*) FROM aad.administrative_unit_members m WHERE m.administrativeUnitId = a.id) AS members
FROM aad.administrative_unit_scoped_role_members s
JOIN aad.administrative_units a ON a.id = s.administrativeUnitId
LEFT JOIN aad.directory_roles r ON r.id = s.roleId
ORDER BY unit, role, holder;
