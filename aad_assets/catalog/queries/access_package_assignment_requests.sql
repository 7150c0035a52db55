-- Which access requests have waited for an approver for more than a week, and who made them?
SELECT coalesce(u.displayName, q.requestorObjectId) AS who, p.displayName AS package, q.requestType, q.justification,
       date_diff('day', q.createdDateTime, now()) AS days_waiting
FROM aad.access_package_assignment_requests q
LEFT JOIN aad.access_packages p ON p.id = q.accessPackageId
LEFT JOIN aad.users u ON u.id = q.requestorObjectId
WHERE q.state = 'pendingApproval' AND q.createdDateTime < now() - INTERVAL 7 DAY
ORDER BY days_waiting DESC;
