-- Who activated membership or ownership of which group in the last 30 days, and why?
SELECT q.createdDateTime, coalesce(u.displayName, q.principalId) AS who, q.accessId AS as_what, g.displayName AS "group",
       q.status, q.justification, q.ticketInfo.ticketNumber AS ticket
FROM aad.group_assignment_schedule_requests q
LEFT JOIN aad.users u ON u.id = q.principalId
LEFT JOIN aad.groups g ON g.id = q.groupId
WHERE q.action = 'selfActivate' AND q.createdDateTime > now() - INTERVAL 30 DAY
ORDER BY q.createdDateTime DESC;
