-- Which role assignments never end, although Privileged Identity Management could require activation?
SELECT d.displayName AS role, coalesce(u.userPrincipalName, s.principalId) AS holder, s.createdDateTime, s.directoryScopeId
FROM aad.role_assignment_schedules s
JOIN aad.role_definitions d ON d.id = s.roleDefinitionId
LEFT JOIN aad.users u ON u.id = s.principalId
WHERE s.assignmentType = 'Assigned' AND s.scheduleInfo.expiration.type = 'noExpiration'
ORDER BY role, s.createdDateTime;
