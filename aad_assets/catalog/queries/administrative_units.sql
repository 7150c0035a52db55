-- How many administrators and members does each administrative unit have? Those with no administrator come first.
SELECT a.displayName, a.membershipType, a.isMemberManagementRestricted AS restricted,
       (SELECT count(*) FROM aad.administrative_unit_members m WHERE m.administrativeUnitId = a.id) AS members,
       (SELECT count(*) FROM aad.administrative_unit_scoped_role_members s WHERE s.administrativeUnitId = a.id)
       AS administrators
FROM aad.administrative_units a
ORDER BY administrators, members DESC;
