-- Who activated which directory role in the last 30 days, and with what reason and ticket?
SELECT q.createdDateTime, coalesce(u.displayName, q.principalId) AS who, r.displayName AS role, q.status,
       q.justification, q.ticketInfo.ticketNumber AS ticket, q.scheduleInfo.expiration.duration AS duration
FROM aad.role_assignment_schedule_requests q
LEFT JOIN aad.users u ON u.id = q.principalId
LEFT JOIN aad.role_definitions r ON r.id = q.roleDefinitionId
WHERE q.action = 'selfActivate' AND q.createdDateTime > now() - INTERVAL 30 DAY
ORDER BY q.createdDateTime DESC;
