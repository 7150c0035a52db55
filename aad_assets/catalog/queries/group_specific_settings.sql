-- Which Microsoft 365 groups allow or block guests in their own settings, and how many guests are in them?
SELECT g.displayName AS "group", setting.value AS guests_allowed, count(u.id) AS guests
FROM aad.group_specific_settings s
CROSS JOIN unnest(s.values) AS t(setting)
JOIN aad.groups g ON g.id = s.groupId
LEFT JOIN aad.group_members m ON m.groupId = g.id
LEFT JOIN aad.users u ON u.id = m.memberId AND u.userType = 'Guest'
WHERE setting.name = 'AllowToAddGuests'
GROUP BY ALL
ORDER BY guests DESC, "group";
