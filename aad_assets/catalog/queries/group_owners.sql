-- Which Microsoft 365 groups have no owner who can sign in?
SELECT g.displayName, g.mail, g.createdDateTime, g.visibility
FROM aad.groups g
WHERE list_contains(g.groupTypes, 'Unified') AND NOT EXISTS (
    SELECT 1 FROM aad.group_owners o JOIN aad.users u ON u.id = o.ownerId WHERE o.groupId = g.id AND u.accountEnabled
)
ORDER BY g.createdDateTime;
