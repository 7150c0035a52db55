-- Which Microsoft 365 groups expire within 30 days, can an owner renew them, and who else is notified?
SELECT g.displayName, g.expirationDateTime, count(o.ownerId) AS owners, p.alternateNotificationEmails
FROM aad.group_lifecycle_policies p, aad.groups g
LEFT JOIN aad.group_owners o ON o.groupId = g.id
WHERE g.expirationDateTime < now() + INTERVAL 30 DAY
GROUP BY ALL
ORDER BY g.expirationDateTime;
