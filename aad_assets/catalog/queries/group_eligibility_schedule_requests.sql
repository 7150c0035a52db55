-- Who made whom eligible for which group in the last 30 days, and was the request carried out?
SELECT q.createdDateTime, coalesce(a.displayName, q.createdBy ->> '$.user.id') AS administrator,
       coalesce(u.displayName, q.principalId) AS whom, q.accessId AS as_what, g.displayName AS "group", q.status
FROM aad.group_eligibility_schedule_requests q
LEFT JOIN aad.users a ON a.id = (q.createdBy ->> '$.user.id')
LEFT JOIN aad.users u ON u.id = q.principalId
LEFT JOIN aad.groups g ON g.id = q.groupId
WHERE q.action = 'adminAssign' AND q.createdDateTime > now() - INTERVAL 30 DAY
ORDER BY q.createdDateTime DESC;
