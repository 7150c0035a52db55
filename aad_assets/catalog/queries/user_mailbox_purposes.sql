-- Which shared mailboxes, rooms and equipment have an enabled account or a licence?
SELECT m.userPurpose, u.userPrincipalName, u.accountEnabled, len(u.assignedLicenses) AS licences
FROM aad.user_mailbox_purposes m
JOIN aad.users u ON u.id = m.userId
WHERE m.userPurpose IN ('shared', 'room', 'equipment') AND (u.accountEnabled OR len(u.assignedLicenses) > 0)
ORDER BY ALL;
