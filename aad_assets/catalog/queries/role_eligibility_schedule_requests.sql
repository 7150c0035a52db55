-- Who made whom eligible for which directory role in the last 30 days, and until when?
SELECT q.createdDateTime, coalesce(a.displayName, q.createdBy ->> '$.user.id') AS administrator,
       coalesce(u.displayName, g.displayName, q.principalId) AS whom, r.displayName AS role, q.status, q.justification,
       q.scheduleInfo.expiration.type AS ends, q.scheduleInfo.expiration.endDateTime AS ends_at
FROM aad.role_eligibility_schedule_requests q
LEFT JOIN aad.users a ON a.id = (q.createdBy ->> '$.user.id')
LEFT JOIN aad.users u ON u.id = q.principalId
LEFT JOIN aad.groups g ON g.id = q.principalId
LEFT JOIN aad.role_definitions r ON r.id = q.roleDefinitionId
WHERE q.action = 'adminAssign' AND q.createdDateTime > now() - INTERVAL 30 DAY
ORDER BY q.createdDateTime DESC;
