-- Which access requests have waited for an approver for more than a week?
SELECT id, requestType, justification, createdDateTime, date_diff('day', createdDateTime, now()) AS days_waiting
FROM aad.access_package_assignment_requests
WHERE state = 'pendingApproval' AND createdDateTime < now() - INTERVAL 7 DAY
ORDER BY days_waiting DESC;
