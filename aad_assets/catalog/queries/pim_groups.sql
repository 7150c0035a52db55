-- Which groups that hold directory roles are not managed by Privileged Identity Management?
SELECT g.displayName, g.createdDateTime, count(m.memberId) AS permanent_members
FROM aad.groups g
ANTI JOIN aad.pim_groups p ON p.id = g.id
LEFT JOIN aad.group_members m ON m.groupId = g.id
WHERE g.isAssignableToRole
GROUP BY ALL
ORDER BY permanent_members DESC;
