-- Who is in the groups that hold directory roles, including members of nested groups?
WITH RECURSIVE inside AS (
    SELECT g.id AS root, m.memberId, m.memberType FROM aad.groups g JOIN aad.group_members m ON m.groupId = g.id
    WHERE g.isAssignableToRole
    UNION
    SELECT i.root, m.memberId, m.memberType FROM inside i JOIN aad.group_members m ON m.groupId = i.memberId
)
SELECT g.displayName AS "group", u.displayName AS "user", u.userPrincipalName, u.userType
FROM inside i JOIN aad.groups g ON g.id = i.root JOIN aad.users u ON u.id = i.memberId
ORDER BY ALL;
