-- Which eligibilities for roles end within 30 days?
SELECT u.userPrincipalName, u.accountEnabled, d.displayName AS role, s.scheduleInfo.expiration.endDateTime AS ends
FROM aad.role_eligibility_schedules s
JOIN aad.role_definitions d ON d.id = s.roleDefinitionId
JOIN aad.users u ON u.id = s.principalId
WHERE s.scheduleInfo.expiration.endDateTime BETWEEN now() AND now() + INTERVAL 30 DAY
ORDER BY ends;
