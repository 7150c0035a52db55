-- Who is a Global Administrator? Synchronized accounts, guests and apps should not be.
SELECT m.memberType, coalesce(u.userPrincipalName, g.displayName, sp.displayName) AS holder, u.userType,
       coalesce(u.onPremisesSyncEnabled, g.onPremisesSyncEnabled, false) AS synchronized
FROM aad.directory_role_members m
JOIN aad.directory_roles r ON r.id = m.directoryRoleId
LEFT JOIN aad.users u ON u.id = m.memberId
LEFT JOIN aad.groups g ON g.id = m.memberId
LEFT JOIN aad.service_principals sp ON sp.id = m.memberId
WHERE r.roleTemplateId = '62e90394-69f5-4237-9190-012177145e10'
ORDER BY m.memberType, holder;
