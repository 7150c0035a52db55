-- How many members does each activated directory role have?
SELECT r.displayName, count(m.memberId) AS members, count(m.memberId) FILTER (m.memberType <> 'user') AS not_people
FROM aad.directory_roles r
LEFT JOIN aad.directory_role_members m ON m.directoryRoleId = r.id
GROUP BY ALL
ORDER BY members DESC;
